"""When jobs run: by the node's clock, daily ones once for each business date."""

from datetime import UTC, datetime, time, timedelta

import pytest

from adapters.memory import MemoryLedgers
from exchange.ledger import LedgerBusy
from jobs.runner import Clockwork, on_shift
from jobs.shift import Shift
from jobs.timetable import SCHEDULE, Daily, Every, Job, Rounds, is_due
from tests.jobs.offices import Pair, a_pair

BUSY = LedgerBusy()
HOURLY = Every(interval=timedelta(hours=1))
AT_EIGHT = Daily(at=time(8))


class Stubborn(MemoryLedgers):
    """Books that can be away for a while."""

    busy = False

    def transaction(self, *, read_only=False, within=None):
        if self.busy:
            raise BUSY
        return super().transaction(read_only=read_only)


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of March 2026 by a clock in Shanghai."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (None, shanghai(2, 9), True),
        (shanghai(2, 9), shanghai(2, 9, 59), False),
        (shanghai(2, 9), shanghai(2, 10), True),
        (shanghai(3, 9), shanghai(2, 9), True),
    ],
)
def test_an_hourly_job_runs_an_hour_after_its_last_run_and_does_not_wait_for_a_clock_set_back(last, now, due):
    assert is_due(HOURLY, last, now) is due


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (None, shanghai(2, 7, 59), False),
        (None, shanghai(2, 8), True),
        (shanghai(2, 8), shanghai(2, 23, 59), False),
        (shanghai(2, 8), shanghai(3, 7, 59), False),
        (shanghai(2, 8), shanghai(3, 8), True),
    ],
)
def test_a_daily_job_runs_once_a_day_from_its_hour_on(last, now, due):
    assert is_due(AT_EIGHT, last, now) is due


def test_names_are_unique_since_a_run_is_claimed_by_name():
    names = [job.name for job in SCHEDULE]
    assert len(set(names)) == len(names)


def test_only_what_is_sent_goes_by_rounds():
    assert [job.name for job in SCHEDULE if isinstance(job.when, Rounds)] == ["deliver", "notify"]


def test_a_daily_job_of_two_processes_runs_once_and_its_outcome_is_kept(tmp_path):
    pair = a_pair(tmp_path)
    runs = []

    def count(shift: Shift) -> str:
        runs.append(shift.office.now())
        return "counted"

    job = Job(name="count", run=count, when=AT_EIGHT)
    with on_shift(pair.xicheng, pair.client) as one, on_shift(pair.xicheng, pair.client) as other:
        for clockwork in (Clockwork(job, one), Clockwork(job, other)):
            clockwork.tick()
            clockwork.tick()
        pair.clock.move(timedelta(days=3))
        Clockwork(job, one).tick()
    assert [run.date().day for run in runs] == [2, 5]


def test_a_refused_job_is_tried_again_at_its_next_time(tmp_path):
    pair = a_pair(tmp_path)
    seen = []

    def fail(shift: Shift) -> str:
        seen.append(shift.office.now())
        raise BUSY

    with on_shift(pair.xicheng, pair.client) as shift:
        clockwork = Clockwork(Job(name="fail", run=fail, when=HOURLY), shift)
        clockwork.tick()
        clockwork.tick()
        pair.clock.move(timedelta(hours=1))
        clockwork.tick()
    assert len(seen) == 2


def test_a_daily_job_that_could_not_be_claimed_is_claimed_later(tmp_path):
    ledgers = Stubborn()
    pair: Pair = a_pair(tmp_path, ledgers)
    runs = []

    def count(shift: Shift) -> str:
        runs.append(shift.office.now())
        return ""

    job = Job(name="count", run=count, when=AT_EIGHT)
    with on_shift(pair.xicheng, pair.client) as shift:
        clockwork = Clockwork(job, shift)
        ledgers.busy = True
        clockwork.tick()
        assert runs == []
        ledgers.busy = False
        clockwork.tick()
    assert len(runs) == 1
