"""The blind keys: a slip leaves some of them whole, and they tell nothing."""

from dataclasses import replace

import pytest

from exchange.codes import RegisterKind
from exchange.pairing.keys import PASSES, SAMPLED, Blinding, Pass
from exchange.wire.ijson import b64url_encode
from tests.builders import XICHENG, YUYANG, an_id
from tests.pairing.people import entered, slips, somebody, told

BLINDING = Blinding(lambda data: b64url_encode(data[:32].ljust(32, b"k")))
N = 41


def shared(person, entry):
    """The passes under which an entry is found."""
    keys = dict(zip(PASSES, BLINDING.keys(entry) or (), strict=True))
    looked = BLINDING.looked(entry.jurisdiction, entry.register, told(person))
    return {each for each, wanted in looked.keys.items() if keys.get(each) in wanted}


@pytest.mark.parametrize("slip", sorted(slips(N)))
@pytest.mark.parametrize("n", range(0, 90, 11))
def test_each_slip_leaves_keys_under_which_the_person_is_found(n, slip):
    narrow = shared(slips(n)[slip], entered(n)) - {Pass.NAME, Pass.SOUND}
    assert len(narrow) >= 2


def test_others_are_not_found_under_narrow_keys():
    narrow = set(PASSES) - {Pass.NAME, Pass.SOUND}
    found = [n for n in range(300) if n != N and shared(somebody(N), entered(n)) & narrow]
    assert len(found) < 5


def test_a_protected_entry_has_no_keys():
    assert BLINDING.keys(entered(1, protected=True)) is None


def test_a_key_belongs_to_one_register_and_one_node():
    entry = entered(N)
    others = (
        BLINDING.keys(replace(entry, register=RegisterKind.INFLOW)),
        BLINDING.keys(replace(entry, jurisdiction=YUYANG)),
        Blinding(lambda _: "another node's key").keys(entry),
    )
    for keys in others:
        assert {*(keys or ())} & {*(BLINDING.keys(entry) or ())} <= {None}


def test_a_key_fits_into_the_database_and_holds_no_person():
    keys = BLINDING.keys(entered(N)) or ()
    assert all(key is None or 0 <= key < 2**63 for key in keys)
    assert keys == BLINDING.keys(entered(N))


def test_one_entry_in_many_carries_the_size_of_its_register():
    size = BLINDING.looked(XICHENG, RegisterKind.OUTFLOW, told(somebody(1))).size
    place = PASSES.index(Pass.SIZE)
    carried = [(BLINDING.keys(replace(entered(1), id=an_id(n))) or ())[place] for n in range(20_000)]
    assert set(carried) == {None, size}
    assert 20_000 / SAMPLED / 1.3 < sum(key is not None for key in carried) < 20_000 / SAMPLED * 1.3
