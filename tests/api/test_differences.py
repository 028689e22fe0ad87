"""Differences between the registers of two real nodes: seen by whom, sent once, corrected, and counted on the worklists."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exchange.codes import Item
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import DifferenceKind, RegisterDifference
from tests.api.nodes import Neighbours, Served, agree, neighbours
from tests.api.test_exchanges import PERSON
from tests.builders import (
    WUCHANG,
    WUCHANG_NODE,
    XICHENG,
    XICHENG_NODE,
    a_moment,
    a_register_difference,
    a_register_run,
    an_id,
    an_id_number,
)
from tests.building.sealing import open_database
from tests.jobs.offices import HandClock

HERE, NEXT_DOOR = "420106001", "420106002"
PAIR = Pair(origin=XICHENG, destination=WUCHANG)
KINDS = ["query", "arrival", "departure"]
FIELDS: list[dict[str, Any]] = [
    {"subject": "query", "purpose": "public_service", "items": ["marital_status", "children"]},
    *({"subject": event, "purpose": "public_service", "items": ["moving"]} for event in ("arrival", "departure")),
]
COMPARING = {"allowed": True, "items": ["marital_status", "children"], "difference_limit": None}


def agreed(both: Neighbours, kinds: list[str], fields: list[dict[str, Any]]) -> None:
    """Have a second agreement in force, from the next day on, so that it is the one that counts."""
    agree(both, kinds=kinds, fields=fields, register_comparison=COMPARING, valid_from="2026-03-03")
    both.xicheng.clock.move(timedelta(days=1))  # one clock for both


@pytest.fixture
def nodes(both: Neighbours) -> Neighbours:
    """Two nodes whose agreement lets registers be compared, and arrivals and departures be told."""
    agreed(both, KINDS, FIELDS)
    return both


@pytest.fixture
def stored(tmp_path: Path, database_url: str) -> Iterator[Neighbours]:
    """The same, Xicheng on each database."""
    database = open_database(database_url)
    database.upgrade()
    with neighbours(tmp_path, HandClock(), xicheng=database) as both:
        agreed(both, KINDS, FIELDS)
        yield both
    database.close()


def enter(node: Served, n: int = 1, **facts: Any) -> str:
    """A person from Xicheng in Wuchang's inflow register, or in Xicheng's outflow register."""
    inflow = WUCHANG in node.office.node.jurisdictions
    person = {**PERSON, "document": {"type": "id_number", "number": an_id_number(n)}}
    known = {"register": "inflow" if inflow else "outflow", "origin": XICHENG, "destination": WUCHANG, "person": person}
    entry: str = node.post("/entries", {**known, "record": {"marital_status": "20"}, **facts}, status=201)["id"]
    return entry


def found(node: Served, entry: str, kind: DifferenceKind, *fields: Item, **changes: Any) -> RegisterDifference:
    """Have last night's comparison find it."""
    inflow = WUCHANG in node.office.node.jurisdictions
    own, partner = (WUCHANG, XICHENG_NODE) if inflow else (XICHENG, WUCHANG_NODE)
    facts = {"own": own, "partner": partner, "entry": entry, "kind": kind, "fields": fields, "pair": PAIR}
    difference = a_register_difference(1, **{**facts, "first_at": a_moment(-500), **changes})
    with node.office.ledgers.transaction() as ledger:
        ledger.register_runs.put(a_register_run(1, partner=partner, ended_at=a_moment(-499)))
        ledger.register_runs.put_differences([difference])
    return difference


ONE_SIDED, DIFFERING, COARSE = DifferenceKind.ONE_SIDED, DifferenceKind.DIFFERING, DifferenceKind.COARSE


def counts(node: Served, **request: Any) -> dict[str, int | None]:
    told = {each["list"]: each["count"] for each in node.get("/worklists", **request)["items"]}
    return {kind: told[kind] for kind in DifferenceKind}


