"""Working days and public holidays, as the State Council's yearly notice sets them.

The notices of 2004 to 2026 come with the `chinesecalendar` package; an administrator loads later ones as a table,
which also overrides the package where a notice was amended. A year without a notice counts Monday to Friday and is
provisional. Why an ordinary weekend is no public holiday: docs/decisions/working-days.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

# The tables and not the package's is_workday(): that searches for the first and last known year at every call.
from chinese_calendar import holidays as _NOTICED_HOLIDAYS
from chinese_calendar import workdays as _NOTICED_WORKDAYS

from exchange.errors import Invalid

_NOTICED_YEARS: Final = frozenset(range(min(_NOTICED_HOLIDAYS).year, max(_NOTICED_HOLIDAYS).year + 1))
_FRIDAY: Final = 4
_DAY: Final = timedelta(days=1)


class DayKind(StrEnum):
    """What a notice makes of a day: off, or worked although it is a weekend."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"


class CalendarRefused(Invalid):
    """A table of days that cannot be read."""

    code = "calendar-refused"
    zh = "节假日表不符合要求：每行为日期（YYYY-MM-DD）与 holiday 或 workday。"
    en = "The table of days is not valid: each row is a date (YYYY-MM-DD) and holiday or workday."


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingDays:
    """The calendar of one node: the packaged notices, overridden day by day by the `loaded` table.

    A year is firm once its notice is known: packaged, or recognised in the loaded table by its National Day, which no
    notice leaves out. So a table that mends one day of a coming year does not make the whole year firm.
    """

    loaded: Mapping[date, DayKind] = field(default_factory=dict)

    def is_public_holiday(self, day: date) -> bool:
        """Whether a notice gives this day off; an ordinary weekend is no public holiday."""
        kind = self.loaded.get(day)
        return kind is DayKind.HOLIDAY if kind else day in _NOTICED_HOLIDAYS

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday without the public holidays, and the weekends worked in their place."""
        kind = self.loaded.get(day)
        if kind:
            return kind is DayKind.WORKDAY
        return day in _NOTICED_WORKDAYS or (day.weekday() <= _FRIDAY and day not in _NOTICED_HOLIDAYS)

    def is_provisional(self, year: int) -> bool:
        """Whether no notice is known for this year, so that its days may still change."""
        return year not in _NOTICED_YEARS and self.loaded.get(date(year, 10, 1)) is not DayKind.HOLIDAY

    def next_working_day(self, day: date) -> date:
        """The first working day after `day`."""
        day += _DAY
        while not self.is_working_day(day):
            day += _DAY
        return day


def read_days(rows: Mapping[str, str]) -> dict[date, DayKind]:
    """Read a table `{"2027-01-01": "holiday", …}`; CalendarRefused with the pointer of the first row that is none."""
    days: dict[date, DayKind] = {}
    for text, word in rows.items():
        try:
            day = date.fromisoformat(text)
            days[day] = DayKind(word)
        except ValueError:
            raise CalendarRefused(pointer=f"/{text.replace('~', '~0').replace('/', '~1')}") from None
        # Python 3.11 reads 20270101 and 2027-W01-1 too, and one day written twice would hide one of its words.
        if day.isoformat() != text:
            raise CalendarRefused(pointer=f"/{text}")
    return days
