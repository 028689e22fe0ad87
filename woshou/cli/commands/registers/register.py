"""`woshou register`: the entries of the node's own registers."""

from datetime import datetime
from typing import Annotated, Any

import typer

from api.models.registers.entries import EntryShown
from exchange.codes import CloseReason, RegisterKind
from exchange.cursors import entry_cursor
from exchange.ledger import EntryFilter, Page
from exchange.people.document import DocumentType
from exchange.people.register import Entry
from exchange.verbs.keep_entry import close_entry, find_by_document, reopen_entry
from woshou.cli.call import Call, command, group
from woshou.cli.people import read_document
from woshou.cli.show import PERSON, about
from woshou.cli.words import say

_COLUMNS = {
    "id": ("编号", "Entry"),
    "jurisdiction": ("区县", "County"),
    "register": ("台账", "Register"),
    "origin": ("户籍地", "Origin"),
    "destination": ("现居住地", "Destination"),
    "opened_at": ("建档", "Opened"),
    "closed_at": ("退档", "Closed"),
    "close_reason": ("退档原因", "Reason"),
}
_PEOPLE = ("person", "record")


def shown(entry: Entry, *, people: bool) -> dict[str, object]:
    """An entry as the API shows it; without the person unless asked for."""
    return EntryShown.of(entry).model_dump(mode="json", by_alias=True, exclude=set() if people else set(_PEOPLE))


def _print(call: Call, entries: list[Entry], *, people: bool, **more: Any) -> None:
    rows = [shown(entry, people=people) for entry in entries]
    if people and not call.json:
        rows = [{**row, **about(row["person"])} for row in rows]
    call.rows(rows, {**_COLUMNS, **PERSON} if people else _COLUMNS, **more)


def install(app: typer.Typer) -> None:
    """Add the group."""
    register = group("台账：查看、查找、退档、回档", "Registers: list, find, close, reopen")
    app.add_typer(register, name="register")

    @command(register, "list", zh="列出个案（默认不含个人信息）", en="List entries (without persons unless asked for)")
    def list_entries(
        call: Call,
        jurisdiction: Annotated[str | None, typer.Option(help=say("区县代码", "county code"))] = None,
        kind: Annotated[RegisterKind | None, typer.Option("--register", help=say("流出或流入", "outflow or inflow"))] = None,
        other: Annotated[str | None, typer.Option(help=say("对方地区代码", "division on the other side"))] = None,
        closed: Annotated[
            bool | None, typer.Option("--closed/--open", help=say("仅退档或仅在册", "only closed, or only open ones"))
        ] = None,
        people: Annotated[bool, typer.Option("--people", help=say("含个人信息", "with persons"))] = False,
        after: Annotated[str, typer.Option(help=say("接上页标记", "`next` of the page before"))] = "",
        limit: Annotated[int, typer.Option(min=1, max=10_000, help=say("条数", "how many"))] = 100,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            wanted = EntryFilter(
                jurisdictions=call.counties(office, jurisdiction),
                register=kind,
                other=other,
                open=None if closed is None else not closed,
            )
            found = ledger.entries.find(wanted, Page(after=after, limit=limit))
        following = entry_cursor(found[-1]) if len(found) == limit else None
        _print(call, found, people=people, next=following)

    @command(register, "find", zh="按证件号码查找（提示输入或标准输入）", en="Find by document number (prompt or stdin)")
    def find(
        call: Call,
        document: Annotated[DocumentType, typer.Option(help=say("证件类型", "type of document"))] = DocumentType.ID_NUMBER,
        jurisdiction: Annotated[str | None, typer.Option(help=say("区县代码", "county code"))] = None,
    ) -> None:
        with call.office() as office:
            counties, asked = call.counties(office, jurisdiction), read_document(document)
            with office.ledgers.transaction(read_only=True) as ledger:
                found = find_by_document(ledger, office.node, counties, asked)
        _print(call, found, people=True)

    @command(register, "close", zh="退档", en="Close an entry")
    def close(
        call: Call,
        entry: Annotated[str, typer.Argument(help=say("个案编号", "entry"))],
        reason: Annotated[CloseReason, typer.Option(help=say("退档原因", "why"))],
        on: Annotated[
            datetime | None, typer.Option(formats=["%Y-%m-%d"], help=say("退档日期，默认今天", "day; today by default"))
        ] = None,
    ) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            day = on.date() if on else None
            closed = close_entry(ledger, office.node.jurisdictions, entry, reason, office.now(), on=day)
        call.done(shown(closed, people=False), f"个案 {entry} 已退档。", f"Entry {entry} is closed.")

    @command(register, "reopen", zh="回档", en="Reopen an entry")
    def reopen(call: Call, entry: Annotated[str, typer.Argument(help=say("个案编号", "entry"))]) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            reopened = reopen_entry(ledger, office.node.jurisdictions, entry, office.now())
        call.done(shown(reopened, people=False), f"个案 {entry} 已回档。", f"Entry {entry} is open again.")