def test_a_notice_of_arrival_is_sent_once_and_reaches_the_origin(nodes: Neighbours):
    entry = enter(nodes.wuchang)
    found(nodes.wuchang, entry, ONE_SIDED)
    (row,) = nodes.wuchang.get("/register-differences")["items"]
    assert (row["entry"], row["kind"], row["means"], row["standing"]) == (entry, "one_sided", "arrival", "ready")
    assert row["message"] == {
        "kind": "notice",
        "event": "arrival",
        "event_date": "2026-03-03",
        "purpose": "public_service",
        "items": [],
        "tells": [],
    }
    sent = nodes.wuchang.post(f"/register-differences/{entry}/{XICHENG}/send", status=201)
    assert (sent["fresh"], sent["event"], sent["own"], sent["entry"]) == (True, "arrival", WUCHANG, entry)
    again = nodes.wuchang.post(f"/register-differences/{entry}/{XICHENG}/send", status=200)
    assert (again["fresh"], again["exchange"]) == (False, sent["exchange"])
    nodes.deliver()
    (arrived,) = nodes.xicheng.get("/exchanges")["items"]
    assert (arrived["exchange"], arrived["event"], arrived["role"]) == (sent["exchange"], "arrival", "asked")
    told = nodes.wuchang.get(f"/register-differences/{entry}/{XICHENG}")
    assert told["standing"] == "done"
    assert (told["prepared"], told["message"], told["exchanges"]) == (None, None, [sent["exchange"]])
    assert [each["exchange"] for each in told["conversations"]] == [sent["exchange"]]


def test_the_prepared_query_is_what_the_exchanges_route_takes(nodes: Neighbours):
    entry = enter(nodes.wuchang)
    found(nodes.wuchang, entry, DIFFERING, Item.MARITAL_STATUS, Item.EDUCATION)
    told = nodes.wuchang.get(f"/register-differences/{entry}/{XICHENG}")
    assert told["prepared"] == {
        "entry": entry,
        "origin": XICHENG,
        "destination": WUCHANG,
        "purpose": "public_service",
        "items": ["marital_status"],
        "reason": "facts_differ",
        "record": {"marital_status": "20"},
    }
    assert (told["left_out"], told["person"]["name"]) == (["education"], PERSON["name"])
    started = nodes.wuchang.post("/exchanges", told["prepared"], status=201)
    again = nodes.wuchang.post(f"/register-differences/{entry}/{XICHENG}/send", status=200)
    assert (again["exchange"], again["fresh"]) == (started["exchange"], False)


def test_what_the_agreement_does_not_allow_is_shown_with_the_reason_and_refused(both: Neighbours):
    """Their agreement knows no arrivals."""
    agreed(both, ["query"], FIELDS[:1])
    entry = enter(both.wuchang)
    found(both.wuchang, entry, ONE_SIDED)
    (row,) = both.wuchang.get("/worklists/one_sided")["items"]
    assert (row["standing"], row["message"], row["obstacle"]["code"]) == ("blocked", None, "no-agreement")
    refused = both.wuchang.call("POST", f"/register-differences/{entry}/{XICHENG}/send")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:woshou:problem:no-agreement")
    assert both.wuchang.get("/exchanges")["items"] == []


def test_of_an_entry_that_becomes_protected_no_difference_is_left(stored: Neighbours):
    entry = enter(stored.wuchang)
    found(stored.wuchang, entry, ONE_SIDED)
    patch = {"content-type": "application/merge-patch+json", "if-match": '"1"'}
    assert stored.wuchang.call("PATCH", f"/entries/{entry}", content=b'{"protected": true}', headers=patch).is_success
    assert stored.wuchang.get("/worklists/one_sided")["items"] == []
    assert stored.wuchang.get("/register-differences")["items"] == []
    assert stored.wuchang.call("POST", f"/register-differences/{entry}/{XICHENG}/send").status_code == 404


def test_a_coarse_destination_is_set_and_no_message_is_sent(stored: Neighbours):
    entry = enter(stored.xicheng, destination="420000")
    found(stored.xicheng, entry, COARSE)
    (row,) = stored.xicheng.get("/worklists/coarse")["items"]
    assert (row["destination"], row["other"], row["means"], row["standing"]) == ("420000", WUCHANG, "destination", "ready")
    path = f"/register-differences/{entry}/{WUCHANG}"
    for _ in range(2):
        assert stored.xicheng.post(f"{path}/destination") == {"entry": entry, "destination": WUCHANG, "version": 2}
    assert stored.xicheng.get(f"/entries/{entry}")["destination"] == WUCHANG
    assert stored.xicheng.get(path)["standing"] == "done"
    assert stored.xicheng.call("POST", f"{path}/send").json()["type"] == "urn:woshou:problem:nothing-to-send"
    assert stored.xicheng.get("/exchanges")["items"] == []


