"""What two sides compare: a pair of link positions, a civil day, and a period.

A wall time would not do: what one side knew at noon the other may have heard of at one. Positions say which messages exist,
the day says which due dates have passed, and both are the same on both sides.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, Self

from exchange.exchanges import Direction, LoggedMessage
from exchange.moments import Period, day_end, statistical_month

# How far before the period exchanges are compared. A due date lies at most 500 days behind its receipt (`verbs.deliver`), so
# that the first reach holds a period's whole cohort; of a link with too many exchanges, the later ones hold the nearest.
REACHES: Final = tuple(timedelta(days=days) for days in (500, 120, 31, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """How far each log of a link is compared, seen from this side; 0 where it holds nothing that both sides have."""

    out: int
    into: int

    def hold(self, message: LoggedMessage) -> bool:
        """Whether a delivered message lies within; each copy of a local link's by its own direction."""
        limit = self.out if message.direction is Direction.OUT else self.into
        return message.sequence is not None and message.sequence <= limit

    def across(self) -> Self:
        """The same positions, seen from the other side."""
        return replace(self, out=self.into, into=self.out)

    def at_most(self, other: "Positions") -> Self:
        """Where both have come to."""
        return replace(self, out=min(self.out, other.out), into=min(self.into, other.into))


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One comparison's question: `as_of` is judged at its 24:00, `period` is that of the figures.

    Exchanges that were received on a day from `since` to `as_of` take part.
    """

    positions: Positions
    since: date
    as_of: date
    period: Period

    @property
    def moment(self) -> datetime:
        """The end of the as-of day."""
        return day_end(self.as_of)

    @property
    def received(self) -> Period | None:
        """The days of receipt of the exchanges that take part; None if there is no such day."""
        return Period(first=self.since, last=self.as_of) if self.since <= self.as_of else None


def period_of(day: date) -> Period:
    """The last statistical month that had ended by this day: the one whose report is being made."""
    before = day - timedelta(days=20)
    return statistical_month(f"{before:%Y-%m}")
