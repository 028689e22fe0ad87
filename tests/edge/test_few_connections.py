"""No request needs a second connection to the database while it holds one: two connections serve any number of callers."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import QueuePool

from exchange.ledger import AuditFilter, Page
from exchange.moments import civil_day
from exchange.work.daily import DailyLimits, Deed
from tests.access.asking import Asking
from tests.access.serving import PATHS
from tests.access.test_matrix import LOCAL
from tests.access.test_persons import SHOWING
from tests.access.world import beijing, fill
from tests.api.nodes import Served, served
from tests.builders import XICHENG
from tests.building.sealing import open_database
from tests.conftest import PostgresServer
from tests.jobs.offices import HandClock

READERS, LEFT = 8, 2
READING = sorted({name for name in LOCAL if name.startswith("GET ")} | SHOWING)
# Much longer than any answer takes on a busy machine: what waits for itself waits this long, and fails.
LOCK_SECONDS = 15.0


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory, postgresql_server: PostgresServer) -> Iterator[Served]:
    """The node with one of everything on PostgreSQL; all but two of its connections are taken."""
    folder: Path = tmp_path_factory.mktemp("narrow")
    with postgresql_server.database() as url, ExitStack() as taken:
        database = open_database(url, lock_seconds=LOCK_SECONDS, keyed=beijing().keyed)
        database.upgrade()
        taken.callback(database.close)
        unlimited = replace(beijing(), daily_limits=DailyLimits(queries=10**6, persons=10**6, sheets=10**6))
        with served(folder / "node", unlimited, HandClock(), database) as node:
            with database.transaction() as ledger:
                fill(ledger, node.clock.now(), node.key("clerk", XICHENG).split("_")[1])
            node.key("operator", XICHENG)
            pool = database._engine.pool
            assert isinstance(pool, QueuePool)
            with ExitStack() as connections:
                for _ in range(pool.size() + pool._max_overflow - LEFT):
                    connections.enter_context(database._engine.connect())
                yield node


def at_once(node: Served, name: str, role: str) -> list[httpx.Response]:
    """The answers to so many callers of one operation, who all begin together."""
    key, ready = node.key(role, XICHENG), threading.Barrier(READERS)

    def call(_: int) -> httpx.Response:
        with httpx.Client(base_url=node.url, timeout=60, verify=False) as http:
            asking = Asking(http, PATHS)
            ready.wait()
            return asking(name, key)

    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(call, range(READERS)))


@pytest.mark.parametrize("name", READING)
def test_whoever_reads_at_once_is_answered_over_two_connections(narrow: Served, name: str):
    role = next(role for role in ("clerk", "operator", "coordinator", "auditor") if role in LOCAL[name].roles)
    answers = at_once(narrow, name, role)
    said = Counter((answer.status_code, answer.json().get("type") if answer.status_code >= 400 else None) for answer in answers)
    assert len(said) == 1, said
    assert next(iter(said))[0] < 500, said


def test_what_they_were_shown_is_told_and_counted_for_each(narrow: Served):
    key = narrow.key("clerk", XICHENG).split("_")[1]
    name = "GET /api/v1/entries/{entry}"

    def told() -> tuple[int, int]:
        wanted = AuditFilter(jurisdictions=frozenset({XICHENG}))
        with narrow.office.ledgers.transaction() as ledger:
            rows = ledger.audit.find(wanted, Page(limit=1000))
            shown = len([row for row in rows if row.event.shown and row.event.action == "read_entry"])
            return shown, ledger.access.count(key, civil_day(narrow.clock.now()), Deed.PERSONS, 0)

    before = told()
    assert {answer.status_code for answer in at_once(narrow, name, "clerk")} == {200}
    assert told() == (before[0] + READERS, before[1] + READERS)
