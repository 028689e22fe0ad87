"""A township's key sees and answers what is assigned to it at present, and nothing else, on every route of exchanges."""

from datetime import timedelta
from typing import Any

import pytest

from api.local import ROUTERS
from api.rights import ANSWERER, READER
from api.serving.routes import Route
from tests.api.nodes import Neighbours
from tests.api.test_exchanges import ask, enter
from tests.builders import an_id_number

HERE, ELSEWHERE = "420106001", "420106002"
TRIED = {"read", "assignments", "clerk", "feedback", "interim", "return"}
SAYS = {
    "feedback": {"result": "confirmed"},
    "interim": {"reason": "field_visit", "expected": "2026-03-20"},
}


@pytest.fixture
def asked(both: Neighbours) -> str:
    """An exchange that Wuchang was asked; its entry names no township."""
    entry, _ = enter(both)
    exchange = ask(both, entry)
    both.deliver()
    return exchange


def assign(both: Neighbours, exchange: str, township: str, **more: Any) -> Any:
    return both.wuchang.post(f"/exchanges/{exchange}/assignment", {"township": township, **more})


def seen_by(both: Neighbours, township: str, exchange: str) -> dict[str, int]:
    """What each route answers a clerk of the township."""
    bodies: dict[str, Any] = {
        "clerk": {},
        "feedback": SAYS["feedback"],
        "interim": SAYS["interim"],
        "return": {"reason": "not_ours"},
    }
    assert {"read", "assignments", *bodies} == TRIED
    call, path = both.wuchang.call, f"/exchanges/{exchange}"
    answers = {"read": call("GET", path, of=township), "assignments": call("GET", f"{path}/assignments", of=township)}
    answers |= {name: call("POST", f"{path}/{name}", of=township, json=body) for name, body in bodies.items()}
    return {name: answer.status_code for name, answer in answers.items()}


def listed(both: Neighbours, township: str) -> list[str]:
    return [row["exchange"] for row in both.wuchang.get("/exchanges", of=township)["items"]]


def test_what_is_not_assigned_is_not_there(both: Neighbours, asked: str):
    assert listed(both, HERE) == []
    assert set(seen_by(both, HERE, asked).values()) == {404}


def test_what_is_another_townships_is_not_there(both: Neighbours, asked: str):
    assign(both, asked, ELSEWHERE)
    assert (listed(both, HERE), listed(both, ELSEWHERE)) == ([], [asked])
    assert set(seen_by(both, HERE, asked).values()) == {404}
    assert both.wuchang.get("/worklists/to_answer", of=HERE, params={"township": ELSEWHERE})["items"] == []
    assert both.wuchang.get("/exchanges", of=HERE, params={"township": ELSEWHERE})["items"] == []


def test_what_is_assigned_is_seen_with_its_person_and_answered(both: Neighbours, asked: str):
    row = assign(both, asked, HERE)
    assert row["handled_by"] == HERE
    whole = both.wuchang.get(f"/exchanges/{asked}", of=HERE)
    assert whole["messages"][0]["body"]["person"]["document"]["number"] == an_id_number(1)
    (todo,) = both.wuchang.get("/worklists/to_answer", of=HERE)["items"]
    assert (todo["internal_due"], todo["due"], todo["person"]["name"]) == ("2026-03-22", "2026-04-01", "王小明")
    counts = {each["list"]: each["count"] for each in both.wuchang.get("/worklists", of=HERE)["items"]}
    assert {name for name, count in counts.items() if count} == {"to_answer"}
    both.wuchang.post(f"/exchanges/{asked}/interim", SAYS["interim"], of=HERE, status=202)
    both.wuchang.post(f"/exchanges/{asked}/feedback", SAYS["feedback"], of=HERE, status=202)
    both.deliver()
    messages = both.xicheng.get(f"/exchanges/{asked}")["messages"]
    assert messages[-1]["body"] == {"result": "confirmed", "handled_by": HERE}


def test_once_returned_it_is_gone_and_the_county_reads_every_step(both: Neighbours, asked: str):
    assign(both, asked, HERE, due="2026-03-10")
    both.wuchang.post(f"/exchanges/{asked}/return", {"reason": "moved_within_county"}, of=HERE)
    assert set(seen_by(both, HERE, asked).values()) == {404}
    assign(both, asked, ELSEWHERE)
    steps = both.wuchang.get(f"/exchanges/{asked}/assignments", role="coordinator")["items"]
    assert [(step["township"], step["due"], step["reason"]) for step in steps] == [
        (HERE, "2026-03-10", None),
        (None, None, "moved_within_county"),
        (ELSEWHERE, "2026-03-22", None),
    ]


