"""Cross-checks (比对): another department's sheet against the own registers, and the clerk's word on what differs."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Depends, File, Form, Query, Response, UploadFile

from adapters.checking import compare_file, parts, read_decisions, write_differences
from adapters.exporting import MEDIA_TYPES, Format
from adapters.office import Office
from adapters.sheets import SheetRefused
from api.access import Caller, ClerkDep, LedgerDep, OfficeDep, ReadLedgerDep, WithinDep
from api.declared import Responses, reading, writing
from api.local.imports import MAX_FILE
from api.models.base import UUID, IdPath, Listing
from api.models.registers.cross_checks import (
    FIELDS_EXAMPLE,
    MOST_AT_ONCE,
    SETTLE_EXAMPLE,
    CrossCheckShown,
    DifferenceShown,
    RowOfCheck,
    Settlements,
    Settling,
    SheetRowRefused,
    SheetSettled,
    ToCheckShown,
)
from api.models.shapes import Shaped, shown
from api.once import Asked, Key, OnceDep
from api.paging import PagingDep
from api.problems import RequestTooLarge
from api.serving.books import in_transaction
from api.serving.limiting import ImportsWaiting
from api.serving.routes import StrictRoute
from exchange.checking.check import CheckField, CheckLayout, CrossCheck, DifferenceFilter, DifferenceState, Settlement
from exchange.codes import RegisterKind
from exchange.cursors import BadCursor, check_cursor, check_row_cursor, difference_cursor, to_check_cursor
from exchange.errors import Invalid, NotFound
from exchange.ledger import Ledger, Page
from exchange.verbs.cross_check.differences import open_differences
from exchange.verbs.cross_check.run import CheckKey, known_check
from exchange.verbs.cross_check.settle import Settled, settle, settle_fields
from exchange.wire import ijson
from exchange.work.daily import DailyLimit

router = APIRouter(prefix="/api/v1/cross-checks", tags=["Cross-checks"], route_class=StrictRoute)
LayoutForm = Annotated[CheckLayout, Form(description="whose sheet it is")]
RegisterForm = Annotated[RegisterKind | None, Form(alias="register", description="one register only; both without it")]
AgainForm = Annotated[bool, Form(description="check the same file once more, after corrections")]
FileForm = Annotated[UploadFile, File(description=".xlsx, .xlsm, .xls, .ods or .csv, up to 50 MiB and 200,000 rows")]
_UPLOAD = {"content": {"multipart/form-data": {"example": {"file": "(the bytes of 出生医学证明.xlsx)", "layout": "births"}}}}
_SHEET_BACK = {"content": {"multipart/form-data": {"example": {"file": "(the bytes of the sheet)", "check": "(its id)"}}}}
_SHEET: Responses = {
    200: {
        "content": {MEDIA_TYPES[Format.XLSX]: {"schema": {"type": "string", "format": "binary"}}},
        "description": "an .xlsx",
    }
}


def uploaded(
    caller: ClerkDep,
    office: OfficeDep,
    file: FileForm,
    layout: LayoutForm,
    register_: RegisterForm = None,
    again: AgainForm = False,
    idempotency_key: Key = None,
) -> tuple[Asked, bytes, CheckKey]:
    """The file's bytes, what it is to be checked against, and the request by what it holds."""
    data = _read(file)
    key = CheckKey(jurisdiction=caller.jurisdiction, layout=layout, register=register_, digest=office.node.file_digest(data))
    asked = f"cross-check {layout} {register_} {again} {ijson.digest(data)}"
    return Asked(office, caller.key, idempotency_key, asked.encode()), data, key


@router.post(
    "",
    status_code=201,
    response_model=CrossCheckShown,
    responses=writing(SheetRefused, RequestTooLarge, ImportsWaiting),
    openapi_extra={"requestBody": _UPLOAD},
    summary="Check entries against a sheet",
)
def check_sheet(
    caller: ClerkDep,
    office: OfficeDep,
    within: WithinDep,
    upload: Annotated[tuple[Asked, bytes, CheckKey], Depends(uploaded)],
    file: UploadFile,
    layout: LayoutForm,
    register_: RegisterForm = None,
    again: AgainForm = False,
) -> Response:
    """Compare the open entries with another department's sheet by document, field by field; nothing is changed.

    The sheet is not kept, and nothing of people without an entry. The same file again gives the same check, unless `again`.
    """
    asked, data, key = upload
    with office.ledgers.transaction(read_only=True, within=within) as ledger:
        asked.recall(ledger)
        known = known_check(ledger, key)
    found = known if known is not None and not again else compare_file(office, key, data, within=within)

    def store(ledger: Ledger) -> Response:
        asked.recall(ledger)
        check = found if isinstance(found, CrossCheck) else found.store(ledger, office.now(), again=again)
        return asked.answer(ledger, _shown(ledger, check), 201, {"location": f"/api/v1/cross-checks/{check.id}"})

    return in_transaction(office.ledgers, store, within)


@router.get("", responses=reading(BadCursor), summary="List checks")
def list_checks(caller: ClerkDep, ledger: ReadLedgerDep, paging: PagingDep) -> Listing[CrossCheckShown]:
    """The checks of the caller's county, the newest first."""
    rows, following = paging.rows(lambda page: ledger.cross_checks.find(caller.counties, page), check_cursor)
    counts = ledger.cross_checks.counts([row.id for row in rows])
    return Listing[CrossCheckShown](
        items=[CrossCheckShown.of(row, counts.get(row.id, {})) for row in rows],
        next=following,
    )


