"""Moments and civil days.

A *moment* is an aware datetime in UTC with millisecond precision; on the wire it reads ``YYYY-MM-DDTHH:MM:SS.sssZ``.
A *civil day* is a date in Asia/Shanghai, which has had no daylight saving since 1991: UTC+8 throughout.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
_MOMENT = re.compile(MOMENT_PATTERN[1:-1])
_LAST_YEAR = 9998  # arithmetic with a day more must still fit
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def whole_milliseconds(moment: datetime) -> datetime:
    """Cut a moment down to the precision that the wire and the database keep."""
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


def parse_moment(text: str) -> datetime:
    """Read the wire form; ValueError for anything else, offsets other than Z and years before 1970 included."""
    if not _MOMENT.fullmatch(text):
        raise ValueError("a moment reads YYYY-MM-DDTHH:MM:SS.sssZ")
    moment = datetime.fromisoformat(text)
    if not _EPOCH.year <= moment.year <= _LAST_YEAR:
        raise ValueError(f"a moment lies in the years {_EPOCH.year} to {_LAST_YEAR}")
    return moment


def format_moment(moment: datetime) -> str:
    """Write the wire form."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00:00Z, as the database keeps moments."""
    return (moment - _EPOCH) // _MILLISECOND


def from_milliseconds(value: int) -> datetime:
    """The moment that `to_milliseconds` counted."""
    return _EPOCH + value * _MILLISECOND


def civil_day(moment: datetime) -> date:
    """The date that a clock in Shanghai shows at this moment."""
    return moment.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """00:00 of the civil day."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def day_end(day: date) -> datetime:
    """24:00 of the civil day: the first moment that no longer belongs to it."""
    return day_start(day + timedelta(days=1))


_YEARS = range(2, 9999)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Civil days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a period ends on or after the day on which it begins")
        if self.first.year not in _YEARS or self.last.year not in _YEARS:
            raise ValueError("the days of a period have months around them, and moments in UTC")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def statistical_month(month: str, first_day: int = 21) -> Period:
    """The statistical month `YYYY-MM`: from `first_day` of the month before to the day before it in the month.

    1 makes it the calendar month. Which day it is, the rule set says (`RuleSet.statistical_month`).
    """
    if not _MONTH.fullmatch(month):
        raise ValueError("a month reads YYYY-MM")
    first = date.fromisoformat(f"{month}-01")
    following = (first + timedelta(days=31)).replace(day=1)
    if first_day == 1:
        return Period(first=first, last=following - timedelta(days=1))
    before = first - timedelta(days=1)
    return Period(first=before.replace(day=first_day), last=first.replace(day=first_day - 1))


def default_as_of(month: str, day: int = 27, *, within: bool = True) -> datetime:
    """24:00 of this day of the statistical month, or of the month after it, its customary as-of moment."""
    first = date.fromisoformat(f"{month}-01")
    return day_end((first if within else (first + timedelta(days=31)).replace(day=1)).replace(day=day))
