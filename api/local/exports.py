"""Sheets out: the own registers, and exchanges without persons."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Response

from adapters.exporting import MEDIA_TYPES, Format, write_entries, write_exchanges
from adapters.office import Office
from api.access import Caller, ClerkDep, OfficeDep, ReaderDep, ReadLedgerDep
from api.declared import Responses, reading
from api.local.visible import hidden, unnamed
from api.models.exchanges import unpaired
from api.serving.routes import StrictRoute
from exchange.codes import RegisterKind, Role
from exchange.cursors import entry_cursor, exchange_cursor
from exchange.exchanges import Exchange
from exchange.ledger import EntryFilter, ExchangeFilter, Ledger, Page
from exchange.people.register import Entry
from exchange.work.daily import DailyLimit

router = APIRouter(prefix="/api/v1/exports", tags=["Exports"], route_class=StrictRoute)
_PAGE = 1000
SHEET: Responses = {
    200: {
        "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPES.values()},
        "description": "a sheet",
    }
}
FormatQuery = Annotated[Format, Query(description="CSV is UTF-8 with byte order mark")]


@router.get("/entries", response_class=Response, responses=SHEET | reading(DailyLimit), summary="A register as a sheet")
def export_entries(
    caller: ClerkDep,
    ledger: ReadLedgerDep,
    register: Annotated[RegisterKind, Query()],
    format: FormatQuery = Format.XLSX,
    open: Annotated[bool | None, Query()] = True,
) -> Response:
    """The caller's register in the columns that an import reads."""
    wanted = EntryFilter(jurisdictions=caller.counties, register=register, open=open)
    return sheet_file(write_entries(register, _entries(ledger, wanted), format), f"{register}.{format}", format)


@router.get("/exchanges", response_class=Response, responses=SHEET | reading(), summary="Exchanges as a sheet")
def export_exchanges(
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    role: Annotated[Role | None, Query()] = None,
    format: FormatQuery = Format.XLSX,
) -> Response:
    """The exchanges of the caller's counties with their stamps, without persons."""
    found = _exchanges(ledger, ExchangeFilter(own=caller.counties, role=role))
    data = write_exchanges(_told(ledger, office, caller, found), office.now(), office.node.rules.lapse_days, format)
    return sheet_file(data, f"exchanges.{format}", format)


def _entries(ledger: Ledger, wanted: EntryFilter) -> Iterator[Entry]:
    page = Page(limit=_PAGE)
    while rows := ledger.entries.find(wanted, page):
        yield from rows
        page = Page(after=entry_cursor(rows[-1]), limit=_PAGE)


def _exchanges(ledger: Ledger, wanted: ExchangeFilter) -> Iterator[list[Exchange]]:
    page = Page(limit=_PAGE)
    while rows := ledger.exchanges.find(wanted, page):
        yield rows
        page = Page(after=exchange_cursor(rows[-1]), limit=_PAGE)


def _told(ledger: Ledger, office: Office, caller: Caller, pages: Iterable[Sequence[Exchange]]) -> Iterator[Exchange]:
    """The exchanges, as if nobody had been found where the caller is not to know of whom it is."""
    for page in pages:
        nameless = unnamed(ledger, caller, page, hidden(ledger, office, caller, page))
        yield from (unpaired(one) if one.key in nameless or one.entry is None else one for one in page)


def sheet_file(data: bytes, name: str, form: Format) -> Response:
    """A sheet to be saved under that name."""
    return Response(data, media_type=MEDIA_TYPES[form], headers={"content-disposition": f'attachment; filename="{name}"'})
