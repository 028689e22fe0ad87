from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.terms.calendar import DayKind, WorkingDays, read_days
from exchange.terms.deadline import Due, Limit, LimitRefused, LimitUnit, due_date, due_end

PACKAGED = WorkingDays()


def working(days: int) -> Limit:
    return Limit(days=days, unit=LimitUnit.WORKING)


def calendar(days: int) -> Limit:
    return Limit(days=days, unit=LimitUnit.CALENDAR)


def firm(day: str) -> Due:
    return Due(day=date.fromisoformat(day), provisional=False)


def provisional(day: str) -> Due:
    return Due(day=date.fromisoformat(day), provisional=True)


def due(received: str, limit: Limit, working_days: WorkingDays = PACKAGED) -> Due:
    return due_date(date.fromisoformat(received), limit, working_days)


def test_the_day_of_receipt_is_day_zero() -> None:
    assert due("2026-03-01", calendar(30)) == firm("2026-03-31")
    assert due("2026-03-02", working(1)) == firm("2026-03-03")


def test_a_limit_ends_at_midnight_in_shanghai() -> None:
    assert due_end(date(2026, 3, 31)) == datetime(2026, 3, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("received", "day"),
    [
        ("2024-02-01", "2024-02-27"),  # the new year's week and two worked Sundays
        ("2025-01-20", "2025-02-14"),  # Sunday 26 January and Saturday 8 February are worked
        ("2026-09-21", "2026-10-19"),  # two holidays, and Saturday 10 October is worked
        ("2026-03-02", "2026-03-23"),  # no holiday: three weeks
    ],
)
def test_fifteen_working_days_follow_the_notice(received: str, day: str) -> None:
    assert due(received, working(15)) == firm(day)


@pytest.mark.parametrize(
    ("received", "limit", "day"),
    [
        ("2026-09-26", 7, "2026-10-08"),  # ends on Saturday 3 October, within the National Day's week
        ("2025-09-01", 30, "2025-10-09"),  # 1 October 2025, eight days off
        ("2024-01-11", 30, "2024-02-18"),  # 10 February 2024; the next working day is a worked Sunday
        ("2026-05-20", 30, "2026-06-22"),  # Friday 19 June, the festival and its weekend
    ],
)
def test_a_calendar_limit_that_ends_on_a_public_holiday_moves_to_the_next_working_day(
    received: str, limit: int, day: str
) -> None:
    assert due(received, calendar(limit)) == firm(day)


def test_a_calendar_limit_that_ends_on_an_ordinary_weekend_stays() -> None:
    assert due("2026-02-28", calendar(7)) == firm("2026-03-07")


def test_a_longer_limit_ends_earlier_where_a_table_leaves_out_the_weekend_of_a_span() -> None:
    only_the_friday = WorkingDays(loaded=read_days({"2026-03-13": "holiday"}))
    assert due("2026-02-01", calendar(40), only_the_friday) == firm("2026-03-16")
    assert due("2026-02-01", calendar(41), only_the_friday) == firm("2026-03-14")


def test_a_limit_that_passes_over_holidays_is_not_prolonged() -> None:
    assert due("2026-09-20", calendar(30)) == firm("2026-10-20")


def test_a_limit_into_a_year_without_a_notice_is_provisional() -> None:
    assert due("2026-12-20", working(15)) == provisional("2027-01-08")
    assert due("2026-12-20", calendar(30)) == provisional("2027-01-19")
    assert due("2026-12-01", calendar(30)) == firm("2026-12-31")


def test_a_calendar_limit_asks_only_about_the_year_in_which_it_ends() -> None:
    only_2028 = WorkingDays(loaded=read_days({"2028-10-01": "holiday"}))
    assert due("2027-12-20", calendar(30), only_2028) == firm("2028-01-19")
    assert due("2027-12-20", working(15), only_2028) == provisional("2028-01-10")


def test_a_loaded_notice_moves_a_provisional_date_and_makes_it_firm() -> None:
    table = {"2027-01-01": "holiday", "2027-01-02": "holiday", "2027-01-03": "holiday", "2027-10-01": "holiday"}
    loaded = WorkingDays(loaded=read_days(table))
    assert due("2026-12-02", calendar(30)) == provisional("2027-01-01")
    assert due("2026-12-02", calendar(30), loaded) == firm("2027-01-04")
    assert due("2026-12-20", working(15), loaded) == firm("2027-01-11")


@pytest.mark.parametrize("days", [-1, 0, 366])
def test_a_limit_of_no_days_or_more_than_a_year_is_refused(days: int) -> None:
    with pytest.raises(LimitRefused):
        Limit(days=days)


received_days = st.dates(date(2003, 6, 1), date(2028, 6, 1))
limits = st.builds(Limit, days=st.integers(1, 60), unit=st.sampled_from(LimitUnit))
tables = st.dictionaries(st.dates(date(2026, 1, 1), date(2028, 12, 31)), st.sampled_from(DayKind), max_size=30)
calendars = st.builds(lambda loaded: WorkingDays(loaded=loaded), tables)


def as_noticed(table: dict[date, DayKind]) -> WorkingDays:
    """The table as a notice has it: a span of days off goes on until somebody works, over the weekend as well."""
    days = dict(table)
    noticed = WorkingDays(loaded=days)
    for day in (day for day, kind in table.items() if kind is DayKind.HOLIDAY):
        while not noticed.is_working_day(day):
            days[day] = DayKind.HOLIDAY
            day += timedelta(days=1)
    return noticed


# The packaged notices of 2011 to 2016 leave out weekends of their spans.
received_under_whole_notices = st.dates(date(2017, 1, 1), date(2028, 6, 1))
noticed_calendars = st.builds(as_noticed, tables)


@given(received_days, limits, calendars)
def test_an_answer_is_due_after_its_receipt_and_never_on_a_public_holiday(
    received: date, limit: Limit, working_days: WorkingDays
) -> None:
    day = due_date(received, limit, working_days).day
    assert day > received
    assert not working_days.is_public_holiday(day)
    assert day >= received + timedelta(days=limit.days)
    if limit.unit is LimitUnit.WORKING:
        assert working_days.is_working_day(day)


@given(received_under_whole_notices, limits, noticed_calendars)
def test_who_asks_later_waits_until_no_earlier_day(received: date, limit: Limit, working_days: WorkingDays) -> None:
    tomorrow = received + timedelta(days=1)
    assert due_date(received, limit, working_days).day <= due_date(tomorrow, limit, working_days).day


@given(received_under_whole_notices, limits, noticed_calendars)
def test_a_longer_limit_is_due_no_earlier(received: date, limit: Limit, working_days: WorkingDays) -> None:
    longer = Limit(days=limit.days + 1, unit=limit.unit)
    assert due_date(received, limit, working_days).day <= due_date(received, longer, working_days).day


@given(received_days, st.integers(1, 60), calendars)
def test_working_days_are_counted_one_by_one(received: date, count: int, working_days: WorkingDays) -> None:
    day = due_date(received, working(count), working_days).day
    between = [received + timedelta(days=n) for n in range(1, (day - received).days + 1)]
    assert sum(map(working_days.is_working_day, between)) == count
