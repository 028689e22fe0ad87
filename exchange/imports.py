"""A sheet that was taken in: one file, one transaction, and a result for every row."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

ANSWERS = "answers"


class RowOutcome(StrEnum):
    """What became of a row."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    WARNED = "warned"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """What is wrong with one cell. `found` describes it and never quotes an ID number, name, address or certificate."""

    column: str
    field: str
    severity: Literal["warning", "refusal"]
    code: str
    found: str
    expected: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """The result of one data row; `row` is the sheet's own number. `made` is the entry's or exchange's id."""

    import_id: str
    row: int
    outcome: RowOutcome
    made: str | None = None
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedFile:
    """One file: what it held and what came of it. The same bytes count once."""

    id: str
    jurisdiction: str
    layout: str
    filename: str
    sha256: str
    at: datetime
    rows: int
    accepted: int
    unchanged: int
    warned: int
    refused: int
    blank: int
    excluded_columns: int
    unknown_columns: tuple[str, ...] = ()

    @property
    def is_entry(self) -> bool:
        """Whether the file enters something, and so counts in the entry rate: answers do not."""
        return self.layout != ANSWERS

    @property
    def entered(self) -> int:
        """Rows that count as entered: accepted, warned and unchanged."""
        return self.accepted + self.warned + self.unchanged
