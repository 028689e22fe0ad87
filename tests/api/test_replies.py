"""Answers by the thousand, and exchanges of which one caller sees both sides."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exchange.ids import new_id
from tests.api.nodes import Neighbours, Served, neighbours, served
from tests.api.test_entries import ndjson
from tests.api.test_exchanges import PERSON, ask, enter
from tests.api.test_worklists import ask as ask_of
from tests.api.test_worklists import filled, on, sheet_of, take
from tests.builders import XICHENG, an_id, an_id_number
from tests.building.sealing import open_database
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node

CHAOYANG, BEIJING = "110105", "beijing.example"


def bulk(node: Served, lines: list[Any], **headers: str) -> list[dict[str, Any]]:
    response = node.call("POST", "/exchanges/bulk-replies", content=ndjson(lines), headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/x-ndjson")
    return [json.loads(line) for line in response.text.splitlines()]


# Deeper than any reader of JSON goes down.
DEEP = b"[" * 100_000 + b"]" * 100_000


def told(results: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(row["line"], row["problem"]["type"].rsplit(":", 1)[1] if "problem" in row else row["outcome"]) for row in results]


def confirmed(exchange: str, **changes: Any) -> dict[str, Any]:
    return {"exchange": exchange, "kind": "feedback", "body": {"result": "confirmed"}, **changes}


def test_a_reply_nested_beyond_reading_is_refused_alone(both: Neighbours):
    entry, _ = enter(both)
    asked = [ask(both, entry, items=[item]) for item in ("sex", "education", "children")]
    both.deliver()
    deep = json.dumps(confirmed(asked[1], body={"result": None})).encode().replace(b"null", DEEP) + b"\n"
    results = bulk(both.wuchang, [confirmed(asked[0]), deep, confirmed(asked[2])])
    assert told(results) == [(1, "queued"), (2, "invalid"), (3, "queued")]


def test_each_line_of_replies_has_its_result_and_a_refused_one_holds_nothing_up(both: Neighbours):
    entry, _ = enter(both)
    asked = [ask(both, entry, items=[item]) for item in ("sex", "education", "children", "spouse")]
    both.deliver()
    assert told(bulk(both.wuchang, [confirmed(asked[0]), confirmed(asked[1])])) == [(1, "queued"), (2, "queued")]
    results = bulk(
        both.wuchang,
        [
            confirmed(asked[2]),
            confirmed(asked[2]),
            confirmed(asked[0]),
            confirmed(an_id(99)),
            confirmed(asked[3], body={"result": "nonsense"}),
            {"exchange": asked[3], "kind": "confirmation"},
            confirmed(asked[3], body={"result": "moved_on"}),
            confirmed(asked[3], kind="shout"),
        ],
    )
    assert told(results) == [
        (1, "queued"),
        (2, "invalid"),
        (3, "under-way"),
        (4, "not-found"),
        (5, "invalid"),
        (6, "not-your-role"),
        (7, "malformed-message"),
        (8, "invalid"),
    ]
    both.deliver()
    states = {row["exchange"]: row["state"] for row in both.xicheng.get("/exchanges")["items"]}
    assert [states[exchange] for exchange in asked] == ["answered", "answered", "answered", "open"]


def test_the_same_replies_with_the_same_key_are_said_once(both: Neighbours):
    entry, _ = enter(both)
    exchange = ask(both, entry)
    both.deliver()
    first = bulk(both.wuchang, [confirmed(exchange)], **{"idempotency-key": "one"})
    both.deliver()
    assert bulk(both.wuchang, [confirmed(exchange)], **{"idempotency-key": "one"}) == first
    assert len(both.wuchang.get(f"/exchanges/{exchange}")["messages"]) == 2


@pytest.fixture
def beijing(tmp_path: Path) -> Iterator[Served]:
    """One node of two counties, which exchange over a local link."""
    node = replace(a_node(BEIJING, XICHENG), jurisdictions=frozenset({XICHENG, CHAOYANG}))
    clock = HandClock()
    with served(tmp_path / "beijing", node, clock) as made:
        with made.office.ledgers.transaction() as ledger:
            ledger.links.add(new_id(clock.now()), BEIJING)
        proposal = {
            "partner": BEIJING,
            "jurisdiction": XICHENG,
            "with": CHAOYANG,
            "categories": ["migrant", "intra_city"],
        }
        digest = made.post("/agreements", proposal, role="coordinator", of=XICHENG)["digest"]
        accepted = {"decision": "accepted", "jurisdiction": CHAOYANG}
        made.post(f"/agreements/{digest}/decision", accepted, role="coordinator", of="110000")
        yield made


def test_whoever_sees_both_sides_says_which_is_meant(beijing: Served):
    facts = {"register": "outflow", "origin": XICHENG, "destination": CHAOYANG, "person": PERSON}
    entry = beijing.post("/entries", facts, of=XICHENG)["id"]
    query = {"entry": entry, "purpose": "public_service", "items": ["sex"]}
    exchange = beijing.post("/exchanges", query, of=XICHENG)["exchange"]
    beijing.deliver()
    rows = beijing.get("/exchanges", role="auditor", of="110000")["items"]
    assert sorted((row["role"], row["own"]) for row in rows) == [("asked", CHAOYANG), ("asker", XICHENG)]
    refused = beijing.call("GET", f"/exchanges/{exchange}", role="auditor", of="110000")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:woshou:problem:ambiguous-exchange")
    for role, own in (("asker", XICHENG), ("asked", CHAOYANG)):
        side = beijing.get(f"/exchanges/{exchange}", role="auditor", of="110000", params={"role": role})
        assert (side["own"], side["category"], [message["effect"] for message in side["messages"]]) == (
            own,
            "intra_city",
            ["opens"],
        )
    assert beijing.get(f"/exchanges/{exchange}", of=CHAOYANG)["role"] == "asked"
    beijing.post(f"/exchanges/{exchange}/feedback", {"result": "confirmed"}, of=CHAOYANG)
    beijing.deliver()
    assert beijing.get(f"/exchanges/{exchange}", of=XICHENG)["state"] == "answered"


def test_an_exchange_takes_the_same_course_on_each_database(tmp_path: Path, database_url: str):
    database = open_database(database_url)
    database.upgrade()
    with neighbours(tmp_path, HandClock(), xicheng=database) as both:
        entry, _ = enter(both)
        exchange = ask(both, entry)
        both.deliver()
        both.wuchang.post(f"/exchanges/{exchange}/feedback", {"result": "confirmed"})
        both.deliver()
        both.xicheng.post(f"/exchanges/{exchange}/confirmation", headers={"idempotency-key": "one"})
        both.xicheng.post(f"/exchanges/{exchange}/confirmation", headers={"idempotency-key": "one"})
        both.deliver()
        whole = both.xicheng.get(f"/exchanges/{exchange}")
        assert (whole["state"], [message["effect"] for message in whole["messages"]]) == (
            "closed",
            ["opens", "answers", "confirms"],
        )
        found = both.xicheng.post("/entries/search", {"document": {"type": "id_number", "number": an_id_number(1)}})["items"]
        assert [row["id"] for row in found] == [entry]
        assert len(both.xicheng.get("/exchanges", params={"state": "closed", "limit": 1})["items"]) == 1
    database.close()


def test_many_are_confirmed_at_once(both: Neighbours):
    asked = [ask_of(both, n) for n in (1, 2)]
    both.deliver()
    take(both.wuchang, filled(sheet_of(both.wuchang), {"反馈结果": "属实"}, {"反馈结果": "属实"}))
    both.deliver()
    assert sorted(on(both.xicheng, "to_confirm")) == sorted(asked)
    lines = "".join(f'{{"exchange":"{one}","kind":"confirmation"}}\n' for one in on(both.xicheng, "to_confirm"))
    assert both.xicheng.call("POST", "/exchanges/bulk-replies", content=lines).text.count('"queued"') == 2
    both.deliver()
    assert on(both.xicheng, "to_confirm") == []
