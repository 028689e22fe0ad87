"""The tokens of the registers: what is read at one revision stays, and no token of a protected entry is left."""

from dataclasses import replace

import pytest

from exchange.codes import CloseReason, RegisterKind
from exchange.ledger import Page
from exchange.reconciling.keys import Leaf
from exchange.reconciling.pairs import Pair
from tests.builders import WUCHANG, XICHENG, YUYANG, a_digest, a_moment, a_token_key, an_entry, an_id
from tests.ledger.support import TAKEN

PAIR = Pair(origin=XICHENG, destination=WUCHANG)


def a_leaf(n: int, content: int = 0, **changes):
    return replace(Leaf(an_id(n), n.to_bytes(16, "big") + content.to_bytes(8, "big")), **changes)


def leaves_at(ledger, key: int, revision: int):
    return ledger.tokens.register(key, revision).leaves


def parted(leaves: bytes) -> list[bytes]:
    return sorted(leaves[at : at + 24] for at in range(0, len(leaves), 24))


def test_a_key_is_kept_as_it_was_added(ledger):
    first, second = ledger.tokens.add(a_token_key()), ledger.tokens.add(a_token_key(month="2026-04", made_through=None))
    assert [first, second] == [a_token_key(id=first.id), a_token_key(id=second.id, month="2026-04", made_through=None)]
    assert ledger.tokens.all() == [first, second]
    for revision in (0, 9):
        assert ledger.tokens.find(a_token_key(month="2026-04", revision=revision)) == second
    mine, theirs = a_token_key().kids
    others = (
        a_token_key(agreement=a_digest("later")),
        a_token_key(pair=Pair(origin=XICHENG, destination=YUYANG)),
        a_token_key(own=WUCHANG),
        a_token_key(month="2026-05"),
        a_token_key(kids=(a_digest("new"), theirs)),
        a_token_key(kids=(mine, a_digest("new"))),
    )
    assert [ledger.tokens.find(other) for other in others] == [None] * len(others)
    moved = replace(first, revision=3, made_through=an_id(7), noted=2, noted_at=a_moment(5))
    ledger.tokens.save(moved)
    assert (ledger.tokens.get(first.id), ledger.tokens.get(second.id), ledger.tokens.get(99)) == (moved, second, None)


def test_a_key_that_was_never_added_is_not_saved(ledger):
    with pytest.raises(KeyError):
        ledger.tokens.save(a_token_key(id=7))


