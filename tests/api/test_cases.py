"""Cases, routes and sending on through the API of real nodes: who sees a couple, and what a case comes to."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.api.nodes import Neighbours, Served, onboard, served
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, YUYANG, YUYANG_NODE, an_id_number
from tests.life.two_nodes import a_node

NAMES = ("王小明", "李小红")


def spouse(n: int, origin: str | None, **more: Any) -> dict[str, Any]:
    person = {"name": NAMES[n - 1], "document": {"type": "id_number", "number": an_id_number(n)}}
    return {"person": person, "origin": origin, **more}


def a_couple(*origins: str, **changes: Any) -> dict[str, Any]:
    return {
        "application_date": "2026-03-01",
        "spouses": [spouse(n, origin) for n, origin in enumerate(origins, 1)],
        **changes,
    }


def opened(both: Neighbours, **changes: Any) -> str:
    case: str = both.xicheng.post("/cases", a_couple(WUCHANG, XICHENG, **changes), status=201)["case"]
    both.deliver()
    return case


def items(shown: Any) -> set[str]:
    return {item["state"] for item in shown["spouses"][0]["items"]}


def test_a_case_from_the_application_to_the_closing_notice(both: Neighbours):
    case = opened(both)
    shown = both.xicheng.get(f"/cases/{case}")
    assert (shown["state"], shown["mine"], items(shown)) == ("awaiting", True, {"awaited"})
    assert shown["spouses"][0]["items"][0]["due"] == "2026-03-23"
    assert [one["person"]["name"] for one in shown["spouses"]] == list(NAMES)
    query = shown["spouses"][0]["exchange"]
    both.wuchang.post(f"/exchanges/{query}/clerk", {})
    body = {"result": "corrected", "record": {"marital_status": "21", "marriage": {}, "spouse": {"name": "甲"}, "children": []}}
    both.wuchang.post(f"/exchanges/{query}/feedback", body, status=202)
    both.deliver()
    shown = both.xicheng.get(f"/cases/{case}")
    assert (shown["state"], items(shown), shown["spouses"][0]["known"]["marital_status"]) == ("ready", {"corrected"}, "21")
    ended = {"registered_on": "2026-03-02", "children": [{"birth_date": "2026-02-20"}]}
    assert both.xicheng.post(f"/cases/{case}/finish", ended)["state"] == "finished"
    both.deliver()
    arrived = both.wuchang.get("/exchanges", params={"role": "asked"})["items"]
    assert [(row["event"], row["state"]) for row in arrived] == [("registered", "noted"), (None, "closed")]
    told = f"/exchanges/{arrived[0]['exchange']}"
    assert both.wuchang.get(told)["messages"][0]["body"] is None
    both.wuchang.post(f"{told}/clerk", {})
    notice = both.wuchang.get(told)["messages"][0]["body"]
    assert notice["record"] == {"children": [{"birth_date": "2026-02-20"}]}


def test_a_birth_registrations_couple_is_shown_to_its_own_clerk_alone(both: Neighbours):
    case = opened(both)
    query = both.xicheng.get(f"/cases/{case}")["spouses"][0]["exchange"]
    for role in ("system", "coordinator", "auditor"):
        seen = both.xicheng.call("GET", f"/cases/{case}", role=role)
        assert (seen.json()["spouses"], seen.json()["mine"]) == (None, False)
        listed = both.xicheng.call("GET", "/cases", role=role)
        bodies = both.xicheng.call("GET", f"/exchanges/{query}", role=role)
        assert {message["body"] for message in bodies.json()["messages"]} == {None}
        for told in (seen, listed, bodies):
            assert not any(secret in told.text for secret in (*NAMES, an_id_number(1), an_id_number(2)))
    both.wuchang.post(f"/exchanges/{query}/clerk", {})
    both.wuchang.post(f"/exchanges/{query}/feedback", {"result": "confirmed"}, status=202)
    both.deliver()
    waiting = both.xicheng.call("GET", "/worklists/to_confirm", role="system")
    assert [row["exchange"] for row in waiting.json()["items"]] == [query]
    assert not any(secret in waiting.text for secret in (*NAMES, an_id_number(1)))
    assert NAMES[0] in both.xicheng.call("GET", "/worklists/to_confirm").text
    assert both.xicheng.get(f"/exchanges/{query}")["messages"][0]["body"]["person"]["name"] == NAMES[0]
    assert both.wuchang.call("GET", f"/cases/{case}").status_code == 404

    refused = both.xicheng.call("POST", f"/cases/{case}/finish", role="system", json={"registered_on": "2026-03-02"})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:woshou:problem:not-your-case")
    other = both.xicheng.key("system", XICHENG).split("_")[1]
    both.xicheng.post(f"/cases/{case}/handover", {"clerk": other})
    assert both.xicheng.get(f"/cases/{case}")["spouses"] is None
    assert both.xicheng.get(f"/cases/{case}", role="system")["spouses"][0]["person"]["name"] == NAMES[0]
    assert len(both.xicheng.get("/cases", params={"mine": "true"}, role="system")["items"]) == 1
    assert both.xicheng.get("/cases", params={"mine": "true"})["items"] == []


def test_other_services_are_shown_to_the_countys_clerks(both: Neighbours):
    case = opened(both, service="benefit")
    assert both.xicheng.get(f"/cases/{case}", role="system")["spouses"][1]["person"]["name"] == NAMES[1]
    assert both.xicheng.get(f"/cases/{case}", role="coordinator")["spouses"] is None


def test_what_is_repeated_is_done_once_and_what_is_remembered_names_nobody(both: Neighbours):
    def send() -> Any:
        return both.xicheng.call("POST", "/cases", json=a_couple(WUCHANG, XICHENG), headers={"idempotency-key": "a"})

    first, again = send(), send()
    assert (first.status_code, again.headers["idempotency-replayed"], again.text) == (201, "true", first.text)
    assert not any(secret in first.text for secret in (*NAMES, an_id_number(1)))
    assert len(both.xicheng.get("/cases")["items"]) == 1


def test_commitment_and_cancellation(both: Neighbours):
    case = opened(both)
    paper = {"made_on": "2026-03-02", "reference": "CN-1", "spouse": 1, "items": ["marriage"]}
    noted = both.xicheng.post(f"/cases/{case}/commitment", paper)
    found = {item["item"]: (item["state"], item["beneath"], item["commitment"]) for item in noted["spouses"][0]["items"]}
    assert found["marriage"] == ("committed", "awaited", "CN-1")
    assert found["spouse"] == ("awaited", "awaited", None)
    early = both.xicheng.call("POST", f"/cases/{case}/finish", json={"registered_on": "2026-03-02"})
    assert (early.status_code, early.json()["type"]) == (409, "urn:woshou:problem:case-not-ready")
    both.xicheng.post(f"/cases/{case}/cancellation", {})
    both.deliver()
    shown = both.xicheng.get(f"/cases/{case}")
    assert (shown["state"], shown["spouses"][0]["person"], items(shown)) == ("cancelled", None, {"withdrawn", "committed"})
    assert both.wuchang.get("/exchanges")["items"][0]["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("changes", "status", "code", "pointer"),
    [
        ({"spouses": [spouse(1, WUCHANG)]}, 422, "invalid", "/spouses"),
        ({"spouses": [spouse(1, WUCHANG)] * 2}, 422, "same-person", "/spouses/1/person"),
        ({"application_date": "2026-03-03"}, 422, "date-in-future", "/application_date"),
        ({"spouses": [spouse(1, WUCHANG), spouse(2, "500112")]}, 422, "several-successors", "/spouses/1/origin"),
        ({"spouses": [spouse(1, WUCHANG), spouse(2, "420000")]}, 422, "place-too-coarse", "/spouses/1/origin"),
    ],
)
def test_what_the_clerk_has_to_mend(both: Neighbours, changes: Any, status: int, code: str, pointer: str):
    refused = both.xicheng.call("POST", "/cases", json=a_couple(WUCHANG, XICHENG, **changes))
    told = refused.json()
    assert (refused.status_code, told["type"].rsplit(":", 1)[1], told["pointer"]) == (status, code, pointer)
    if code == "several-successors":
        assert told["choices"] == ["500109", "500157"]


@pytest.fixture
def yuyang(both: Neighbours, tmp_path) -> Any:
    """A third node, which knows Xicheng and has an agreement with it."""
    with served(tmp_path / "yuyang", a_node(YUYANG_NODE, YUYANG), both.xicheng.clock) as third:
        onboard(both.xicheng, third)
        onboard(third, both.xicheng)
        proposal = {"partner": YUYANG_NODE, "jurisdiction": XICHENG, "with": YUYANG}
        digest = both.xicheng.post("/agreements", proposal, role="coordinator", status=201)["digest"]
        both.xicheng.deliver()
        third.post(f"/agreements/{digest}/decision", {"decision": "accepted"}, role="coordinator")
        third.deliver()
        yield third


def test_what_came_to_the_wrong_county_is_sent_on_in_one_step(both: Neighbours, yuyang: Served):
    entered = {"register": "inflow", "origin": WUCHANG, "destination": XICHENG, "person": spouse(1, None)["person"]}
    entry = both.xicheng.post("/entries", entered, status=201)["id"]
    query = {"entry": entry, "purpose": "public_service", "items": ["marital_status"]}
    exchange = both.xicheng.post("/exchanges", query, status=201)["exchange"]
    both.deliver()
    early = both.xicheng.call("POST", f"/exchanges/{exchange}/send-on", json={})
    assert (early.status_code, early.json()["type"]) == (409, "urn:woshou:problem:nothing-to-send-on")
    wrong = {"result": "wrong_jurisdiction", "jurisdiction": YUYANG}
    both.wuchang.post(f"/exchanges/{exchange}/feedback", wrong, status=202)
    both.deliver()
    assert both.xicheng.get(f"/exchanges/{exchange}")["right_county"] == YUYANG
    offered = both.xicheng.call("POST", f"/exchanges/{exchange}/send-on", json={})
    assert offered.json()["type"] == "urn:woshou:problem:entry-names-another"
    sent = both.xicheng.post(f"/exchanges/{exchange}/send-on", {"correct_entry": True}, status=201)
    assert (sent["confirmed"], sent["entry_corrected"], sent["after"]["other"]) == (True, True, YUYANG)
    assert both.xicheng.get(f"/entries/{entry}")["origin"] == YUYANG
    both.deliver()
    (arrived,) = yuyang.get("/exchanges")["items"]
    assert (arrived["exchange"], arrived["state"]) == (sent["after"]["exchange"], "open")
    before, after = (both.xicheng.get(f"/exchanges/{one}") for one in (exchange, arrived["exchange"]))
    assert (before["state"], before["sent_on_to"], after["sent_on_from"]) == ("closed", arrived["exchange"], exchange)
    asked = both.wuchang.call("POST", f"/exchanges/{exchange}/send-on", json={})
    assert asked.json()["type"] == "urn:woshou:problem:not-your-role"


def test_an_operator_pins_a_route_and_takes_it_out(both: Neighbours):
    node = both.xicheng
    found = node.get("/routes/110104", role="operator")
    assert (found["today"], found["way"]["own"], found["notes"][0]["code"]) == (XICHENG, True, "retired-code")
    assert node.call("GET", "/routes/429004", role="operator").status_code == 409
    split = node.call("GET", "/routes/500112", role="operator").json()
    assert (split["type"], split["choices"]) == ("urn:woshou:problem:several-successors", ["500109", "500157"])
    made = node.call("PUT", "/routes/42", role="operator", json={"partner": WUCHANG_NODE})
    assert (made.status_code, made.json()["pinned"]) == (200, True)
    assert node.get("/routes/429004", role="operator")["way"]["prefix"] == "42"
    assert node.call("PUT", "/routes/61", role="operator", json={"partner": WUCHANG_NODE}).status_code == 409
    listed = [(way["prefix"], way["pinned"]) for way in node.get("/routes", role="operator")["items"]]
    assert listed == [(XICHENG, False), (WUCHANG, False), ("42", True)]
    assert node.call("DELETE", "/routes/42", role="operator").status_code == 204
    assert node.call("DELETE", "/routes/42", role="operator").status_code == 404


def test_a_retired_code_is_replaced_and_told(both: Neighbours):
    person = spouse(1, None)["person"]
    query = {"origin": XICHENG, "destination": "420106", "person": person, "purpose": "public_service", "items": ["sex"]}
    applied = {"requested_by_person": True, "application_date": "2026-03-01"}
    assert both.xicheng.post("/exchanges", {**query, **applied}, status=201)["notes"] == []
    retired = both.wuchang.post("/exchanges", {**query, **applied, "origin": "110104", "destination": WUCHANG}, status=201)
    assert (retired["other"], retired["notes"][0]["code"]) == (XICHENG, "retired-code")


def a_birth(own: str, other: str, **changes: Any) -> dict[str, Any]:
    """A query for a birth registration that no case opened."""
    return {
        "person": spouse(1, None)["person"],
        "origin": other,
        "destination": own,
        "purpose": "birth_registration",
        "items": ["marital_status"],
        "requested_by_person": True,
        "application_date": "2026-03-01",
        **changes,
    }


def test_without_a_case_a_birth_registration_is_shown_to_who_asked_and_to_who_took_it_over(both: Neighbours):
    secrets = (NAMES[0], an_id_number(1))
    query = both.xicheng.post("/exchanges", a_birth(XICHENG, WUCHANG), status=201)["exchange"]
    both.deliver()
    told, person = f"/exchanges/{query}", {"name": NAMES[0], "document": {"type": "id_number", "number": an_id_number(1)}}

    def shown(side: Served, role: str = "clerk") -> list[bool]:
        """Whether the exchange, the lists, the sheet and the candidates tell of whom it is."""
        paths = [told, "/worklists/to_pair", "/worklists/overdue", "/exchanges", "/worklists/to_pair/sheet?format=csv"]
        answers = [side.call("GET", path, role=role) for path in (*paths, f"{told}/candidates")]
        assert [answer.status_code for answer in answers[:-1]] == [200] * len(paths)
        assert answers[-1].status_code in (200, 403)
        names = [any(secret in answer.content.decode("utf-8", "replace") for secret in secrets) for answer in answers[:-1]]
        return [any(names), answers[-1].status_code == 200]

    assert shown(both.xicheng) == [True, True]
    assert shown(both.xicheng, "system") == [False, False]
    # On the asked side it is nobody's until a clerk takes it over.
    assert shown(both.wuchang) == shown(both.wuchang, "system") == [False, False]
    mine = both.wuchang.post(f"{told}/clerk", {})["clerk"]
    assert mine == both.wuchang.key("clerk", WUCHANG).split("_")[1]
    assert (shown(both.wuchang), shown(both.wuchang, "system")) == ([True, True], [False, False])
    refused = both.wuchang.call("POST", f"{told}/clerk", role="system", json={})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:woshou:problem:not-your-exchange")
    # Handed on, it is the other's; a key that works no more holds nothing.
    other = both.wuchang.key("system", WUCHANG).split("_")[1]
    both.wuchang.post(f"{told}/clerk", {"clerk": other})
    assert (shown(both.wuchang), shown(both.wuchang, "system")) == ([False, False], [True, True])
    unknown = both.wuchang.call("POST", f"{told}/clerk", role="system", json={"clerk": mine[::-1]})
    assert (unknown.status_code, unknown.json()["type"]) == (422, "urn:woshou:problem:no-such-clerk")
    with both.wuchang.office.ledgers.transaction() as ledger:
        held = ledger.access.api_key(other)
        assert held is not None
        ledger.access.save_api_key(replace(held, revoked_at=both.wuchang.office.now()))
    both.wuchang.post(f"{told}/clerk", {})
    assert shown(both.wuchang) == [True, True]
    assert person["name"] == both.wuchang.get(told)["messages"][0]["body"]["person"]["name"]


def test_whose_entry_a_birth_registration_is_about_is_not_told_to_others(both: Neighbours):
    entry = {
        "register": "inflow",
        "origin": WUCHANG,
        "destination": XICHENG,
        "person": spouse(1, None)["person"],
    }
    made = both.xicheng.post("/entries", entry, status=201)["id"]
    both.xicheng.post("/exchanges", a_birth(XICHENG, WUCHANG), status=201)
    for role, wanted in (("clerk", [made]), ("system", [None]), ("coordinator", [None])):
        rows = both.xicheng.get("/exchanges", role=role)["items"]
        assert [row["entry"] for row in rows] == wanted
        assert len(both.xicheng.get("/exchanges", role=role, params={"entry": made})["items"]) == (role == "clerk")


def test_a_page_of_an_entrys_exchanges_does_not_begin_after_one_that_is_hidden(both: Neighbours):
    entry = {"register": "inflow", "origin": WUCHANG, "destination": XICHENG, "person": spouse(1, None)["person"]}
    made = both.xicheng.post("/entries", entry, status=201)["id"]
    wanted = [a_birth(XICHENG, WUCHANG, purpose=purpose) for purpose in ("birth_registration", "public_service") * 2]
    asked = [both.xicheng.post("/exchanges", each, status=201)["exchange"] for each in wanted]

    def pages(role: str) -> list[str]:
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = both.xicheng.get("/exchanges", role=role, params={"entry": made, "limit": 1, **cursor})
            found += [row["exchange"] for row in page["items"]]
            assert len(page["items"]) == 1
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    assert pages("clerk") == asked[::-1]
    assert pages("system") == pages("coordinator") == [asked[3], asked[1]]
    births = {"entry": made, "purpose": "birth_registration", "limit": 1}
    assert both.xicheng.get("/exchanges", role="system", params=births) == {"items": [], "next": None}


def test_after_ninety_days_nothing_that_is_shown_tells_a_birth_registration_from_another_service(both: Neighbours):
    asked = {}
    for n, purpose in enumerate(("birth_registration", "public_service"), 1):
        person = spouse(n, None)["person"]
        for side, register in ((both.xicheng, "inflow"), (both.wuchang, "outflow")):
            side.post("/entries", {"register": register, "origin": WUCHANG, "destination": XICHENG, "person": person}, status=201)
        wanted = a_birth(XICHENG, WUCHANG, purpose=purpose, person=person)
        asked[both.xicheng.post("/exchanges", wanted, status=201)["exchange"]] = purpose
    both.deliver()
    for query, purpose in asked.items():
        if purpose == "birth_registration":
            both.wuchang.post(f"/exchanges/{query}/clerk", {})
        both.wuchang.post(f"/exchanges/{query}/feedback", {"result": "confirmed"}, status=202)
    both.deliver()
    for query in asked:
        both.xicheng.post(f"/exchanges/{query}/confirmation", {}, status=202)
    both.deliver()
    both.xicheng.clock.move(timedelta(days=90))

    def outline(shown: Any) -> Any:
        """What is shown, without what differs between any two, and without the due date, which the limits set."""
        if isinstance(shown, dict):
            apart = ("id", "exchange", "in_reply_to", "due", "first_due")
            return {name: outline(each) for name, each in shown.items() if name not in apart}
        if isinstance(shown, list):
            return [outline(each) for each in shown]
        return shown if shown is None or len(str(shown)) < 30 else "…"

    for side in (both.xicheng, both.wuchang):
        for role in ("clerk", "system", "coordinator"):
            one, other = (side.get(f"/exchanges/{query}", role=role) for query in asked)
            for told in (one, other):
                for message in told["messages"]:
                    if message["body"] is not None and "person" in message["body"]:
                        del message["body"]["person"]
            assert outline({**one, "version": 0}) == outline({**other, "version": 0}), role
            assert one["entry"] is not None
            assert one["clerk"] is None
            rows = side.get("/exchanges", role=role)["items"]
            assert [row["entry"] is not None for row in rows] == [True, True]


def test_ninety_days_after_its_end_a_birth_registration_is_one_of_many_services(both: Neighbours):
    query = both.xicheng.post("/exchanges", a_birth(XICHENG, WUCHANG), status=201)["exchange"]
    both.deliver()
    both.wuchang.post(f"/exchanges/{query}/clerk", {})
    both.wuchang.post(f"/exchanges/{query}/feedback", {"result": "confirmed"}, status=202)
    both.deliver()
    both.xicheng.post(f"/exchanges/{query}/confirmation", {}, status=202)
    both.deliver()
    for days, purpose in ((89, "birth_registration"), (1, "public_service")):
        both.xicheng.clock.move(timedelta(days=days))
        for side in (both.xicheng, both.wuchang):
            assert side.get(f"/exchanges/{query}")["purpose"] == purpose
            assert [row["purpose"] for row in side.get("/exchanges")["items"]] == [purpose]
            for asked in ("birth_registration", "public_service"):
                assert len(side.get("/exchanges", params={"purpose": asked})["items"]) == (asked == purpose)
            exported = side.call("GET", "/exports/exchanges", params={"format": "csv"}).text
            assert [each in exported for each in ("birth_registration", "public_service")] == [
                each == purpose for each in ("birth_registration", "public_service")
            ]
    # What comes late is still judged by what was said.
    both.xicheng.post(f"/exchanges/{query}/withdrawal", {"reason": "entered_by_mistake"}, status=202)
    both.deliver()
    assert both.wuchang.get(f"/exchanges/{query}")["messages"][-1]["outcome"] == "accepted"
