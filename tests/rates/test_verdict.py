"""What one exchange counts for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.codes import Result
from exchange.counting.verdict import Verdict, judge
from exchange.moments import Period
from tests.builders import a_day
from tests.rates.histories import LAPSE_DAYS, History, moment, until

NOT_DUE_YET, DUE_PASSED = until(29), until(30)


def standing(verdict: Verdict) -> tuple[bool, bool]:
    return verdict.answered, verdict.on_time


def test_an_answer_until_the_end_of_the_due_date_is_on_time():
    last_moment = History().answered(30.62)  # 23:53 of the due date
    assert standing(last_moment.as_of(DUE_PASSED)) == (True, True)


def test_an_answer_after_the_due_date_counts_as_answered_and_never_as_on_time():
    assert standing(History().answered(30.63).as_of(until(31))) == (True, False)


def test_an_exchange_falls_due_at_24_00_of_its_date_and_not_before():
    unanswered = History()
    period = Period(first=a_day(30), last=a_day(30))
    just_before = unanswered.as_of(DUE_PASSED - timedelta(milliseconds=1))
    assert (just_before.due_in(period), just_before.overdue) == (False, False)
    at_the_end = unanswered.as_of(DUE_PASSED)
    assert (at_the_end.due_in(period), at_the_end.overdue, *standing(at_the_end)) == (True, True, False, False)


def test_the_cohort_is_the_first_due_date_and_a_challenge_does_not_move_it():
    challenged = History().answered(10).challenged(12, 42).as_of(until(60))
    assert challenged.due_in(Period(first=a_day(30), last=a_day(30)))
    assert not challenged.due_in(Period(first=a_day(31), last=a_day(60)))


def test_the_other_cohort_is_the_civil_day_of_the_receipt():
    late_in_the_evening = History(received=0.6)  # 23:24 in Shanghai, 15:24 UTC
    after_midnight = History(received=0.7)  # 01:48 in Shanghai, still the day before in UTC
    first_day = Period(first=a_day(0), last=a_day(0))
    assert late_in_the_evening.as_of(until(1)).submitted_in(first_day)
    assert not after_midnight.as_of(until(1)).submitted_in(first_day)


def test_before_it_is_due_an_unanswered_exchange_is_neither_answered_nor_on_time():
    assert standing(History().as_of(NOT_DUE_YET)) == (False, False)


def test_an_open_second_round_does_not_count_until_it_is_due():
    challenged = History().answered(10).challenged(12, 42)
    assert standing(challenged.as_of(until(41))) == (True, True)
    assert standing(challenged.as_of(until(42))) == (False, False)


def test_an_empty_answer_buys_no_time():
    late_in_the_end = History().answered(29).challenged(31, 61).answered(65)
    assert standing(late_in_the_end.as_of(until(60))) == (True, True)
    assert standing(late_in_the_end.as_of(until(61))) == (False, False)
    assert standing(late_in_the_end.as_of(until(65))) == (True, False)


def test_every_round_must_have_been_answered_by_its_own_date_to_be_on_time():
    first_round_late = History().answered(35).challenged(36, 66).answered(40)
    assert standing(first_round_late.as_of(until(70))) == (True, False)
    all_in_time = History().answered(20).challenged(21, 51).answered(51)
    assert standing(all_in_time.as_of(until(70))) == (True, True)


def test_what_was_not_known_by_the_as_of_moment_does_not_count():
    known_late = History(lag=3).answered(29)
    assert standing(known_late.as_of(until(31))) == (False, False)
    assert standing(known_late.as_of(until(32))) == (True, True)
    assert judge(known_late.facts, moment(2), lapse_days=LAPSE_DAYS) is None


def test_what_had_not_happened_by_the_as_of_moment_does_not_count_even_if_it_is_known():
    foretold = [replace(fact, known_at=moment(0)) for fact in History().answered(20).facts]
    verdict = judge(foretold, until(19), lapse_days=LAPSE_DAYS)
    assert verdict is not None
    assert standing(verdict) == (False, False)


@pytest.mark.parametrize(
    ("history", "apart"),
    [
        (History().withdrawn(10), True),
        (History().withdrawn(30), True),  # the limit ends at 24:00 of that day
        (History().withdrawn(31), False),
        (History().answered(10).withdrawn(11), False),
        (History().withdrawn(10).answered(11), True),  # the feedback was overtaken
        (History(due=None).withdrawn(200), True),
    ],
)
def test_withdrawn_before_the_first_answer_and_the_first_due_date_counts_apart(history, apart):
    assert history.as_of(until(300)).withdrawn_apart is apart


@pytest.mark.parametrize(
    ("history", "stood"),
    [
        (History().withdrawn(31), (False, False)),
        (History().answered(10).withdrawn(11), (True, True)),
        (History().answered(31).withdrawn(32), (True, False)),
        (History().answered(10).challenged(12, 42).withdrawn(20), (True, True)),
        (History().answered(10).challenged(12, 42).withdrawn(43), (False, False)),
    ],
)
def test_withdrawn_later_it_stays_as_it_stood(history, stood):
    verdict = history.as_of(until(300))
    assert (standing(verdict), verdict.open, verdict.overdue) == (stood, False, False)


def test_a_confirmation_ends_the_open_round_which_then_never_falls_due():
    taken_back = History().answered(10).challenged(12, 42).confirmed(20)
    assert standing(taken_back.as_of(until(300))) == (True, True)
    too_late = History().answered(10).challenged(12, 42).confirmed(43)
    assert standing(too_late.as_of(until(300))) == (False, False)


@pytest.mark.parametrize("result", Result)
def test_any_substantive_result_answers(result):
    verdict = History().answered(5, result).as_of(until(30))
    assert (standing(verdict), verdict.result) == ((True, True), result)


def test_the_days_to_answer_are_civil_days_of_the_first_round():
    assert History(received=0.6).answered(0.7).as_of(until(9)).days_to_answer == 1
    assert History().answered(3).challenged(4, 40).answered(30).as_of(until(50)).days_to_answer == 3
    assert History().as_of(until(9)).days_to_answer is None
    assert History(received=1).answered(0.9).as_of(until(9)).days_to_answer == 0


def test_an_answer_left_alone_has_lapsed_after_fifteen_days():
    answered = History().answered(5)
    assert [answered.as_of(when).lapsed for when in (moment(20.6), until(20), until(21))] == [False, True, True]
    assert not History().answered(5).confirmed(6).as_of(until(90)).lapsed
    assert not History().answered(5).challenged(6, 36).as_of(until(90)).lapsed


def test_a_notice_that_wants_no_feedback_belongs_to_no_cohort_and_is_never_open():
    verdict = History(due=None).as_of(until(300))
    every_day = Period(first=a_day(-1), last=a_day(400))
    assert (verdict.due_in(every_day), verdict.submitted_in(every_day), verdict.open) == (False, False, False)
