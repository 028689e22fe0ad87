"""The comparisons of registers, what they found, and what people released."""

from dataclasses import replace

import pytest

from exchange.codes import Item, RegisterKind, Role
from exchange.counting.query import UNASSIGNED
from exchange.cursors import BadCursor, register_difference_cursor
from exchange.ledger import Page, RegisterDifferenceFilter
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import DifferenceKind, Outcome, Release, Starter
from tests.builders import (
    WUCHANG,
    WUCHANG_NODE,
    XICHENG,
    XICHENG_NODE,
    YUYANG,
    YUYANG_NODE,
    a_moment,
    a_register_difference,
    a_register_run,
    an_entry,
    an_exchange,
    an_id,
)
from tests.ledger.support import in_pages

PAIR, BACK = Pair(origin=XICHENG, destination=WUCHANG), Pair(origin=WUCHANG, destination=XICHENG)
AWAY = Pair(origin=XICHENG, destination=YUYANG)
OWN = frozenset({XICHENG})
BARE = a_register_run(
    2,
    reconciliation=None,
    started_by=Starter.THEM,
    items=(),
    ended_at=None,
    as_of=None,
    outcome=None,
    outflow_size=None,
    inflow_size=None,
    numberless_outflow=None,
    numberless_inflow=None,
    coarse_left=None,
    estimate=None,
    tally=None,
)


@pytest.mark.parametrize("run", [a_register_run(), BARE, replace(BARE, outcome=Outcome.FAILED, trouble="partner-trouble")])
def test_a_run_comes_back_as_it_was_put_and_is_written_over(ledgers, run):
    with ledgers.transaction() as ledger:
        ledger.register_runs.put(run)
        assert ledger.register_runs.get(an_id(99)) is None
    with ledgers.transaction() as ledger:
        assert ledger.register_runs.get(run.id) == run
        assert ledger.register_runs.get(run.id, lock=True) == run
        ledger.register_runs.put(replace(run, bytes=9, outcome=Outcome.COUNTS_ONLY))
        assert ledger.register_runs.get(run.id) == replace(run, bytes=9, outcome=Outcome.COUNTS_ONLY)


def test_runs_are_found_by_their_reconciliation_and_since_a_moment(ledgers):
    runs = [a_register_run(1), a_register_run(2, pair=BACK, reconciliation=None), a_register_run(3)]
    with ledgers.transaction() as ledger:
        for run in runs:
            ledger.register_runs.put(run)
        assert ledger.register_runs.of_reconciliation(an_id(500)) == [runs[0], runs[2]]
        assert ledger.register_runs.of_reconciliation(an_id(501)) == []
        since = ledger.register_runs.since
        assert since(PAIR, WUCHANG_NODE, a_moment(1)) == [runs[0], runs[2]]
        assert since(PAIR, WUCHANG_NODE, a_moment(2)) == [runs[2]]
        assert since(PAIR, YUYANG_NODE, a_moment(1)) == []


def test_the_last_settled_run_of_each_pair_and_partner_by_a_moment(ledgers):
    settled = [a_register_run(1), a_register_run(5), a_register_run(3, pair=BACK), a_register_run(4, partner=YUYANG_NODE)]
    failed = a_register_run(7, outcome=Outcome.FAILED, tally=None)
    elsewhere = a_register_run(8, pair=Pair(origin=WUCHANG, destination=YUYANG))
    with ledgers.transaction() as ledger:
        for run in (*settled, failed, elsewhere, replace(BARE, id=an_id(9))):
            ledger.register_runs.put(run)
        assert ledger.register_runs.settled(OWN, a_moment(99)) == [settled[1], settled[3], settled[2]]
        assert ledger.register_runs.settled(OWN, a_moment(2)) == [settled[0]]
        assert ledger.register_runs.settled(frozenset(), a_moment(99)) == []


def test_of_each_county_it_is_told_when_it_was_last_compared_to_the_end(ledgers):
    with ledgers.transaction() as ledger:
        assert ledger.register_runs.reconciled(OWN) == {}
        for run in (a_register_run(1), a_register_run(5, pair=BACK), a_register_run(9, outcome=Outcome.COUNTS_ONLY)):
            ledger.register_runs.put(run)
        told = ledger.register_runs.reconciled(frozenset({XICHENG, WUCHANG, YUYANG}))
        assert told == {XICHENG: a_moment(6), WUCHANG: a_moment(6)}
        assert ledger.register_runs.reconciled(frozenset({YUYANG})) == {}