@router.get("/to-check", responses=reading(BadCursor), summary="Entries to check")
def list_entries_to_check(caller: ClerkDep, ledger: ReadLedgerDep, paging: PagingDep) -> Listing[ToCheckShown]:
    """The caller's entries with open differences, and in which fields."""
    rows, following = paging.rows(lambda page: ledger.cross_checks.to_check(caller.counties, page), to_check_cursor)
    return Listing[ToCheckShown](items=[ToCheckShown.of(row) for row in rows], next=following)


@router.post(
    "/settlement-sheets",
    response_model=SheetSettled,
    responses=writing(NotFound, SheetRefused, RequestTooLarge, ImportsWaiting),
    openapi_extra={"requestBody": _SHEET_BACK},
    summary="Settle by sheet",
)
def settle_by_sheet(
    caller: ClerkDep,
    office: OfficeDep,
    within: WithinDep,
    file: FileForm,
    check: Annotated[str, Form(pattern=UUID, description="the check that the sheet is from")],
) -> SheetSettled:
    """Take in the sheet of differences with its column 处理 filled in, a thousand rows a transaction.

    The same sheet again changes nothing.
    """
    with office.ledgers.transaction(read_only=True, within=within) as ledger:
        _own(ledger, caller, check)
    decided = read_decisions(_read(file))
    results: list[Settled] = []
    for part in parts(decided.wanted):
        results += in_transaction(office.ledgers, partial(_settled, office, caller, check, part), within)
    told = Settlements.of(results)
    return SheetSettled(
        counts=told.counts,
        results=told.results,
        blank=decided.blank,
        refused_rows=[SheetRowRefused.of(row) for row in decided.refused],
    )


@router.get("/{id}", responses=reading(NotFound), summary="Read a check")
def read_check(caller: ClerkDep, ledger: ReadLedgerDep, id: IdPath) -> CrossCheckShown:
    """One check with its counts, and those of its differences by field."""
    return _shown(ledger, _own(ledger, caller, id))


@router.get("/{id}/rows", responses=reading(NotFound, BadCursor), summary="Rows to look at")
def read_check_rows(caller: ClerkDep, ledger: ReadLedgerDep, paging: PagingDep, id: IdPath) -> Listing[RowOfCheck]:
    """The rows that were refused or could not be told, with what was wrong and in which column."""
    _own(ledger, caller, id)
    rows, following = paging.rows(lambda page: ledger.cross_checks.rows(id, page), check_row_cursor)
    return Listing[RowOfCheck](items=[RowOfCheck.of(row) for row in rows], next=following)


@router.get("/{id}/differences", responses=reading(NotFound, BadCursor, DailyLimit), summary="Differences")
def read_differences(
    caller: ClerkDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    id: IdPath,
    field: Annotated[CheckField | None, Query()] = None,
    state: Annotated[DifferenceState | None, Query()] = None,
    entry: Annotated[str | None, Query(pattern=UUID)] = None,
) -> Listing[DifferenceShown]:
    """What differs, in the order of the sheet: what the entry has, and what the sheet has."""
    _own(ledger, caller, id)
    wanted = DifferenceFilter(check=id, own=caller.counties, field=field, state=state, entry=entry)
    rows, following = paging.rows(lambda page: ledger.cross_checks.differences(wanted, page), difference_cursor)
    return Listing[DifferenceShown](items=[DifferenceShown.of(row) for row in rows], next=following)


@router.get(
    "/{id}/sheet", response_class=Response, responses=_SHEET | reading(NotFound, DailyLimit), summary="Differences as a sheet"
)
def export_differences(caller: ClerkDep, office: OfficeDep, ledger: ReadLedgerDep, id: IdPath) -> Response:
    """The open differences as an .xlsx with a column to fill in; `POST /settlement-sheets` takes it back."""
    check = _own(ledger, caller, id)
    data = write_differences(check, open_differences(ledger, check), office.node.divisions)
    headers = {"content-disposition": f'attachment; filename="differences-{check.layout.value}.xlsx"'}
    return Response(data, media_type=MEDIA_TYPES[Format.XLSX], headers=headers)


@router.post(
    "/{id}/settlements",
    response_model=Settlements,
    responses=writing(NotFound),
    summary="Settle differences",
)
def settle_differences(
    caller: ClerkDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    id: IdPath,
    body: Annotated[Settling, Shaped(Settling), Body(openapi_examples=shown(SETTLE_EXAMPLE, FIELDS_EXAMPLE))],
) -> Response:
    """Take the sheet's values into the entries, keep the entries' with a reason, or leave the differences for later.

    An entry that has changed since the check is compared anew: `stale` differences stay open and show what it says now.
    """
    if bool(body.differences) == bool(body.fields):
        raise Invalid(zh="请指明 differences 或 fields 之一。", en="Name either differences or fields.", pointer="/differences")

    own, now = caller.counties, office.now()
    if body.differences:
        wanted = dict.fromkeys(body.differences, body.settlement)
        return once.answer(Settlements.of(settle(ledger, office.node, own, id, wanted, now)))
    page = Page(after=body.after or "", limit=MOST_AT_ONCE)
    results, following = settle_fields(ledger, office.node, own, id, body.fields, body.settlement, now, page)
    return once.answer(Settlements.of(results, following))


def _read(file: UploadFile) -> bytes:
    data = file.file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise RequestTooLarge
    return data


def _settled(office: Office, caller: Caller, check: str, wanted: dict[str, Settlement], ledger: Ledger) -> list[Settled]:
    return settle(ledger, office.node, caller.counties, check, wanted, office.now())


def _own(ledger: Ledger, caller: Caller, check_id: str) -> CrossCheck:
    check = ledger.cross_checks.get(check_id)
    if check is None or check.jurisdiction not in caller.counties:
        raise NotFound
    return check


def _shown(ledger: Ledger, check: CrossCheck) -> CrossCheckShown:
    return CrossCheckShown.of(check, ledger.cross_checks.counts([check.id]).get(check.id, {}))
