"""A daily limit per clerk: of queries, of persons shown, of sheets taken out; and what the agreement allows a county."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.memory import MemoryLedgers
from exchange.moments import civil_day
from exchange.work.daily import AgreementLimit, DailyLimits, Deed
from tests.api.nodes import Served, agree, neighbours, served
from tests.builders import WUCHANG, XICHENG, XICHENG_NODE, a_person, an_entry, an_id, an_id_number
from tests.jobs.offices import HandClock
from tests.life.two_nodes import Two, a_node
from tests.rates.histories import until


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Served]:
    """Xicheng with ten people, whose clerks may see three persons and take out two sheets a day."""
    few = replace(a_node(XICHENG_NODE, XICHENG), daily_limits=DailyLimits(queries=2, persons=3, sheets=2))
    with served(tmp_path / "node", few, HandClock()) as made:
        with made.office.ledgers.transaction() as ledger:
            ledger.entries.add([an_entry(n) for n in range(1, 11)])
        yield made


def status(node: Served, path: str, role: str = "clerk", **more: Any) -> tuple[int, str | None]:
    answer = node.call("POST" if more else "GET", path, role=role, **more)
    kind = answer.json()["type"].rpartition(":")[2] if answer.status_code >= 400 else None
    assert "retry-after" not in answer.headers
    return answer.status_code, kind


ONE, LIMIT = f"/entries/{an_id(1)}", (429, "daily-limit")


def test_a_clerk_is_shown_so_many_persons_in_a_civil_day(node: Served):
    document = {"document": {"type": "id_number", "number": a_person(2).document.number}}
    assert status(node, ONE) == (200, None)
    # A page that would pass the limit is not shown, and not counted.
    assert status(node, "/entries?limit=3") == LIMIT
    assert status(node, "/entries?limit=1") == (200, None)
    assert status(node, "/entries/search", json=document) == (200, None)
    assert [status(node, path) for path in (ONE, "/entries?limit=1")] == [LIMIT, LIMIT]
    assert status(node, "/exchanges") == (200, None)
    # 24:00 in Shanghai is 16:00 in Greenwich.
    node.clock.move(until(0) - node.clock.now() - timedelta(milliseconds=1))
    assert status(node, ONE) == LIMIT
    node.clock.move(timedelta(milliseconds=1))
    assert status(node, ONE) == (200, None)


def test_each_clerk_has_a_day_of_their_own_and_systems_have_none(node: Served):
    assert [status(node, ONE)[0] for _ in range(4)] == [200, 200, 200, 429]
    assert [status(node, ONE, role="system")[0] for _ in range(9)] == [200] * 9


def test_a_clerk_takes_out_so_many_sheets_of_persons(node: Served):
    found = [status(node, "/exports/entries?register=outflow&format=csv")[0] for _ in range(3)]
    assert found == [200, 200, 429]
    assert status(node, "/exports/exchanges?format=csv") == (200, None)


def test_a_clerk_starts_so_many_queries_and_a_refused_one_is_not_counted(tmp_path: Path):
    with neighbours(tmp_path, HandClock()) as both:
        both.xicheng.office.node = replace(both.xicheng.office.node, daily_limits=DailyLimits(queries=2))
        with both.xicheng.office.ledgers.transaction() as ledger:
            ledger.entries.add([an_entry(n) for n in range(1, 4)])

        def ask(n: int, **changes: Any) -> tuple[int, str | None]:
            body = {"entry": an_id(n), "purpose": "public_service", "items": ["marital_status"], **changes}
            return status(both.xicheng, "/exchanges", json=body)

        assert ask(1, items=["address"])[0] == 422
        assert [ask(1), ask(2), ask(3)] == [(201, None), (201, None), LIMIT]
        notice = {"event": "birth", "event_date": "2026-03-01", "items": []}
        assert ask(3, **notice) == (201, None)


def test_the_agreements_limit_holds_for_the_county_and_begins_again_each_day():
    two = Two.of(MemoryLedgers(), MemoryLedgers(), queries_per_day=2)
    for day in range(2):
        for n in range(2):
            two.xicheng.ask(10 * day + n)
        with pytest.raises(AgreementLimit):
            two.xicheng.ask(10 * day + 5)
        two.wuchang.ask(50 + day)
        two.pass_time(timedelta(days=1))


def test_what_was_counted_is_forgotten_the_day_after(node: Served):
    assert status(node, ONE)[0] == 200
    with node.office.ledgers.transaction() as ledger:
        assert [ledger.access.forget_counts(until(day).date()) for day in (0, 1)] == [0, 1]


def couple(n: int = 1) -> dict[str, Any]:
    persons = [{"name": "甲乙", "document": {"type": "id_number", "number": an_id_number(10 * n + k)}} for k in (1, 2)]
    return {"application_date": "2026-03-01", "spouses": [{"person": person, "origin": WUCHANG} for person in persons]}


def asked_and_unasked(case: dict[str, Any]) -> list[tuple[bool, str | None]]:
    told = [(one["exchange"] is not None, one["unasked"]) for one in case["spouses"]]
    return [(asked, why["code"] if why else None) for asked, why in told]


@pytest.mark.parametrize("limit", ["agreement-limit", "daily-limit"])
def test_the_days_limit_blocks_no_case_and_what_it_held_up_is_asked_the_next_day(tmp_path: Path, limit: str):
    with neighbours(tmp_path, HandClock()) as both:
        node = both.xicheng
        if limit == "agreement-limit":
            agree(both, valid_from="2026-03-03", queries_per_day=1)
            node.clock.move(timedelta(days=1))
        else:
            node.office.node = replace(node.office.node, daily_limits=DailyLimits(queries=1))
        case = node.post("/cases", couple(), status=201)
        assert asked_and_unasked(case) == [(True, None), (False, limit)]
        again = node.post(f"/cases/{case['case']}/queries", status=200)
        assert asked_and_unasked(again) == [(True, None), (False, limit)]
        node.clock.move(timedelta(days=1))
        then = node.post(f"/cases/{case['case']}/queries", status=200)
        assert asked_and_unasked(then) == [(True, None), (True, None)]
        # What was refused was not counted: a day of one query had one.
        queries = [one["kind"] for one in node.get("/exchanges")["items"]]
        assert queries == ["query"] * 2
        assert asked_and_unasked(node.post("/cases", couple(2), status=201)) == [(False, limit)] * 2


def test_a_clerks_queries_that_no_agreement_lets_pass_are_not_counted(tmp_path: Path):
    with neighbours(tmp_path, HandClock()) as both:
        node = both.xicheng
        node.office.node = replace(node.office.node, daily_limits=DailyLimits(queries=2))
        agree(both, valid_from="2026-03-03", queries_per_day=1)
        node.clock.move(timedelta(days=1))
        for n in (1, 2):
            node.post("/cases", couple(n), status=201)
        with node.office.ledgers.transaction() as ledger:
            clerk = node.key("clerk", XICHENG).split("_")[1]
            assert ledger.access.count(clerk, civil_day(node.clock.now()), Deed.QUERIES, 0) == 1
