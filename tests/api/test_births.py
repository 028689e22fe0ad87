"""Birth registrations of another clerk, by the ways that take many at once or show an exchange beside something else."""

import re
from datetime import datetime, timedelta
from typing import Any

from exchange.codes import Item
from exchange.moments import format_moment, parse_moment
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import DifferenceKind
from tests.api.nodes import Neighbours, Served
from tests.api.test_cases import a_birth, spouse
from tests.api.test_replies import bulk, confirmed
from tests.api.test_worklists import filled, outcomes, sheet_of, take
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, a_moment, a_register_difference, a_register_run

# The moment at which a list was looked at, which is its own.
NAMED = r'"at":"[^"]*"'
WORKLISTS = ("/worklists", "/worklists/to_pair", "/worklists/to_assign")
THEIRS = "urn:woshou:problem:not-your-exchange"


def asked(both: Neighbours) -> str:
    """A birth registration that Wuchang was asked about, and that is nobody's there yet."""
    query: str = both.xicheng.post("/exchanges", a_birth(XICHENG, WUCHANG), status=201)["exchange"]
    both.deliver()
    return query


def entered(both: Neighbours) -> str:
    person = {"register": "inflow", "origin": WUCHANG, "destination": XICHENG, "person": spouse(1, None)["person"]}
    made: str = both.xicheng.post("/entries", person, status=201)["id"]
    return made


def test_a_line_of_replies_about_a_birth_registration_is_refused_to_all_but_its_clerk(both: Neighbours) -> None:
    query = asked(both)
    (refused,) = bulk(both.wuchang, [confirmed(query)])
    assert (refused["outcome"], refused["problem"]["type"]) == ("refused", THEIRS)
    both.wuchang.post(f"/exchanges/{query}/clerk", {})
    (queued,) = bulk(both.wuchang, [confirmed(query)])
    assert queued["outcome"] == "queued"


def test_a_row_of_answers_about_a_birth_registration_is_refused_to_all_but_its_clerk(both: Neighbours) -> None:
    query = asked(both)
    both.wuchang.post(f"/exchanges/{query}/clerk", {})
    sheet = filled(sheet_of(both.wuchang), {"反馈结果": "属实"})
    # Handed on after the sheet was written.
    both.wuchang.post(f"/exchanges/{query}/clerk", {"clerk": both.wuchang.key("system", WUCHANG).split("_")[1]})
    assert outcomes(both.wuchang, take(both.wuchang, sheet)) == [("refused", ["not-your-exchange"])]
    assert both.wuchang.get(f"/exchanges/{query}")["state"] == "open"
    # Other bytes: the same ones would be the first file again.
    theirs = filled(sheet_of(both.wuchang, role="system"), {"反馈结果": "confirmed"})
    assert outcomes(both.wuchang, take(both.wuchang, theirs, role="system")) == [("accepted", [])]


def test_a_difference_between_registers_shows_no_birth_registration(both: Neighbours) -> None:
    entry = entered(both)
    hidden = asked(both)
    other = both.xicheng.post("/exchanges", a_birth(XICHENG, WUCHANG, purpose="public_service"), status=201)["exchange"]
    both.deliver()
    pair = Pair(origin=WUCHANG, destination=XICHENG)
    found = a_register_difference(
        1,
        own=XICHENG,
        partner=WUCHANG_NODE,
        entry=entry,
        kind=DifferenceKind.DIFFERING,
        fields=(Item.MARITAL_STATUS,),
        pair=pair,
        first_at=a_moment(-500),
    )
    with both.xicheng.office.ledgers.transaction() as ledger:
        ledger.register_runs.put(a_register_run(1, partner=WUCHANG_NODE, ended_at=a_moment(-499)))
        ledger.register_runs.put_differences([found])
    for role in ("clerk", "system", "coordinator"):
        told = both.xicheng.get(f"/register-differences/{entry}/{WUCHANG}", role=role)
        assert hidden not in str(told), role
        assert [row["exchange"] for row in told["conversations"]] == told["exchanges"] == [other]


