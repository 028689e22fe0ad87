"""Which figures of a report are withheld where it divides by purpose: small ones, and those that would give them away."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from exchange.counting.figures import SMALLEST_CELL, Figures, Report
from exchange.rates import TOO_FEW, Rate, RateName
from exchange.reporting.suppression import Sum, masked

_REST: Final = "rest"
_Key: TypeAlias = tuple[int, RateName | str]
_GIVEN, _KEY = RateName.FEEDBACK_GIVEN, RateName.KEY_INFORMATION
_COUNTED: Final = (
    _GIVEN,
    RateName.FEEDBACK_OBTAINED,
    RateName.OUTFLOW_FEEDBACK,
    RateName.INFLOW_FEEDBACK,
    RateName.ON_TIME,
    _KEY,
)


def guarded(report: Report) -> Report:
    """The report on one jurisdiction, with its parts if there are any, so that it may be shown: unchanged unless by purpose.

    The parts' counts sum to the whole's, those of the two registers to all, key information and the rest as well: what
    these sums would tell is withheld with what they tell.
    """
    if report.query.narrowing.purpose is None:
        return report
    figures = report.figures
    cells: dict[_Key, int | None] = {(n, name): one.rate(name).denominator for n, one in enumerate(figures) for name in _COUNTED}
    for n in range(len(figures)):
        given, key = cells[n, _GIVEN], cells[n, _KEY]
        cells[n, _REST] = None if given is None or key is None else given - key
    hidden = masked(cells, [*_within(len(figures)), *_over(len(figures))], smallest=SMALLEST_CELL)
    return replace(report, figures=tuple(_withheld(one, n, hidden) for n, one in enumerate(figures)))


def _within(count: int) -> Sequence[Sum[_Key]]:
    """The sums within one line of figures."""
    sums: list[Sum[_Key]] = []
    for n in range(count):
        sums.append(Sum((n, _GIVEN), ((n, RateName.OUTFLOW_FEEDBACK), (n, RateName.INFLOW_FEEDBACK))))
        sums.append(Sum((n, _GIVEN), ((n, _KEY), (n, _REST))))
        sums.append(Sum((n, _GIVEN), ((n, RateName.ON_TIME),)))
    return sums


def _over(count: int) -> Sequence[Sum[_Key]]:
    """The first line is the sum of the others, where there are others."""
    if count < 2:
        return []
    return [Sum((0, name), tuple((n, name) for n in range(1, count))) for name in (*_COUNTED, _REST)]


def _withheld(figures: Figures, n: int, hidden: frozenset[_Key]) -> Figures:
    few = figures.rejected is not None and 0 < figures.rejected < SMALLEST_CELL
    rates = tuple(_without_counts(rate) if (n, rate.name) in hidden else rate for rate in figures.rates)
    return replace(figures, rates=rates, rejected=None if few else figures.rejected)


def _without_counts(rate: Rate) -> Rate:
    return replace(rate, numerator=None, denominator=None, reason=TOO_FEW, beside=None, rows=None)
