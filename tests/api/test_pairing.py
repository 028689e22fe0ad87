"""Candidates through the API: for the county's own clerks, with reasons, and for nobody else."""

from typing import Any

from tests.api.nodes import Neighbours
from tests.api.test_exchanges import PERSON, ask
from tests.builders import WUCHANG, XICHENG, an_id_number

FACTS = {"origin": XICHENG, "destination": WUCHANG}
MISTYPED = {**PERSON, "document": {"type": "id_number", "number": an_id_number(7)[:16] + "9" + an_id_number(7)[17]}}


def unpaired(both: Neighbours, **entry: Any) -> tuple[str, str]:
    """Xicheng asks about its entry; Wuchang's clerk had typed the number wrong: the exchange, and Wuchang's entry."""
    ours = both.xicheng.post("/entries", {"register": "outflow", **FACTS, "person": PERSON}, status=201)["id"]
    theirs = {"register": "inflow", **FACTS, "person": {**PERSON, "document": {"type": "none"}, "sex": "1"}, **entry}
    there = both.wuchang.post("/entries", theirs, status=201)["id"]
    exchange = ask(both, ours)
    both.deliver()
    return exchange, there


def test_a_clerk_is_shown_who_it_may_be_and_why_and_decides(both: Neighbours):
    exchange, there = unpaired(both)
    before = both.wuchang.get(f"/exchanges/{exchange}")
    assert (before["entry"], before["pairing"]) == (None, None)

    shown = both.wuchang.get(f"/exchanges/{exchange}/candidates")
    assert (shown["exchange"], shown["entry"], shown["rules"]) == (exchange, None, "woshou-pairing-2026.1")
    (candidate,) = shown["items"]
    assert (candidate["entry"], candidate["open"], candidate["linked"]) == (there, True, None)
    assert candidate["probability"] > 0.9
    assert candidate["person"] == {**PERSON, "document": {"type": "none"}}
    assert [(reason["field"], reason["level"]) for reason in candidate["reasons"]] == [
        ("birth_date", "equal"),
        ("name", "equal"),
        ("place", "equal"),
        ("sex", "equal"),
    ]
    assert {(reason["zh"], reason["en"]) for reason in candidate["reasons"]} >= {("姓名相同。", "The names are equal.")}
    assert both.wuchang.get(f"/exchanges/{exchange}") == before

    paired = both.wuchang.post(f"/exchanges/{exchange}/pairing", {"entry": there})
    assert (paired["entry"], paired["pairing"]) == (there, "clerk")
    apart = both.wuchang.post(f"/exchanges/{exchange}/unpairing")
    assert (apart["entry"], apart["pairing"], apart["stamps"]["paired"]) == (None, "undone", None)
    again = both.wuchang.call("POST", f"/exchanges/{exchange}/unpairing")
    assert (again.status_code, again.json()["type"]) == (409, "urn:woshou:problem:not-paired")


def test_an_exact_pairing_says_so_and_an_asker_cannot_part_from_its_own_entry(both: Neighbours):
    both.wuchang.post("/entries", {"register": "inflow", **FACTS, "person": PERSON}, status=201)
    ours = both.xicheng.post("/entries", {"register": "outflow", **FACTS, "person": PERSON}, status=201)["id"]
    exchange = ask(both, ours)
    both.deliver()
    assert both.wuchang.get(f"/exchanges/{exchange}")["pairing"] == "exact"
    refused = both.xicheng.call("POST", f"/exchanges/{exchange}/unpairing")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:woshou:problem:own-opening")


def test_a_protected_entry_leaves_no_trace_in_what_is_shown(both: Neighbours):
    exchange, there = unpaired(both)
    tag = both.wuchang.call("GET", f"/entries/{there}").headers["etag"]
    changed = both.wuchang.call("PATCH", f"/entries/{there}", json={"protected": True}, headers={"if-match": tag})
    assert changed.status_code == 200
    nobody = both.wuchang.get(f"/exchanges/{exchange}/candidates")
    assert nobody["items"] == []


def test_nobody_but_the_countys_clerks_sees_candidates(both: Neighbours):
    exchange, _ = unpaired(both)
    for role in ("coordinator", "auditor", "operator"):
        assert both.wuchang.call("GET", f"/exchanges/{exchange}/candidates", role=role).status_code == 403
    strange = both.wuchang.call("GET", f"/exchanges/{exchange}/candidates", params={"role": "asker"})
    assert strange.status_code == 404


def test_correcting_the_entry_pairs_what_has_waited(both: Neighbours):
    exchange, there = unpaired(both, person=MISTYPED)
    (candidate,) = both.wuchang.get(f"/exchanges/{exchange}/candidates")["items"]
    assert candidate["entry"] == there
    tag = both.wuchang.call("GET", f"/entries/{there}").headers["etag"]
    patch = {"person": {"document": PERSON["document"]}}
    assert both.wuchang.call("PATCH", f"/entries/{there}", json=patch, headers={"if-match": tag}).status_code == 200
    then = both.wuchang.get(f"/exchanges/{exchange}")
    assert (then["entry"], then["pairing"]) == (there, "exact")
