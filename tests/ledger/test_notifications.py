"""What own systems are to be told waits in the order in which it was written, until it is done with."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import a_day, a_moment, a_notification, an_id
from tests.ledger.support import TAKEN


def test_what_waits_comes_back_whole_and_in_the_order_of_its_ids(ledgers):
    notifications = [a_notification(n) for n in (3, 1, 2)]
    with ledgers.transaction() as ledger:
        ledger.notifications.add(notifications)
        ledger.notifications.add([])
    with ledgers.transaction(read_only=True) as ledger:
        assert ledger.notifications.due(a_moment(3), 10) == sorted(notifications, key=lambda each: each.id)
        assert ledger.notifications.due(a_moment(3), 2) == [a_notification(1), a_notification(2)]


def test_many_are_added_at_once(ledger):
    notifications = [a_notification(n) for n in range(1, 60)]
    ledger.notifications.add(notifications)
    assert ledger.notifications.due(a_moment(60), 100) == notifications


def test_one_that_failed_waits_for_its_time_and_lets_the_others_pass(ledgers):
    failed = a_notification(1).refused(a_moment(2), timedelta(minutes=10))
    with ledgers.transaction() as ledger:
        ledger.notifications.add([a_notification(1), a_notification(2)])
        ledger.notifications.save(failed)
    with ledgers.transaction(read_only=True) as ledger:
        assert ledger.notifications.due(a_moment(11), 10) == [a_notification(2)]
        assert ledger.notifications.due(a_moment(12), 10) == [failed, a_notification(2)]


def test_what_was_taken_or_given_up_is_due_no_more_and_is_forgotten_in_time(ledgers):
    waiting, taken = a_notification(1), a_notification(2).taken(a_moment(5))
    given_up = replace(a_notification(3), attempts=30, retry_at=None)
    with ledgers.transaction() as ledger:
        ledger.notifications.add([a_notification(n) for n in (1, 2, 3)])
        ledger.notifications.save(taken)
        ledger.notifications.save(given_up)
    with ledgers.transaction() as ledger:
        assert ledger.notifications.due(a_moment(10**6), 10) == [waiting]
        assert ledger.notifications.forget(a_moment(2)) == 0
        assert ledger.notifications.forget(a_moment(3)) == 1
        assert ledger.notifications.forget(a_moment(10**6)) == 1
        assert ledger.notifications.due(a_moment(10**6), 10) == [waiting]


def test_saving_what_was_never_added_and_adding_it_twice_are_faults(ledgers):
    with pytest.raises(KeyError), ledgers.transaction() as ledger:
        ledger.notifications.save(a_notification(1))
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.notifications.add([a_notification(1), a_notification(1)])


def test_the_last_run_of_a_job_is_the_last_that_was_finished_before_the_day(ledger):
    for day in (1, 2, 3, 5):
        ledger.chores.claim_run("overdue", a_day(day), a_moment())
    ledger.chores.claim_run("remind", a_day(4), a_moment())
    for job, day in (("overdue", 1), ("overdue", 2), ("remind", 4), ("overdue", 5)):
        ledger.chores.finish_run(job, a_day(day), a_moment(), "done")
    asked = [ledger.chores.last_run("overdue", a_day(day)) for day in (1, 2, 4, 5, 6)]
    assert asked == [None, a_day(1), a_day(2), a_day(2), a_day(5)]


def test_a_notification_is_given_up_after_three_days_and_not_before_it_had_its_attempts():
    one, wait = a_notification(1), timedelta(seconds=5)
    late = one.created_at + timedelta(days=3)
    assert one.refused(late, wait) == replace(one, attempts=1, retry_at=late + wait)
    tried = replace(one, attempts=9)
    assert tried.refused(late, wait) == replace(one, attempts=10, retry_at=None)
    assert tried.refused(late - timedelta(seconds=1), wait).retry_at is not None
    assert one.id == an_id(1)
