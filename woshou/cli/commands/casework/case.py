"""`woshou case`: one service for a couple, from application to closing notice. Who sits at the node acts for any clerk."""

import sys
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

import typer

from api.models.base import Doubt
from api.models.casework.cases import CaseOpening, CaseRow, CaseWhole, Couple, SpouseGiven
from exchange.cases.progress import CaseProgress
from exchange.codes import Item, Purpose, WithdrawalReason
from exchange.cursors import case_cursor
from exchange.errors import NotFound
from exchange.ledger import CaseFilter, Page
from exchange.verbs.cases.cancelling import cancel
from exchange.verbs.cases.opening import ask_again, open_case
from exchange.verbs.cases.reading import listed, progress_of
from exchange.verbs.cases.settling import CommitmentDraft, commit, finish, hand_over
from woshou.cli import show
from woshou.cli.call import Call, command, group
from woshou.cli.people import ask_person, read_json, read_record
from woshou.cli.show import PERSON, about
from woshou.cli.sides import RecordOption
from woshou.cli.words import say

_COLUMNS = {
    "case": ("编号", "Case"),
    "jurisdiction": ("地区", "County"),
    "service": ("事项", "Service"),
    "state": ("状态", "State"),
    "application_date": ("申请日期", "Applied"),
    "owner": ("经办密钥", "Clerk's key"),
    "opened_at": ("开立", "Opened"),
    "finished_at": ("办结", "Finished"),
    "cancelled_at": ("取消", "Cancelled"),
    "contradicted": ("与承诺不符", "Contradicted"),
}
_ITEMS = {
    "spouse": ("一方", "Spouse"),
    "origin": ("户籍地", "Origin"),
    "item": ("项目", "Item"),
    "item_state": ("状态", "State"),
    "result": ("结果", "Result"),
    "due": ("期限", "Due"),
    "exchange": ("交换", "Exchange"),
    "commitment": ("承诺书", "Commitment"),
    "contradicted": ("与承诺不符", "Contradicted"),
}
CaseId = Annotated[str, typer.Argument(help=say("事项编号", "case"))]
DAY = ["%Y-%m-%d"]


def install(app: typer.Typer) -> None:
    """Add the group."""
    case = group("事项：为一对夫妻办理一项服务", "Cases: one service for a couple")
    app.add_typer(case, name="case")
    _install_opening(case)
    _install_readings(case)
    _install_settling(case)
    _install_ends(case)


def _print(call: Call, progress: CaseProgress, *, people: bool = False, notes: tuple[Doubt, ...] = ()) -> None:
    whole = CaseWhole.whole(progress, "", spouses=True, people=people, notes=notes).model_dump(mode="json")
    call.card(whole, _COLUMNS)
    if call.json:
        return
    for spouse in whole["spouses"]:
        if spouse["person"]:
            show.print_table([about(spouse["person"])], PERSON)
        show.print_table([_flat(spouse, item) for item in spouse["items"]], _ITEMS)
        if spouse["known"]:
            show.print_json(spouse["known"])
        for reason in (spouse["unasked"], spouse["untold"]):
            if reason:
                show.console().print(f"{spouse['spouse']}: {say(reason['zh'], reason['en'])}")
    for note in notes:
        call.note(note.zh, note.en)


