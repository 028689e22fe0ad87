"""The jobs process: one leads, another takes over, and a stop waits for what is under way."""

import threading
import time

from jobs.runner import run, run_once
from jobs.shift import Shift
from jobs.timetable import Job, Rounds
from tests.building.sealing import open_database
from tests.building.waiting import until
from tests.jobs.offices import a_pair


def noting(log: list[str], name: str) -> tuple[Job, ...]:
    """A timetable of one job, which notes that it ran."""

    def note(_: Shift) -> str:
        log.append(name)
        return ""

    return (Job(name="note", run=note, when=Rounds()),)


class Process:
    """A jobs process, as a thread with a candidate of its own."""

    def __init__(self, pair, database, name: str, log: list[str]) -> None:
        self.stop = threading.Event()
        self.lead = database.advisory_leader("jobs")
        schedule = noting(log, name)
        self.thread = threading.Thread(
            target=run,
            args=(pair.xicheng, pair.client, self.lead, self.stop),
            kwargs={"deliver_seconds": 0.05, "schedule": schedule},
        )
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(10)
        assert not self.thread.is_alive()


def test_one_of_two_processes_leads_and_the_other_takes_over_when_it_ends(tmp_path, database_url):
    pair, database = a_pair(tmp_path), open_database(database_url)
    log: list[str] = []
    try:
        one = Process(pair, database, "one", log)
        assert until(lambda: "one" in log)
        other = Process(pair, database, "other", log)
        time.sleep(0.3)
        assert set(log) == {"one"}
        one.end()
        assert until(lambda: "other" in log)
        other.end()
    finally:
        database.close()


class Lost:
    """A lead that is lost after some looks at it."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def held(self) -> bool:
        self.looks -= 1
        return self.looks >= 0

    def release(self) -> None:
        self.looks = 0


def test_a_process_that_loses_the_lead_stops_its_jobs(tmp_path):
    pair, stop = a_pair(tmp_path), threading.Event()
    log: list[str] = []
    schedule = noting(log, "one")
    lead = Lost(2)
    thread = threading.Thread(
        target=run, args=(pair.xicheng, pair.client, lead, stop), kwargs={"deliver_seconds": 0.05, "schedule": schedule}
    )
    thread.start()
    assert until(lambda: lead.looks < 0 and bool(log))
    time.sleep(0.2)
    ran = len(log)
    time.sleep(0.3)
    assert len(log) == ran
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_one_pass_delivers_everything_and_runs_what_is_due(tmp_path):
    pair = a_pair(tmp_path)
    for n in (1, 2, 3):
        pair.ask(n)
    assert run_once(pair.xicheng, pair.client) == 1
    assert run_once(pair.xicheng, pair.client) == 0
