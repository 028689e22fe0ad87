"""The same thing asked for several times at once ends as if it had been asked for one after the other."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.nodes import Neighbours, Served, neighbours
from tests.api.test_entries import a_body
from tests.api.test_exchanges import enter
from tests.api.test_sheets import XLSX, a_register
from tests.builders import XICHENG, an_id_number
from tests.building.sealing import open_database
from tests.jobs.offices import HandClock
from tests.sheets.workbooks import a_person

ROUNDS = 3


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[Neighbours]:
    """Two nodes that exchange, the one that is called on each database."""
    database = open_database(database_url)
    database.upgrade()
    with neighbours(tmp_path, HandClock(), xicheng=database) as nodes:
        yield nodes
    database.close()


def at_once(node: Served, path: str, requests: Sequence[Mapping[str, Any]]) -> list[httpx.Response]:
    """The answers to POSTs that all begin together, each over a connection of its own."""
    key = node.key("clerk", XICHENG)
    ready = threading.Barrier(len(requests))

    def post(request: Mapping[str, Any]) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}", **request.get("headers", {})}
        ready.wait()
        return httpx.post(f"{node.url}/api/v1{path}", timeout=60, verify=False, **{**request, "headers": headers})

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(post, requests))


def test_one_feedback_is_queued(both: Neighbours):
    results = ("confirmed", "not_found")
    for n in range(ROUNDS):
        entry = both.wuchang.post("/entries", a_body(n, register="inflow"), status=201)["id"]
        query = {"entry": entry, "purpose": "public_service", "items": ["sex"]}
        exchange = both.wuchang.post("/exchanges", query, status=201)["exchange"]
        both.wuchang.deliver()
        answers = at_once(both.xicheng, f"/exchanges/{exchange}/feedback", [{"json": {"result": word}} for word in results * 3])
        said = Counter((answer.status_code, answer.json().get("type", "").rsplit(":", 1)[-1]) for answer in answers)
        assert said == {(202, ""): 1, (409, "under-way"): 5}
        with both.xicheng.office.ledgers.transaction(read_only=True) as ledger:
            (link,) = ledger.links.all()
            log = ledger.messages.of_exchanges(link.id, {exchange})[exchange]
        assert [message.kind for message in log] == ["query", "feedback"]


def test_a_new_person_is_entered_once(both: Neighbours):
    for n in range(ROUNDS):
        answers = at_once(both.xicheng, "/entries", [{"json": a_body(n)}] * 8)
        assert Counter((answer.status_code, answer.json().get("outcome")) for answer in answers) == {
            (201, "opened"): 1,
            (200, "unchanged"): 7,
        }
        assert len({answer.json()["id"] for answer in answers}) == 1


def test_a_request_with_a_key_is_done_once(both: Neighbours):
    entry, _ = enter(both)
    request = {"json": {"reason": "returned"}, "headers": {"idempotency-key": "one"}}
    answers = at_once(both.xicheng, f"/entries/{entry}/close", [request] * 6)
    assert [answer.status_code for answer in answers] == [200] * 6
    assert len({answer.content for answer in answers}) == 1


def test_a_file_is_taken_in_once(both: Neighbours):
    for n in range(ROUNDS):
        data = a_register(a_person(公民身份号码=an_id_number(n)))
        form = {"files": {"file": ("流出.xlsx", data, XLSX)}, "data": {"layout": "outflow"}}
        answers = at_once(both.xicheng, "/imports", [form] * 2)  # more of one key are told to wait
        assert [answer.status_code for answer in answers] == [201] * 2
        assert len({answer.content for answer in answers}) == 1
