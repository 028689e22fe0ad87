"""A document's tables as a page shows them, and the chart that belongs to each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from api.pages.language import Language
from api.pages.reporting import charts
from api.pages.reporting.asking import Asked
from api.pages.reporting.figures import SIGNS, standing_of
from exchange.counting.share import Share
from exchange.rates import RateName
from exchange.reporting.basis import TOTAL, UNASSIGNED_NAME
from exchange.reporting.columns import RATE_TEXTS
from exchange.reporting.matrix import BEHIND
from exchange.reporting.table import Cell, Column, ColumnKind, Document, Mark, Points, Table, Text, shown
from exchange.reporting.wanted import ReportName

MOST_DOWN: Final = 60
MOST_ACROSS: Final = 12
"""How much of a matrix a chart can hold; the table holds all of it."""
_FIGURES: Final = frozenset({ColumnKind.COUNT, ColumnKind.PERCENT, ColumnKind.POINTS, ColumnKind.DAYS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A cell: its text, whether it is a figure, how that stands or has moved, and where it leads."""

    text: str
    figure: bool = False
    brief: bool = False
    standing: str = ""
    sign: str = ""
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A table with its cells made ready, and its chart where it has one."""

    table: Table
    rows: Sequence[Sequence[Field]]
    totals: Sequence[Field] | None
    chart: Markup | None = None
    cut: Text | None = None
    """Said where the chart holds less than the table."""


def shown_tables(document: Document, said: Language, wanted: Asked, rates: Sequence[RateName]) -> list[Shown]:
    """The tables of a document; `rates` are those that it was asked for, of a league the one that ranks."""
    leads = _leads(document.name, wanted)
    return [
        Shown(
            table=table,
            rows=[_fields(said, table.columns, row, leads(table, row)) for row in table.rows],
            totals=None if table.totals is None else _fields(said, table.columns, table.totals, {}),
            chart=_chart(table, said, rates),
            cut=cut_of(table),
        )
        for table in document.tables
    ]


def _fields(said: Language, columns: Sequence[Column], row: Sequence[Cell], links: dict[str, str]) -> list[Field]:
    return [_field(said, column, cell, links.get(column.key)) for column, cell in zip(columns, row, strict=True)]


def _field(said: Language, column: Column, cell: Cell, link: str | None) -> Field:
    standing = standing_of(cell.ratio) if isinstance(cell, Share) else ""
    sign = SIGNS[standing]
    if isinstance(cell, Points):
        standing, sign = ("good", "▲") if cell.hundredths > 0 else ("low", "▼") if cell.hundredths < 0 else ("", "")
    return Field(
        text=_text(said, cell) if column.key != "id" or link is None else f"{said.t('事项', 'exchange')} …{str(cell)[-6:]}",
        figure=column.kind in _FIGURES,
        brief=column.kind is ColumnKind.DAY,
        standing=standing,
        sign=sign,
        link=link,
    )


def _text(said: Language, cell: Cell) -> str:
    """As it is printed, in the reader's language; what is assigned to no township has no code."""
    if isinstance(cell, Text):
        return said.say(cell)
    if cell == UNASSIGNED_NAME:
        return said.t(UNASSIGNED_NAME, "no township")
    if cell == TOTAL:
        return said.t(TOTAL, "Total")
    if isinstance(cell, int):
        return said.number(cell)
    return shown(cell)


def _leads(report: str, wanted: Asked) -> Callable[[Table, Sequence[Cell]], dict[str, str]]:
    """Where the cells of a row lead: a place to its figures, a pair of places to what is behind them, an id to the exchange."""

    def links(table: Table, row: Sequence[Cell]) -> dict[str, str]:
        held = {column.key: cell for column, cell in zip(table.columns, row, strict=True)}
        if report == ReportName.MATRIX:
            own, other = str(held["own_code"]), str(held["other_code"])
            rows = {
                f"{name}_{count}": f"/reports/rates/{name}/rows{wanted.link(jurisdiction=own, other=other)}"
                for name in BEHIND
                for count in ("numerator", "denominator")
                if isinstance(held[f"{name}_{count}"], int)
            }
            return {"other": f"/reports{wanted.link(jurisdiction=own, other=other)}", **rows}
        if report == ReportName.OVERDUE and table.name == ReportName.OVERDUE:
            return {"id": f"/exchanges/{held['id']}"}
        if "place" in held and "code" in held:
            return {"place": f"/reports{part_link(wanted, str(held['code']))}"}
        if "month" in held:
            return {"month": f"/reports{wanted.link(month=str(held['month']), until=None)}"}
        return {}

    return links


