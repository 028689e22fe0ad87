"""Sheets in: take in a file, read what became of its rows, fetch an empty sheet."""

import hashlib
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Path, Query, Response, UploadFile

from adapters.exporting import MEDIA_TYPES, Format
from adapters.sheets import ImportLayout, Layout, SheetRefused
from adapters.sheets.template import template
from adapters.taking import annotated_copy, every_row, read_file
from api.access import AnswererDep, Caller, HolderDep, OfficeDep, ReadLedgerDep, WithinDep
from api.declared import reading, writing
from api.local.exports import sheet_file
from api.models.base import COUNTY, IdPath, Listing
from api.models.registers.imports import ImportShown, RowOfFile
from api.once import Asked, Key
from api.paging import PagingDep
from api.problems import RequestTooLarge
from api.serving.books import in_transaction
from api.serving.limiting import ImportsWaiting
from api.serving.routes import StrictRoute
from exchange.cursors import BadCursor, import_cursor, row_cursor
from exchange.errors import Forbidden, Invalid, NotFound
from exchange.imports import ImportedFile, RowOutcome
from exchange.ledger import Ledger
from exchange.node import NotServed
from exchange.verbs.sheets.take import take_sheet

router = APIRouter(prefix="/api/v1", tags=["Imports"], route_class=StrictRoute)
MAX_FILE = 50 * 1024 * 1024
MAX_FORM = MAX_FILE + 64 * 1024
LayoutForm = Annotated[
    ImportLayout, Form(description="outflow and inflow registers, matters (queries and notices), or answers to a worklist")
]
UPLOAD = {
    "content": {
        "multipart/form-data": {
            "example": {"file": "(the bytes of 流出台账.xlsx)", "layout": "outflow"},
        }
    }
}


class OtherFile(Invalid):
    """Not the bytes that were imported."""

    code = "other-file"
    zh = "该文件不是当时导入的文件（内容不同）。"
    en = "That is not the file that was imported: its bytes differ."


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Upload:
    """A sheet as it was sent, and the request by what it holds: a form's own text differs with every sending."""

    asked: Asked
    layout: ImportLayout
    filename: str
    data: bytes


def uploaded(
    caller: AnswererDep,
    office: OfficeDep,
    file: Annotated[UploadFile, File(description=".xlsx, .xlsm, .xls, .ods or .csv, up to 50 MiB and 200,000 rows")],
    layout: LayoutForm,
    jurisdiction: Annotated[str | None, Form(pattern=COUNTY, description="the caller's county")] = None,
    idempotency_key: Key = None,
) -> Upload:
    """The sheet that was sent; a township brings answers only."""
    if not caller.sees_people and layout is not ImportLayout.ANSWERS:
        raise Forbidden
    if jurisdiction not in (None, caller.jurisdiction):
        raise NotServed(pointer="/jurisdiction")
    data = file.file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise RequestTooLarge
    asked = f"import {layout} {hashlib.sha256(data).hexdigest()}"
    once = Asked(office, caller.key, idempotency_key, asked.encode())
    return Upload(asked=once, layout=layout, filename=file.filename or "", data=data)


UploadDep = Annotated[Upload, Depends(uploaded)]


@router.post(
    "/imports",
    status_code=201,
    response_model=ImportShown,
    responses=writing(SheetRefused, NotServed, RequestTooLarge, ImportsWaiting),
    openapi_extra={"requestBody": UPLOAD},
    summary="Take in a sheet",
)
def take_in(caller: AnswererDep, office: OfficeDep, within: WithinDep, upload: UploadDep) -> Response:
    """Take in a register, a sheet of matters or of answers in one transaction, every row with its result.

    The same file again gives the first result and changes nothing. Columns that are not accepted are dropped unread.
    """
    asked = upload.asked
    with office.ledgers.transaction(read_only=True, within=within) as ledger:
        asked.recall(ledger)
    read = read_file(office, caller.jurisdiction, Layout(upload.layout.value), upload.filename, upload.data)

    def take(ledger: Ledger) -> Response:
        asked.recall(ledger)
        taken = take_sheet(ledger, read, office.now(), by=caller.key)
        return asked.answer(ledger, ImportShown.of(taken), 201, {"location": f"/api/v1/imports/{taken.id}"})

    return in_transaction(office.ledgers, take, within)