DIFFERING = a_register_difference(2, kind=DifferenceKind.DIFFERING, fields=(Item.CHILDREN, Item.MARITAL_STATUS))
SETTLED = a_register_difference(3, settled_at=a_moment(180))


def test_differences_come_back_as_they_were_put_and_are_written_over(ledgers):
    with ledgers.transaction() as ledger:
        ledger.register_runs.put_differences([a_register_difference(1), DIFFERING, SETTLED])
        ledger.register_runs.put_differences([])
    with ledgers.transaction() as ledger:
        assert ledger.register_runs.standing(PAIR, XICHENG) == [a_register_difference(1), DIFFERING]
        assert ledger.register_runs.difference_of(an_id(3)) == [SETTLED]
        assert ledger.register_runs.standing(PAIR, WUCHANG) == ledger.register_runs.standing(BACK, XICHENG) == []
        again = [replace(DIFFERING, fields=(), first_at=a_moment(240)), replace(SETTLED, settled_at=None)]
        ledger.register_runs.put_differences(again)
        assert ledger.register_runs.standing(PAIR, XICHENG) == [a_register_difference(1), *again]
        assert ledger.register_runs.difference_of(an_id(2)) == again[:1]


def test_what_was_settled_is_forgotten_in_time(ledgers):
    with ledgers.transaction() as ledger:
        ledger.register_runs.put_differences([a_register_difference(1), SETTLED])
        assert [ledger.register_runs.forget(a_moment(at)) for at in (180, 181, 999)] == [0, 1, 0]
        assert ledger.register_runs.difference_of(an_id(3)) == []
        assert ledger.register_runs.standing(PAIR, XICHENG) == [a_register_difference(1)]


def test_no_difference_of_a_protected_entry_is_kept(ledgers):
    with ledgers.transaction() as ledger:
        ledger.entries.add([an_entry(1), an_entry(2, protected=True)])
        ledger.register_runs.put_differences([a_register_difference(1), DIFFERING, SETTLED])
        assert ledger.register_runs.standing(PAIR, XICHENG) == [a_register_difference(1)]
        assert ledger.register_runs.difference_of(an_id(2)) == []


def test_one_entry_can_differ_from_several_counties(ledgers):
    both = [a_register_difference(1, kind=DifferenceKind.COARSE, pair=pair) for pair in (PAIR, AWAY)]
    with ledgers.transaction() as ledger:
        ledger.register_runs.put_differences([*both, a_register_difference(2, kind=DifferenceKind.COARSE)])
        assert ledger.register_runs.difference_of(an_id(1)) == both
        assert ledger.register_runs.found_twice(OWN) == both
        assert ledger.register_runs.found_twice(frozenset({WUCHANG})) == []
        ledger.register_runs.put_differences([replace(both[1], settled_at=a_moment(200))])
        assert ledger.register_runs.found_twice(OWN) == []


TOWNSHIP = "110102001"
INFLOW = a_register_difference(4, pair=BACK, partner=YUYANG_NODE)
STANDING = [a_register_difference(1), DIFFERING, INFLOW, a_register_difference(5, own=WUCHANG, partner=XICHENG_NODE)]