def test_the_rows_behind_a_rate_do_not_tell_whom_a_birth_registration_is_about(both: Neighbours) -> None:
    """Not by a moment that is the hidden exchange's too, nor by looking at them as of just before it and as of it."""
    persons = [spouse(n, None)["person"] for n in (1, 2)]
    sides = {"register": "inflow", "origin": WUCHANG, "destination": XICHENG}
    entries = {both.xicheng.post("/entries", {**sides, "person": person}, status=201)["id"] for person in persons}
    both.xicheng.clock.move(timedelta(hours=1))
    hidden = asked(both)
    (row,) = both.xicheng.get("/exchanges", role="system", params={"purpose": "birth_registration"})["items"]
    assert (row["exchange"], row["entry"]) == (hidden, None)
    received = parse_moment(row["stamps"]["received"])
    days = {"from": "2026-03-01", "to": "2026-12-31"}

    def rows(as_of: datetime) -> dict[str, Any]:
        params = {**days, "as_of": format_moment(as_of)}
        found = both.xicheng.get("/rates/exchange/rows", role="system", params=params)["items"]
        return {each["id"]: each for each in found}

    before, then = rows(received - timedelta(milliseconds=1)), rows(received)
    assert before.keys() == entries
    assert (before, then.pop("untold")["numerator"]) == (then, 1)
    assert row["stamps"]["received"] not in str(then)
    figures = both.xicheng.get("/rates", role="system", params=days)["figures"][0]["rates"]
    (rate,) = (each for each in figures if each["rate"] == "exchange")
    assert (rate["numerator"], rate["denominator"]) == (1, 2)


def test_entering_a_guess_tells_nothing_of_whom_a_birth_registration_is_about(both: Neighbours) -> None:
    """Not when somebody is entered before or after it came, nor by what its clerk does then, nor when a guess is protected."""
    looks = ("/exchanges", "/exchanges?paired=true", "/exports/exchanges?format=csv", *WORKLISTS)

    def seen() -> list[str]:
        texts = [both.wuchang.call("GET", path, role="system").text for path in looks]
        return [re.sub(NAMED, "", text) for text in texts]

    def guess(n: int) -> str:
        person = {"register": "outflow", "origin": WUCHANG, "destination": XICHENG, "person": spouse(n, None)["person"]}
        made: str = both.wuchang.post("/entries", person, role="system", status=201)["id"]
        return made

    query, before = asked(both), seen()
    wrong, right = guess(2), guess(1)
    assert seen() == before
    both.wuchang.post(f"/exchanges/{query}/clerk", {})
    assert both.wuchang.get(f"/exchanges/{query}")["entry"] == right  # for its clerk it was looked up then
    taken = seen()
    both.wuchang.post(f"/exchanges/{query}/unpairing", {})
    assert seen() == taken
    (best, *_) = both.wuchang.get(f"/exchanges/{query}/candidates")["items"]
    assert both.wuchang.post(f"/exchanges/{query}/pairing", {"entry": best["entry"]})["entry"] == right
    assert seen() == taken
    for made in (wrong, right):
        protect(both.wuchang, made)
        assert seen() == taken
    assert asked(both) != query
    (fresh,) = (row for row in both.wuchang.get("/exchanges", role="system")["items"] if row["exchange"] != query)
    assert (fresh["pairing"], fresh["stamps"]["paired"], fresh["version"]) == (None, None, 1)


def protect(node: Served, entry: str) -> None:
    patch = {"content-type": "application/merge-patch+json", "if-match": f'"{node.get(f"/entries/{entry}")["version"]}"'}
    answer = node.call("PATCH", f"/entries/{entry}", content='{"protected": true}', headers=patch)
    assert answer.status_code == 200, answer.text


def test_until_a_birth_registration_is_taken_over_and_then_whoever_looks_sees_it_on_the_same_lists(both: Neighbours) -> None:
    """Whether its person is in the register or not."""
    query = asked(both)

    def lists() -> list[bool]:
        return [query in both.wuchang.call("GET", path, role="coordinator").text for path in WORKLISTS[1:]]

    assert lists() == [True, False]
    both.wuchang.post(f"/exchanges/{query}/clerk", {})
    assert both.wuchang.get(f"/exchanges/{query}")["entry"] is None
    assert lists() == [False, True]
