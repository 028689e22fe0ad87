"""Two nodes compare a pair's registers over real HTTP: what both then know, and what each keeps to itself."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.partner_http import PartnerRefused
from exchange.codes import CloseReason, Item
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef
from exchange.reconciling.pairs import ComparisonNotAgreed
from exchange.reconciling.results import DifferenceKind, Outcome, Release, Starter, Tally
from exchange.terms.agreement import Standing
from exchange.verbs.reconciling.asked import TooManyRuns
from tests.api.nodes import Neighbours, Served, neighbours
from tests.builders import WUCHANG_NODE, a_person
from tests.building.sealing import open_database
from tests.jobs.offices import HandClock
from tests.reconciling.pairs import (
    MARRIED,
    PAIR,
    change,
    comparing_nodes,
    differences,
    enter,
    found,
    inflow,
    outflow,
    reconcile,
    run_of,
    what_of,
)

ONE_SIDED, DIFFERING, COARSE = DifferenceKind.ONE_SIDED, DifferenceKind.DIFFERING, DifferenceKind.COARSE


@pytest.fixture
def nodes(tmp_path: Path, database_url: str) -> Iterator[Neighbours]:
    """Xicheng, the origin, on each database; Wuchang, the destination, in memory."""
    database = open_database(database_url)
    database.upgrade()
    with comparing_nodes(tmp_path, database) as both:
        yield both
    database.close()


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Neighbours]:
    """Both in memory."""
    with comparing_nodes(tmp_path) as both:
        yield both


def asking(nodes: Neighbours, who: str) -> tuple[Served, Served]:
    """The asking and the answering node."""
    both = (nodes.xicheng, nodes.wuchang)
    return both if who == "origin" else (both[1], both[0])


@pytest.mark.parametrize("who", ["origin", "destination"])
def test_both_sides_know_exactly_what_differs_and_of_their_own_entries_only(nodes: Neighbours, who: str):
    enter(nodes.xicheng, [outflow(n) for n in range(1, 41)])
    enter(nodes.wuchang, [inflow(n) for n in range(6, 46)])
    for n in (10, 20):
        change(nodes.wuchang, inflow(n), record=MARRIED)
    change(nodes.wuchang, inflow(30), person=a_person(30, name="王晓明"), record=MARRIED)
    change(nodes.xicheng, outflow(40), closed_at=nodes.xicheng.clock.now(), close_reason=CloseReason.RETURNED)
    here, there = asking(nodes, who)
    run = reconcile(here)
    assert run.tally == Tally(agreeing=31, differing=3, outflow_only=5, inflow_only=6)
    assert (run.outcome, run.started_by) == (Outcome.SETTLED, Starter.US)
    # One table in some hundreds does not come apart, and another one is asked for.
    assert run.calls in (3, 4)
    assert (run.outflow_size, run.inflow_size) == (39, 40)
    kept = run_of(there, run.id)
    assert (kept.tally, kept.outcome, kept.started_by, kept.pair) == (run.tally, Outcome.SETTLED, Starter.THEM, PAIR)
    assert (kept.outflow_size, kept.inflow_size) == (39, 40)
    married = (Item.MARITAL_STATUS,)
    both = (Item.NAME, Item.MARITAL_STATUS)
    assert found(nodes.xicheng) == {
        **{outflow(n).id: (ONE_SIDED, ()) for n in range(1, 6)},
        outflow(10).id: (DIFFERING, married),
        outflow(20).id: (DIFFERING, married),
        outflow(30).id: (DIFFERING, both),
    }
    assert found(nodes.wuchang) == {
        **{inflow(n).id: (ONE_SIDED, ()) for n in range(40, 46)},
        inflow(10).id: (DIFFERING, married),
        inflow(20).id: (DIFFERING, married),
        inflow(30).id: (DIFFERING, both),
    }


@pytest.mark.parametrize("who", ["origin", "destination"])
def test_equal_registers_are_settled_in_one_call_of_less_than_two_kilobytes(nodes: Neighbours, who: str):
    enter(nodes.xicheng, [outflow(n) for n in range(1, 101)])
    enter(nodes.wuchang, [inflow(n) for n in range(1, 101)])
    here, there = asking(nodes, who)
    run = reconcile(here)
    assert (run.outcome, run.calls, run.tally) == (Outcome.SETTLED, 1, Tally(agreeing=100))
    assert run.bytes < 2048
    assert run_of(there, run.id).tally == run.tally


def test_empty_registers_agree(memory: Neighbours):
    assert reconcile(memory.xicheng).tally == Tally()


@pytest.mark.parametrize("who", ["origin", "destination"])
def test_what_was_repaired_is_settled_by_the_next_run_on_both_sides(nodes: Neighbours, who: str):
    enter(nodes.xicheng, [outflow(n) for n in (1, 2, 3)])
    enter(nodes.wuchang, [inflow(n) for n in (2, 3, 4)])
    change(nodes.wuchang, inflow(2), record=MARRIED)
    here, _ = asking(nodes, who)
    first = reconcile(here)
    assert first.repaired == 0
    enter(nodes.wuchang, [inflow(1)])
    change(nodes.xicheng, outflow(2), record=MARRIED)
    change(nodes.wuchang, inflow(3), record=MARRIED)
    nodes.xicheng.clock.move(timedelta(days=1))
    second = reconcile(here)
    assert second.tally == Tally(agreeing=2, differing=1, inflow_only=1)
    assert found(nodes.xicheng) == {outflow(3).id: (DIFFERING, (Item.MARITAL_STATUS,))}
    assert found(nodes.wuchang) == {inflow(3).id: (DIFFERING, (Item.MARITAL_STATUS,)), inflow(4).id: (ONE_SIDED, ())}
    assert [run_of(node, second.id).repaired for node in (nodes.xicheng, nodes.wuchang)] == [2, 1]
    (standing,) = [each for each in differences(nodes.wuchang) if each.entry == inflow(4).id]
    assert standing.first_at == first.ended_at


@pytest.mark.parametrize("who", ["origin", "destination"])
def test_a_coarse_destination_is_found_in_the_county_and_stands_apart_if_not(nodes: Neighbours, who: str):
    enter(nodes.xicheng, [outflow(1), outflow(2, destination="420100"), outflow(3, MARRIED, destination="420000")])
    # Of these one is not in Wuchang, and the other lives in another province.
    enter(nodes.xicheng, [outflow(4, destination="420000"), outflow(5, destination="310000")])
    enter(nodes.wuchang, [inflow(n) for n in (1, 2, 3, 5)])
    here, there = asking(nodes, who)
    run = reconcile(here)
    assert run.tally == Tally(agreeing=1, coarse=2, coarse_differing=1, inflow_only=1)
    assert run_of(there, run.id).tally == run.tally
    assert run_of(nodes.xicheng, run.id).coarse_left == 1
    assert run_of(nodes.wuchang, run.id).coarse_left is None
    assert found(nodes.xicheng) == {outflow(2).id: (COARSE, ()), outflow(3).id: (COARSE, ())}
    assert found(nodes.wuchang) == {inflow(3).id: (DIFFERING, (Item.MARITAL_STATUS,)), inflow(5).id: (ONE_SIDED, ())}


@pytest.mark.parametrize("who", ["origin", "destination"])
def test_protected_entries_take_no_part_and_people_without_a_number_are_counted_apart(nodes: Neighbours, who: str):
    nameless = a_person(9, document=DocumentRef(type=DocumentType.NONE))
    enter(nodes.xicheng, [outflow(1), outflow(2, protected=True), outflow(3), outflow(9, person=nameless)])
    enter(nodes.wuchang, [inflow(1), inflow(2), inflow(3, protected=True)])
    here, there = asking(nodes, who)
    run = reconcile(here)
    assert run.tally == Tally(agreeing=1, outflow_only=1, inflow_only=1)
    assert (run.outflow_size, run.inflow_size, run.numberless_outflow, run.numberless_inflow) == (2, 2, 1, 0)
    kept = run_of(there, run.id)
    assert (kept.numberless_outflow, kept.numberless_inflow) == (1, 0)
    assert found(nodes.xicheng) == {outflow(3).id: (ONE_SIDED, ())}
    assert found(nodes.wuchang) == {inflow(2).id: (ONE_SIDED, ())}
    # Protected between two runs: what stood of it goes, and nothing comes in its place.
    change(nodes.xicheng, outflow(3), protected=True)
    assert reconcile(here).tally == Tally(agreeing=1, inflow_only=1)
    assert found(nodes.xicheng) == {}


def test_nothing_is_compared_without_the_agreements_clause(tmp_path: Path):
    with neighbours(tmp_path, HandClock()) as nodes:
        enter(nodes.xicheng, [outflow(1)])
        with pytest.raises(ComparisonNotAgreed):
            what_of(nodes.xicheng)


def test_the_answering_side_judges_the_clause_for_itself(memory: Neighbours):
    what = what_of(memory.xicheng)
    with memory.wuchang.office.ledgers.transaction() as ledger:
        for signed in ledger.agreements.all():
            if signed.digest == what.agreement:
                ledger.agreements.save(replace(signed, ended_at=memory.wuchang.clock.now(), standing=Standing.ENDED))
    with pytest.raises(PartnerRefused) as refused:
        reconcile(memory.xicheng)
    assert refused.value.problem == "comparison-not-agreed"


@pytest.mark.parametrize("who", ["origin", "destination"])
def test_above_the_limit_a_run_ends_in_counts_only_until_people_release_it(tmp_path: Path, who: str):
    with comparing_nodes(tmp_path, difference_limit=5) as nodes:
        enter(nodes.xicheng, [outflow(n) for n in range(1, 11)])
        here, there = asking(nodes, who)
        run = reconcile(here)
        assert (run.outcome, run.tally, run.trouble) == (Outcome.COUNTS_ONLY, None, "too-many-differences")
        assert (run.outflow_size, run.inflow_size) == (10, 0)
        assert found(nodes.xicheng) == {}
        assert "registers-differ-too-much" in {row["kind"] for row in here.get("/findings", role="operator")["items"]}
        release(here, nodes, 20)
        assert reconcile(here).outcome is Outcome.COUNTS_ONLY
        release(there, nodes, 20)
        settled = reconcile(here)
        assert (settled.outcome, settled.tally) == (Outcome.SETTLED, Tally(outflow_only=10))
        nodes.xicheng.clock.move(timedelta(days=8))
        assert reconcile(here).outcome is Outcome.COUNTS_ONLY


def release(node: Served, nodes: Neighbours, limit: int) -> None:
    now = node.clock.now()
    other = nodes.wuchang if node is nodes.xicheng else nodes.xicheng
    word = Release(partner=other.office.node.name, pair=PAIR, limit=limit, by="operator", at=now, until=now + timedelta(days=7))
    with node.office.ledgers.transaction() as ledger:
        ledger.register_runs.release(word)


def test_a_pair_is_compared_four_times_a_day_whoever_asks(memory: Neighbours):
    enter(memory.xicheng, [outflow(1)])
    for node in (memory.xicheng, memory.wuchang, memory.xicheng, memory.wuchang):
        assert reconcile(node).outcome is Outcome.SETTLED
    for node in (memory.xicheng, memory.wuchang):
        with pytest.raises(TooManyRuns):
            reconcile(node)
    memory.xicheng.clock.move(timedelta(days=1))
    assert reconcile(memory.xicheng).outcome is Outcome.SETTLED


def test_a_dry_run_tells_the_same_and_writes_nothing(nodes: Neighbours):
    enter(nodes.xicheng, [outflow(n) for n in (1, 2, 3)])
    enter(nodes.wuchang, [inflow(n) for n in (2, 3, 4)])
    change(nodes.wuchang, inflow(2), record=MARRIED)
    steps: list[str] = []
    foreseen = reconcile(nodes.xicheng, dry_run=True, step=steps.append)
    assert steps[:3] == ["tokens", "open", "cells"]
    assert "settle" not in steps
    assert found(nodes.xicheng) == found(nodes.wuchang) == {}
    with nodes.xicheng.office.ledgers.transaction(read_only=True) as ledger:
        assert ledger.register_runs.get(foreseen.id) is None
    assert reconcile(nodes.xicheng).tally == foreseen.tally


def test_dry_runs_count_with_the_partner_alone_which_then_says_that_they_are_too_many(memory: Neighbours):
    enter(memory.xicheng, [outflow(1)])
    for _ in range(4):
        reconcile(memory.xicheng, dry_run=True)
    with pytest.raises(PartnerRefused) as refusal:
        reconcile(memory.xicheng)
    assert (refusal.value.status, refusal.value.problem) == (429, "too-many-runs")


def test_a_person_whose_number_changed_is_two_people_until_both_sides_know(memory: Neighbours):
    enter(memory.xicheng, [outflow(1)])
    enter(memory.wuchang, [inflow(1)])
    change(memory.wuchang, inflow(1), person=a_person(77))
    assert reconcile(memory.wuchang).tally == Tally(outflow_only=1, inflow_only=1)
    change(memory.xicheng, outflow(1), person=a_person(77))
    assert reconcile(memory.xicheng).tally == Tally(agreeing=1)


def test_the_month_turns_and_the_runs_go_on(memory: Neighbours):
    enter(memory.xicheng, [outflow(n) for n in (1, 2)])
    enter(memory.wuchang, [inflow(1)])
    for _ in range(3):
        assert reconcile(memory.xicheng).tally == Tally(agreeing=1, outflow_only=1)
        memory.xicheng.clock.move(timedelta(days=31))
    with memory.wuchang.office.ledgers.transaction(read_only=True) as ledger:
        assert [key.month for key in ledger.tokens.all()] == ["2026-03", "2026-04", "2026-05"]


def test_who_is_not_active_is_not_answered(memory: Neighbours):
    memory.xicheng.post(f"/partners/{WUCHANG_NODE}/suspension", role="operator")
    with pytest.raises(PartnerRefused) as refused:
        reconcile(memory.wuchang)
    assert refused.value.problem == "unauthorized"