def test_a_townships_key_does_nothing_but_answer(both: Neighbours, asked: str):
    assign(both, asked, HERE)
    refused: dict[str, Any] = {
        f"/exchanges/{asked}/pairing": {"entry": asked},
        f"/exchanges/{asked}/challenge": {"reason": "incomplete", "items": ["sex"]},
        f"/exchanges/{asked}/withdrawal": {"reason": "entered_by_mistake"},
        f"/exchanges/{asked}/assignment": {"township": ELSEWHERE},
        "/assignments": {"exchanges": [asked], "township": ELSEWHERE},
    }
    for path, body in refused.items():
        assert both.wuchang.call("POST", path, of=HERE, json=body).status_code == 403, path
    for path in (f"/exchanges/{asked}/confirmation", f"/exchanges/{asked}/reminder"):
        assert both.wuchang.call("POST", path, of=HERE).status_code == 403, path
    assert both.wuchang.call("GET", "/entries", of=HERE).status_code == 403
    assert both.wuchang.call("GET", "/rates", of=HERE, params={"month": "2026-02"}).status_code in (403, 404)
    exported = both.wuchang.call("GET", "/exports/exchanges", of=HERE, params={"format": "csv"})
    assert asked not in exported.text


def test_every_route_of_one_exchange_that_a_township_can_reach_is_tried_here():
    reached = {
        route.path.removeprefix("/api/v1/exchanges/{exchange}").strip("/") or "read"
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, Route) and "{exchange}" in route.path and route.right in (ANSWERER, READER)
    }
    assert reached == TRIED


def test_its_bulk_answers_only_what_it_has(both: Neighbours, asked: str):
    line = f'{{"exchange":"{asked}","kind":"feedback","body":{{"result":"confirmed"}}}}\n'
    told = both.wuchang.call("POST", "/exchanges/bulk-replies", of=HERE, content=line).text
    assert '"refused"' in told
    assign(both, asked, HERE)
    told = both.wuchang.call("POST", "/exchanges/bulk-replies", of=HERE, content=line).text
    assert '"queued"' in told


def test_many_are_assigned_by_the_township_of_their_entries(both: Neighbours, asked: str):
    _, there = both.xicheng, both.wuchang.get("/entries")["items"][0]["id"]
    by_rule = {"exchanges": [asked], "rule": "entry_township"}
    refused = both.wuchang.post("/assignments", by_rule, role="coordinator")
    assert (refused["assigned"], refused["items"][0]["problem"]["type"]) == (0, "urn:woshou:problem:no-township-known")
    etag = both.wuchang.call("GET", f"/entries/{there}").headers["etag"]
    both.wuchang.call("PATCH", f"/entries/{there}", json={"township": HERE}, headers={"if-match": etag})
    done = both.wuchang.post("/assignments", by_rule, role="coordinator")
    (row,) = done["items"]
    assert (done["assigned"], row["township"], row["due"]) == (1, HERE, "2026-03-22")
    again = both.wuchang.post("/assignments", {"exchanges": [asked, asked], "township": HERE})
    assert [row["problem"]["type"] for row in again["items"]] == ["urn:woshou:problem:already-theirs"]


@pytest.mark.parametrize("body", [{}, {"township": HERE, "rule": "entry_township"}])
def test_a_township_or_the_rule_is_named(both: Neighbours, asked: str, body: dict[str, Any]):
    refused = both.wuchang.call("POST", "/assignments", json={"exchanges": [asked], **body})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:woshou:problem:township-or-rule")


def test_only_the_asked_county_assigns_and_only_to_its_own_townships(both: Neighbours, asked: str):
    wrong = both.wuchang.call("POST", f"/exchanges/{asked}/assignment", json={"township": "110102001"})
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:woshou:problem:not-a-township-here")
    asker = both.xicheng.call("POST", f"/exchanges/{asked}/assignment", json={"township": "110102001"})
    assert (asker.status_code, asker.json()["type"]) == (409, "urn:woshou:problem:not-your-role")
    above = both.wuchang.call("POST", f"/exchanges/{asked}/assignment", role="coordinator", of="420100", json={"township": HERE})
    assert above.status_code == 403


def test_township_figures_come_by_themselves(both: Neighbours, asked: str):
    assign(both, asked, HERE)
    both.wuchang.post(f"/exchanges/{asked}/feedback", SAYS["feedback"], of=HERE, status=202)
    both.deliver()
    both.wuchang.clock.move(timedelta(days=1))
    wanted = {"from": "2026-03-01", "to": "2026-03-31", "cohort": "submitted", "parts": True}
    report = both.wuchang.get("/rates", role="coordinator", params=wanted)
    given = {
        figures["township"]: (rate["numerator"], rate["denominator"])
        for figures in report["figures"]
        for rate in figures["rates"]
        if rate["rate"] == "feedback_given"
    }
    assert given == {None: (1, 1), HERE: (1, 1), "unassigned": (0, 0)}
