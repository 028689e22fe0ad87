"""The handshake matrix (协作矩阵): own jurisdictions and others, asked and answered both ways, and whom both know."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from exchange.counting.figures import Report
from exchange.counting.rows import Row as Counted
from exchange.counting.share import Share
from exchange.moments import civil_day
from exchange.rates import Rate, RateName
from exchange.reporting.basis import ITEMS, TOTAL, Maker, heading
from exchange.reporting.columns import RATE_TEXTS, rate_columns
from exchange.reporting.table import Cell, Column, ColumnKind, Document, Row, Table, Text

WAYS: Final = (RateName.FEEDBACK_GIVEN, RateName.FEEDBACK_OBTAINED)
BEHIND: Final = (*WAYS, RateName.HANDSHAKE)
"""The rates whose rows the matrix is made of."""
Pair = tuple[str, str]


@dataclass(slots=True)
class Counts:
    """How many were answered or are known to both, of how many.

    Of what rests on reconciliations also the day of the earliest one, and how many came to nothing since.
    """

    numerator: int = 0
    denominator: int = 0
    oldest: date | None = None
    failed: int = 0

    def add(self, other: "Counts") -> None:
        """Take in the counts of another pair."""
        self.numerator += other.numerator
        self.denominator += other.denominator
        self.oldest = min((day for day in (self.oldest, other.oldest) if day is not None), default=None)
        self.failed += other.failed


def _counts_of(row: Counted) -> Counts:
    compared = row.compared
    ended_at = None if compared is None else compared.run.ended_at
    return Counts(
        numerator=row.numerator,
        denominator=row.denominator,
        oldest=None if ended_at is None else civil_day(ended_at),
        failed=int(compared is not None and compared.failed is not None),
    )


@dataclass(slots=True)
class Ways:
    """Both ways between two places, and the handshake of both registers."""

    ways: defaultdict[RateName, Counts] = field(default_factory=lambda: defaultdict(Counts))


def pairs_of(
    rows: Mapping[RateName, Iterable[Counted]], own: Callable[[str], str], other: Callable[[str], str]
) -> dict[Pair, Ways]:
    """The rows behind the rates, added up by the places in which their two sides lie."""
    pairs: defaultdict[Pair, Ways] = defaultdict(Ways)
    for name, counted in rows.items():
        for row in counted:
            if row.other is not None:
                pairs[own(row.own), other(row.other)].ways[name].add(_counts_of(row))
    return dict(pairs)


def _side(key: str, zh: str, en: str) -> tuple[Column, Column]:
    means = Text(f"{zh}的行政区划", f"division of the {en.lower()} side")
    return (
        Column(key=key, kind=ColumnKind.TEXT, head=Text(zh, en), means=means),
        Column(key=f"{key}_code", kind=ColumnKind.TEXT, head=Text(f"{zh}代码", f"{en} code"), means=means),
    )


RECONCILED: Final = Column(
    key="handshake_reconciled",
    kind=ColumnKind.DAY,
    head=Text("对账日", "Reconciled"),
    means=Text("握手率所依对账中最早一次的日期", "day of the earliest reconciliation that the handshake rests on"),
    group=RATE_TEXTS[RateName.HANDSHAKE][0],
)
RECONCILED_NOTE: Final = Text(
    "握手率按各对台账截至时点前最近一次对账计算，双方向相加；个案数，不按人员去重。",
    "Handshake is as of the last reconciliation of each pair of registers, both directions added; entries, not distinct people.",
)
COLUMNS: Final = (
    *_side("own", "本方", "Own"),
    *_side("other", "对方", "Other"),
    *rate_columns(RateName.FEEDBACK_GIVEN),
    *rate_columns(RateName.FEEDBACK_OBTAINED),
    *rate_columns(RateName.HANDSHAKE),
    RECONCILED,
)


def handshake_matrix(report: Report, pairs: Mapping[Pair, Ways], maker: Maker) -> Document:
    """The matrix, a row for each two places between which something was due or registers were compared.

    Given is what the own side was asked. The handshake is that of both registers, where both were compared.
    The report is the one that the pairs are the rows of: what is not counted in it is not here. It is not by purpose.
    """
    basis = maker.basis(report)
    whole = _sum(pairs.values())
    rows = tuple((*_named(own, maker), *_named(other, maker), *_cells(pairs[own, other])) for own, other in sorted(pairs))
    title = heading(basis, "协作矩阵", "Handshake matrix")
    table = Table(
        name="matrix",
        title=title,
        unit=ITEMS,
        columns=COLUMNS,
        rows=rows,
        totals=(TOTAL, "", "", "", *_cells(whole)),
        footnotes=_notes(report.figures[0].rate(RateName.HANDSHAKE), whole),
    )
    return Document(name="matrix", title=title, basis=basis, tables=(table,))


def _notes(handshake: Rate, whole: Ways) -> tuple[Text, ...]:
    """Why there is no handshake; or which registers were compared in vain since."""
    name = RATE_TEXTS[RateName.HANDSHAKE][0]
    if handshake.reason is not None:
        return (Text(f"{name.zh}：{handshake.reason.zh}", f"{name.en}: {handshake.reason.en}"),)
    failed = whole.ways[RateName.HANDSHAKE].failed
    if not failed:
        return (RECONCILED_NOTE,)
    told = Text(
        f"{name.zh}：有 {failed} 对台账其后的对账未得出结果，数字仍为此前一次的。",
        f"{name.en}: {failed} comparisons since came to nothing; the figures are those of the ones before.",
    )
    return RECONCILED_NOTE, told


def _named(code: str, maker: Maker) -> tuple[str, str]:
    return maker.whole_name(code), code


def _sum(ways: Iterable[Ways]) -> Ways:
    whole = Ways()
    for one in ways:
        for name, counts in one.ways.items():
            whole.ways[name].add(counts)
    return whole


def _cells(ways: Ways) -> Row:
    cells: list[Cell] = []
    for name in WAYS:
        counts = ways.ways.get(name, Counts())
        cells += [counts.numerator, counts.denominator, Share(numerator=counts.numerator, denominator=counts.denominator)]
    return (*cells, *_handshake_cells(ways))


def _handshake_cells(ways: Ways) -> Row:
    """Nothing where the registers were not compared, or may not be divided so."""
    counts = ways.ways.get(RateName.HANDSHAKE)
    if counts is None:
        return (None,) * 4
    quotient = Share(numerator=counts.numerator, denominator=counts.denominator)
    return counts.numerator, counts.denominator, quotient, counts.oldest
