"""`woshou exchange`: start queries and notices, look at them, say something about them."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.models.base import Doubt
from api.models.exchanges import ExchangeWhole
from exchange.codes import (
    Event,
    Item,
    Kind,
    Purpose,
    QueryReason,
    UrgentReason,
)
from exchange.conversation import State
from exchange.cursors import exchange_cursor
from exchange.errors import NotFound
from exchange.exchanges import Acceptance
from exchange.ledger import ExchangeFilter, Page
from exchange.moments import civil_day
from exchange.routing.today import successor_note
from exchange.verbs.cross_check.warn import unsettled
from exchange.verbs.routing.send_on import trace
from exchange.verbs.submit import OpeningDraft, submit
from exchange.verbs.whole import judged_by, whole
from woshou.cli import show
from woshou.cli.audit import told_for
from woshou.cli.call import Call, command, group
from woshou.cli.commands.registers.pairing import install_candidates
from woshou.cli.commands.replies import install_answer, install_replies
from woshou.cli.commands.work.assign import install_steps
from woshou.cli.people import read_person, read_record
from woshou.cli.show import PERSON, about
from woshou.cli.sides import DayOption, ExchangeId, RecordOption, RoleOption, day, row_of, side
from woshou.cli.words import say

_COLUMNS = {
    "exchange": ("编号", "Exchange"),
    "role": ("角色", "Role"),
    "own": ("本方", "Own"),
    "other": ("对方", "Other"),
    "kind": ("种类", "Kind"),
    "event": ("事件", "Event"),
    "acceptance": ("受理", "Acceptance"),
    "state": ("状态", "State"),
    "due": ("期限", "Due"),
    "due_provisional": ("期限暂定", "Provisional"),
    "expected": ("预计答复", "Expected"),
    "overdue": ("逾期", "Overdue"),
    "result": ("结果", "Result"),
    "entry": ("个案", "Entry"),
}
_CARD = {
    "first_due": ("首次期限", "First due"),
    "round": ("轮次", "Round"),
    "lapses_on": ("最后确认日", "Lapses after"),
    "challenges_left": ("剩余再交流次数", "Challenges left"),
    "rules": ("规则集", "Rule set"),
}
_TRACE = {
    "right_county": ("应办地", "Right county"),
    "sent_on_from": ("转自", "Sent on from"),
    "sent_on_to": ("已转至", "Sent on to"),
}
_MESSAGES = {
    "kind": ("种类", "Kind"),
    "direction": ("方向", "Direction"),
    "created_at": ("生成", "Created"),
    "sent_at": ("发出", "Sent"),
    "received_at": ("收到", "Received"),
    "outcome": ("回执", "Outcome"),
    "effect": ("效果", "Effect"),
    "due": ("期限", "Due"),
    "result": ("结果", "Result"),
}


def install(app: typer.Typer) -> None:
    """Add the group."""
    exchange = group("信息交换：协查、通报、反馈、确认等", "Exchanges: queries, notices, feedback, confirmations …")
    app.add_typer(exchange, name="exchange")
    _install_openings(exchange)
    _install_readings(exchange)
    install_replies(exchange)
    install_candidates(exchange)
    install_steps(exchange)
    install_answer(app, "answer")


def _start(call: Call, given: Mapping[str, Any], *, jurisdiction: str | None, other: str | None, record: Path | None) -> None:
    with call.office() as office:
        own = call.county(office, jurisdiction)
        told_for(given["purpose"])
        person = None if given["entry"] else read_person()
        with office.ledgers.transaction() as ledger:
            entry = ledger.entries.get(given["entry"]) if given["entry"] else None
            if given["entry"] and (entry is None or entry.jurisdiction != own):
                raise NotFound
            other = other or (entry.other if entry else None)
            if other is None:
                raise typer.BadParameter(say("须指明 --entry 或 --other", "name --entry or --other"))
            as_origin = given["own_is_origin"] if entry is None else entry.origin == own
            draft = OpeningDraft(
                **{**given, "own_is_origin": as_origin}, own=own, other=other, person=person, record=read_record(record)
            )
            started = submit(ledger, office.node, draft, office.now())
            notes = [successor_note(office.node.divisions, other, started.other)] if started.other != other else []
            notes += unsettled(ledger, [started.entry]).values()
            made = {**row_of(ledger, office, started), "notes": [Doubt.of(note) for note in notes]}
    for note in notes:
        call.note(note.zh, note.en)
    call.done(made, f"已提交：{made['exchange']}", f"Submitted: {made['exchange']}")


EntryOption = Annotated[str | None, typer.Option(help=say("个案编号；不指明则输入人员", "entry; else a person is asked for"))]
OtherOption = Annotated[str | None, typer.Option(help=say("对方区县代码", "county on the other side"))]
CountyOption = Annotated[str | None, typer.Option(help=say("本方区县代码", "own county"))]
PurposeOption = Annotated[Purpose, typer.Option(help=say("用途", "purpose"))]
UrgentOption = Annotated[UrgentReason | None, typer.Option(help=say("紧急原因", "reason for urgency"))]
OriginOption = Annotated[
    bool,
    typer.Option(
        "--as-origin/--as-destination", help=say("无个案时本方是户籍地还是现居住地", "which side we are, without an entry")
    ),
]


def _install_openings(app: typer.Typer) -> None:
    @command(app, "query", zh="发起协查", en="Start a query")
    def query(
        call: Call,
        item: Annotated[list[Item], typer.Option(help=say("协查项目，可多次", "item asked; repeatable"))],
        entry: EntryOption = None,
        other: OtherOption = None,
        jurisdiction: CountyOption = None,
        as_origin: OriginOption = False,
        purpose: PurposeOption = Purpose.PUBLIC_SERVICE,
        reason: Annotated[QueryReason, typer.Option(help=say("事由", "reason"))] = QueryReason.REGISTER_ENTRY,
        urgent: UrgentOption = None,
        application_date: DayOption = None,
        record: RecordOption = None,
    ) -> None:
        given = {
            "entry": entry,
            "own_is_origin": as_origin,
            "purpose": purpose,
            "items": tuple(item),
            "reason": reason,
            "urgent": urgent,
            "requested_by_person": application_date is not None,
            "application_date": day(application_date),
        }
        _start(call, given, jurisdiction=jurisdiction, other=other, record=record)

    @command(app, "notice", zh="发出通报", en="Send a notice")
    def notice(
        call: Call,
        event: Annotated[Event, typer.Argument(help=say("事件", "event"))],
        on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help=say("发生日期", "day of the event"))],
        entry: EntryOption = None,
        other: OtherOption = None,
        jurisdiction: CountyOption = None,
        as_origin: OriginOption = False,
        purpose: PurposeOption = Purpose.PUBLIC_SERVICE,
        urgent: UrgentOption = None,
        record: RecordOption = None,
    ) -> None:
        given = {
            "entry": entry,
            "own_is_origin": as_origin,
            "purpose": purpose,
            "event": event,
            "event_date": on.date(),
            "urgent": urgent,
        }
        _start(call, given, jurisdiction=jurisdiction, other=other, record=record)


def _install_readings(app: typer.Typer) -> None:
    @command(app, "list", zh="列出信息交换（不含个人信息）", en="List exchanges (without persons)")
    def list_exchanges(
        call: Call,
        jurisdiction: CountyOption = None,
        role: RoleOption = None,
        state: Annotated[State | None, typer.Option(help=say("状态", "state"))] = None,
        acceptance: Annotated[Acceptance | None, typer.Option(help=say("受理情况", "acceptance"))] = None,
        kind: Annotated[Kind | None, typer.Option(help=say("种类", "kind"))] = None,
        event: Annotated[Event | None, typer.Option(help=say("事件", "event"))] = None,
        other: OtherOption = None,
        entry: Annotated[str | None, typer.Option(help=say("个案编号", "entry"))] = None,
        paired: Annotated[bool | None, typer.Option("--paired/--unpaired", help=say("是否已配对", "paired or not"))] = None,
        overdue: Annotated[bool, typer.Option("--overdue", help=say("仅逾期", "only overdue ones"))] = False,
        after: Annotated[str, typer.Option(help=say("接上页标记", "`next` of the page before"))] = "",
        limit: Annotated[int, typer.Option(min=1, max=10_000, help=say("条数", "how many"))] = 100,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            today = civil_day(office.now())
            wanted = ExchangeFilter(
                own=call.counties(office, jurisdiction),
                role=role,
                state=state,
                acceptance=acceptance,
                kind=kind,
                event=event,
                other=other,
                entry=entry,
                paired=paired,
                overdue_on=today if overdue else None,
                lapsed_on=today,
            )
            found = ledger.exchanges.find(wanted, Page(after=after, limit=limit))
            rows = [row_of(ledger, office, each) for each in found]
        call.rows(rows, _COLUMNS, next=exchange_cursor(found[-1]) if len(found) == limit else None)

    @command(app, "show", zh="查看一项交换的全部往来", en="Show one exchange with its conversation")
    def show_one(
        call: Call,
        exchange: ExchangeId,
        role: RoleOption = None,
        people: Annotated[bool, typer.Option("--people", help=say("含消息正文与人员", "with bodies and persons"))] = False,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            held = side(ledger, exchange, role)
            partners = {link.id: link.partner for link in ledger.links.all()}
            told = ExchangeWhole.with_messages(
                held,
                partners[held.key.link],
                office.now(),
                judged_by(ledger, office.node, held),
                whole(ledger, office.node, held),
                sees_people=people,
                of_whom=True,
            )
            shown = told.model_copy(update=trace(ledger, held)._asdict()).model_dump(mode="json", by_alias=True)
        with call.at_once(shown):
            call.card(shown, {**_COLUMNS, **_CARD, **_TRACE})
            if not call.json:
                call.rows(shown["messages"], _MESSAGES)
                for message in shown["messages"]:
                    if body := message["body"]:
                        _print_body(message["kind"], body)


def _print_body(kind: str, body: Mapping[str, Any]) -> None:
    """What a message says, on a screen that was asked for people: the person's facts, then whatever else there is."""
    rest = {name: value for name, value in body.items() if name != "person" and value not in (None, [], {})}
    show.console().print(show.cell(kind, "kind"))
    if body.get("person"):
        show.print_table([about(body["person"])], PERSON)
    if rest:
        show.print_json(rest)
