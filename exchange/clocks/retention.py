"""How long what is about a person is kept (domain, default retention): set by the deployer, the same on every day of a month."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from exchange.moments import civil_day, day_start

# What a sheet's rows were told is of use until the sheet is mended.
KEEP_ROW_PROBLEMS = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Months after which the bodies of an exchange that is over, and a closed entry, no longer name anybody.

    Counted in civil months from the day of closing, which belongs to it: what was closed on 31 August is erased six months later
    in the night after the last day of February.
    """

    bodies_months: int = 12
    entries_months: int = 24

    def bodies_before(self, now: datetime) -> date:
        """Of exchanges, and cases, that were over before this day the bodies go."""
        return months_before(civil_day(now), self.bodies_months)

    def entries_before(self, now: datetime) -> datetime:
        """Of entries that were closed before this moment the persons go."""
        return day_start(months_before(civil_day(now), self.entries_months))


def months_before(day: date, months: int) -> date:
    """The same day so many months ago, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
