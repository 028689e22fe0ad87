"""Sheets in: what came of the files before, a form for the next one, and what was wrong with which row."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from typing import Annotated, Final

from fastapi import Path, Query, Request, Response, UploadFile

from adapters.exporting import Format
from adapters.sheets import ImportLayout, Layout, Limits
from adapters.sheets.layout import spellings_for
from adapters.taking import every_row, problem_list
from api.access import AnswererDep, HolderDep, OfficeDep, ReadLedgerDep, WithinDep
from api.local.exports import sheet_file
from api.local.imports import (
    MAX_FILE,
    UploadDep,
    annotate_import,
    files_of,
    list_imports,
    read_import,
    read_rows,
    read_template,
)
from api.local.worklists import Narrowed, everything, export_worklist
from api.models.base import IdPath
from api.models.registers.imports import CellShown, ImportShown, RowOfFile
from api.pages.language import Language
from api.pages.registers.progress import ONE, RUN, ImportingDep, result_of, shown
from api.pages.route import Page, ViewerDep, back_to, page_router, see_other
from api.paging import PagingDep
from api.rights import CLERK
from api.serving.importing import Brought
from exchange.imports import ImportRun, RowOutcome, Stage
from exchange.work.worklists import Worklist

router = page_router()
PATH: Final = "/imports"
# How long the list of files tells of what was not taken in.
_REMEMBERED: Final = timedelta(days=1)
_LIMITS: Final = Limits()
_UNMARKABLE: Final = (".xls", ".ods")
# What a clerk has to look at comes first.
_ORDER: Final = (RowOutcome.REFUSED, RowOutcome.WARNED, RowOutcome.ACCEPTED, RowOutcome.UNCHANGED)


@dataclass(frozen=True, slots=True)
class Wrong:
    """One problem in the reader's words: the column as the sheet calls it, what stands there and what should."""

    column: str
    header: str
    refuses: bool
    told: str
    found: str
    expected: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet, and the page of what it made."""

    number: int
    outcome: RowOutcome
    made: str | None
    wrong: tuple[Wrong, ...]


@router.get(PATH)
def show_imports(viewer: ViewerDep, caller: AnswererDep, office: OfficeDep, ledger: ReadLedgerDep, paging: PagingDep) -> Page:
    """The files of the county or township, the newest first, and the form."""
    files = list_imports(caller, ledger, paging)
    layouts = list(ImportLayout) if viewer.may(CLERK) else [ImportLayout.ANSWERS]
    runs = ledger.imports.runs(files_of(caller), office.now() - _REMEMBERED)
    return viewer.page(
        "imports.html",
        runs=[shown(viewer.language, run, office.now()) for run in runs if run.stage is not Stage.DONE],
        files=files.items,
        next=paging.query_after(files.next),
        layouts=layouts,
        most=MAX_FILE,
        place=office.node.divisions.name(caller.jurisdiction),
    )


@router.post(PATH)
@back_to(PATH)
def import_sheet(
    request: Request,
    caller: AnswererDep,
    office: OfficeDep,
    importing: ImportingDep,
    within: WithinDep,
    upload: UploadDep,
) -> Response:
    """Take in a sheet, and lead to what came of it, or to how far it is."""
    began_at, layout = office.now(), Layout(upload.layout.value)
    brought = Brought(
        jurisdiction=caller.jurisdiction,
        layout=layout,
        filename=upload.filename,
        data=upload.data,
        key=caller.key,
        within=within,
        place=request.state.place,
    )
    come = importing.bring(brought)
    return see_other(RUN.format(id=come.id) if isinstance(come, ImportRun) else result_of(come, began_at))


@router.get(PATH + "/to-answer")
def fetch_to_answer(caller: AnswererDep, office: OfficeDep, ledger: ReadLedgerDep) -> Response:
    """What waits for an answer, as a sheet that is filled in and comes back as answers."""
    return export_worklist(caller, office, ledger, Narrowed(everything(caller, office), None), Worklist.TO_ANSWER)


@router.get(PATH + "/templates/{layout}")
def fetch_template(caller: HolderDep, layout: Annotated[Layout, Path()]) -> Response:
    """An empty sheet."""
    return read_template(caller, layout)


@router.get(ONE)
def show_import(
    viewer: ViewerDep,
    caller: AnswererDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    id: IdPath,
    rows: Annotated[RowOutcome | None, Query()] = None,
    all: Annotated[bool, Query()] = False,
    earlier: Annotated[bool, Query()] = False,
) -> Page:
    """One file: its counts, and the rows of one outcome; first those that were refused, else those with remarks.

    `earlier` tells who brought the file once more that this is what came of it then.
    """
    file = read_import(caller, ledger, id)
    wanted = None if all else rows or _first(file)
    found = read_rows(caller, ledger, paging, id, wanted)
    headers = spellings_for(Layout(file.layout)).headers
    return viewer.page(
        "import.html",
        file=file,
        earlier=earlier,
        markable=_is_markable(file),
        wanted=wanted,
        outcomes=[(outcome, getattr(file, outcome.value)) for outcome in _ORDER],
        rows=[_row(viewer.language, file, headers, row) for row in found.items],
        next=paging.query_after(found.next),
        most=MAX_FILE,
    )


@router.post(ONE + "/annotated")
@back_to(ONE)
def take_away(caller: AnswererDep, office: OfficeDep, within: WithinDep, id: IdPath, file: UploadFile) -> Response:
    """The clerk's own sheet with the results in it, for the sheet that is sent once more."""
    return annotate_import(caller, office, within, id, file)


@router.get(ONE + "/problems")
def fetch_problems(caller: AnswererDep, ledger: ReadLedgerDep, id: IdPath) -> Response:
    """What is wrong as a sheet of its own, for a file that cannot be annotated."""
    file = read_import(caller, ledger, id)
    return sheet_file(problem_list(every_row(ledger, file.id), Layout(file.layout)), "problems.xlsx", Format.XLSX)


def _is_markable(file: ImportShown) -> bool:
    """Whether the sheet can come back marked, by its name; what it is in truth, its bytes will tell."""
    short = file.rows + file.blank <= _LIMITS.annotated_rows
    return short and PurePath(file.filename).suffix.lower() not in _UNMARKABLE


def _first(file: ImportShown) -> RowOutcome | None:
    return next((outcome for outcome in _ORDER[:2] if getattr(file, outcome.value)), None)


def _row(language: Language, file: ImportShown, headers: dict[str, str], row: RowOfFile) -> Row:
    where = "entries" if file.layout in (ImportLayout.OUTFLOW, ImportLayout.INFLOW) else "exchanges"
    return Row(
        number=row.row,
        outcome=row.outcome,
        made=f"/{where}/{row.made}" if row.made else None,
        wrong=tuple(_wrong(language, headers, problem) for problem in sorted(row.problems, key=_place)),
    )


def _place(problem: CellShown) -> tuple[bool, int, str]:
    """What has to be mended first, in the order of the columns, A to Z before AA."""
    return problem.severity != "refusal", len(problem.column), problem.column


def _wrong(language: Language, headers: dict[str, str], problem: CellShown) -> Wrong:
    return Wrong(
        column=problem.column,
        header=headers.get(problem.field, ""),
        refuses=problem.severity == "refusal",
        told=language.say(problem),
        found=_half(language, problem.found),
        expected=_half(language, problem.expected),
    )


def _half(language: Language, both: str) -> str:
    """One language's half of what is written as ``中文 / English``; all of what is not."""
    zh, divided, en = both.rpartition(" / ")
    return language.t(zh, en) if divided else both