@router.get("/imports", responses=reading(BadCursor), summary="List imports")
def list_imports(caller: AnswererDep, ledger: ReadLedgerDep, paging: PagingDep) -> Listing[ImportShown]:
    """The files of the caller's county, the newest first."""
    rows, following = paging.rows(lambda page: ledger.imports.find(files_of(caller), page), import_cursor)
    return Listing[ImportShown](items=[ImportShown.of(row) for row in rows], next=following)


@router.get(
    "/imports/templates/{layout}",
    response_class=Response,
    responses={
        200: {
            "content": {MEDIA_TYPES[Format.XLSX]: {"schema": {"type": "string", "format": "binary"}}},
            "description": "an .xlsx",
        },
        **reading(),
    },
    summary="An empty sheet",
)
def read_template(_: HolderDep, layout: Annotated[Layout, Path()]) -> Response:
    """A sheet to fill in, with choices for coded columns and a page of explanations."""
    headers = {"content-disposition": f'attachment; filename="woshou-{layout.value}.xlsx"'}
    return Response(template(layout), media_type=MEDIA_TYPES[Format.XLSX], headers=headers)


@router.get("/imports/{id}", responses=reading(NotFound), summary="Read an import")
def read_import(caller: AnswererDep, ledger: ReadLedgerDep, id: IdPath) -> ImportShown:
    """One file, with its counts."""
    return ImportShown.of(_own(ledger, caller, id))


@router.get("/imports/{id}/rows", responses=reading(NotFound, BadCursor), summary="What became of the rows")
def read_rows(
    caller: AnswererDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    id: IdPath,
    outcome: Annotated[RowOutcome | None, Query()] = None,
) -> Listing[RowOfFile]:
    """The result of every row in the sheet's order, with what was wrong and in which column."""
    _own(ledger, caller, id)
    rows, following = paging.rows(lambda page: ledger.imports.rows(id, page, outcome=outcome), row_cursor)
    return Listing[RowOfFile](items=[RowOfFile.of(row) for row in rows], next=following)


@router.post(
    "/imports/{id}/annotated",
    response_class=Response,
    responses={
        200: {
            "content": {MEDIA_TYPES[Format.XLSX]: {"schema": {"type": "string", "format": "binary"}}},
            "description": "the same sheet as .xlsx with the results",
        },
        **writing(NotFound, SheetRefused, OtherFile, RequestTooLarge, ImportsWaiting),
    },
    openapi_extra={"requestBody": {"content": {"multipart/form-data": {"example": {"file": "(the bytes that were imported)"}}}}},
    summary="The sheet with its results in it",
)
def annotate_import(
    caller: AnswererDep,
    office: OfficeDep,
    within: WithinDep,
    id: IdPath,
    file: Annotated[UploadFile, File(description="the .xlsx or .csv that was imported")],
) -> Response:
    """Send the imported .xlsx or .csv once more and have it back, as .xlsx, with what became of each row.

    The node keeps no files.
    """
    with office.ledgers.transaction(read_only=True, within=within) as ledger:
        held = _own(ledger, caller, id)
        rows = every_row(ledger, held.id)
    data = file.file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise RequestTooLarge
    if office.node.file_digest(data) != held.digest:
        raise OtherFile(pointer="/file")
    copy = annotated_copy(data, Layout(held.layout), rows)
    return sheet_file(copy, "annotated.xlsx", Format.XLSX)


def files_of(caller: Caller) -> frozenset[str]:
    """Whose files the caller sees: its county's, or its township's."""
    return caller.counties if caller.township is None else frozenset({caller.township})


def _own(ledger: Ledger, caller: Caller, import_id: str) -> ImportedFile:
    file = ledger.imports.get(import_id)
    if file is None or file.jurisdiction not in files_of(caller):
        raise NotFound
    return file
