"""The rows of a sheet judged together: one outcome for each row, and the differences that are left.

Rows about one subject (a person's marriage or household, a child of theirs) are judged together and share their outcome. Of
dated events the latest counts; rows that contradict each other propose nothing, for a clerk has to look.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from exchange.checking.check import FIELD_NAMES, CheckField, CheckOutcome, Proposal
from exchange.checking.compare import Compared, Subject
from exchange.imports import RowProblem

_RANK = (CheckOutcome.NO_ENTRY, CheckOutcome.EQUAL, CheckOutcome.DIFFERING, CheckOutcome.AMBIGUOUS, CheckOutcome.REFUSED)
_SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Differing:
    """One field of one entry that differs, before it has an id."""

    entry: str
    entry_version: int
    row: int
    field: CheckField
    proposal: Proposal


class Judging:
    """Takes claims beside entries in any order of chunks, and tells at the end what became of every row."""

    def __init__(self, *, dated: bool) -> None:
        self._dated = dated
        self._outcomes: dict[int, CheckOutcome] = {}
        self._subjects: dict[Subject, _Subject] = {}
        self.problems: dict[int, tuple[RowProblem, ...]] = {}

    def no_entry(self, row: int) -> None:
        """A row about nobody who has an open entry, as far as is known yet."""
        self._outcomes.setdefault(row, CheckOutcome.NO_ENTRY)

    def refused(self, row: int, problems: tuple[RowProblem, ...]) -> None:
        """A row that could not be read."""
        self._outcomes[row] = CheckOutcome.REFUSED
        self.problems[row] = problems

    def ambiguous(self, row: int, problem: RowProblem) -> None:
        """A row whose subject cannot be told."""
        self._rise(row, CheckOutcome.AMBIGUOUS)
        self._tell(row, problem)

    def compared(self, found: Compared) -> None:
        """A claim beside an entry."""
        subject = self._subjects.get(found.subject)
        if subject is None:
            self._subjects[found.subject] = _Subject.of(found, [found.claim.row])
        else:
            self._subjects[found.subject] = subject.with_row(found, dated=self._dated)

    def finish(self) -> list[Differing]:
        """Settle every row's outcome; the differences of the subjects that no rows contradict."""
        differing: list[Differing] = []
        for subject, judged in self._subjects.items():
            if judged.contradicted is not None:
                problem = _contradiction(judged.contradicted, judged.rows)
                for row in judged.rows:
                    self.ambiguous(row, problem)
                continue
            outcome = CheckOutcome.DIFFERING if judged.proposals else CheckOutcome.EQUAL
            for row in judged.rows:
                self._rise(row, outcome)
            differing.extend(
                Differing(entry=subject.entry, entry_version=judged.entry_version, row=row, field=name, proposal=proposal)
                for name, (row, proposal) in judged.proposals.items()
            )
        return differing

    def counts(self) -> Counter[CheckOutcome]:
        """How many rows had which outcome; their sum is the number of rows."""
        return Counter(self._outcomes.values())

    def told(self) -> Iterator[tuple[int, CheckOutcome, tuple[RowProblem, ...]]]:
        """The rows that a clerk has to look at, with what is wrong, in the sheet's order."""
        for row in sorted(self.problems):
            yield row, self._outcomes[row], self.problems[row]

    def _rise(self, row: int, outcome: CheckOutcome) -> None:
        before = self._outcomes.get(row, CheckOutcome.NO_ENTRY)
        self._outcomes[row] = max(before, outcome, key=_RANK.index)

    def _tell(self, row: int, problem: RowProblem) -> None:
        known = self.problems.get(row, ())
        if (problem.code, problem.field) not in [(told.code, told.field) for told in known]:
            self.problems[row] = (*known, problem)


@dataclass(slots=True, repr=False)
class _Subject:
    """What the rows about one subject say together."""

    rows: list[int]
    entry_version: int
    on: date | None
    facts: Mapping[CheckField, str]
    proposals: dict[CheckField, tuple[int, Proposal]]
    contradicted: CheckField | None = None

    @classmethod
    def of(cls, found: Compared, rows: list[int]) -> Self:
        """The subject as the newest of its rows tells of it."""
        row = found.claim.row
        proposals = {name: (row, proposal) for name, proposal in found.proposals.items()}
        return cls(rows, found.entry_version, found.claim.on, found.facts, proposals)

    def with_row(self, found: Compared, *, dated: bool) -> "_Subject":
        """The subject with one more row."""
        row, on = found.claim.row, found.claim.on
        if self.rows[-1] != row:
            self.rows.append(row)
        if dated and on is not None and self.on is not None and on != self.on:
            return _Subject.of(found, self.rows) if on > self.on else self
        for name, said in found.facts.items():
            if self.facts.get(name, said) != said:
                self.contradicted = name
        self.facts = {**self.facts, **found.facts}
        for name, proposal in found.proposals.items():
            if name not in self.proposals or _fuller(proposal, self.proposals[name][1]):
                self.proposals[name] = (row, proposal)
        return self


def _fuller(proposal: Proposal, other: Proposal) -> bool:
    return len(proposal.proposed) > len(other.proposed)


def _contradiction(name: CheckField, rows: list[int]) -> RowProblem:
    zh, en = FIELD_NAMES[name]
    listed = "、".join(map(str, rows[:_SHOWN_ROWS])) + ("…" if len(rows) > _SHOWN_ROWS else "")
    return RowProblem(
        column="",
        field=name.value,
        severity="refusal",
        code="rows-contradict",
        found=f"第 {listed} 行 / rows {listed}",
        expected="各行一致 / rows that agree",
        zh=f"多行是同一人（子女），但“{zh}”不一致；未提出更正，请核对。",
        en=f"Several rows are about the same person or child and differ in the {en}; nothing is proposed, look at them.",
    )
