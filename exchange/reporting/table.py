"""A table as a value: what it is about, what it rests on, its columns with their kinds, rows, totals and notes.

Nothing here knows how a table is written; a writer knows nothing of what is counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final, NamedTuple, TypeAlias

from exchange.counting.query import UNASSIGNED
from exchange.counting.share import DASH, Share
from exchange.moments import Period
from exchange.rates import Cohort


class Text(NamedTuple):
    """The same in both languages."""

    zh: str
    en: str


class ColumnKind(StrEnum):
    """How a column's cells are to be read, and shown."""

    TEXT = "text"
    COUNT = "count"
    PERCENT = "percent"
    POINTS = "points"
    DAYS = "days"
    DAY = "day"


class Mark(StrEnum):
    """What stands in a cell in place of a figure."""

    MASKED = "masked"
    UNRANKED = "unranked"

    @property
    def shown(self) -> str:
        """As it is printed."""
        return {"masked": "*", "unranked": "※"}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """A difference of two percentages, exact: a hundredth is one percentage point (百分点)."""

    difference: Fraction

    @property
    def hundredths(self) -> int:
        """In hundredths of a percentage point, half up, away from zero on either side."""
        twice = abs(self.difference) * 20_000
        size = (twice.numerator // twice.denominator + 1) // 2
        return size if self.difference >= 0 else -size

    def shown(self) -> str:
        """As it is printed: "+1.25"."""
        size = abs(self.hundredths)
        sign = "+" if self.hundredths > 0 else "-" if self.hundredths < 0 else ""
        return f"{sign}{size // 100}.{size % 100:02d}"


Cell: TypeAlias = Text | str | int | date | Share | Points | Mark | None
Row: TypeAlias = tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `group` heads several that stand together; `means` says what the cells are, in both languages."""

    key: str
    kind: ColumnKind
    head: Text
    means: Text
    group: Text | None = None

    @property
    def full(self) -> Text:
        """The head with its group's, to stand alone."""
        if self.group is None:
            return self.head
        return Text(f"{self.group.zh}·{self.head.zh}", f"{self.group.en}: {self.head.en}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What the figures rest on, without which none of them could be made again.

    `filters` are the names and words of what was narrowed to, in the order of the query.
    """

    node: str
    jurisdiction: str
    place: str
    period: Period
    month: str | None
    as_of: datetime
    cohort: Cohort
    rules: str
    rules_digest: str
    divisions: str
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under columns. `totals`, where there are some, has a cell for each column as a row has."""

    name: str
    title: Text
    unit: Text
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: Row | None = None
    footnotes: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        lines = self.rows if self.totals is None else (*self.rows, self.totals)
        if any(len(line) != len(self.columns) for line in lines):
            raise ValueError("every row has a cell for each column")

    def records(self) -> list[dict[str, Cell]]:
        """The rows by the keys of the columns."""
        return [dict(zip((column.key for column in self.columns), row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One report: a title, what it rests on, sentences before the tables, and the tables."""

    name: str
    title: Text
    basis: Basis
    lead: tuple[Text, ...] = ()
    tables: tuple[Table, ...]

    def definitions(self) -> tuple[Column, ...]:
        """Each column once, in the order in which it first stands."""
        return tuple({column.key: column for table in self.tables for column in table.columns}.values())


MASKED_NOTE: Final = Text(
    "* 不足 10 件，或可由其他数字推算出不足 10 件的数字，为保护个人信息不予列出。",
    "* Fewer than 10, or a figure from which such a one could be worked out: not shown, to protect the persons.",
)


def shown(cell: Cell) -> str:
    """A cell as it is printed: "71.47 %", "+1.25", "2026-03-02", "—" where there is nothing."""
    match cell:
        case None:
            return DASH
        case Mark():
            return cell.shown
        case Share():
            return cell.percent()
        case Points():
            return cell.shown()
        case date():
            return cell.isoformat()
        case Text():
            return f"{cell.zh} {cell.en}"
        case str() if cell == UNASSIGNED:  # which has no code
            return DASH
        case _:
            return str(cell)
