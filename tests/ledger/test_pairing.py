"""The blind keys of the entries and what a linkage suggested, on every ledger."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from adapters.database.connections import open_engine, read_url
from adapters.database.engine import Database
from adapters.memory import MemoryLedgers
from exchange.codes import CloseReason, RegisterKind, Role
from exchange.conversation import State
from exchange.exchanges import PairedBy
from exchange.ledger import Ledgers, Page
from exchange.pairing.comparing import describe
from exchange.pairing.keys import Blinding, Pass
from exchange.pairing.suggesting import Suggestion
from exchange.verbs.pairing.index import Indexed, index_some
from exchange.wire.ijson import b64url_encode
from tests.builders import WUCHANG, XICHENG, YUYANG, a_conversation, a_moment, a_person, a_record, an_entry, an_exchange, an_id
from tests.building.sealing import open_database
from tests.ledger.conftest import EMPTY

MINE = frozenset({XICHENG})


def keyed(data: bytes) -> str:
    """A keyed hash in form only: what is blind about it does not matter here."""
    return b64url_encode(data[:32].ljust(32, b"."))


BLINDING = Blinding(keyed)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledgers]:
    """An empty ledger of each kind that knows the node's key."""
    if request.param == "memory":
        yield MemoryLedgers(keyed)
        return
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'woshou.db'}"
    else:
        held: tuple[Database, psycopg.Connection] = request.getfixturevalue("migrated_postgresql")
        held[1].execute(EMPTY)
        info = held[1].info
        url = f"postgresql://{info.user}@/{info.dbname}?host={info.host}&port={info.port}"
    database = Database(read_url(url), open_engine(read_url(url), 5), BLINDING)
    database.upgrade()
    yield database
    database.close()


@pytest.fixture
def ledger(kept):
    with kept.transaction() as opened:
        yield opened


def looked(person=None, record=None, *, jurisdiction=XICHENG, register=RegisterKind.OUTFLOW):
    return BLINDING.looked(jurisdiction, register, describe(person or a_person(1), record))


def found(ledger, wanted=None, most=100):
    sharing = ledger.pairing.sharing(wanted or looked(), most)
    return {each: sorted(entries) for each, entries in sharing.items()}


ALL_OF_ONE = {
    each: [an_id(1)]
    for each in (
        *(Pass.NAME, Pass.SOUND, Pass.SOUND_YEAR, Pass.BIRTH_SURNAME, Pass.BIRTH_GIVEN),
        *(Pass.DOC_HEAD, Pass.DOC_TAIL, Pass.DOC_ENDS),
    )
}


def test_an_added_entry_is_found_under_all_that_it_shares(ledger):
    ledger.entries.add([an_entry(1), an_entry(2, person=a_person(2, name="欧阳锋", birth_date=None))])
    assert found(ledger) == ALL_OF_ONE | {each: [an_id(1), an_id(2)] for each in (Pass.DOC_HEAD,)}


def test_many_are_added_and_changed_at_once(ledger):
    entries = [an_entry(n, person=a_person(n, name=f"王{chr(0x4E00 + n)}")) for n in range(1, 301)]
    ledger.entries.add(entries)
    assert len(found(ledger, looked(a_person(1)), 500)[Pass.DOC_HEAD]) == 300
    ledger.entries.save([replace(entry, person=a_person(1, name="欧阳锋"), version=2) for entry in entries])
    assert found(ledger, looked(a_person(1, name="欧阳锋")), 500)[Pass.NAME] == sorted(entry.id for entry in entries)
    assert Pass.NAME not in found(ledger, looked(a_person(1, name=f"王{chr(0x4E01)}")), 500)


def test_a_changed_entry_is_found_under_what_it_now_says_and_no_longer_under_what_it_said(ledger):
    ledger.entries.add([an_entry(1)])
    ledger.entries.save([an_entry(1, person=a_person(500, name="欧阳锋", birth_date=a_moment().date()), version=2)])
    assert Pass.NAME not in found(ledger)
    assert found(ledger, looked(a_person(500, name="欧阳锋", birth_date=a_moment().date())))[Pass.NAME] == [an_id(1)]


def test_a_protected_entry_is_found_by_nothing_and_counted_nowhere(ledger):
    ledger.entries.add([an_entry(1), an_entry(2, person=a_person(1), protected=True)])
    assert found(ledger) == ALL_OF_ONE
    ledger.entries.save([an_entry(1, protected=True, version=2)])
    assert found(ledger) == {}
    assert ledger.pairing.bearing(Pass.NAME, looked().name, 100) == 0
    assert ledger.pairing.without_keys(Page()) == []
    ledger.entries.save([an_entry(1, version=3)])
    assert found(ledger) == ALL_OF_ONE


def test_what_was_suggested_of_an_entry_goes_when_it_is_protected(ledger):
    ledger.entries.add([an_entry(1), an_entry(2)])
    key = an_exchange(1).key
    kept, gone = (a_suggestion(key, entry=an_id(n)) for n in (2, 1))
    ledger.pairing.suggest([kept, gone])
    ledger.entries.save([an_entry(1, protected=True, version=2)])
    assert ledger.pairing.suggested(key) == [kept]


def test_nobody_is_found_from_another_register_or_jurisdiction(ledger):
    same = a_person(1)
    ledger.entries.add(
        [
            an_entry(1, person=same, jurisdiction=YUYANG, origin=YUYANG),
            an_entry(2, person=same, register=RegisterKind.INFLOW, origin=WUCHANG, destination=XICHENG),
        ]
    )
    assert found(ledger) == {}
    assert found(ledger, looked(register=RegisterKind.INFLOW))[Pass.NAME] == [an_id(2)]
    assert found(ledger, looked(jurisdiction=YUYANG))[Pass.NAME] == [an_id(1)]


