"""The trend (趋势): twelve statistical months, each beside the month before and the same month of the year before."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from exchange.counting.figures import Figures
from exchange.rates import Rate, RateName
from exchange.reporting.basis import heading
from exchange.reporting.columns import RATE_TEXTS, mark_of, rate_cells, rate_columns
from exchange.reporting.table import MASKED_NOTE, Basis, Cell, Column, ColumnKind, Document, Mark, Points, Row, Table, Text

MONTHS: Final = 12
RATES: Final = (RateName.FEEDBACK_GIVEN, RateName.FEEDBACK_OBTAINED, RateName.ON_TIME)
MONTH: Final = Column(
    key="month",
    kind=ColumnKind.TEXT,
    head=Text("统计月", "Month"),
    means=Text("规则集的统计月，截至其默认时点或报表时点", "of the rule set, as of its default moment or the report's"),
)
UNIT: Final = Text("单位：件、%、百分点", "Unit: items, %, percentage points")


def month_before(month: str, count: int = 1) -> str:
    """The month `count` months before, both as `YYYY-MM`."""
    for _ in range(count):
        month = (date.fromisoformat(f"{month}-01") - timedelta(days=1)).isoformat()[:7]
    return month


def months_needed(last: str) -> list[str]:
    """The months to count for a trend that ends with `last`, the earliest first: the twelve, and the twelve before."""
    return [month_before(last, count) for count in range(2 * MONTHS - 1, -1, -1)]


def _columns(name: RateName) -> tuple[Column, ...]:
    head = RATE_TEXTS[name][0]
    changes = (
        (
            "month_on_month",
            Text("环比", "MoM"),
            Text("与上一统计月之差，百分点", "difference from the month before, points"),
        ),
        ("year_on_year", Text("同比", "YoY"), Text("与上年同月之差，百分点", "difference from a year before, points")),
    )
    return (
        *rate_columns(name),
        *(
            Column(key=f"{name}_{key}", kind=ColumnKind.POINTS, head=told, means=means, group=head)
            for key, told, means in changes
        ),
    )


def trend_table(last: str, counted: Mapping[str, Figures], names: Sequence[RateName], basis: Basis) -> Document:
    """The trend of a jurisdiction up to a month; a month that was not counted is a row without figures."""
    months = months_needed(last)[MONTHS:]
    rows = tuple((month, *(cell for name in names for cell in _cells(month, counted, name))) for month in months)
    hidden = any(cell is Mark.MASKED for row in rows for cell in row)
    title = heading(basis, "趋势表", "Trend")
    table = Table(
        name="trend",
        title=title,
        unit=UNIT,
        columns=(MONTH, *(column for name in names for column in _columns(name))),
        rows=rows,
        footnotes=(MASKED_NOTE,) if hidden else (),
    )
    return Document(name="trend", title=title, basis=basis, tables=(table,))


def _cells(month: str, counted: Mapping[str, Figures], name: RateName) -> Row:
    rate = _rate(month, counted, name)
    if rate is None:
        return (None,) * 5
    before = _rate(month_before(month), counted, name)
    a_year_ago = _rate(month_before(month, 12), counted, name)
    return (*rate_cells(rate), _change(rate, before), _change(rate, a_year_ago))


def _rate(month: str, counted: Mapping[str, Figures], name: RateName) -> Rate | None:
    figures = counted.get(month)
    return None if figures is None else figures.rate(name)


def _change(rate: Rate, before: Rate | None) -> Cell:
    """The difference; nothing where there is nothing to compare with, and withheld with either of the two."""
    if before is not None and (withheld := mark_of(rate) or mark_of(before)) is not None:
        return withheld
    if before is None or rate.ratio is None or before.ratio is None:
        return None
    return Points(difference=rate.ratio - before.ratio)
