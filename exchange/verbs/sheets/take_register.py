"""Take in a register sheet: every row has a result, the same bytes count once, and the same people are entered once.

Reading the rows needs no ledger and comes before the transaction; what is left inside is a look-up and three writes for
each chunk. Nothing is half done, since the caller's transaction holds the whole file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from exchange.codes import RegisterKind
from exchange.errors import Refused
from exchange.ids import new_id
from exchange.imports import ImportedFile, RowOutcome, RowProblem, RowResult
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.draft import CheckedDraft, Registrar
from exchange.people.whereabouts import Side
from exchange.verbs.enrol import Enrolment, EnrolResult, enrol_checked
from exchange.verbs.sheets.facts import SheetFacts, SheetRow, refusal_problem
from exchange.verbs.sheets.rows import entry_draft

CHUNK = 5_000
_OUTCOMES = {
    Enrolment.OPENED: RowOutcome.ACCEPTED,
    Enrolment.CHANGED: RowOutcome.ACCEPTED,
    Enrolment.REOPENED: RowOutcome.ACCEPTED,
    Enrolment.CLOSED: RowOutcome.ACCEPTED,
    Enrolment.UNCHANGED: RowOutcome.UNCHANGED,
    Enrolment.REFUSED: RowOutcome.REFUSED,
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReadRow:
    """A row as far as it can be judged without a ledger; `checked` is None where a cell could not be read."""

    row: SheetRow
    checked: CheckedDraft | None
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RegisterSheet:
    """A register sheet that was read and checked, ready for a transaction."""

    registrar: Registrar
    register: RegisterKind
    facts: SheetFacts
    rows: Sequence[ReadRow]


def read_register(node: Node, jurisdiction: str, register: RegisterKind, sheet: SheetFacts, now: datetime) -> RegisterSheet:
    """Read and check all rows, before any transaction; NotServed if the jurisdiction is another node's."""
    registrar = Registrar(node, jurisdiction, civil_day(now))
    rows = [_read(registrar, register, row) for row in sheet.rows]
    return RegisterSheet(registrar=registrar, register=register, facts=sheet, rows=rows)


def take_register(ledger: Ledger, sheet: RegisterSheet, now: datetime, *, chunk: int = CHUNK) -> ImportedFile:
    """Enter the rows in the register, `chunk` at a time; the same bytes again give the first result and change nothing."""
    jurisdiction, layout = sheet.registrar.jurisdiction, sheet.register.value
    known = ledger.imports.by_digest(jurisdiction, layout, sheet.facts.sha256)
    if known is not None:
        return known
    import_id = new_id(now)
    results: list[RowResult] = []
    for rows in chunks(sheet.rows, chunk):
        enrolled = iter(enrol_checked(ledger, sheet.registrar, [r.checked for r in rows if r.checked is not None], now))
        results.extend(_result(sheet, import_id, row, next(enrolled) if row.checked is not None else None) for row in rows)
    return keep_results(ledger, sheet.facts, jurisdiction, layout, import_id, results, now)


def keep_results(
    ledger: Ledger,
    sheet: SheetFacts,
    jurisdiction: str,
    layout: str,
    import_id: str,
    results: Sequence[RowResult],
    now: datetime,
) -> ImportedFile:
    """Store the file with the results of all its rows."""
    counts = dict.fromkeys(RowOutcome, 0)
    for result in results:
        counts[result.outcome] += 1
    file = ImportedFile(
        id=import_id,
        jurisdiction=jurisdiction,
        layout=layout,
        filename=sheet.filename,
        sha256=sheet.sha256,
        at=now,
        rows=len(results),
        accepted=counts[RowOutcome.ACCEPTED],
        unchanged=counts[RowOutcome.UNCHANGED],
        warned=counts[RowOutcome.WARNED],
        refused=counts[RowOutcome.REFUSED],
        blank=sheet.blank,
        excluded_columns=sheet.excluded_columns,
        unknown_columns=sheet.unknown_columns,
    )
    ledger.imports.add(file, results)
    return file


def chunks(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The rows, at most `size` at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _read(registrar: Registrar, register: RegisterKind, row: SheetRow) -> ReadRow:
    if row.refused:
        return ReadRow(row=row, checked=None)
    warnings: list[RowProblem] = []
    try:
        draft = entry_draft(row.cells, register, registrar.places, warnings)
    except Refused as refusal:
        return ReadRow(row=row, checked=None, problems=(*warnings, refusal_problem(refusal)))
    return ReadRow(row=row, checked=registrar.check(draft), problems=tuple(warnings))


def _result(sheet: RegisterSheet, import_id: str, read: ReadRow, enrolled: EnrolResult | None) -> RowResult:
    if enrolled is None:
        return sheet.facts.result(import_id, read.row, RowOutcome.REFUSED, read.problems)
    outcome = _OUTCOMES[enrolled.outcome]
    if not (read.problems or enrolled.warnings or enrolled.refusals or read.row.problems):
        return RowResult(import_id=import_id, row=read.row.number, outcome=outcome, made=enrolled.entry)
    other: Side = "destination" if sheet.register is RegisterKind.OUTFLOW else "origin"
    refused = [refusal_problem(refusal, other) for refusal in enrolled.refusals]
    problems = (*read.problems, *enrolled.warnings, *refused)
    return sheet.facts.result(import_id, read.row, outcome, problems, enrolled.entry)