def test_the_same_key_repeats_the_answer(nodes: Neighbours):
    entry = enter(nodes.wuchang)
    found(nodes.wuchang, entry, ONE_SIDED)
    path, headers = f"/register-differences/{entry}/{XICHENG}/send", {"idempotency-key": "one"}
    first, again = (nodes.wuchang.call("POST", path, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again.headers["idempotency-replayed"] == "true"


def test_clerks_who_press_at_once_send_one_message(stored: Neighbours):
    entry = enter(stored.xicheng)
    found(stored.xicheng, entry, ONE_SIDED)
    stored.xicheng.key("clerk", XICHENG)
    with ThreadPoolExecutor(4) as clerks:
        told = list(clerks.map(lambda _: stored.xicheng.post(f"/register-differences/{entry}/{WUCHANG}/send"), range(4)))
    assert len({each["exchange"] for each in told}) == 1
    assert sorted(each["fresh"] for each in told) == [False, False, False, True]
    assert len(stored.xicheng.get("/exchanges")["items"]) == 1


def test_the_worklists_tell_the_kinds_apart_and_count_what_a_township_may_see(nodes: Neighbours):
    nothing = dict.fromkeys(("one_sided", "differing", "coarse"))
    assert counts(nodes.wuchang) == nothing
    here, there, without = (
        enter(nodes.wuchang, 1, township=HERE),
        enter(nodes.wuchang, 2, township=NEXT_DOOR),
        enter(nodes.wuchang, 3),
    )
    found(nodes.wuchang, here, ONE_SIDED)
    found(nodes.wuchang, there, DIFFERING, Item.CHILDREN)
    found(nodes.wuchang, without, ONE_SIDED)
    assert counts(nodes.wuchang) == {"one_sided": 2, "differing": 1, "coarse": 0}
    assert counts(nodes.wuchang, params={"township": "unassigned"}) == {"one_sided": 1, "differing": 0, "coarse": 0}
    assert counts(nodes.wuchang, of=HERE) == {"one_sided": 1, "differing": 0, "coarse": 0}
    assert counts(nodes.wuchang, params={"partner": "nobody.example"}) == {"one_sided": 0, "differing": 0, "coarse": 0}
    listed = nodes.wuchang.get("/worklists/one_sided")
    assert [row["entry"] for row in listed["items"]] == [here, without]
    assert (listed["unreconciled"], listed["reconciled_at"]) == ([], "2026-03-01T16:41:00.000Z")
    for params, entries in (
        ({"kind": "differing"}, [there]),
        ({"township": HERE}, [here]),
        ({"register": "inflow", "other": XICHENG}, [here, there, without]),
        ({"register": "outflow"}, []),
        ({"other": "110105"}, []),
    ):
        rows = nodes.wuchang.get("/register-differences", params=params)["items"]
        assert [row["entry"] for row in rows] == entries
    first = nodes.wuchang.get("/register-differences", params={"limit": 2})
    rest = nodes.wuchang.get("/register-differences", params={"limit": 2, "cursor": first["next"]})
    assert ([row["entry"] for row in (*first["items"], *rest["items"])], rest["next"]) == ([here, there, without], None)


def test_a_townships_clerk_sees_and_sends_what_is_of_the_township_and_nothing_else(nodes: Neighbours):
    mine, theirs = enter(nodes.wuchang, 1, township=HERE), enter(nodes.wuchang, 2, township=NEXT_DOOR)
    for entry in (mine, theirs):
        found(nodes.wuchang, entry, ONE_SIDED)
    # The filter cannot widen what the key sees.
    for params in ({}, {"township": NEXT_DOOR}):
        (row,) = nodes.wuchang.get("/register-differences", of=HERE, params=params)["items"]
        assert (row["entry"], row["person"]["name"]) == (mine, PERSON["name"])
    for method, path in (("GET", ""), ("POST", "/send"), ("POST", "/destination")):
        assert nodes.wuchang.call(method, f"/register-differences/{theirs}/{XICHENG}{path}", of=HERE).status_code == 404
    assert nodes.wuchang.post(f"/register-differences/{mine}/{XICHENG}/send", of=HERE, status=201)["fresh"]


def test_readers_above_the_county_see_no_persons_and_send_nothing(nodes: Neighbours):
    entry = enter(nodes.wuchang)
    found(nodes.wuchang, entry, DIFFERING, Item.MARITAL_STATUS)
    path = f"/register-differences/{entry}/{XICHENG}"
    for of, role in ((WUCHANG, "coordinator"), (WUCHANG, "auditor"), ("420000", "clerk")):
        told = nodes.wuchang.get(path, of=of, role=role)
        assert (told["person"], told["prepared"], told["message"]["tells"]) == (None, None, ["marital_status"])
        (row,) = nodes.wuchang.get("/worklists/differing", of=of, role=role)["items"]
        assert row["person"] is None
        assert nodes.wuchang.call("POST", f"{path}/send", of=of, role=role).status_code == 403
    assert nodes.wuchang.call("GET", path, role="operator").status_code == 403
    assert nodes.wuchang.get("/exchanges")["items"] == []


@pytest.mark.parametrize("missing", [f"{an_id(9)}/{XICHENG}", "{entry}/610802"])
def test_what_was_not_found_to_differ_is_not_there(nodes: Neighbours, missing: str):
    entry = enter(nodes.wuchang)
    found(nodes.wuchang, entry, ONE_SIDED)
    assert nodes.wuchang.call("GET", f"/register-differences/{missing.format(entry=entry)}").status_code == 404


def test_a_difference_that_was_repaired_leaves_the_lists_and_can_still_be_read(nodes: Neighbours):
    entry = enter(nodes.wuchang)
    difference = found(nodes.wuchang, entry, ONE_SIDED)
    with nodes.wuchang.office.ledgers.transaction() as ledger:
        ledger.register_runs.put_differences([replace(difference, settled_at=a_moment(-1))])
    assert counts(nodes.wuchang) == {"one_sided": 0, "differing": 0, "coarse": 0}
    path = f"/register-differences/{entry}/{XICHENG}"
    assert nodes.wuchang.get(path)["standing"] == "settled"
    assert nodes.wuchang.call("POST", f"{path}/send").json()["type"] == "urn:woshou:problem:difference-settled"


@pytest.mark.parametrize("path", ["/register-differences", "/worklists/differing", "/worklists", "/register-differences/{}/{}"])
def test_looking_at_what_could_be_asked_counts_nothing_and_sending_it_counts_once(stored: Neighbours, path: str):
    node = stored.xicheng
    agree(stored, kinds=KINDS, fields=FIELDS, register_comparison=COMPARING, valid_from="2026-03-04", queries_per_day=2)
    node.clock.move(timedelta(days=1))
    there = {"register": "inflow", "origin": WUCHANG, "destination": XICHENG}
    entries = [enter(node, n, **there) for n in (1, 2, 3)]
    pair = Pair(origin=WUCHANG, destination=XICHENG)
    facts: dict[str, Any] = {"own": XICHENG, "partner": WUCHANG_NODE, "kind": DIFFERING, "fields": (Item.MARITAL_STATUS,)}
    with node.office.ledgers.transaction() as ledger:
        ledger.register_runs.put(a_register_run(1, partner=WUCHANG_NODE, ended_at=a_moment(-499)))
        ledger.register_runs.put_differences(
            [
                a_register_difference(n, entry=entry, pair=pair, first_at=a_moment(-500), **facts)
                for n, entry in enumerate(entries, 1)
            ]
        )

    def send(entry: str) -> int:
        return node.call("POST", f"/register-differences/{entry}/{WUCHANG}/send").status_code

    for _ in range(3):
        assert node.call("GET", path.format(entries[0], WUCHANG)).status_code == 200
    assert [send(entry) for entry in entries] == [201, 201, 429]
    node.clock.move(timedelta(days=1))
    assert send(entries[2]) == 201
