"""Entries of which the person is erased: gone for everybody, and the figures are the same to the digit."""

from dataclasses import replace

from exchange.checking.check import DifferenceFilter, DifferenceState
from exchange.codes import CloseReason, RegisterKind
from exchange.ledger import EntryFilter, Page
from exchange.people.register import EntryFactKind
from exchange.reconciling.keys import Leaf
from tests.builders import (
    WUCHANG,
    XICHENG,
    a_check,
    a_day,
    a_difference,
    a_moment,
    a_register_difference,
    a_token_key,
    an_entry,
    an_entry_fact,
    an_id,
)

MINE = frozenset({XICHENG})
OPENED, CLOSED = an_entry_fact(1), an_entry_fact(1, what=EntryFactKind.CLOSED, happened_at=a_moment(9), known_at=a_moment(9))


def closed(n=1, **changes):
    return an_entry(n, closed_at=a_moment(9), close_reason=CloseReason.RETURNED, **changes)


def figures(ledger):
    """Everything that counting asks of the entries, at moments before and after they were closed."""
    return [
        (
            sorted(ledger.entries.counted(MINE, as_of), key=str),
            sorted(ledger.entries.sums(MINE, a_day(), as_of), key=str),
            ledger.entries.named(MINE, as_of),
            dict(ledger.entries.townships([an_id(1), an_id(2)])),
        )
        for as_of in (a_moment(5), a_moment(60))
    ]


def holding(ledgers):
    with ledgers.transaction() as ledger:
        ledger.entries.add([closed(1, township="110102001"), an_entry(2)])
        ledger.entries.add_facts([OPENED, CLOSED, an_entry_fact(2)])


def test_no_way_to_an_entry_leads_to_one_that_is_erased(ledgers):
    holding(ledgers)
    with ledgers.transaction() as ledger:
        assert ledger.entries.erase([an_id(1), an_id(7)]) == 1
    with ledgers.transaction() as ledger:
        held = an_entry(2)
        assert ledger.entries.get(an_id(1)) is None
        assert ledger.entries.load([an_id(1), an_id(2)]) == {an_id(2): held}
        assert ledger.entries.by_person(MINE, ["person-1", "person-2"]) == {"person-2": [held]}
        assert ledger.entries.find(EntryFilter(jurisdictions=MINE), Page()) == [held]
        assert ledger.pairing.without_keys(Page()) == [held]
        assert ledger.entries.closed_before(a_moment(999), 10) == []


def test_an_open_entry_that_is_erased_is_in_no_register_and_takes_no_place_there(ledgers):
    with ledgers.transaction() as ledger:
        ledger.entries.add([an_entry(1), an_entry(2)])
        ledger.entries.erase([an_id(1), an_id(2)])
        ledger.entries.add([an_entry(3, person_index="person-1")])
        assert ledger.entries.between(XICHENG, RegisterKind.OUTFLOW, [WUCHANG], Page()) == [an_entry(3, person_index="person-1")]
        ledger.entries.erase([an_id(3)])
        assert ledger.entries.pairs(MINE) == []


def test_the_figures_are_what_they_were(ledgers):
    holding(ledgers)
    with ledgers.transaction() as ledger:
        before = figures(ledger)
        assert ledger.entries.erase([an_id(1)]) == 1
    with ledgers.transaction() as ledger:
        assert figures(ledger) == before
        assert [len(counted) for counted, *_ in before] == [2, 2]


def test_erasing_again_erases_nothing(ledgers):
    holding(ledgers)
    with ledgers.transaction() as ledger:
        assert [ledger.entries.erase(ids) for ids in ([], [an_id(1)], [an_id(1)])] == [0, 1, 0]


def test_no_token_and_no_difference_is_left(ledgers):
    holding(ledgers)
    ours, theirs = a_register_difference(1), a_register_difference(2)
    said = a_difference(1, entry=an_id(1))
    settled = replace(a_difference(2, entry=an_id(1)), state=DifferenceState.CORRECTED)
    with ledgers.transaction() as ledger:
        key = ledger.tokens.add(a_token_key()).id
        ledger.tokens.change(key, 1, [], [Leaf(an_id(n), bytes([n] * 24)) for n in (1, 2)])
        ledger.register_runs.put_differences([ours, theirs])
        ledger.cross_checks.add(a_check(), [], [said, settled])
        ledger.entries.erase([an_id(1)])
        # What a run that was under way finds of it comes too late.
        ledger.register_runs.put_differences([ours])
    with ledgers.transaction() as ledger:
        assert ledger.tokens.register(key, 1).leaves == bytes([2] * 24)
        assert ledger.register_runs.difference_of(an_id(1)) == []
        assert ledger.register_runs.difference_of(an_id(2)) == [theirs]
        kept = ledger.cross_checks.differences(DifferenceFilter(own=MINE), Page())
        assert sorted((each.state, each.proposal) for each in kept) == [
            (DifferenceState.CORRECTED, None),
            (DifferenceState.LAPSED, None),
        ]


def test_what_was_closed_before_a_moment_comes_first_closed_first(ledger):
    ledger.entries.add([replace(closed(n), closed_at=a_moment(20 - n)) for n in (1, 2, 3, 4)])
    ledger.entries.add([an_entry(5)])
    assert ledger.entries.closed_before(a_moment(19), 10) == [an_id(4), an_id(3), an_id(2)]
    assert ledger.entries.closed_before(a_moment(19), 2) == [an_id(4), an_id(3)]
