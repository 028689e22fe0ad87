"""Whatever two registers hold, what comes out is exactly what differs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.reconciling.apart import Apart, Side, known_among
from exchange.reconciling.sketch import (
    SKETCH,
    Cells,
    Salt,
    Words,
    cells_for,
    digest_of,
    elements_of,
    estimate,
    persons_of,
    sketch_of,
    words_of,
)

SALT = Salt.of(b"a" * 16, b"b" * 16)


def leaves(persons: dict[int, int]) -> bytes:
    """Leaves of numbered persons with numbered facts, as a keyed hash would spread them."""
    rng = [
        np.random.default_rng(person + 1).bytes(16) + np.random.default_rng(facts + 10**6).bytes(8)
        for person, facts in persons.items()
    ]
    return b"".join(rng)


def told_apart(ours: dict[int, int], theirs: dict[int, int], salt: Salt = SALT) -> tuple[Side, Side, Apart]:
    """As in a run: sketch, cells, and what is left of them."""
    here, there = Side(words_of(leaves(ours)), salt), Side(words_of(leaves(theirs)), salt)
    about = estimate(sketch_of(here.elements, salt), sketch_of(there.elements, salt))
    for attempt in range(6):
        apart = here.apart(Cells.of(there.elements, salt, cells_for(about) << attempt))
        if apart is not None:
            return here, there, apart
    raise AssertionError("the table never came apart")


registers = st.dictionaries(st.integers(0, 300), st.integers(0, 5), max_size=120)


@given(registers, registers)
def test_the_result_of_any_two_registers_is_exactly_their_difference(ours: dict[int, int], theirs: dict[int, int]):
    here, there, apart = told_apart(ours, theirs)
    names, others = list(ours), list(theirs)
    assert {names[place] for place in apart.mine} == ours.keys() - theirs.keys()
    assert {others[place] for place in there.places(apart.yours)} == theirs.keys() - ours.keys()
    changed = {name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]}
    assert [names[place] for place in apart.changed_mine] == [others[place] for place in there.places(apart.changed_yours)]
    assert {names[place] for place in apart.changed_mine} == changed
    left = here.digest_without(np.concatenate([apart.mine, apart.changed_mine]))
    assert left == there.digest_without(there.places(np.concatenate([apart.yours, apart.changed_yours])))
    assert apart.persons == len(ours.keys() ^ theirs.keys()) + len(changed)


@given(registers, registers)
def test_with_both_registers_at_hand_the_same_comes_out(ours: dict[int, int], theirs: dict[int, int]):
    here, there, apart = told_apart(ours, theirs)
    beside = here.beside(there)
    for told in ("mine", "yours", "changed_mine", "changed_yours"):
        assert sorted(getattr(beside, told).tolist()) == sorted(getattr(apart, told).tolist())


@given(registers, st.randoms(use_true_random=False))
def test_the_digest_does_not_depend_on_the_order_of_reading(persons: dict[int, int], random):
    shuffled = list(persons.items())
    random.shuffle(shuffled)
    assert digest_of(words_of(leaves(persons))) == digest_of(words_of(leaves(dict(shuffled))))


def test_leaves_that_begin_alike_have_one_order_too():
    both = [bytes(8) + bytes([n]) * 16 for n in (3, 1, 2)]
    assert digest_of(words_of(b"".join(both))) == digest_of(words_of(b"".join(sorted(both))))


@pytest.mark.parametrize("differing", [0, 1, 7, 100, 3000, 60_000])
def test_the_estimate_is_near_and_the_table_that_it_asks_for_is_enough(differing: int):
    rng = np.random.default_rng(differing)
    both, ours = random_elements(rng, 20_000), random_elements(rng, differing)
    salt = Salt.of(rng.bytes(16), rng.bytes(16))
    about = estimate(sketch_of(np.concatenate([both, ours]), salt), sketch_of(both, salt))
    assert abs(about - differing) <= 0.3 * differing
    table = Cells.of(np.concatenate([both, ours]), salt, cells_for(about))
    table.toggle(both)
    left = table.peel()
    assert left is not None
    assert sorted(left.tolist()) == sorted(ours.tolist())


def test_no_more_than_one_table_in_a_hundred_is_too_small():
    rng = np.random.default_rng(7)
    failed = 0
    for _ in range(2000):
        differing = int(rng.integers(1, 400))
        salt = Salt.of(rng.bytes(16), rng.bytes(16))
        elements = random_elements(rng, differing)
        about = estimate(sketch_of(elements, salt), np.zeros(SKETCH, np.int16))
        failed += Cells.of(elements, salt, cells_for(about)).peel() is None
    assert failed <= 20


def test_elements_differ_from_run_to_run_and_keep_what_is_of_the_person():
    words = words_of(leaves({1: 1, 2: 2}))
    other = Salt.of(b"a" * 16, b"c" * 16)
    assert not set(elements_of(words, SALT).tolist()) & set(elements_of(words, other).tolist())
    changed = words_of(leaves({1: 5, 2: 2}))
    assert persons_of(elements_of(words, SALT)).tolist() == persons_of(elements_of(changed, SALT)).tolist()
    assert elements_of(words, SALT)[0] != elements_of(changed, SALT)[0]


@given(st.binary(min_size=0, max_size=12 * 60), st.integers(1, 20))
def test_a_table_of_junk_ends_and_never_gives_more_than_it_holds(junk: bytes, width: int):
    size = 3 * width
    packed = junk.ljust(12 * size, b"\0")[: 12 * size]
    keys = np.frombuffer(packed[: 8 * size], np.uint64).copy()
    checks = np.frombuffer(packed[8 * size :], np.uint32).copy()
    left = Cells(keys, checks, SALT).peel()
    assert left is None or len(left) <= size


def test_a_table_made_to_come_apart_for_ever_is_cut_off():
    element = np.array([0x1234567890ABCDEF], np.uint64)
    table = Cells.of(element, SALT, 30)
    # The same element in one cell only: taking it out puts it into the others, and so on without end.
    keys, checks = np.zeros(30, np.uint64), np.zeros(30, np.uint32)
    where = int(np.flatnonzero(table.keys)[0])
    keys[where], checks[where] = table.keys[where], table.checks[where]
    assert Cells(keys, checks, SALT).peel() is None


def test_people_outside_the_register_are_known_by_their_token_alone():
    elements = elements_of(words_of(leaves({1: 1, 2: 2, 3: 3})), SALT)
    ours = [leaves({person: facts}) for person, facts in ((9, 9), (3, 3), (1, 8))]
    assert [tuple(known) for known in known_among(ours, elements, SALT)] == [(1, 2, True), (2, 0, False)]
    assert known_among([], elements, SALT) == []


def random_elements(rng: np.random.Generator, count: int) -> Words:
    return rng.integers(1, 2**64, count, dtype=np.uint64)
