"""Shares and the figures beside a feedback rate; exact until they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

DASH: Final = "—"


def ratio_of(numerator: int | None, denominator: int | None) -> Fraction | None:
    """The exact quotient; None where a count is missing or the denominator is 0."""
    if numerator is None or not denominator:
        return None
    return Fraction(numerator, denominator)


def percent_of(numerator: int | None, denominator: int | None) -> str:
    """The quotient as a percentage with two decimals, half up: "71.47 %"; "—" where there is none."""
    if numerator is None or not denominator:
        return DASH
    hundredths = (20_000 * numerator + denominator) // (2 * denominator)
    return f"{hundredths // 100}.{hundredths % 100:02d} %"


def percentile(histogram: Mapping[int, int], percent: int) -> int | None:
    """The nearest-rank percentile of values with their frequencies; None of no values."""
    count = sum(histogram.values())
    rank = (percent * count + 99) // 100
    for value, frequency in sorted(histogram.items()):
        rank -= frequency
        if rank <= 0:
            return value if count else None
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many."""

    numerator: int
    denominator: int

    @property
    def ratio(self) -> Fraction | None:
        """The exact quotient; None where the denominator is 0."""
        return ratio_of(self.numerator, self.denominator)

    def percent(self) -> str:
        """As it is shown: "2.50 %", half up; "—" where the denominator is 0."""
        return percent_of(self.numerator, self.denominator)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What stands beside a feedback rate.

    Of the cohort: days from receipt to the first answer (civil days, the day of receipt is 0), and the shares of the
    answers and of what happened to the exchanges. `withdrawn` is of the cohort and of those withdrawn in time, which are
    counted apart in `withdrawn_apart` and out of the rate. Whatever the period, at the as-of moment: how many are open and
    overdue, with days since the receipt of the oldest and since the earliest due date.
    """

    median_days: int | None
    p90_days: int | None
    not_found: Share
    refused: Share
    lapsed: Share
    challenged: Share
    withdrawn: Share
    withdrawn_apart: int
    open: int
    oldest_open_days: int | None
    overdue: int
    oldest_overdue_days: int | None
