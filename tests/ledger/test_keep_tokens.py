"""The upkeep of the tokens: whatever happens to the entries, and however it is cut up, the leaves are those of the entries."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from adapters.database.engine import Database
from adapters.memory import MemoryLedgers
from exchange.codes import CloseReason, RegisterKind
from exchange.ledger import Ledger, Ledgers, Page
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef
from exchange.people.register import Entry
from exchange.reconciling.keys import TokenKey, TokenKeyGone
from exchange.reconciling.pairs import Pair
from exchange.reconciling.tokens import Tokening
from exchange.verbs.reconciling.keep_tokens import add_key, drop_some, forget_some, make_some, take_up
from tests.builders import (
    WUCHANG,
    XICHENG,
    YUYANG,
    a_moment,
    a_person,
    a_record,
    a_token_key,
    an_entry,
    an_id,
)
from tests.building.sealing import open_database
from tests.ledger.conftest import EMPTY

SECRETS = {"2026-03": bytes(32), "2026-04": bytes([1] * 32)}
NUMBERLESS = DocumentRef(type=DocumentType.NONE)
PLACES = (WUCHANG, YUYANG, "420000")


def tokening(ledger: Ledger, key: TokenKey) -> Tokening:
    return Tokening(SECRETS[key.month], key.items)


def afresh(ledger: Ledger, key: TokenKey) -> tuple[list[bytes], int]:
    """What the entries say by themselves: the leaves, and how many have no number."""
    entries = ledger.entries.between(key.own, key.register, [key.pair.other(key.own)], Page(limit=10_000))
    leaves = [tokening(ledger, key).leaf(entry) for entry in entries]
    return sorted(leaf.value for leaf in leaves if leaf.numbered), sum(not leaf.numbered for leaf in leaves)


def kept(ledger: Ledger, key: TokenKey, revision: int | None = None) -> tuple[list[bytes], int]:
    """What is kept at a revision, the present one if none is named."""
    held = ledger.tokens.get(key.id)
    assert held is not None
    at = held.revision if revision is None else revision
    leaves, numberless = ledger.tokens.register(key.id, at)
    return sorted(leaves[place : place + 24] for place in range(0, len(leaves), 24)), numberless


def bring_up_to_date(ledgers: Ledgers, limit: int = 100) -> None:
    """All of the queue, and all that was never made."""
    done = 1
    while done:
        with ledgers.transaction() as ledger:
            done = take_up(ledger, tokening, limit)
    with ledgers.transaction(read_only=True) as ledger:
        keys = ledger.tokens.all()
    for key in keys:
        while not key.ready:
            with ledgers.transaction() as ledger:
                key = make_some(ledger, key.id, tokening, limit).key


class Upkeep(RuleBasedStateMachine):
    """Entries that come, change and go, tokens that are made in any chunks, and sets that were read at some revision."""

    ledgers: Ledgers

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.read: list[tuple[TokenKey, int, list[bytes], int]] = []

    def entries(self) -> list[Entry]:
        with self.ledgers.transaction(read_only=True) as ledger:
            return [*ledger.entries.load(self.ids).values()]

    def save(self, entry: Entry) -> None:
        with self.ledgers.transaction() as ledger:
            ledger.entries.save([entry])

    def one(self, data: st.DataObject, *, is_open: bool) -> Entry | None:
        fitting = [entry for entry in self.entries() if entry.is_open is is_open]
        return data.draw(st.sampled_from(sorted(fitting, key=lambda entry: entry.id))) if fitting else None

    @rule(count=st.integers(1, 4), where=st.sampled_from(PLACES), numbered=st.booleans(), back=st.booleans())
    def add(self, count: int, where: str, numbered: bool, back: bool) -> None:
        first = len(self.ids) + 1
        # Ids may come in an order of their own: another process made them earlier.
        names = [900 - n if back else n for n in range(first, first + count)]
        added = [
            an_entry(
                n, destination=where, person=a_person(n) if numbered else a_person(n, document=NUMBERLESS), person_index=f"{n}"
            )
            for n in names
        ]
        with self.ledgers.transaction() as ledger:
            ledger.entries.add(added)
        self.ids += [entry.id for entry in added]

    @rule(data=st.data(), children=st.booleans())
    def change_facts(self, data: st.DataObject, children: bool) -> None:
        if entry := self.one(data, is_open=True):
            self.save(replace(entry, record=a_record() if children else a_record(children=[])))

    @rule(data=st.data(), n=st.integers(300, 400))
    def change_document(self, data: st.DataObject, n: int) -> None:
        taken = {entry.person_index for entry in self.entries()}
        if (entry := self.one(data, is_open=True)) and f"{n}" not in taken:
            self.save(replace(entry, person=a_person(n), person_index=f"{n}"))

    @rule(data=st.data(), where=st.sampled_from(PLACES))
    def change_destination(self, data: st.DataObject, where: str) -> None:
        if entry := self.one(data, is_open=True):
            self.save(replace(entry, destination=where))

    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        if entry := self.one(data, is_open=True):
            self.save(entry.closed(CloseReason.RETURNED, a_moment()))

    @rule(data=st.data())
    def reopen(self, data: st.DataObject) -> None:
        entry = self.one(data, is_open=False)
        if entry and all(entry.person_index != other.person_index for other in self.entries() if other.is_open):
            self.save(entry.reopened(a_moment()))

    @rule(data=st.data())
    def protect_or_not(self, data: st.DataObject) -> None:
        if entry := self.one(data, is_open=True):
            hidden = replace(entry, protected=not entry.protected)
            self.save(hidden)
            if hidden.protected:
                # Of protected entries alone a set that was read before may lack something now.
                self.read = []

    @rule(data=st.data())
    def succeed(self, data: st.DataObject) -> None:
        """One entry is closed and another opened for the same person."""
        entry = self.one(data, is_open=True)
        if entry and len(self.ids) < 200:
            fresh = replace(entry, id=an_id(500 + len(self.ids)), protected=False)
            with self.ledgers.transaction() as ledger:
                ledger.entries.save([entry.closed(CloseReason.DUPLICATE, a_moment())])
                ledger.entries.add([fresh])
            self.ids.append(fresh.id)

    @rule(month=st.sampled_from(sorted(SECRETS)), other=st.sampled_from(PLACES[:2]))
    def add_key(self, month: str, other: str) -> None:
        with self.ledgers.transaction() as ledger:
            key = add_key(ledger, a_token_key(month=month, pair=Pair(origin=XICHENG, destination=other)))
            assert add_key(ledger, a_token_key(month=month, pair=Pair(origin=XICHENG, destination=other))) == key
            assert ledger.tokens.find(a_token_key(month=month, pair=Pair(origin=XICHENG, destination=other))) == key

    @rule(limit=st.integers(1, 5))
    def take_up(self, limit: int) -> None:
        with self.ledgers.transaction() as ledger:
            take_up(ledger, tokening, limit)

    @rule(data=st.data(), limit=st.integers(1, 5))
    @precondition(lambda self: self.keys())
    def make(self, data: st.DataObject, limit: int) -> None:
        key = data.draw(st.sampled_from(self.keys()))
        with self.ledgers.transaction() as ledger:
            make_some(ledger, key.id, tokening, limit)

    @rule(data=st.data(), limit=st.integers(1, 5))
    @precondition(lambda self: self.keys())
    def drop(self, data: st.DataObject, limit: int) -> None:
        key = data.draw(st.sampled_from(self.keys()))
        with self.ledgers.transaction() as ledger:
            drop_some(ledger, key.id, limit)
        self.read = [each for each in self.read if each[0].id != key.id]

    @rule()
    def read_all(self) -> None:
        with self.ledgers.transaction(read_only=True) as ledger:
            self.read += [(key, key.revision, *kept(ledger, key)) for key in ledger.tokens.all()]

    @rule(limit=st.integers(1, 9))
    def catch_up(self, limit: int) -> None:
        bring_up_to_date(self.ledgers, limit)
        with self.ledgers.transaction(read_only=True) as ledger:
            for key in self.keys():
                assert kept(ledger, key) == afresh(ledger, key)

    @invariant()
    def what_was_read_stays(self) -> None:
        with self.ledgers.transaction(read_only=True) as ledger:
            for key, revision, leaves, numberless in self.read:
                assert kept(ledger, key, revision) == (leaves, numberless)

    @invariant()
    def no_protected_entry_has_a_token(self) -> None:
        hidden = [entry.id for entry in self.entries() if entry.protected]
        with self.ledgers.transaction(read_only=True) as ledger:
            assert ledger.tokens.standing(hidden) == {}

    def keys(self) -> list[TokenKey]:
        with self.ledgers.transaction(read_only=True) as ledger:
            return ledger.tokens.all()


def test_the_leaves_are_those_of_the_entries_in_memory():
    run(MemoryLedgers, 60)


def test_the_leaves_are_those_of_the_entries_in_sqlite(migrated_sqlite: Path, tmp_path: Path):
    opened: list[Database] = []

    def fresh() -> Ledgers:
        path = shutil.copy(migrated_sqlite, tmp_path / f"woshou-{len(opened)}.db")
        opened.append(open_database(f"sqlite:///{path}"))
        return opened[-1]

    run(fresh, 12)
    for database in opened:
        database.close()


def test_the_leaves_are_those_of_the_entries_in_postgresql(migrated_postgresql: tuple[Database, psycopg.Connection]):
    database, connection = migrated_postgresql

    def fresh() -> Ledgers:
        connection.execute(EMPTY)
        return database

    run(fresh, 12)


def run(fresh, examples: int) -> None:
    class OnFresh(Upkeep):
        def __init__(self) -> None:
            super().__init__()
            self.ledgers = fresh()

    OnFresh.TestCase.settings = settings(max_examples=examples, stateful_step_count=30, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(OnFresh, settings=OnFresh.TestCase.settings)


def test_two_that_keep_them_at_once_while_clerks_write_leave_nothing_out(migrated_postgresql):
    database, connection = migrated_postgresql
    connection.execute(EMPTY)
    entries = [an_entry(n, person_index=f"{n}") for n in range(1, 401)]
    with database.transaction() as ledger:
        key = add_key(ledger, a_token_key())
        ledger.entries.add(entries)
    done = threading.Event()

    def keep() -> None:
        while not done.is_set():
            with database.transaction() as ledger:
                take_up(ledger, tokening, 30)
            with database.transaction() as ledger:
                make_some(ledger, key.id, tokening, 30)

    def write(part: int) -> None:
        for entry in entries[part::2]:
            with database.transaction() as ledger:
                changed = replace(entry, record=a_record(children=[]), protected=entry.id.endswith("7"))
                ledger.entries.save([changed.closed(CloseReason.RETURNED, a_moment()) if entry.id.endswith("3") else changed])

    with ThreadPoolExecutor(4) as pool:
        keepers, clerks = [pool.submit(keep) for _ in range(2)], [pool.submit(write, part) for part in range(2)]
        wait(clerks)
        done.set()
        for each in (*keepers, *clerks):
            each.result()
    bring_up_to_date(database)
    with database.transaction(read_only=True) as ledger:
        hidden = [entry.id for entry in entries if entry.id.endswith("7")]
        assert kept(ledger, key) == afresh(ledger, key)
        assert ledger.tokens.standing(hidden) == {}
        assert len(kept(ledger, key)[0]) == 400 - 2 * 25
    held = connection.execute("SELECT count(*) FROM register_tokens WHERE entry = ANY(%s)", [hidden]).fetchone()
    assert held == (0,)


def test_what_ended_is_forgotten_a_day_later_and_not_before(ledgers):
    with ledgers.transaction() as ledger:
        key = add_key(ledger, a_token_key())
        ledger.entries.add([an_entry(n) for n in (1, 2)])
    bring_up_to_date(ledgers)
    with ledgers.transaction() as ledger:
        ledger.entries.save([an_entry(1).closed(CloseReason.RETURNED, a_moment())])
    bring_up_to_date(ledgers)
    day = 24 * 60
    erased = []
    for minute in (0, day - 1, day, day + 1, 2 * day + 1):
        with ledgers.transaction() as ledger:
            erased.append(forget_some(ledger, key.id, a_moment(minute)))
    assert erased == [0, 0, 1, 0, 0]
    with ledgers.transaction(read_only=True) as ledger:
        assert kept(ledger, key) == afresh(ledger, key)
        assert ledger.tokens.get(key.id).noted_at == a_moment(2 * day + 1)


def test_the_queue_is_emptied_though_nobody_compares(ledgers):
    with ledgers.transaction() as ledger:
        ledger.entries.add([an_entry(n) for n in (1, 2)])
        assert take_up(ledger, tokening) == 2
        assert (take_up(ledger, tokening), ledger.tokens.queued(10)) == (0, [])


def test_an_inflow_register_has_its_own_tokens(ledgers):
    with ledgers.transaction() as ledger:
        key = add_key(ledger, a_token_key(own=WUCHANG))
        ledger.entries.add([an_entry(1), an_entry(2, jurisdiction=WUCHANG, register=RegisterKind.INFLOW)])
    bring_up_to_date(ledgers)
    with ledgers.transaction(read_only=True) as ledger:
        assert kept(ledger, key) == afresh(ledger, key)
        assert len(kept(ledger, key)[0]) == 1


def test_a_key_that_was_dropped_is_not_made(ledgers):
    with ledgers.transaction() as ledger:
        key = add_key(ledger, a_token_key())
        assert drop_some(ledger, key.id)
        assert drop_some(ledger, key.id)
        assert forget_some(ledger, key.id, a_moment()) == 0
        with pytest.raises(TokenKeyGone):
            make_some(ledger, key.id, tokening)
