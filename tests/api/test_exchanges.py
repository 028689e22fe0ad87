"""Exchanges through the API of two real nodes: from the clerk's query to the confirmation, and what may not be said."""

from typing import Any

import pytest

from tests.api.nodes import Neighbours
from tests.builders import WUCHANG, XICHENG, an_id_number

PERSON = {"name": "王小明", "document": {"type": "id_number", "number": an_id_number(1)}, "sex": "1", "birth_date": "1990-03-07"}


def enter(both: Neighbours) -> tuple[str, str]:
    """The person in Xicheng's outflow and in Wuchang's inflow register."""
    facts = {"origin": XICHENG, "destination": WUCHANG, "person": PERSON}
    out = both.xicheng.post("/entries", {"register": "outflow", **facts}, status=201)
    into = both.wuchang.post("/entries", {"register": "inflow", **facts, "record": {"marital_status": "21"}}, status=201)
    return out["id"], into["id"]


def ask(both: Neighbours, entry: str, **changes: Any) -> str:
    """Xicheng asks about the person of its entry."""
    query = {"entry": entry, "purpose": "public_service", "items": ["marital_status"], **changes}
    exchange: str = both.xicheng.post("/exchanges", query, status=201)["exchange"]
    return exchange


def test_a_query_is_answered_challenged_answered_again_and_confirmed(both: Neighbours):
    entry, there = enter(both)
    exchange = ask(both, entry)
    assert both.xicheng.get(f"/exchanges/{exchange}")["state"] is None
    both.deliver()

    arrived = both.wuchang.get("/exchanges", params={"role": "asked", "state": "open"})["items"]
    assert [(row["exchange"], row["entry"], row["due"]) for row in arrived] == [(exchange, there, "2026-04-01")]
    both.wuchang.post(f"/exchanges/{exchange}/feedback", {"result": "not_found"}, status=202)
    both.deliver()
    both.xicheng.post(f"/exchanges/{exchange}/challenge", {"reason": "incomplete", "items": ["marital_status"]}, status=202)
    both.deliver()
    corrected = {"result": "corrected", "record": {"marital_status": "21"}}
    both.wuchang.post(f"/exchanges/{exchange}/feedback", corrected, status=202)
    both.deliver()
    both.xicheng.post(f"/exchanges/{exchange}/confirmation", status=202)
    both.deliver()

    for node in (both.xicheng, both.wuchang):
        whole = node.get(f"/exchanges/{exchange}")
        assert (whole["state"], whole["round"], whole["result"]) == ("closed", 2, "corrected")
        assert [(message["kind"], message["effect"], message["outcome"]) for message in whole["messages"]] == [
            ("query", "opens", "accepted"),
            ("feedback", "answers", "accepted"),
            ("challenge", "challenges", "accepted"),
            ("feedback", "answers", "accepted"),
            ("confirmation", "confirms", "accepted"),
        ]
        assert whole["messages"][0]["body"]["person"] == PERSON
        assert whole["stamps"]["submitted"] <= whole["stamps"]["received"] <= whole["stamps"]["answered"]
    assert both.wuchang.get(f"/exchanges/{exchange}")["stamps"]["paired"] is not None


def test_what_the_other_side_would_refuse_is_refused_at_once(both: Neighbours):
    entry, _ = enter(both)
    query = {"entry": entry, "purpose": "public_service", "items": ["address"]}
    refused = both.xicheng.call("POST", "/exchanges", json=query)
    assert (refused.status_code, refused.json()["type"], refused.json()["pointer"]) == (
        422,
        "urn:woshou:problem:item-not-agreed",
        "/body/items",
    )
    nobody = {"person": PERSON, "origin": WUCHANG, "destination": XICHENG, "purpose": "public_service", "items": ["sex"]}
    assert both.xicheng.call("POST", "/exchanges", json=nobody).json()["type"] == "urn:woshou:problem:no-ground"
    far = {**nobody, "origin": XICHENG, "destination": "610802", "requested_by_person": True, "application_date": "2026-03-01"}
    assert both.xicheng.call("POST", "/exchanges", json=far).json()["type"] == "urn:woshou:problem:no-route"


def test_nothing_leaves_about_a_protected_entry(both: Neighbours):
    entry, _ = enter(both)
    etag = both.xicheng.call("GET", f"/entries/{entry}").headers["etag"]
    both.xicheng.call("PATCH", f"/entries/{entry}", json={"protected": True}, headers={"if-match": etag})
    refused = both.xicheng.call("POST", "/exchanges", json={"entry": entry, "purpose": "public_service", "items": ["sex"]})
    assert refused.json()["type"] == "urn:woshou:problem:entry-protected"


