"""The worked cases of the source documents: each must come out exactly so."""

from datetime import date, datetime

import pytest

from exchange.codes import Result, Role
from exchange.counting.figures import Report
from exchange.moments import SHANGHAI, Period, day_end, default_as_of, statistical_month
from exchange.rates import Cohort, RateName
from exchange.terms.calendar import WorkingDays
from exchange.terms.deadline import Limit, due_date
from tests.builders import WUCHANG, XICHENG, a_day
from tests.rates.histories import (
    History,
    counts,
    holding,
    many_entries,
    reported,
    the_rate,
    until,
    wanted,
)

YEAR = Period(first=date(2026, 1, 1), last=date(2026, 12, 31))
IN_TWO_YEARS = day_end(date(2027, 12, 31))


def test_of_3260_items_submitted_in_a_year_2330_were_fed_back():
    answered, unanswered = History().answered(20), History()
    told = answered.of_many(range(1, 2331), role=Role.ASKER) + unanswered.of_many(range(2331, 3261), role=Role.ASKER)
    query = wanted(cohort=Cohort.SUBMITTED, period=YEAR, as_of=IN_TWO_YEARS)
    rate = the_rate(holding(told), RateName.FEEDBACK_OBTAINED, query)
    assert (counts(rate), rate.percent()) == ((2330, 3260), "71.47 %")


def test_asked_207_times_about_its_own_people_living_elsewhere_it_answered_all():
    ledgers = holding(History().answered(10).of_many(range(1, 208)))
    query = wanted(period=YEAR, as_of=IN_TWO_YEARS)
    rate = the_rate(ledgers, RateName.OUTFLOW_FEEDBACK, query)
    assert (counts(rate), rate.percent()) == ((207, 207), "100.00 %")
    assert the_rate(ledgers, RateName.INFLOW_FEEDBACK, query).percent() == "—"


def test_of_78000_open_entries_71760_were_exchanged_and_48360_confirmed():
    confirmed, exchanged = History(received=1).answered(2).confirmed(3), History(received=1)
    entries = many_entries(78_000)
    told = confirmed.of_many(range(1, 48_361), role=Role.ASKER, result=Result.CONFIRMED)
    told += exchanged.of_many(range(48_361, 71_761), role=Role.ASKER)
    figures = reported(holding(told, entries), wanted(period=YEAR, as_of=IN_TWO_YEARS)).of(WUCHANG)
    exchange, confirmation = figures.rate(RateName.EXCHANGE), figures.rate(RateName.CONFIRMATION)
    assert (counts(exchange), exchange.percent()) == ((71_760, 78_000), "92.00 %")
    assert (counts(confirmation), confirmation.percent()) == ((48_360, 78_000), "62.00 %")


class TestTheChallenge:
    """Received 1 March, answered with nothing on 30 March, challenged on 2 April; of 2017, when neither date moves."""

    march = Period(first=date(2017, 3, 1), last=date(2017, 3, 31))
    thirty_days = Limit(days=30)
    days = WorkingDays()

    def report(self, as_of: datetime, answered_on: date | None = None) -> Report:
        received, challenged = date(2017, 3, 1), date(2017, 4, 2)
        due, new_due = (due_date(day, self.thirty_days, self.days).day for day in (received, challenged))
        assert (due, new_due) == (date(2017, 3, 31), date(2017, 5, 2))
        history = History(received=self.day(received), due=self.day(due))
        history.answered(self.day(date(2017, 3, 30))).challenged(self.day(challenged), self.day(new_due))
        if answered_on is not None:
            history.answered(self.day(answered_on))
        return reported(holding([history.of(1)]), wanted(period=self.march, as_of=as_of))

    @staticmethod
    def day(day: date) -> int:
        return (day - a_day(0)).days

    @staticmethod
    def shown(report: Report) -> tuple[str, ...]:
        rates = (report.figures[0].rate(name) for name in (RateName.FEEDBACK_GIVEN, RateName.ON_TIME))
        return tuple(f"{rate.numerator}/{rate.denominator}" for rate in rates)

    def test_march_is_one_of_one_on_time_until_the_new_due_date_has_passed(self):
        for on, hour in ((date(2017, 3, 31), 24), (date(2017, 4, 2), 12), (date(2017, 5, 1), 24), (date(2017, 5, 2), 23)):
            as_of = day_end(on) if hour == 24 else datetime(on.year, on.month, on.day, hour, tzinfo=SHANGHAI)
            assert self.shown(self.report(as_of)) == ("1/1", "1/1")

    def test_then_it_is_none_of_one_if_it_stays_unanswered(self):
        assert self.shown(self.report(day_end(date(2017, 5, 2)))) == ("0/1", "0/1")
        assert self.shown(self.report(day_end(date(2017, 12, 31)))) == ("0/1", "0/1")

    def test_and_one_of_one_but_not_on_time_if_it_is_answered_on_5_may(self):
        assert self.shown(self.report(day_end(date(2017, 5, 5)), answered_on=date(2017, 5, 5))) == ("1/1", "0/1")
        assert self.shown(self.report(day_end(date(2017, 5, 4)), answered_on=date(2017, 5, 5))) == ("0/1", "0/1")

    def test_it_belongs_to_march_alone_whatever_happens_later(self):
        april = Period(first=date(2017, 4, 1), last=date(2017, 5, 31))
        ledgers = holding([History(received=-3288, due=-3258).answered(-3259).challenged(-3256, -3226).of(1)])
        assert the_rate(ledgers, RateName.FEEDBACK_GIVEN, wanted(period=april, as_of=until(0))).percent() == "—"


@pytest.mark.parametrize(
    ("due", "inside"),
    [(date(2026, 2, 20), False), (date(2026, 2, 21), True), (date(2026, 3, 20), True), (date(2026, 3, 21), False)],
)
def test_a_statistical_month_takes_the_due_dates_from_the_21st_to_the_20th(due, inside):
    ledgers = holding([History(received=-40, due=(due - a_day(0)).days).answered(-39).of(1)])
    query = wanted(period=statistical_month("2026-03"), as_of=default_as_of("2026-03"))
    assert counts(the_rate(ledgers, RateName.FEEDBACK_GIVEN, query)) == ((1, 1) if inside else (0, 0))


def test_outflow_feedback_is_about_the_asked_countys_own_people_and_inflow_about_those_who_live_there():
    own_people = History().answered(1).of(1)
    living_here = History().of(2, origin=XICHENG, destination=WUCHANG)
    figures = reported(holding([own_people, living_here]), wanted()).of(WUCHANG)
    names = (RateName.OUTFLOW_FEEDBACK, RateName.INFLOW_FEEDBACK, RateName.FEEDBACK_GIVEN)
    assert [counts(figures.rate(name)) for name in names] == [(1, 1), (0, 1), (1, 2)]