@pytest.fixture
def differing(ledgers):
    entries = [
        an_entry(1, township=TOWNSHIP),
        an_entry(2),
        an_entry(3),
        an_entry(4, register=RegisterKind.INFLOW, origin=WUCHANG, destination=XICHENG),
        an_entry(5, jurisdiction=WUCHANG, register=RegisterKind.INFLOW),
    ]
    with ledgers.transaction() as ledger:
        ledger.entries.add(entries)
        ledger.register_runs.put_differences([*STANDING, SETTLED])
    with ledgers.transaction() as ledger:
        yield ledger


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({}, [0, 1, 2]),
        ({"own": frozenset({XICHENG, WUCHANG})}, [0, 1, 2, 3]),
        ({"own": frozenset()}, []),
        ({"kind": DifferenceKind.DIFFERING}, [1]),
        ({"kind": DifferenceKind.COARSE}, []),
        ({"township": TOWNSHIP}, [0]),
        ({"township": UNASSIGNED}, [1, 2]),
        ({"township": "110102002"}, []),
        ({"register": RegisterKind.INFLOW}, [2]),
        ({"register": RegisterKind.OUTFLOW, "other": WUCHANG}, [0, 1]),
        ({"other": XICHENG}, []),
        ({"other": XICHENG, "own": frozenset({WUCHANG})}, [3]),
        ({"partner": YUYANG_NODE}, [2]),
    ],
)
def test_standing_differences_are_listed_and_counted_as_they_are_narrowed(differing, narrowed, expected):
    wanted = RegisterDifferenceFilter(**{"own": OWN, **narrowed})
    runs, listed = differing.register_runs, [STANDING[n] for n in expected]
    assert in_pages(lambda page: runs.differences(wanted, page), register_difference_cursor, 1) == [
        *([each] for each in listed),
        [],
    ]
    counts: dict[DifferenceKind, int] = {}
    for each in listed:
        counts[each.kind] = counts.get(each.kind, 0) + 1
    assert runs.count_differences(wanted) == counts


def test_a_cursor_of_another_listing_is_refused(differing):
    with pytest.raises(BadCursor):
        differing.register_runs.differences(RegisterDifferenceFilter(own=OWN), Page(after="nonsense"))


def test_a_release_holds_for_its_pair_and_partner_and_the_last_word_counts(ledgers):
    first = Release(partner=WUCHANG_NODE, pair=PAIR, limit=2_000, by="key-1", at=a_moment(1), until=a_moment(99))
    with ledgers.transaction() as ledger:
        ledger.register_runs.release(first)
        assert ledger.register_runs.released(WUCHANG_NODE, PAIR) == first
        assert ledger.register_runs.released(WUCHANG_NODE, BACK) is None
        assert ledger.register_runs.released(YUYANG_NODE, PAIR) is None
        ledger.register_runs.release(replace(first, limit=9_000, by="key-2"))
    with ledgers.transaction() as ledger:
        assert ledger.register_runs.released(WUCHANG_NODE, PAIR) == replace(first, limit=9_000, by="key-2")


def test_the_exchanges_of_entries_are_found_at_once_on_both_sides(ledgers):
    exchanges = [
        an_exchange(1, entry=an_id(1)),
        an_exchange(2, entry=an_id(1), role=Role.ASKED),
        an_exchange(3, entry=an_id(2)),
        an_exchange(4),
    ]
    with ledgers.transaction() as ledger:
        ledger.exchanges.add(exchanges)
        told = ledger.exchanges.of_entries([an_id(1), an_id(2), an_id(9)])
        assert told == {an_id(1): exchanges[:2], an_id(2): exchanges[2:3]}
        assert ledger.exchanges.of_entries([]) == {}


def test_persons_in_the_inflow_registers_of_two_counties_are_grouped(ledgers):
    inflow = {"register": RegisterKind.INFLOW, "origin": XICHENG}
    here, there = {"jurisdiction": WUCHANG, **inflow}, {"jurisdiction": YUYANG, **inflow}
    entries = [
        *(an_entry(n, **here, destination=WUCHANG) for n in (1, 2, 3, 4, 5)),
        an_entry(11, **there, person_index="person-1"),
        an_entry(12, **there, person_index="person-2", protected=True),
        an_entry(13, **there, person_index="person-3", closed_at=a_moment(99)),
        an_entry(14, **{**there, "origin": WUCHANG}, person_index="person-4"),
        an_entry(15, jurisdiction=YUYANG, person_index="person-5"),
        an_entry(16, **{**here, "jurisdiction": "420111"}, person_index="person-1"),
    ]
    counties = [WUCHANG, YUYANG, "420111"]
    with ledgers.transaction() as ledger:
        ledger.entries.add(entries)
        assert ledger.entries.in_two_inflows(counties) == [(an_id(1), an_id(11), an_id(16))]
        assert ledger.entries.in_two_inflows([WUCHANG, YUYANG]) == [(an_id(1), an_id(11))]
        assert ledger.entries.in_two_inflows([WUCHANG]) == ledger.entries.in_two_inflows([]) == []