def test_a_notice_of_a_birth_wants_feedback_and_one_of_an_arrival_does_not(both: Neighbours):
    entry, _ = enter(both)
    birth = {
        "entry": entry,
        "purpose": "public_service",
        "event": "birth",
        "event_date": "2026-02-03",
        "record": {"children": [{"sex": "2", "birth_date": "2026-02-03"}]},
    }
    arrival = {"entry": entry, "purpose": "public_service", "event": "arrival", "event_date": "2026-02-03"}
    told = [both.xicheng.post("/exchanges", notice)["exchange"] for notice in (birth, arrival)]
    both.deliver()
    seen = [both.wuchang.get(f"/exchanges/{exchange}") for exchange in told]
    assert [(one["kind"], one["event"], one["state"], one["due"] is None) for one in seen] == [
        ("notice", "birth", "open", False),
        ("notice", "arrival", "noted", True),
    ]


@pytest.mark.parametrize("kind", ["feedback", "interim", "challenge", "confirmation", "reminder", "withdrawal"])
def test_only_the_side_whose_word_it_is_may_say_it(both: Neighbours, kind: str):
    entry, _ = enter(both)
    exchange = ask(both, entry)
    both.deliver()
    bodies: dict[str, Any] = {
        "feedback": {"result": "confirmed"},
        "interim": {"reason": "field_visit", "expected": "2026-04-10"},
        "challenge": {"reason": "incomplete", "items": ["marital_status"]},
        "withdrawal": {"reason": "entered_by_mistake"},
    }
    wrong = both.xicheng if kind in ("feedback", "interim") else both.wuchang
    refused = wrong.call("POST", f"/exchanges/{exchange}/{kind}", json=bodies.get(kind))
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:woshou:problem:not-your-role")
    right = both.wuchang if wrong is both.xicheng else both.xicheng
    allowed = right.call("POST", f"/exchanges/{exchange}/{kind}", json=bodies.get(kind))
    early = kind in ("challenge", "confirmation")
    assert allowed.status_code == (422 if early else 202), allowed.text


def test_the_same_word_waits_for_its_receipt(both: Neighbours):
    entry, _ = enter(both)
    exchange = ask(both, entry)
    both.deliver()
    both.wuchang.post(f"/exchanges/{exchange}/feedback", {"result": "confirmed"}, status=202)
    again = both.wuchang.call("POST", f"/exchanges/{exchange}/feedback", json={"result": "not_found"})
    assert (again.status_code, again.json()["type"]) == (409, "urn:woshou:problem:under-way")


def test_lists_are_filtered_and_paged_by_an_opaque_cursor(both: Neighbours):
    entry, _ = enter(both)
    asked = [ask(both, entry, items=[item]) for item in ("sex", "education", "children")]
    both.deliver()
    first = both.xicheng.call("GET", "/exchanges", params={"limit": 2})
    page = first.json()
    assert [row["exchange"] for row in page["items"]] == [asked[2], asked[1]]
    assert first.headers["link"] == f'</api/v1/exchanges?limit=2&cursor={page["next"]}>; rel="next"'
    rest = both.xicheng.get("/exchanges", params={"limit": 2, "cursor": page["next"]})
    assert ([row["exchange"] for row in rest["items"]], rest["next"]) == ([asked[0]], None)
    assert both.xicheng.call("GET", "/exchanges", params={"cursor": "AAAA"}).status_code == 422

    counts = {
        name: len(both.xicheng.get("/exchanges", params=params)["items"])
        for name, params in {
            "asker": {"role": "asker"},
            "asked": {"role": "asked"},
            "entry": {"entry": entry},
            "birth": {"event": "birth"},
            "other": {"other": WUCHANG},
            "overdue": {"overdue": "true"},
            "unpaired": {"paired": "false"},
        }.items()
    }
    assert counts == {"asker": 3, "asked": 0, "entry": 3, "birth": 0, "other": 3, "overdue": 0, "unpaired": 3}


def test_a_clerk_pairs_what_exact_identity_has_not_found(both: Neighbours):
    entry, _ = enter(both)
    namesake = {**PERSON, "document": {"type": "id_number", "number": an_id_number(2)}}
    facts = {"register": "inflow", "origin": XICHENG, "destination": WUCHANG, "person": namesake}
    other = both.wuchang.post("/entries", facts)["id"]
    exchange = ask(both, entry)
    both.deliver()
    paired = both.wuchang.post(f"/exchanges/{exchange}/pairing", {"entry": other})
    assert paired["entry"] == other
    unknown = both.wuchang.call("POST", f"/exchanges/{exchange}/pairing", json={"entry": entry})
    assert unknown.status_code == 404