def test_a_set_read_at_a_revision_stays_as_it_was(ledger):
    key = ledger.tokens.add(a_token_key()).id
    ledger.tokens.change(key, 1, [], [a_leaf(1), a_leaf(2), a_leaf(9, numbered=False)])
    ledger.tokens.change(key, 2, [a_leaf(1, added=1)], [a_leaf(1, 5), a_leaf(3)])
    ledger.tokens.change(key, 3, [a_leaf(2, added=1), a_leaf(1, 5, added=2), a_leaf(9, numbered=False, added=1)], [a_leaf(1)])
    at = [parted(leaves_at(ledger, key, revision)) for revision in range(5)]
    one, other, two, three = a_leaf(1).value, a_leaf(1, 5).value, a_leaf(2).value, a_leaf(3).value
    assert at == [[], [one, two], [other, two, three], [one, three], [one, three]]
    sizes = [len(leaves_at(ledger, key, revision)) // 24 for revision in range(4)]
    assert [ledger.tokens.size(key, revision) for revision in range(4)] == sizes
    assert [ledger.tokens.register(key, revision).numberless for revision in range(4)] == [0, 1, 1, 0]


def test_a_leaf_that_comes_back_stands_from_then_on(ledger):
    key = ledger.tokens.add(a_token_key()).id
    ledger.tokens.change(key, 1, [], [a_leaf(1)])
    ledger.tokens.change(key, 2, [a_leaf(1, added=1)], [])
    ledger.tokens.change(key, 3, [], [a_leaf(1)])
    assert [len(leaves_at(ledger, key, revision)) for revision in range(5)] == [0, 24, 0, 24, 24]
    assert ledger.tokens.standing([an_id(1), an_id(2)]) == {an_id(1): [(key, a_leaf(1, added=3))]}


def test_one_person_may_leave_with_one_entry_and_come_with_another_at_once(ledger):
    key = ledger.tokens.add(a_token_key()).id
    ledger.tokens.change(key, 1, [], [a_leaf(1)])
    ledger.tokens.change(key, 2, [a_leaf(1, added=1)], [replace(a_leaf(1), entry=an_id(2))])
    assert [parted(leaves_at(ledger, key, revision)) for revision in (1, 2)] == [[a_leaf(1).value]] * 2
    assert ledger.tokens.entries_of(key, [a_leaf(1).value, a_leaf(5).value]) == {a_leaf(1).value: an_id(2)}


def test_the_same_leaf_is_not_added_twice_at_a_revision(ledgers):
    with ledgers.transaction() as ledger:
        key = ledger.tokens.add(a_token_key()).id
        ledger.tokens.change(key, 1, [], [a_leaf(1)])
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.tokens.change(key, 1, [], [a_leaf(1)])


def test_ended_leaves_are_known_until_they_are_forgotten(ledger):
    key, other = ledger.tokens.add(a_token_key()).id, ledger.tokens.add(a_token_key(month="2026-04")).id
    leaves = [a_leaf(n) for n in range(1, 6)]
    for each in (key, other):
        ledger.tokens.change(each, 1, [], leaves)
        ledger.tokens.change(each, 2, [replace(leaf, added=1) for leaf in leaves[:3]], [])
        ledger.tokens.change(each, 3, [replace(leaves[3], added=1)], [])
    assert len(ledger.tokens.entries_of(key, [leaf.value for leaf in leaves])) == 5
    assert [ledger.tokens.forget(key, 2, 2) for _ in range(3)] == [2, 1, 0]
    assert parted(leaves_at(ledger, key, 2)) == [leaves[3].value, leaves[4].value]
    assert parted(leaves_at(ledger, key, 3)) == [leaves[4].value]
    assert len(ledger.tokens.entries_of(key, [leaf.value for leaf in leaves])) == 2
    assert len(ledger.tokens.entries_of(other, [leaf.value for leaf in leaves])) == 5


def test_a_key_is_erased_in_parts_and_dropped_whole(ledger):
    key, other = ledger.tokens.add(a_token_key()).id, ledger.tokens.add(a_token_key(month="2026-04")).id
    for each in (key, other):
        ledger.tokens.change(each, 1, [], [a_leaf(n) for n in range(1, 6)])
    assert [ledger.tokens.erase(key, 3) for _ in range(3)] == [3, 2, 0]
    ledger.tokens.change(key, 2, [], [a_leaf(1)])
    ledger.tokens.drop(key)
    assert (ledger.tokens.get(key), leaves_at(ledger, key, 2)) == (None, b"")
    assert len(leaves_at(ledger, other, 1)) == 5 * 24


def test_what_is_added_or_saved_is_queued_in_order(ledger):
    ledger.entries.add([an_entry(n) for n in range(1, 4)])
    ledger.entries.save([replace(an_entry(1), version=2)])
    queued = ledger.tokens.queued(10)
    assert [entry for _, entry in queued] == [an_id(1), an_id(2), an_id(3), an_id(1)]
    ledger.tokens.unqueue([number for number, _ in queued[:2]])
    assert ledger.tokens.queued(1) == [queued[2]]
    ledger.tokens.unqueue([number for number, _ in queued])
    assert ledger.tokens.queued(10) == []


def test_of_a_protected_entry_no_token_is_left_at_any_revision(ledger):
    key = ledger.tokens.add(a_token_key()).id
    entries = [an_entry(n) for n in (1, 2)]
    ledger.entries.add(entries)
    ledger.tokens.change(key, 1, [], [a_leaf(1), a_leaf(2)])
    ledger.tokens.change(key, 2, [a_leaf(1, added=1)], [a_leaf(1, 5)])
    ledger.entries.save([replace(entries[0], protected=True)])
    assert [parted(leaves_at(ledger, key, revision)) for revision in (1, 2)] == [[a_leaf(2).value]] * 2
    assert ledger.tokens.entries_of(key, [a_leaf(1).value, a_leaf(1, 5).value]) == {}


def test_many_leaves_are_read_as_few_are(ledger):
    key = ledger.tokens.add(a_token_key()).id
    leaves = [a_leaf(n) for n in range(1, 1501)]
    ledger.tokens.change(key, 1, [], leaves)
    ledger.tokens.change(key, 2, [replace(leaf, added=1) for leaf in leaves[::2]], [])
    assert parted(leaves_at(ledger, key, 2)) == [leaf.value for leaf in leaves[1::2]]
    assert len(ledger.tokens.entries_of(key, [leaf.value for leaf in leaves])) == 1500
    assert len(ledger.tokens.standing([leaf.entry for leaf in leaves])) == 750


def test_pairs_are_what_open_entries_name(ledger):
    ledger.entries.add(
        [
            an_entry(1),
            an_entry(2),
            an_entry(3, destination="420000"),
            an_entry(4, destination=YUYANG, protected=True),
            an_entry(5, destination=YUYANG).closed(CloseReason.RETURNED, a_moment()),
            an_entry(6, jurisdiction=WUCHANG, register=RegisterKind.INFLOW),
            an_entry(7, register=RegisterKind.INFLOW, origin=YUYANG, destination=XICHENG),
        ]
    )
    mine = [
        (XICHENG, PAIR),
        (XICHENG, Pair(origin=XICHENG, destination="420000")),
        (XICHENG, Pair(origin=YUYANG, destination=XICHENG)),
    ]
    assert sorted(ledger.entries.pairs([XICHENG])) == sorted(mine)
    assert sorted(ledger.entries.pairs([XICHENG, WUCHANG])) == sorted([*mine, (WUCHANG, PAIR)])
    assert ledger.entries.pairs([]) == []


def test_the_entries_between_two_places_are_read_in_the_order_of_their_ids(ledger):
    ledger.entries.add(
        [
            *(an_entry(n, destination="420000" if n % 3 == 0 else WUCHANG) for n in range(1, 8)),
            an_entry(8, protected=True),
            an_entry(9).closed(CloseReason.RETURNED, a_moment()),
            an_entry(10, jurisdiction=WUCHANG, register=RegisterKind.INFLOW),
            an_entry(11, destination=YUYANG),
        ]
    )

    def between(others, after: str = "", limit: int = 100):
        page = Page(after=after, limit=limit)
        return [entry.id for entry in ledger.entries.between(XICHENG, RegisterKind.OUTFLOW, others, page)]

    assert between([WUCHANG]) == [an_id(n) for n in (1, 2, 4, 5, 7)]
    assert between(["420000", WUCHANG]) == [an_id(n) for n in range(1, 8)]
    assert between(["420000", WUCHANG], an_id(2), 3) == [an_id(n) for n in (3, 4, 5)]
    assert between([]) == []
    inflow = ledger.entries.between(WUCHANG, RegisterKind.INFLOW, [XICHENG], Page())
    assert [entry.id for entry in inflow] == [an_id(10)]