def _flat(spouse: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    return {**item, "spouse": spouse["spouse"], "origin": spouse["origin"], "item_state": item["state"]}


def _read_couple() -> tuple[SpouseGiven, ...]:
    """Both: asked for on a terminal, else one JSON object on standard input."""
    if not sys.stdin.isatty():
        return read_json(sys.stdin.buffer.read(), Couple).spouses
    given = []
    for number in (1, 2):
        show.console().print(say(f"第 {number} 方", f"Spouse {number}"))
        person = ask_person()
        origin = typer.prompt(say("户籍地区县代码（无则留空）", "County of origin (empty: none)"), default="", show_default=False)
        given.append(SpouseGiven(person=person, origin=str(origin).strip() or None))
    return tuple(given)


def _install_opening(app: typer.Typer) -> None:
    @command(app, "open", zh="为一对夫妻开立事项，并向双方户籍地协查", en="Open a case for a couple, and ask both origins")
    def open_for_couple(
        call: Call,
        application_date: Annotated[datetime, typer.Option(formats=DAY, help=say("本人申请日期", "day of their application"))],
        service: Annotated[Purpose, typer.Option(help=say("事项", "service"))] = Purpose.BIRTH_REGISTRATION,
        item: Annotated[list[Item] | None, typer.Option(help=say("协查项目，可多次", "item asked; repeatable"))] = None,
        jurisdiction: Annotated[str | None, typer.Option(help=say("本方区县代码", "own county"))] = None,
        clerk: Annotated[str | None, typer.Option(help=say("经办人的密钥编号", "the clerk's key"))] = None,
    ) -> None:
        with call.office() as office:
            own = call.county(office, jurisdiction)
            opening = CaseOpening(
                service=service,
                application_date=application_date.date(),
                spouses=_read_couple(),
                items=tuple(item) if item else None,
            )
            with office.ledgers.transaction() as ledger:
                opened = open_case(ledger, office.node, opening.draft(own), "", office.now())
                case = opened.progress.case
                if clerk is not None:
                    case = hand_over(ledger, frozenset({own}), None, case.id, clerk)
                progress = progress_of(ledger, office.node, case, office.now())
        _print(call, progress, notes=tuple(Doubt.of(note) for note in opened.notes))


def _install_readings(app: typer.Typer) -> None:
    @command(app, "list", zh="列出事项（不含个人信息）", en="List cases (without persons)")
    def list_cases(
        call: Call,
        jurisdiction: Annotated[str | None, typer.Option(help=say("本方区县代码", "own county"))] = None,
        is_open: Annotated[bool | None, typer.Option("--open/--closed", help=say("是否在办", "open or over"))] = None,
        contradicted: Annotated[
            bool, typer.Option("--contradicted", help=say("仅答复与承诺不符的", "only those that an answer contradicts"))
        ] = False,
        clerk: Annotated[str | None, typer.Option(help=say("经办人的密钥编号", "the clerk's key"))] = None,
        after: Annotated[str, typer.Option(help=say("接上页标记", "`next` of the page before"))] = "",
        limit: Annotated[int, typer.Option(min=1, max=1000, help=say("条数", "how many"))] = 100,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            own = call.counties(office, jurisdiction)
            wanted = CaseFilter(own=own, open=is_open, owner=clerk, contradicted=True if contradicted else None)
            found = ledger.cases.find(wanted, Page(after=after, limit=limit))
            rows = [CaseRow.of(one, "") for one in listed(ledger, office.node, found, office.now())]
        call.rows(rows, _COLUMNS, next=case_cursor(found[-1]) if len(found) == limit else None)

    @command(app, "show", zh="查看事项办理到哪里", en="Show how far a case has come")
    def show_one(
        call: Call,
        case: CaseId,
        people: Annotated[bool, typer.Option("--people", help=say("含人员与答复内容", "with persons and answers"))] = False,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            held = ledger.cases.get(case)
            if held is None:
                raise NotFound
            progress = progress_of(ledger, office.node, held, office.now())
        _print(call, progress, people=people)


def _install_settling(app: typer.Typer) -> None:
    @command(app, "ask", zh="再次协查此前未能询问的户籍地", en="Ask the origins that could not be asked")
    def ask_later(call: Call, case: CaseId) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            progress = ask_again(ledger, office.node, office.node.jurisdictions, None, case, office.now())
        _print(call, progress)

    @command(app, "commit", zh="登记书面承诺（承诺书）", en="Note a written commitment")
    def commit_to(
        call: Call,
        case: CaseId,
        made_on: Annotated[datetime, typer.Option(formats=DAY, help=say("承诺日期", "day of the commitment"))],
        reference: Annotated[str, typer.Option(help=say("承诺书编号", "where it is filed"))],
        spouse: Annotated[int | None, typer.Option(min=1, max=2, help=say("哪一方，默认双方", "which; default both"))] = None,
        item: Annotated[list[Item] | None, typer.Option(help=say("项目，默认全部未核实项", "item; default all unknown"))] = None,
    ) -> None:
        items = tuple(item) if item else None
        draft = CommitmentDraft(made_on=made_on.date(), reference=reference, spouse=spouse, items=items)
        with call.office() as office, office.ledgers.transaction() as ledger:
            progress = commit(ledger, office.node, office.node.jurisdictions, None, case, draft, office.now())
        _print(call, progress)

    @command(app, "hand-over", zh="移交给另一经办人", en="Hand a case to another clerk")
    def hand_to(
        call: Call, case: CaseId, clerk: Annotated[str, typer.Argument(help=say("接手经办人的密钥编号", "the other clerk's key"))]
    ) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            held = hand_over(ledger, office.node.jurisdictions, None, case, clerk)
        call.done({"case": held.id, "owner": held.owner}, "已移交。", "Handed over.")


def _install_ends(app: typer.Typer) -> None:
    @command(app, "finish", zh="办结，并向双方户籍地发办结通报", en="Finish a case, and tell both origins")
    def finish_one(
        call: Call,
        case: CaseId,
        registered_on: Annotated[datetime | None, typer.Option(formats=DAY, help=say("登记日期", "day registered"))] = None,
        record: RecordOption = None,
    ) -> None:
        told = read_record(record)
        children = tuple(told.children or ()) if told is not None else ()
        on: date | None = registered_on.date() if registered_on is not None else None
        with call.office() as office, office.ledgers.transaction() as ledger:
            own = office.node.jurisdictions
            progress = finish(ledger, office.node, own, None, case, office.now(), on=on, children=children)
        _print(call, progress)

    @command(app, "cancel", zh="取消，并撤回未办结的协查", en="Cancel a case, and withdraw its open queries")
    def cancel_one(
        call: Call,
        case: CaseId,
        reason: Annotated[WithdrawalReason, typer.Option(help=say("原因", "why"))] = WithdrawalReason.PERSON_WITHDREW,
    ) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            progress = cancel(ledger, office.node, office.node.jurisdictions, None, case, reason, office.now())
        _print(call, progress)
