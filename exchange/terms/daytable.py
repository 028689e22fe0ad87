"""An administrator's table of days (节假日表): the State Council's notice for a year, as CSV or JSON, checked row by row.

Columns ``day``, ``kind`` (holiday or workday) and, if wanted, ``name``; in Chinese 日期, 类型 (放假 or 上班) and 名称.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import msgspec

from exchange.terms.calendar import CalendarRefused, DayKind

MOST_DAYS: Final = 2000
_LONGEST_NAME: Final = 60
_SATURDAY: Final = 5
_COLUMNS: Final = {"day": "day", "日期": "day", "kind": "kind", "类型": "kind", "name": "name", "名称": "name"}
_KINDS: Final = {
    "holiday": DayKind.HOLIDAY,
    "放假": DayKind.HOLIDAY,
    "workday": DayKind.WORKDAY,
    "上班": DayKind.WORKDAY,
}
_YEARS: Final = (2004, 2100)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedDay:
    """What a notice makes of one day: a fact with when the notice was issued and when this node came to know it."""

    day: date
    kind: DayKind
    name: str | None
    issued_on: date
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """One valid row of a table."""

    day: date
    kind: DayKind
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableProblem:
    """One cell that does not fit; `row` counts as the file does, the header being row 1 of a CSV file."""

    row: int
    column: str
    found: str
    expected: str


class DayTableRefused(CalendarRefused):
    """A table with cells that do not fit: nothing of it is taken. `problems` are all of them."""

    code = "day-table-refused"

    def __init__(self, problems: Sequence[TableProblem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        more = len(self.problems) - 1
        super().__init__(
            zh=f"第 {first.row} 行 {first.column}：读到“{first.found}”，应为{first.expected}。"
            + (f"另有 {more} 处。" if more else ""),
            en=f"Row {first.row}, {first.column}: found '{first.found}', expected {first.expected}."
            + (f" {more} more." if more else ""),
            pointer=f"/days/{first.row}/{first.column}",
        )


def read_day_table(data: bytes) -> tuple[DayRow, ...]:
    """Read a table from its bytes: JSON if they begin so, else CSV. DayTableRefused with every cell that does not fit."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(1, "file", "…", "UTF-8") from None
    rows = _json_rows(text) if text.lstrip()[:1] in ("[", "{") else _csv_rows(text)
    return check_day_rows(rows)


def check_day_rows(rows: Sequence[tuple[int, Mapping[str, str]]]) -> tuple[DayRow, ...]:
    """Check rows with their numbers; DayTableRefused with every cell that does not fit."""
    if not rows:
        raise _refused(1, "day", "", "at least one row 至少一行")
    if len(rows) > MOST_DAYS:
        raise _refused(MOST_DAYS + 1, "day", str(len(rows)), f"at most {MOST_DAYS} rows")
    problems: list[TableProblem] = []
    days: dict[date, DayRow] = {}
    for number, cells in rows:
        faults = list(_faults(number, cells, days))
        problems += faults
        if not faults:
            day = date.fromisoformat(cells["day"])
            days[day] = DayRow(day=day, kind=_KINDS[cells["kind"]], name=cells.get("name") or None)
    if problems:
        raise DayTableRefused(problems)
    return tuple(days[day] for day in sorted(days))


def _faults(number: int, cells: Mapping[str, str], days: Mapping[date, DayRow]) -> Iterator[TableProblem]:
    day, kind, name = _day(cells.get("day", "")), _KINDS.get(cells.get("kind", "")), cells.get("name") or ""
    if day is None:
        yield _problem(number, "day", cells.get("day", ""), "YYYY-MM-DD")
    elif not _YEARS[0] <= day.year <= _YEARS[1]:
        yield _problem(number, "day", cells["day"], f"{_YEARS[0]}–{_YEARS[1]}")
    elif day in days:
        yield _problem(number, "day", cells["day"], "each day once 每日一行")
    elif kind is DayKind.WORKDAY and day.weekday() < _SATURDAY:
        yield _problem(number, "kind", cells["kind"], "workday only on a Saturday or Sunday 上班仅限周末")
    if kind is None:
        yield _problem(number, "kind", cells.get("kind", ""), "holiday 放假 | workday 上班")
    if len(name) > _LONGEST_NAME or not name.isprintable():
        yield _problem(number, "name", f"{len(name)} characters", f"at most {_LONGEST_NAME}, all printable")


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Python 3.11 reads 20270101 and 2027-W01-1 too.
    return day if day.isoformat() == text else None


def _csv_rows(text: str) -> list[tuple[int, Mapping[str, str]]]:
    reader = csv.reader(io.StringIO(text))
    try:
        header = [_COLUMNS.get(cell.strip().lower(), "") for cell in next(reader, [])]
        if "day" not in header or "kind" not in header:
            raise _refused(1, "header", "…", "day,kind[,name] 日期,类型[,名称]")
        return [
            (reader.line_num, {name: cell.strip() for name, cell in zip(header, cells, strict=False) if name})
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error:
        raise _refused(reader.line_num, "row", "…", "CSV") from None


def _json_rows(text: str) -> list[tuple[int, Mapping[str, str]]]:
    """Rows of a list of objects, or of an object `{"2027-01-01": "holiday", …}`."""
    try:
        value = msgspec.json.decode(text)
        if isinstance(value, dict):
            value = [{"day": day, "kind": kind} for day, kind in value.items()]
        rows = msgspec.convert(value, list[dict[str, str | None]])
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise _refused(1, "file", "…", '[{"day": "2027-01-01", "kind": "holiday", "name": "元旦"}, …]') from None
    named = ({_COLUMNS.get(name, name): cell or "" for name, cell in row.items()} for row in rows)
    return list(enumerate(named, 1))


def _problem(row: int, column: str, found: str, expected: str) -> TableProblem:
    return TableProblem(row=row, column=column, found=found[:_LONGEST_NAME], expected=expected)


def _refused(row: int, column: str, found: str, expected: str) -> DayTableRefused:
    return DayTableRefused([_problem(row, column, found, expected)])
