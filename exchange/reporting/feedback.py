"""The feedback report (反馈情况表): a jurisdiction and its parts, each rate with both counts, and what stands beside."""

from collections.abc import Sequence
from typing import Final

from exchange.counting.figures import Figures, Report
from exchange.rates import RateName
from exchange.reporting.basis import ITEMS, TOTAL, Maker, heading
from exchange.reporting.columns import BESIDE, CODE, PLACE, beside_cells, rate_cells, rate_columns
from exchange.reporting.table import MASKED_NOTE, Document, Mark, Row, Table, Text

RATES: Final = (
    RateName.FEEDBACK_GIVEN,
    RateName.FEEDBACK_OBTAINED,
    RateName.OUTFLOW_FEEDBACK,
    RateName.INFLOW_FEEDBACK,
    RateName.ON_TIME,
    RateName.KEY_INFORMATION,
)
SUMS_NOTE: Final = Text(
    "合计为各行分子、分母分别相加，不是比率的平均；天数按全部事项计算。",
    "Totals are the sums of numerators and of denominators, never averages of rates; days are over all items.",
)
BESIDE_NOTE: Final = Text(
    "天数、查无此人至撤回各列属于反馈率的同一批事项；在办与逾期为截至时点全部事项。",
    "Days and the columns from not found to withdrawn are of feedback given; open and overdue are of all items as of then.",
)


def feedback_report(report: Report, maker: Maker) -> Document:
    """The table of one jurisdiction; its parts are the rows and it is the totals, where the report has parts."""
    whole, *parts = report.figures
    basis = maker.basis(report)
    title = heading(basis, "反馈情况表", "Feedback report")
    return Document(name="feedback", title=title, basis=basis, tables=(feedback_table(title, whole, parts, maker),))


def feedback_table(title: Text, whole: Figures, parts: Sequence[Figures], maker: Maker, *notes: Text) -> Table:
    """The rows of the parts with the whole as their totals; of a whole without parts its own row."""
    rows = tuple(_row(figures, maker) for figures in (parts or [whole]))
    totals = (TOTAL, whole.jurisdiction, *_figures_of(whole)) if parts else None
    lines = rows if totals is None else (*rows, totals)
    hidden = any(cell is Mark.MASKED for line in lines for cell in line)
    return Table(
        name="feedback",
        title=title,
        unit=ITEMS,
        columns=(PLACE, CODE, *(column for name in RATES for column in rate_columns(name)), *BESIDE),
        rows=rows,
        totals=totals,
        footnotes=(*((SUMS_NOTE,) if parts else ()), BESIDE_NOTE, *((MASKED_NOTE,) if hidden else ()), *notes),
    )


def _row(figures: Figures, maker: Maker) -> Row:
    return (*maker.place(figures), *_figures_of(figures))


def _figures_of(figures: Figures) -> Row:
    counts = tuple(cell for name in RATES for cell in rate_cells(figures.rate(name)))
    return (*counts, *beside_cells(figures.rate(RateName.FEEDBACK_GIVEN)))
