"""At most one process leads, and another takes over when it is gone."""

import subprocess
import sys

import psycopg
import pytest

from tests.building.sealing import open_database
from tests.building.waiting import until

_LEAD_AND_WAIT = """
import sys
from adapters.database.engine import open_database
leader = open_database(sys.argv[1]).advisory_leader("jobs")
print(leader.held(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def database(database_url):
    database = open_database(database_url)
    yield database
    database.close()


def test_one_candidate_leads_until_it_gives_up(database):
    first, second = database.advisory_leader("jobs"), database.advisory_leader("jobs")
    assert [first.held(), second.held(), first.held()] == [True, False, True]
    first.release()
    assert second.held()
    assert not first.held()
    second.release()
    second.release()


def test_each_name_has_a_leader_of_its_own(database):
    jobs, rates = database.advisory_leader("jobs"), database.advisory_leader("rates")
    assert jobs.held()
    assert rates.held()
    jobs.release()
    rates.release()


def test_a_leader_whose_process_dies_is_replaced(database, database_url):
    with subprocess.Popen(
        [sys.executable, "-c", _LEAD_AND_WAIT, database_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        candidate = database.advisory_leader("jobs")
        assert not candidate.held()
        other.kill()
        other.wait()
    assert until(candidate.held)
    candidate.release()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_leader_that_lost_its_session_finds_out(database, database_url):
    leader = database.advisory_leader("jobs")
    assert leader.held()
    with psycopg.connect(database_url, autocommit=True) as operator:
        operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'woshou leader' AND datname = current_database()"
        )
    assert not leader.held()
    assert until(leader.held)
    leader.release()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_lead_is_free_when_it_was_given_up_not_when_the_server_sees_the_connection_go(database, database_url, monkeypatch):
    leader, next_one = database.advisory_leader("jobs"), database.advisory_leader("jobs")
    assert leader.held()
    with monkeypatch.context() as patched:
        kept = list[psycopg.Connection[tuple[bool]]]()
        patched.setattr(psycopg.Connection, "close", lambda session: kept.append(session))
        leader.release()
    assert next_one.held()
    next_one.release()
    for session in kept:
        session.close()
