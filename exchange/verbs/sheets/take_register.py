"""A register sheet: the same people are entered once. Within a transaction it takes a look-up and three writes for each chunk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from exchange.codes import RegisterKind
from exchange.errors import Refused
from exchange.imports import RowOutcome, RowProblem, RowResult
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.draft import CheckedDraft, Registrar
from exchange.people.whereabouts import Side
from exchange.verbs.enrol import Enrolment, EnrolResult, enrol_checked
from exchange.verbs.sheets.facts import SheetFacts, SheetRow, refusal_problem
from exchange.verbs.sheets.judging import Judged, judge_entry
from exchange.verbs.sheets.rows import entry_draft, own_side
from exchange.verbs.sheets.take import ReadSheet, Taking

_OUTCOMES = {
    Enrolment.OPENED: RowOutcome.ACCEPTED,
    Enrolment.CHANGED: RowOutcome.ACCEPTED,
    Enrolment.REOPENED: RowOutcome.ACCEPTED,
    Enrolment.CLOSED: RowOutcome.ACCEPTED,
    Enrolment.UNCHANGED: RowOutcome.UNCHANGED,
    Enrolment.REFUSED: RowOutcome.REFUSED,
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReadRow:
    """A row as far as it can be judged without a ledger; `checked` is None where a cell could not be read."""

    row: SheetRow
    checked: CheckedDraft | None
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RegisterSheet(ReadSheet[ReadRow]):
    """A register sheet that was read and checked."""

    registrar: Registrar
    register: RegisterKind

    def take(self, ledger: Ledger, rows: Sequence[ReadRow], taking: Taking) -> list[RowResult]:
        """Enter the rows in the register."""
        checked = [row.checked for row in rows if row.checked is not None]
        enrolled = iter(enrol_checked(ledger, self.registrar, checked, taking.now))
        return [_result(self, taking.id, row, next(enrolled) if row.checked is not None else None) for row in rows]


def read_register(node: Node, jurisdiction: str, register: RegisterKind, sheet: SheetFacts, now: datetime) -> RegisterSheet:
    """Read and check all rows, before any transaction; NotServed if the jurisdiction is another node's."""
    registrar = Registrar(node, jurisdiction, civil_day(now))
    rows = [_read(registrar, register, row) for row in sheet.rows]
    return RegisterSheet(
        jurisdiction=jurisdiction, layout=register.value, registrar=registrar, register=register, facts=sheet, rows=rows
    )


def _read(registrar: Registrar, register: RegisterKind, row: SheetRow) -> ReadRow:
    if not row.refused:
        warnings: list[RowProblem] = []
        try:
            checked = registrar.check(entry_draft(row.cells, register, registrar.places, warnings))
        except Refused:
            pass  # told below, with all else that is wrong
        else:
            if not checked.refusals:
                return ReadRow(row=row, checked=checked, problems=tuple(warnings))
    judged = Judged(row)
    judge_entry(judged, register, registrar)
    return ReadRow(row=row, checked=None, problems=judged.problems("destination" if own_side(register) == "origin" else "origin"))


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
