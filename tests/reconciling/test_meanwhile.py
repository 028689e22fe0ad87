"""What clerks and the other side do while registers are compared: nothing is lost, and nothing of the protected is shown."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.database.engine import Database
from exchange.ledger import Ledger, Ledgers, RegisterDifferenceFilter
from exchange.reconciling.results import DifferenceKind, RegisterRun, Starter, Tally
from exchange.verbs.keep_entry import protect_entry
from exchange.verbs.reconciling.conclude import Found, conclude
from tests.api.nodes import Neighbours
from tests.builders import XICHENG, a_moment, a_register_run
from tests.building.sealing import open_database
from tests.building.waiting import at_once
from tests.reconciling.asking import CELLS, OPEN, SETTLE
from tests.reconciling.pairs import MARRIED, PAIR, change, comparing_nodes, differences, enter, found, inflow, outflow, reconcile
from tests.reconciling.wires import Lying

OWN = RegisterDifferenceFilter(own=frozenset({XICHENG}))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url, lock_seconds=30)
    database.upgrade()
    yield database
    database.close()


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Neighbours]:
    """10 outflow and 11 inflow entries, of which 7 are of the same people and one of these differs."""
    with comparing_nodes(tmp_path) as both:
        enter(both.xicheng, [outflow(n) for n in range(1, 11)])
        enter(both.wuchang, [inflow(n) for n in range(4, 15)])
        change(both.wuchang, inflow(5), record=MARRIED)
        yield both


class Once:
    """A lie that is none: it does something else, the first time."""

    def __init__(self, *then: Any) -> None:
        self.then = list(then)

    def __call__(self, told: dict[str, Any]) -> dict[str, Any]:
        while self.then:
            self.then.pop()()
        return told


def test_whom_a_clerk_protects_while_we_ask_is_not_told(nodes: Neighbours):
    protecting = Once(*(lambda n=n: change(nodes.xicheng, outflow(n), protected=True) for n in (2, 5)))
    wire = Lying(nodes.wuchang.office, {CELLS: protecting})
    with httpx.Client(transport=wire) as http:
        run = reconcile(nodes.xicheng, http=http)
    # 5 is on the other side too, where nothing is protected.
    assert run.tally == Tally(agreeing=6, outflow_only=2, inflow_only=5)
    assert (wire.asked.count(OPEN), wire.asked.count(SETTLE)) == (2, 1)


@pytest.mark.parametrize("path", [OPEN, CELLS])
def test_whom_a_clerk_protects_while_we_are_asked_is_not_missed_by_the_asker(nodes: Neighbours, path: str):
    wire = Lying(nodes.wuchang.office, {path: Once(lambda: change(nodes.wuchang, inflow(12), protected=True))})
    with httpx.Client(transport=wire) as http:
        run = reconcile(nodes.xicheng, http=http)
    assert run.tally == Tally(agreeing=6, differing=1, outflow_only=3, inflow_only=3)
    assert wire.asked.count(OPEN) == 2


@pytest.mark.parametrize("where", ["memory", "sql"])
def test_what_was_found_of_an_entry_is_gone_once_it_is_protected(tmp_path: Path, database: Database, where: str):
    with comparing_nodes(tmp_path, database if where == "sql" else None) as nodes:
        enter(nodes.xicheng, [outflow(1), outflow(2)])
        first = reconcile(nodes.xicheng)
        assert (first.tally, len(found(nodes.xicheng))) == (Tally(outflow_only=2), 2)
        with nodes.xicheng.office.ledgers.transaction() as ledger:
            protect_entry(ledger, frozenset({XICHENG}), outflow(1).id, True, nodes.xicheng.clock.now())
        assert [each.entry for each in differences(nodes.xicheng)] == [outflow(2).id]
        assert counted(nodes.xicheng.office.ledgers) == {DifferenceKind.ONE_SIDED: 1}
        # Nor is it told that somebody was "repaired".
        assert reconcile(nodes.xicheng).repaired == 0


def counted(ledgers: Ledgers) -> dict[DifferenceKind, int]:
    """The standing differences as a worklist counts them."""
    with ledgers.transaction(read_only=True) as ledger:
        return dict(ledger.register_runs.count_differences(OWN))


def a_run(n: int) -> RegisterRun:
    """A settled run of the pair."""
    return a_register_run(
        n,
        reconciliation=None,
        pair=PAIR,
        started_by=Starter.US if n % 2 else Starter.THEM,
        ended_at=None,
        as_of=None,
        tally=Tally(outflow_only=2),
        repaired=0,
    )


def ending(n: int, ledger: Ledger) -> None:
    """One run ends and finds two of our entries."""
    both = [Found(entry=outflow(each).id, kind=DifferenceKind.ONE_SIDED) for each in (1, 2)]
    conclude(ledger, a_run(n), [(XICHENG, both)], a_moment(50 + n))


def protecting(ledger: Ledger) -> None:
    """A clerk protects the first entry."""
    held = ledger.entries.get(outflow(1).id, lock=True)
    assert held is not None
    ledger.entries.save([replace(held, protected=True)])


def test_two_runs_of_one_pair_end_at_once(database: Database):
    with database.transaction() as ledger:
        ledger.entries.add([outflow(1), outflow(2)])
    at_once(database, lambda ledger: ending(1, ledger), lambda ledger: ending(2, ledger))
    assert counted(database) == {DifferenceKind.ONE_SIDED: 2}
    with database.transaction(read_only=True) as ledger:
        (only,) = ledger.register_runs.difference_of(outflow(1).id)
    assert only.first_at == a_moment(51)


def test_a_run_ends_while_a_clerk_protects(database: Database):
    with database.transaction() as ledger:
        ledger.entries.add([outflow(1), outflow(2)])
    at_once(database, protecting, lambda ledger: ending(1, ledger))
    assert counted(database) == {DifferenceKind.ONE_SIDED: 1}


def test_a_clerk_protects_while_a_run_ends(database: Database):
    with database.transaction() as ledger:
        ledger.entries.add([outflow(1), outflow(2)])
    at_once(database, lambda ledger: ending(1, ledger), protecting)
    assert counted(database) == {DifferenceKind.ONE_SIDED: 1}
