"""All that is wrong with a row that cannot be taken, so that a clerk mends it once: each part of it is judged by itself."""

from collections.abc import Callable
from typing import TypeVar

from exchange.codes import RegisterKind, Sex
from exchange.errors import Refused
from exchange.imports import RowProblem
from exchange.people.draft import Registrar
from exchange.people.plausible import kept_record
from exchange.people.record import Record
from exchange.people.whereabouts import Side
from exchange.verbs.sheets.facts import SheetRow, refusal_problem
from exchange.verbs.sheets.rows import coded, date_in, document_in, record_in, required, side_in

T = TypeVar("T")


class Judged:
    """A row that cannot be taken, with what was found wrong with it."""

    def __init__(self, row: SheetRow) -> None:
        self.row, self.cells = row, row.cells
        self.warnings: list[RowProblem] = []
        self.refusals: list[Refused] = []

    def part(self, read: Callable[[], T]) -> T | None:
        """What `read` gives; None, and its refusal kept, if it refuses."""
        try:
            return read()
        except Refused as refusal:
            self.refusals.append(refusal.with_traceback(None))
            return None

    def problems(self, other: Side | None = None) -> tuple[RowProblem, ...]:
        """What the reader did not tell already: a refusal for each field; without a field it stands at the `other` side."""
        told = set(self.row.lost)
        found = list(self.warnings)
        for problem in (refusal_problem(refusal, other) for refusal in self.refusals):
            if problem.field not in told:
                told.add(problem.field)
                found.append(problem)
        return tuple(found)


def judge_entry(judged: Judged, register: RegisterKind, registrar: Registrar) -> None:
    """A row of a register sheet: both places, the person, the facts."""
    cells, places = judged.cells, registrar.places
    origin = judged.part(lambda: side_in(cells, "origin", register, places))
    destination = judged.part(lambda: side_in(cells, "destination", register, places))
    # A side that could not be read is refused once more, which tells nothing new, and the other one is judged.
    judged.refusals += places.both(register, origin or "", destination or "", None).refusals
    if (record := judge_person(judged, registrar)) is not None:
        judged.part(lambda: registrar.require_counted(record))


def judge_person(judged: Judged, registrar: Registrar) -> Record | None:
    """The person of a row and the facts about them, which are given back as they are written."""
    cells, warnings = judged.cells, judged.warnings
    judged.part(lambda: registrar.name(required(cells, "name")))
    born = judged.part(lambda: date_in(cells, "birth_date"))
    sex = judged.part(lambda: coded(cells, "sex", Sex)) or Sex.UNKNOWN
    document = judged.part(lambda: registrar.document(document_in(cells)))
    if document is not None:
        judged.part(lambda: registrar.compared(document, sex, born, warnings))
        born = born or document.birth_date
    record = judged.part(lambda: record_in(cells, warnings))
    if record is not None:
        judged.part(lambda: kept_record(record, born, registrar.today, warnings))
    return record
