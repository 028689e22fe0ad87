"""A clerk's file in, its import out: everything between the bytes of a sheet and the verbs of `exchange.verbs.sheets`.

Parsing, translating words into codes and checking all happen before the transaction begins.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from adapters.office import Office
from adapters.sheets import CellProblem, Layout, Limits, Outcome, Severity, Sheet, annotate, read_sheet
from adapters.sheets import RowResult as Marked
from adapters.sheets import SheetRow as ReadRow
from adapters.sheets.layout import spellings_for
from adapters.sheets.words import code_of, is_coded, items_of, word_problem
from adapters.sheets.writer import list_problems
from exchange.codes import RegisterKind
from exchange.cursors import row_cursor
from exchange.imports import RowProblem, RowResult
from exchange.ledger import Ledger, Page
from exchange.verbs.sheets.facts import SheetFacts, SheetRow
from exchange.verbs.sheets.take import ReadSheet
from exchange.verbs.sheets.take_answers import read_answers
from exchange.verbs.sheets.take_matters import read_matters
from exchange.verbs.sheets.take_register import read_register

_LONGEST_NAME = 200
_PAGE = 1000
_TOLD_EVERY = 500
ReadFile = ReadSheet[Any]


# Told of how many rows of how many have been judged.
Told = Callable[[int, int], None]


def read_file(
    office: Office,
    jurisdiction: str,
    layout: Layout,
    filename: str,
    data: bytes,
    limits: Limits | None = None,
    told: Told | None = None,
) -> ReadFile:
    """Read a sheet for a jurisdiction's registers, its matters or answers; SheetRefused, NotServed. No transaction may be open.

    Only answers are also a township's.
    """
    facts = facts_of(read_sheet(data, layout, limits), filename, told, digest=office.node.file_digest(data))
    if layout is Layout.ANSWERS:
        return read_answers(office.node, jurisdiction, facts, office.now())
    if layout is Layout.MATTERS:
        return read_matters(office.node, jurisdiction, facts, office.now())
    return read_register(office.node, jurisdiction, RegisterKind(layout.value), facts, office.now())


def annotated_copy(data: bytes, layout: Layout, rows: Iterable[RowResult], limits: Limits | None = None) -> bytes:
    """The clerk's own sheet, as .xlsx, with what became of its rows in it; SheetRefused if the file cannot be annotated."""
    return annotate(data, layout, map(_marked, rows), limits)


def problem_list(rows: Iterable[RowResult], layout: Layout) -> bytes:
    """What is wrong with the rows as an .xlsx of its own, for files that cannot be annotated."""
    return list_problems((problem for row in map(_marked, rows) for problem in row.problems), spellings_for(layout).headers)


def every_row(ledger: Ledger, import_id: str) -> list[RowResult]:
    """The results of all rows of a file, in the sheet's order."""
    found: list[RowResult] = []
    page = Page(limit=_PAGE)
    while rows := ledger.imports.rows(import_id, page):
        found += rows
        page = Page(after=row_cursor(rows[-1]), limit=_PAGE)
    return found


def _marked(row: RowResult) -> Marked:
    problems = tuple(
        CellProblem(
            row=row.row,
            column=problem.column,
            field=problem.field,
            severity=Severity(problem.severity),
            code=problem.code,
            found=problem.found,
            expected=problem.expected,
            zh=problem.zh,
            en=problem.en,
        )
        for problem in row.problems
    )
    return Marked(number=row.row, outcome=Outcome(row.outcome.value), problems=problems)


def facts_of(sheet: Sheet, filename: str, told: Told | None = None, *, digest: str) -> SheetFacts:
    """The sheet as the domain takes it, known again by `digest`; the rows are translated as they are asked for."""
    return SheetFacts(
        filename=_shown(filename.replace("\\", "/").rpartition("/")[2])[:_LONGEST_NAME],
        columns={name: column.letter for name, column in sheet.columns.items()},
        rows=_rows(sheet, told),
        digest=digest,
        blank=sheet.blank_rows,
        excluded_columns=sheet.excluded_columns,
        unknown_columns=tuple(map(_shown, sheet.unknown_columns)),
    )


def _shown(text: str) -> str:
    """What a reader sees of a text that is only shown: nothing that steers how it is shown, as U+202E does."""
    return "".join(each for each in text if unicodedata.category(each) not in ("Cc", "Cf", "Cs"))


def _rows(sheet: Sheet, told: Told | None) -> Iterator[SheetRow]:
    coded = [name for name in sheet.columns if is_coded(name) and name != "items"]
    for number, row in enumerate(sheet.rows):
        if told is not None and number % _TOLD_EVERY == 0:
            told(number, sheet.data_rows)
        yield _translated(sheet, row, coded)


def _translated(sheet: Sheet, row: ReadRow, coded: list[str]) -> SheetRow:
    cells, problems = dict(row.cells), list(row.problems)
    for name in coded:
        if name in cells:
            word = code_of(name, cells[name], sheet.education_code_set)
            problem = word_problem(sheet, row.number, name, word)
            if problem is not None:
                problems.append(problem)
            if word is None:
                del cells[name]
            else:
                cells[name] = word.code
    if "items" in cells:
        items, understood = items_of(cells["items"])
        cells["items"] = " ".join(items)
        if not understood and (problem := word_problem(sheet, row.number, "items", None)) is not None:
            problems.append(problem)
    return SheetRow(number=row.number, cells=cells, problems=tuple(map(_problem, problems)))


def _problem(problem: CellProblem) -> RowProblem:
    return RowProblem(
        column=problem.column,
        field=problem.field,
        severity=problem.severity.value,
        code=problem.code,
        found=problem.found,
        expected=problem.expected,
        zh=problem.zh,
        en=problem.en,
    )
