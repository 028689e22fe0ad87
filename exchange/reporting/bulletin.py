"""The monthly bulletin (月通报): the figures, the ranking, what is overdue and the key information, as one document."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from exchange.counting.figures import Figures, Report
from exchange.counting.share import percent_of
from exchange.moments import civil_day
from exchange.rates import Rate, RateName
from exchange.reporting.basis import ITEMS, TOTAL, Maker, heading, when
from exchange.reporting.columns import (
    CODE,
    OLDEST_OPEN,
    OLDEST_OVERDUE,
    OPEN,
    OVERDUE,
    PLACE,
    RATE_TEXTS,
    mark_of,
    rate_cells,
    rate_columns,
)
from exchange.reporting.league import ranking
from exchange.reporting.table import MASKED_NOTE, Basis, Column, ColumnKind, Document, Mark, Row, Table, Text

_RATE: Final = Column(
    key="rate",
    kind=ColumnKind.TEXT,
    head=Text("指标", "Figure"),
    means=Text("指标名称；各指标的含义见指标文档 docs/rates.md", "name of the rate; docs/rates.md tells what each one means"),
)
_NOTE: Final = Column(
    key="note",
    kind=ColumnKind.TEXT,
    head=Text("说明", "Note"),
    means=Text("没有数字时的原因；握手率所依对账的日期", "why there is no figure; when the registers were reconciled"),
)
_COUNTS: Final = (
    Column(key="numerator", kind=ColumnKind.COUNT, head=Text("分子", "Numerator"), means=Text("比率的分子", "of the rate")),
    Column(key="denominator", kind=ColumnKind.COUNT, head=Text("分母", "Denominator"), means=Text("比率的分母", "of the rate")),
    Column(
        key="percent", kind=ColumnKind.PERCENT, head=Text("比率", "Rate"), means=Text("分子 / 分母", "numerator / denominator")
    ),
)
_Cells: TypeAlias = Callable[[Figures], Row]
_WAITING: Final = (OPEN, OLDEST_OPEN, OVERDUE, OLDEST_OVERDUE)


def monthly_bulletin(report: Report, maker: Maker) -> Document:
    """The bulletin of one jurisdiction, whose parts are ranked and listed where the report has them."""
    whole, *parts = report.figures
    basis = maker.basis(report)
    shown = parts or [whole]
    ranks = ranking(shown, RateName.FEEDBACK_GIVEN, maker, Text("二、反馈率排名", "2. Ranking by feedback given"))
    late, key = Text("三、在办与逾期", "3. Open and overdue"), Text("四、重点信息反馈", "4. Key information")
    return Document(
        name="bulletin",
        title=heading(basis, "流动人口婚育信息交换情况通报", "Bulletin on the exchange of records of migrants"),
        basis=basis,
        lead=_lead(whole, basis),
        tables=(
            _all_rates(whole),
            ranks,
            _places("overdue", late, _WAITING, shown, whole, _waiting, maker),
            _places("key", key, rate_columns(RateName.KEY_INFORMATION), shown, whole, _key_information, maker),
        ),
    )


def _all_rates(whole: Figures) -> Table:
    rows = tuple(_rate_row(rate) for rate in whole.rates)
    hidden = any(cell is Mark.MASKED for row in rows for cell in row)
    return Table(
        name="figures",
        title=Text("一、各项指标", "1. Figures"),
        unit=ITEMS,
        columns=(_RATE, *_COUNTS, _NOTE),
        rows=rows,
        footnotes=(MASKED_NOTE,) if hidden else (),
    )


def _rate_row(rate: Rate) -> Row:
    note = Text(rate.reason.zh, rate.reason.en) if rate.reason is not None else _reconciled(rate)
    return RATE_TEXTS[rate.name][0], *rate_cells(rate), note


def _reconciled(rate: Rate) -> Text | str:
    """On how recent reconciliations a handshake rests."""
    held = rate.handshakes
    if held is None or held.oldest_at is None or held.newest_at is None:
        return ""
    first, last = civil_day(held.oldest_at).isoformat(), civil_day(held.newest_at).isoformat()
    days = (rate.as_of - held.oldest_at).days
    return Text(
        f"对账 {first} 至 {last}，最早 {days} 天前",
        f"Reconciled {first} to {last}, the earliest {days} days before",
    )


def _lead(whole: Figures, basis: Basis) -> tuple[Text, ...]:
    """The sentences of the bulletin; of what is withheld nothing is said."""
    period = basis.period
    days = f"{period.first.isoformat()}", f"{period.last.isoformat()}"
    said = [
        Text(
            f"{when(basis).zh}统计期为 {days[0]} 至 {days[1]}。",
            f"The period is {days[0]} to {days[1]} ({when(basis).en}).",
        )
    ]
    for name, zh, en in (
        (RateName.FEEDBACK_GIVEN, "应反馈 {1} 件，已反馈 {0} 件，反馈率 {2}", "{0} of {1} were answered: {2}"),
        (RateName.ON_TIME, "其中按期反馈 {0} 件，及时反馈率 {2}", "{0} of {1} were answered in time: {2}"),
        (
            RateName.FEEDBACK_OBTAINED,
            "发出应得反馈 {1} 件，已收到 {0} 件，收到反馈率 {2}",
            "{0} of {1} submitted were answered: {2}",
        ),
        (RateName.KEY_INFORMATION, "重点信息 {1} 件，已反馈 {0} 件，反馈率 {2}", "{0} of {1} items of key information: {2}"),
    ):
        rate = whole.rate(name)
        if rate.numerator is not None:
            told = rate.numerator, rate.denominator, percent_of(rate.numerator, rate.denominator)
            said.append(Text(zh.format(*told) + "。", en.format(*told) + "."))
    beside = whole.rate(RateName.FEEDBACK_GIVEN).beside
    if beside is not None:
        late = f"，最早一件已逾期 {beside.oldest_overdue_days} 天" if beside.overdue else ""
        since = f", the earliest for {beside.oldest_overdue_days} days" if beside.overdue else ""
        said.append(
            Text(
                f"截至统计时点，在办 {beside.open} 件，逾期 {beside.overdue} 件{late}。",
                f"{beside.open} are open as of then and {beside.overdue} overdue{since}.",
            )
        )
    return tuple(said)


def _places(
    name: str, title: Text, columns: tuple[Column, ...], shown: Sequence[Figures], whole: Figures, of: _Cells, maker: Maker
) -> Table:
    """A table of places, with the whole as its totals where they are its parts."""
    rows = tuple((*maker.place(figures), *of(figures)) for figures in shown)
    totals = None if shown == [whole] else (TOTAL, whole.jurisdiction, *of(whole))
    lines = rows if totals is None else (*rows, totals)
    hidden = any(cell is Mark.MASKED for line in lines for cell in line)
    return Table(
        name=name,
        title=title,
        unit=ITEMS,
        columns=(PLACE, CODE, *columns),
        rows=rows,
        totals=totals,
        footnotes=(MASKED_NOTE,) if hidden else (),
    )


def _key_information(figures: Figures) -> Row:
    return rate_cells(figures.rate(RateName.KEY_INFORMATION))


def _waiting(figures: Figures) -> Row:
    rate = figures.rate(RateName.FEEDBACK_GIVEN)
    if rate.beside is None:
        return (mark_of(rate),) * len(_WAITING)
    beside = rate.beside
    return beside.open, beside.oldest_open_days, beside.overdue, beside.oldest_overdue_days
