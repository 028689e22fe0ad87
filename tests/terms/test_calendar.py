from datetime import date, timedelta

import pytest

from exchange.terms.calendar import CalendarRefused, DayKind, WorkingDays, read_days

# Copied from the yearly notices of the General Office of the State Council (国务院办公厅关于部分节假日安排的通知):
# days off, first to last, and the weekends worked in their place.
NOTICES = {
    2024: (
        ["01-01 01-01", "02-10 02-17", "04-04 04-06", "05-01 05-05", "06-10 06-10", "09-15 09-17", "10-01 10-07"],
        ["02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"],
    ),
    2025: (
        ["01-01 01-01", "01-28 02-04", "04-04 04-06", "05-01 05-05", "05-31 06-02", "10-01 10-08"],
        ["01-26", "02-08", "04-27", "09-28", "10-11"],
    ),
    2026: (
        ["01-01 01-03", "02-15 02-23", "04-04 04-06", "05-01 05-05", "06-19 06-21", "09-25 09-27", "10-01 10-07"],
        ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
    ),
}
PACKAGED = WorkingDays()


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


def days_off(year: int) -> set[date]:
    spans = [span.split() for span in NOTICES[year][0]]
    return {day for day in days_of(year) for first, last in spans if first <= f"{day:%m-%d}" <= last}


def days_made_up(year: int) -> set[date]:
    return {date.fromisoformat(f"{year}-{day}") for day in NOTICES[year][1]}


@pytest.mark.parametrize("year", NOTICES)
def test_public_holidays_are_those_of_the_notice(year: int) -> None:
    assert {day for day in days_of(year) if PACKAGED.is_public_holiday(day)} == days_off(year)


@pytest.mark.parametrize("year", NOTICES)
def test_working_days_are_the_weekdays_and_made_up_weekends_of_the_notice(year: int) -> None:
    expected = {day for day in days_of(year) if day.weekday() < 5} - days_off(year) | days_made_up(year)
    assert {day for day in days_of(year) if PACKAGED.is_working_day(day)} == expected


def test_a_weekend_is_neither_worked_nor_a_public_holiday() -> None:
    saturday = date(2026, 3, 7)
    assert not PACKAGED.is_working_day(saturday)
    assert not PACKAGED.is_public_holiday(saturday)


def test_a_year_without_a_notice_counts_monday_to_friday_and_is_provisional() -> None:
    days = days_of(2027)
    assert {day for day in days if PACKAGED.is_working_day(day)} == {day for day in days if day.weekday() < 5}
    assert not any(PACKAGED.is_public_holiday(day) for day in days)
    assert [year for year in range(2003, 2029) if PACKAGED.is_provisional(year)] == [2003, 2027, 2028]


def test_a_loaded_notice_makes_its_year_firm() -> None:
    loaded = read_days({"2027-01-01": "holiday", "2027-10-01": "holiday", "2027-10-09": "workday"})
    calendar = WorkingDays(loaded=loaded)
    assert not calendar.is_provisional(2027)
    assert calendar.is_public_holiday(date(2027, 10, 1))
    assert calendar.is_working_day(date(2027, 10, 9))
    assert calendar.is_provisional(2028)


def test_one_mended_day_does_not_make_a_year_firm() -> None:
    calendar = WorkingDays(loaded=read_days({"2027-05-04": "holiday", "2028-10-01": "workday"}))
    assert calendar.is_public_holiday(date(2027, 5, 4))
    assert calendar.is_provisional(2027)
    assert calendar.is_provisional(2028)


def test_a_loaded_day_overrides_the_packaged_notice() -> None:
    calendar = WorkingDays(loaded=read_days({"2026-10-07": "workday", "2026-10-10": "holiday"}))
    assert calendar.is_working_day(date(2026, 10, 7))
    assert not calendar.is_public_holiday(date(2026, 10, 7))
    assert calendar.is_public_holiday(date(2026, 10, 10))
    assert not calendar.is_working_day(date(2026, 10, 10))


def test_a_table_of_days_is_read() -> None:
    rows = {"2027-01-01": "holiday", "2027-01-09": "workday"}
    assert read_days(rows) == {date(2027, 1, 1): DayKind.HOLIDAY, date(2027, 1, 9): DayKind.WORKDAY}


@pytest.mark.parametrize(
    ("rows", "pointer"),
    [
        ({"2027-01-01": "holiday", "2027-02-30": "holiday"}, "/2027-02-30"),
        ({"2027-01-01": "festival"}, "/2027-01-01"),
        ({"2027/01/01": "holiday"}, "/2027~101~101"),
        ({"20270101": "holiday"}, "/20270101"),
        ({"2027-W01-1": "holiday"}, "/2027-W01-1"),
    ],
)
def test_a_row_that_is_no_day_is_refused_where_it_stands(rows: dict[str, str], pointer: str) -> None:
    with pytest.raises(CalendarRefused) as caught:
        read_days(rows)
    assert caught.value.pointer == pointer