def part_link(wanted: Asked, code: str) -> str:
    """A part's own figures; of what is assigned to no township the county's, narrowed."""
    if code.isdecimal() and len(code) == 6:
        return wanted.link(jurisdiction=code)
    return wanted.link(township=code)


def _chart(table: Table, said: Language, rates: Sequence[RateName]) -> Markup | None:
    if not table.rows:
        return None
    match table.name:
        case "trend":
            return charts.trend(said.say(table.title), [_line(table, said, name) for name in rates])
        case "ranking":
            return charts.bars(said.say(table.title), [_bar(table, row, rates[0]) for row in table.rows])
        case "matrix":
            return charts.heat_map(said.say(table.title), *_heat(table, said, rates[0]))
        case _:
            return None


def cut_of(table: Table) -> Text | None:
    """What is said where a table's chart holds less than the table; None where it holds all."""
    if table.name != "matrix":
        return None
    across, down = _places(table)
    if len(across) <= MOST_ACROSS and len(down) <= MOST_DOWN:
        return None
    return Text(
        f"图只画前 {MOST_ACROSS} 个本方地区、前 {MOST_DOWN} 个对方地区；下表是全部（{len(across)} × {len(down)}）。",
        f"The chart holds the first {MOST_ACROSS} places of ours and the first {MOST_DOWN} of theirs; "
        f"the table below has all of them ({len(across)} × {len(down)}).",
    )


def _places(table: Table) -> tuple[list[str], list[str]]:
    """The own places and the others of a matrix, each once, in its order."""
    keys = [column.key for column in table.columns]
    own, other = keys.index("own"), keys.index("other")
    return list(dict.fromkeys(str(row[own]) for row in table.rows)), list(dict.fromkeys(str(row[other]) for row in table.rows))


def _line(table: Table, said: Language, name: RateName) -> charts.Line:
    places = [column.key for column in table.columns]
    at = places.index(f"{name}_percent")
    return charts.Line(name=said.say(RATE_TEXTS[name][0]), figures=[_mark(str(row[0])[2:], row[at]) for row in table.rows])


def _bar(table: Table, row: Sequence[Cell], name: RateName) -> charts.Figure:
    held = {column.key: cell for column, cell in zip(table.columns, row, strict=True)}
    cell = held[f"{name}_percent"]
    mark = _mark(str(held["place"]), cell)
    rank = f"{held['rank']}. " if isinstance(held["rank"], int) else ""
    counts = f" ({cell.numerator:,}/{cell.denominator:,})" if isinstance(cell, Share) else ""
    return charts.Figure(label=rank + mark.label, percent=mark.percent, told=f"{mark.told}{counts}", standing=mark.standing)


def _heat(table: Table, said: Language, rate: RateName) -> tuple[list[str], list[charts.Line]]:
    """The other places below one another: of one own place beside the three rates, of several beside those, by one rate."""
    keys = [column.key for column in table.columns]
    own, other = keys.index("own"), keys.index("other")
    cells = {(str(row[own]), str(row[other])): row for row in table.rows}
    across, down = _places(table)
    owns, others = across[:MOST_ACROSS], down[:MOST_DOWN]
    if len(owns) == 1:
        heads = [(said.say(RATE_TEXTS[name][0]), owns[0], f"{name}_percent") for name in BEHIND]
    else:
        heads = [(place, place, f"{rate}_percent") for place in owns]

    def mark(head: str, place: str, there: str, key: str) -> charts.Figure:
        row = cells.get((place, there))
        return charts.Figure(label=head, percent=None, told="") if row is None else _mark(head, row[keys.index(key)])

    lines = [charts.Line(name=there, figures=[mark(head, place, there, key) for head, place, key in heads]) for there in others]
    return [head for head, _, _ in heads], lines


def _mark(label: str, cell: Cell) -> charts.Figure:
    if not isinstance(cell, Share):
        return charts.Figure(label=label, percent=None, told=shown(cell), standing="masked" if cell is Mark.MASKED else "")
    ratio = cell.ratio
    standing = standing_of(ratio)
    return charts.Figure(
        label=label,
        percent=None if ratio is None else float(ratio * 100),
        told=f"{SIGNS[standing]} {cell.percent()}".strip(),
        standing=standing,
    )