def test_a_closed_entry_is_found_as_well(ledger):
    ledger.entries.add([an_entry(1)])
    ledger.entries.save([an_entry(1, closed_at=a_moment(9), close_reason=CloseReason.RETURNED, version=2)])
    assert found(ledger) == ALL_OF_ONE


def test_no_pass_gives_more_than_asked_for(ledger):
    ledger.entries.add([an_entry(n, person=a_person(n, name="王伟")) for n in range(1, 51)])
    sharing = ledger.pairing.sharing(looked(a_person(1, name="王伟")), 7)
    assert {each: len(entries) for each, entries in sharing.items() if each in (Pass.NAME, Pass.DOC_HEAD)} == {
        Pass.NAME: 7,
        Pass.DOC_HEAD: 7,
    }
    name = looked(a_person(1, name="王伟")).name
    assert [ledger.pairing.bearing(Pass.NAME, name, most) for most in (7, 50, 100)] == [7, 50, 50]


def test_a_spouse_leads_to_the_person(ledger):
    ledger.entries.add([an_entry(1, person=a_person(1, name="欧阳锋"), record=a_record())])
    other = a_person(900, name="完全不同", birth_date=a_person(1).birth_date)
    assert found(ledger, looked(other, a_record()))[Pass.COUPLE] == [an_id(1)]


def test_an_entry_that_was_added_lacks_no_keys(ledger):
    ledger.entries.add([an_entry(n) for n in range(1, 6)])
    assert ledger.pairing.without_keys(Page()) == []
    assert index_some(ledger) == Indexed(entries=0, after=None)


@pytest.fixture
def old_and_new(database_url):
    """A database as it is opened without the node's key, and with it."""
    both = open_database(database_url), open_database(database_url, keyed=keyed)
    both[0].upgrade()
    yield both
    for database in both:
        database.close()


def test_a_ledger_without_the_nodes_key_writes_none_and_the_index_makes_them_later(old_and_new):
    old, new = old_and_new
    with old.transaction() as ledger:
        ledger.entries.add([an_entry(n, protected=n == 3) for n in range(1, 6)])
    with new.transaction() as ledger:
        assert found(ledger) == {}
        assert index_some(ledger, limit=3) == Indexed(entries=3, after=an_id(4))
        assert [entry.id for entry in ledger.pairing.without_keys(Page())] == [an_id(5)]
        assert index_some(ledger, an_id(4), limit=3) == Indexed(entries=1, after=None)
        assert found(ledger)[Pass.NAME] == [an_id(n) for n in (1, 2, 4, 5)]
    with old.transaction() as ledger:
        ledger.entries.save([an_entry(1, version=2)])
    with new.transaction() as ledger:
        assert [entry.id for entry in ledger.pairing.without_keys(Page())] == [an_id(1)]


def test_entries_are_loaded_by_their_ids(ledger):
    ledger.entries.add([an_entry(n) for n in range(1, 4)])
    assert ledger.entries.load([an_id(3), an_id(1), an_id(9)]) == {an_id(1): an_entry(1), an_id(3): an_entry(3)}
    assert ledger.entries.load([]) == {}


def a_suggestion(key, **changes):
    made = Suggestion(exchange=key, entry=an_id(1), linked=0.98, probability=0.91, rules="rules-1", at=a_moment())
    return replace(made, **changes)


def test_suggestions_of_an_exchange_come_the_most_probable_first_and_replace_earlier_ones(ledger):
    key, other = an_exchange(1).key, an_exchange(2).key
    old, beside = a_suggestion(key, entry=an_id(9)), a_suggestion(other)
    ledger.pairing.suggest([old, beside])
    new = [a_suggestion(key, entry=an_id(2), probability=0.5), a_suggestion(key)]
    ledger.pairing.suggest(new)
    assert ledger.pairing.suggested(key) == [new[1], new[0]]
    ledger.pairing.forget(key)
    assert (ledger.pairing.suggested(key), ledger.pairing.suggested(other)) == ([], [beside])


def test_suggestions_are_listed_for_unpaired_exchanges_of_the_own_counties(ledger):
    exchanges = [
        an_exchange(1, own=XICHENG),
        an_exchange(2, own=XICHENG),
        an_exchange(3, own=XICHENG, entry=an_id(3)),
        an_exchange(4, own=YUYANG),
    ]
    ledger.exchanges.add(exchanges)
    made = [a_suggestion(each.key, probability=n / 10) for n, each in enumerate(exchanges, 1)]
    ledger.pairing.suggest(made)
    assert ledger.pairing.suggestions(MINE, 10) == [made[1], made[0]]
    assert ledger.pairing.suggestions(MINE, 1) == [made[1]]


def test_unpaired_exchanges_are_found_by_their_person(ledger):
    asked = an_exchange(role=Role.ASKED, own=XICHENG, conversation=a_conversation(), person_index="p")

    def another(n, **changes):
        return replace(asked, key=asked.key._replace(exchange=an_id(n)), **changes)

    waiting = [another(1), another(2)]
    others = [
        another(3, person_index="q"),
        another(4, entry=an_id(1), paired_at=a_moment(), pairing=PairedBy.EXACT),
        another(5, pairing=PairedBy.UNDONE),
        another(6, own=YUYANG),
        another(7, conversation=a_conversation(State.WITHDRAWN)),
        replace(another(8), key=asked.key._replace(exchange=an_id(8), role=Role.ASKER)),
    ]
    ledger.exchanges.add([*others, *waiting[::-1]])
    assert ledger.exchanges.unpaired(MINE, ["p", "r"]) == waiting
    assert ledger.exchanges.unpaired(MINE, []) == []
