"""The league table (通报排名表): peers of one level by one rate. Jurisdictions are ranked, never a person or a clerk."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from exchange.counting.figures import SMALLEST_CELL, Figures, Report
from exchange.counting.query import UNASSIGNED
from exchange.rates import Rate, RateName
from exchange.reporting.basis import ITEMS, Maker, heading
from exchange.reporting.columns import CODE, PLACE, RATE_TEXTS, mark_of, rate_cells, rate_columns
from exchange.reporting.table import MASKED_NOTE, Cell, Column, ColumnKind, Document, Mark, Row, Table, Text

RANK: Final = Column(
    key="rank",
    kind=ColumnKind.COUNT,
    head=Text("名次", "Rank"),
    means=Text(
        "按所选比率由高到低；比率相同名次相同，其后的名次顺延",
        "by the chosen rate, highest first; equal rates have equal ranks, and the next rank follows their number",
    ),
)
UNRANKED_NOTE: Final = Text(
    f"※ 分母不足 {SMALLEST_CELL} 件，不参加排名。",
    f"※ Not ranked: the denominator is below {SMALLEST_CELL}.",
)


def league_table(report: Report, peers: Sequence[Figures], name: RateName, maker: Maker, within: str) -> Document:
    """The ranking of peers within a jurisdiction by one rate; `report` is what they were counted in.

    What was assigned to no township is no peer. Those without enough to be compared stand at the end, without a rank.
    """
    basis = maker.basis(report, within)
    table = ranking(tuple(peers), name, maker, heading(basis, "通报排名表", "League table"))
    return Document(name="league", title=table.title, basis=basis, tables=(table,))


def ranking(peers: Sequence[Figures], name: RateName, maker: Maker, title: Text) -> Table:
    """The table of a ranking."""
    placed = [(maker.place(figures), figures.rate(name)) for figures in peers if figures.township != UNASSIGNED]
    ratios = [rate.ratio for _, rate in placed if rate.ratio is not None and _is_ranked(rate)]
    rows = [(_rank(rate, ratios), *place, *rate_cells(rate)) for place, rate in placed]
    rows.sort(key=_order)
    marks = {cell for row in rows for cell in row if isinstance(cell, Mark)}
    return Table(
        name="ranking",
        title=title,
        unit=ITEMS,
        columns=(RANK, PLACE, CODE, *rate_columns(name)),
        rows=tuple(rows),
        footnotes=(
            Text(f"排名指标：{RATE_TEXTS[name][0].zh}。", f"Ranked by: {RATE_TEXTS[name][0].en}."),
            *((UNRANKED_NOTE,) if Mark.UNRANKED in marks else ()),
            *((MASKED_NOTE,) if Mark.MASKED in marks else ()),
        ),
    )


def _is_ranked(rate: Rate) -> bool:
    return rate.denominator is not None and rate.denominator >= SMALLEST_CELL


def _rank(rate: Rate, ratios: Sequence[Fraction]) -> Cell:
    ratio = rate.ratio
    if ratio is None or not _is_ranked(rate):
        return mark_of(rate) or Mark.UNRANKED
    return 1 + sum(other > ratio for other in ratios)


def _order(row: Row) -> tuple[bool, int, str]:
    rank = row[0]
    return not isinstance(rank, int), rank if isinstance(rank, int) else 0, str(row[2])
