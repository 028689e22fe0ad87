"""A rate as a page shows it: both counts, how it stands, how it has moved, and what it means."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from api.models.base import Cause
from api.models.handshakes import HandshakesShown
from api.models.rates import BesideShown, PlaceFigures, RateShown
from api.pages.reporting import charts
from exchange.counting.share import DASH
from exchange.rates import TOO_FEW, RateName
from exchange.reporting.columns import RATE_TEXTS
from exchange.reporting.table import Mark, Points, Text

# From which quotient on a figure stands well, and below which somebody should look at it. Of pages alone: no rule goes by them.
GOOD: Final = Fraction(90, 100)
LOW: Final = Fraction(70, 100)
SIGNS: Final = {"good": "✓", "fair": "◆", "low": "▼", "": ""}
# Whose rows are exchanges, which have a page of their own.
OF_EXCHANGES: Final = frozenset(
    {
        RateName.FEEDBACK_GIVEN,
        RateName.FEEDBACK_OBTAINED,
        RateName.OUTFLOW_FEEDBACK,
        RateName.INFLOW_FEEDBACK,
        RateName.ON_TIME,
        RateName.KEY_INFORMATION,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One rate of one place; `percent` and the changes are as they are printed, `*` where they are withheld."""

    name: RateName
    head: Text
    means: Text
    numerator: int | None
    denominator: int | None
    percent: str
    reason: Cause | None
    standing: str
    month_on_month: str
    year_on_year: str
    beside: BesideShown | None
    handshakes: HandshakesShown | None

    @property
    def ratio(self) -> Fraction | None:
        """The exact quotient."""
        return Fraction(self.numerator, self.denominator) if self.numerator is not None and self.denominator else None

    @property
    def sign(self) -> str:
        """How it stands, for who does not see colours."""
        return SIGNS[self.standing]

    @property
    def masked(self) -> bool:
        """Whether it is withheld to protect persons."""
        return is_masked(self.reason)


def is_masked(reason: Cause | None) -> bool:
    """Whether this is why a figure is not there."""
    return reason is not None and reason.code == TOO_FEW.code


def standing_of(ratio: Fraction | None) -> str:
    """How a quotient stands: `good`, `fair` or `low`; of none nothing is said."""
    if ratio is None:
        return ""
    return "good" if ratio >= GOOD else "low" if ratio < LOW else "fair"


def figures_of(now: PlaceFigures, before: PlaceFigures | None = None, a_year_ago: PlaceFigures | None = None) -> list[Figure]:
    """The rates of a place beside those of the month before and of the same month a year ago."""
    then, once = _by_name(before), _by_name(a_year_ago)
    return [_figure(rate, then.get(rate.rate), once.get(rate.rate)) for rate in now.rates]


def bar_of(label: str, figure: Figure) -> charts.Figure:
    """The figure as a bar."""
    ratio = figure.ratio
    counts = "" if figure.numerator is None else f" ({figure.numerator:,}/{figure.denominator:,})"
    told = f"{figure.sign} {figure.percent}{counts}".strip()
    return charts.Figure(label=label, percent=None if ratio is None else float(ratio * 100), told=told, standing=figure.standing)


def change(now: RateShown, before: RateShown | None) -> str:
    """The difference in percentage points; a dash where there is nothing to compare, withheld with either of the two."""
    if before is None:
        return DASH
    if is_masked(now.reason) or is_masked(before.reason):
        return Mark.MASKED.shown
    if now.value is None or before.value is None:
        return DASH
    return Points(difference=Fraction(now.value) - Fraction(before.value)).shown()


def mark_of(label: str, rate: RateShown) -> charts.Figure:
    """A rate as a mark of a line; what is withheld is none."""
    if is_masked(rate.reason):
        return charts.Figure(label=label, percent=None, told=Mark.MASKED.shown)
    return charts.Figure(
        label=label, percent=None if rate.value is None else float(Fraction(rate.value) * 100), told=rate.percent
    )


def _by_name(figures: PlaceFigures | None) -> Mapping[RateName, RateShown]:
    return {} if figures is None else {rate.rate: rate for rate in figures.rates}


def _figure(rate: RateShown, before: RateShown | None, a_year_ago: RateShown | None) -> Figure:
    head, means = RATE_TEXTS[rate.rate]
    ratio = None if rate.value is None else Fraction(rate.value)
    return Figure(
        name=rate.rate,
        head=head,
        means=means,
        numerator=rate.numerator,
        denominator=rate.denominator,
        percent=Mark.MASKED.shown if is_masked(rate.reason) else rate.percent,
        reason=rate.reason,
        standing=standing_of(ratio),
        month_on_month=change(rate, before),
        year_on_year=change(rate, a_year_ago),
        beside=rate.beside,
        handshakes=rate.handshakes,
    )
