"""`woshou difference`: what comparing the registers found, and what a clerk does about it."""

from typing import Annotated, Any

import typer

from adapters.office import Office
from api.models.exchanges import ExchangeRow
from api.models.reconciling.differences import (
    DestinationSet,
    DifferenceList,
    DifferenceSent,
    RegisterDifferenceShown,
    RegisterDifferenceWhole,
)
from exchange.codes import RegisterKind
from exchange.cursors import register_difference_cursor
from exchange.ledger import Ledger, Page, RegisterDifferenceFilter
from exchange.reconciling.results import DifferenceKind
from exchange.verbs.reconciling.differences import described, find_difference, reconciled
from exchange.verbs.reconciling.settle import send, set_destination
from woshou.cli import show
from woshou.cli.call import Call, command, group
from woshou.cli.commands.registers.imports import AfterOption, LimitOption
from woshou.cli.words import say

_PERSON = {"name": ("姓名", "Name"), "number": ("证件号码", "Document")}
_ROWS = {
    "entry": ("个案", "Entry"),
    "register": ("台账", "Register"),
    "other": ("对方", "Other"),
    "township": ("乡镇", "Township"),
    "difference": ("差异", "Difference"),
    "fields": ("不一致项目", "Fields"),
    "means": ("处理办法", "Means"),
    "progress": ("进展", "Standing"),
    "first_at": ("首次发现", "Found first"),
    "obstacle": ("原因", "Reason"),
}
_WHOLE = {
    **_ROWS,
    "destination": ("现居住地", "Destination"),
    "prepared": ("待发消息", "Message"),
    "fields_asked": ("询问项目", "Asked about"),
    "left_out": ("协议不允许询问的项目", "Not agreed"),
    "exchanges": ("相关交换", "Exchanges"),
    "told": ("怎么办", "What to do"),
}
EntryArgument = Annotated[str, typer.Argument(metavar="ENTRY", help=say("个案编号", "entry"))]
OtherOption = Annotated[
    str | None, typer.Option(help=say("对方区县代码（有多个时）", "the other county, where there are several"))
]
PeopleOption = Annotated[bool, typer.Option("--people", help=say("含人员", "with persons"))]


def install(app: typer.Typer) -> None:
    """Add the group."""
    differences = group("对账差异：查看、发送、更正", "Differences between registers: look, send, correct")
    app.add_typer(differences, name="difference")

    @command(differences, "list", zh="列出对账差异", en="List the differences")
    def list_differences(
        call: Call,
        jurisdiction: Annotated[str | None, typer.Option(help=say("本方区县代码", "own county"))] = None,
        kind: Annotated[DifferenceKind | None, typer.Option(help=say("差异类别", "kind of difference"))] = None,
        register: Annotated[RegisterKind | None, typer.Option(help=say("本方台账", "our register"))] = None,
        other: Annotated[str | None, typer.Option(help=say("对方区县代码", "county on the other side"))] = None,
        township: Annotated[str | None, typer.Option(help=say("乡镇代码或 unassigned", "township, or unassigned"))] = None,
        partner: Annotated[str | None, typer.Option(help=say("协作方节点", "partner"))] = None,
        people: PeopleOption = False,
        after: AfterOption = "",
        limit: LimitOption = 100,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            wanted = RegisterDifferenceFilter(
                own=call.counties(office, jurisdiction),
                kind=kind,
                register=register,
                other=other,
                township=township,
                partner=partner,
            )
            print_differences(call, office, ledger, wanted, Page(after=after, limit=limit), people=people)

    @command(differences, "show", zh="查看一项差异及待发消息", en="Show a difference and the message that would settle it")
    def show_difference(call: Call, entry: EntryArgument, other: OtherOption = None, people: PeopleOption = False) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            now, node = office.now(), office.node
            found = find_difference(ledger, node.jurisdictions, entry, other)
            (item,) = described(ledger, node, [found], now)
            lapse = node.rules.lapse_days
            held = [ExchangeRow.of(each, found.partner, now, lapse, of_whom=True) for each in item.settling.exchanges]
            whole = RegisterDifferenceWhole.whole(item, held, sees_people=people)
        if call.json:
            show.print_json(whole)
        else:
            show.print_card(_cells(whole), {**(_PERSON if people else {}), **_WHOLE})

    @command(differences, "send", zh="发送待发消息（只发一次）", en="Send the prepared message, once")
    def send_message(call: Call, entry: EntryArgument, other: OtherOption = None) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            now, node = office.now(), office.node
            found = find_difference(ledger, node.jurisdictions, entry, other, lock=True)
            sent = send(ledger, node, found, now)
            row = ExchangeRow.of(sent.exchange, found.partner, now, node.rules.lapse_days, of_whom=True)
        name = row.exchange
        told = DifferenceSent(**vars(row), fresh=sent.fresh).model_dump(mode="json")
        if sent.fresh:
            call.done(told, f"已排入发送：{name}", f"Queued: {name}")
        else:
            call.done(told, f"此前已发送，未重复发送：{name}", f"Sent before, not sent again: {name}")

    @command(differences, "set-destination", zh="将粗略去向设为查明的区县", en="Set a coarse destination to the county found")
    def set_found(call: Call, entry: EntryArgument, other: OtherOption = None) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            found = find_difference(ledger, office.node.jurisdictions, entry, other, lock=True)
            then = DestinationSet.of(set_destination(ledger, office.node, found, office.now()))
        place = then.destination
        call.done(then.model_dump(mode="json"), f"现居住地为 {place}。", f"The destination is {place}.")


def print_differences(
    call: Call, office: Office, ledger: Ledger, wanted: RegisterDifferenceFilter, page: Page, *, people: bool
) -> None:
    """One page, as a listing."""
    items = described(ledger, office.node, ledger.register_runs.differences(wanted, page), office.now())
    rows = [RegisterDifferenceShown.of(item, sees_people=people) for item in items]
    following = register_difference_cursor(items[-1].difference) if len(items) == page.limit else None
    told = DifferenceList.page(rows, following, reconciled(ledger, wanted.own), wanted.kind)
    if call.json:
        show.print_json(told)
        return
    if told.unreconciled:
        counties = " ".join(told.unreconciled)
        call.note(f"尚未对过账：{counties}", f"Never reconciled yet: {counties}")
    show.print_table([_cells(row) for row in rows], {**(_PERSON if people else {}), **_ROWS})


def _cells(row: RegisterDifferenceShown) -> dict[str, Any]:
    """What stands in a table for what is more than a word."""
    told: dict[str, Any] = row.model_dump(mode="json", by_alias=True)
    obstacle, message, person = row.obstacle, row.message, told["person"]
    return {
        **told,
        "difference": told["kind"],
        "obstacle": say(obstacle.zh, obstacle.en) if obstacle is not None else None,
        "progress": told["standing"],
        "prepared": message.event or message.kind if message is not None else None,
        "fields_asked": message.items if message is not None else [],
        "told": say(row.zh, row.en),
        **(show.about(person) if person else {}),
    }
