"""Time limits: from the day of receipt to the date on which an answer is due.

A due *date*, in Shanghai: the limit ends at 24:00 of that day (domain, "Time limits").
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from exchange.errors import Invalid
from exchange.moments import day_end
from exchange.terms.calendar import WorkingDays

LONGEST_LIMIT: Final = 365


class LimitUnit(StrEnum):
    """What a limit counts."""

    CALENDAR = "calendar"
    WORKING = "working"


class LimitRefused(Invalid):
    """A limit of no days, or of more than a year."""

    code = "limit-refused"
    zh = f"时限应为 1 至 {LONGEST_LIMIT} 天。"
    en = f"A limit has 1 to {LONGEST_LIMIT} days."


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many calendar or working days after the day of receipt; LimitRefused outside 1 to 365."""

    days: int
    unit: LimitUnit = LimitUnit.CALENDAR

    def __post_init__(self) -> None:
        if not 1 <= self.days <= LONGEST_LIMIT:
            raise LimitRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The last civil day of a limit; provisional while the notice of a year that it depends on is not known."""

    day: date
    provisional: bool


def due_date(received: date, limit: Limit, working_days: WorkingDays) -> Due:
    """When an answer is due that was asked for on `received`, which is day 0.

    Working days: the nth working day after. Calendar days: the nth day after; if that is a public holiday, the next
    working day.
    """
    if limit.unit is LimitUnit.WORKING:
        return _nth_working_day(received, limit.days, working_days)
    end = received + timedelta(days=limit.days)
    day = working_days.next_working_day(end) if working_days.is_public_holiday(end) else end
    return Due(day=day, provisional=_any_provisional(end, day, working_days))


def due_end(day: date) -> datetime:
    """The moment at which a limit with this due date has passed: 24:00 of it, in UTC."""
    return day_end(day)


def _nth_working_day(received: date, days: int, working_days: WorkingDays) -> Due:
    day = received
    for _ in range(days):
        day = working_days.next_working_day(day)
    # Every day after the receipt was counted or passed over, so each of their years must be known.
    return Due(day=day, provisional=_any_provisional(received + timedelta(days=1), day, working_days))


def _any_provisional(first: date, last: date, working_days: WorkingDays) -> bool:
    return any(working_days.is_provisional(year) for year in range(first.year, last.year + 1))
