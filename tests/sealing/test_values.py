"""Sealed values in both databases: what opens them, what does not, and what is left after an erasure."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from time import sleep

import pytest
from sqlalchemy import event, text

from adapters.database.connections import open_engine, read_url
from adapters.database.engine import Database
from adapters.database.policies import SETTING, said
from adapters.database.sealed.key_store import key_store_url, open_key_store
from adapters.database.sealed.seals import Encryption, Sealer, new_key_id
from adapters.sealing.errors import (
    DataKeyUnreadable,
    SealBroken,
    WrappingKeyMissing,
)
from adapters.sealing.suites import SM
from adapters.sealing.wrapping import GivenKeys
from exchange.exchanges import Direction
from exchange.ledger import EntryFilter, LedgerBusy, Page
from exchange.wire import ijson
from tests.builders import (
    a_difference,
    a_message,
    a_moment,
    a_person,
    an_answer,
    an_entry,
    an_id,
    an_import,
    judged,
)
from tests.building.cases import a_case
from tests.building.sealing import ENCRYPTION, KEY, keys_of, open_database
from tests.sealing.filled import fill, read, standing

WEEK = 7 * 24 * 3_600_000
OTHER_KEY = "A" * 43 + "="


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    opened.upgrade()
    yield opened
    opened.close()


@pytest.fixture
def raw(database_url: str):
    """Runs SQL past everything that seals."""
    engine = open_engine(read_url(database_url))

    def run(statement: str, **values):
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(SETTING, said(None))
            found = connection.execute(text(statement), values)
            return [tuple(row) for row in found] if found.returns_rows else found.rowcount

    yield run
    engine.dispose()


@pytest.fixture
def store(database_url: str):
    opened = open_key_store(key_store_url(read_url(database_url)))
    yield opened
    opened.close()


COLUMNS = {
    "messages": "line",
    "entries": "sealed",
    "cases": "sealed",
    "cross_check_differences": "sealed",
    "remembered_answers": "body",
    "imports": "sealed",
}


def test_every_value_has_a_data_key_of_its_own_and_reads_back(database, raw, store):
    fill(database)
    values = [bytes(row[0]) for table, column in COLUMNS.items() for row in raw(f"SELECT {column} FROM {table}")]
    assert len(values) == 9 == standing(store) == len({value[2:18] for value in values})
    assert {value[:2] for value in values} == {b"\1\1"}
    assert not any(b"\xe7\x8e\x8b" in value or b"name" in value for value in values)
    messages, entries, case, (difference,), answer, file = read(database)
    assert messages == {an_id(n): judged(a_message(n)) for n in (1, 2, 3)}
    assert entries == {an_id(n): an_entry(n) for n in (1, 2)}
    assert (case, difference, answer) == (a_case(), a_difference(), an_answer())
    assert file == an_import(filename=f"{a_person(1).name}.xlsx")


@pytest.mark.parametrize("table", COLUMNS)
def test_a_changed_value_is_refused_by_name_and_place(database, raw, table):
    fill(database)
    ((value,),) = raw(f"SELECT {COLUMNS[table]} FROM {table} LIMIT 1")
    spoilt = bytes(value[:-1]) + bytes([value[-1] ^ 1])
    raw(f"UPDATE {table} SET {COLUMNS[table]} = :spoilt", spoilt=spoilt)
    with pytest.raises(SealBroken) as told:
        read(database)
    assert table in told.value.zh
    assert table in told.value.en
    assert "idempotency" not in told.value.en, "a caller chose that key"


@pytest.mark.parametrize("table", COLUMNS)
def test_a_value_that_was_never_sealed_is_refused(database, raw, table):
    fill(database)
    raw(f"UPDATE {table} SET {COLUMNS[table]} = :plain", plain=b'{"name":"x"}' * 3)
    with pytest.raises(SealBroken):
        read(database)


def test_a_value_of_another_row_is_refused(database, raw):
    fill(database)
    raw("UPDATE entries SET sealed = (SELECT sealed FROM entries WHERE id = :one) WHERE id = :two", one=an_id(1), two=an_id(2))
    with pytest.raises(SealBroken):
        read(database)


def test_a_value_of_another_table_is_refused(database, raw):
    fill(database)
    raw("UPDATE entries SET sealed = (SELECT sealed FROM cases) WHERE id = :one", one=an_id(1))
    with pytest.raises(SealBroken):
        read(database)


def test_the_suite_cannot_be_changed_under_a_value(database, raw):
    fill(database)
    ((value,),) = raw("SELECT sealed FROM cases")
    raw("UPDATE cases SET sealed = :other", other=b"\1\2" + bytes(value[2:]))
    with pytest.raises(SealBroken):
        read(database)


def test_a_changed_entry_keeps_its_data_key_and_gets_a_fresh_nonce(database, raw, store):
    fill(database)
    ((before,),) = raw("SELECT sealed FROM entries WHERE id = :one", one=an_id(1))
    with database.transaction() as ledger:
        held = ledger.entries.get(an_id(1), lock=True)
        ledger.entries.save([held])
    ((after,),) = raw("SELECT sealed FROM entries WHERE id = :one", one=an_id(1))
    assert bytes(before[:18]) == bytes(after[:18])
    assert before[18:30] != after[18:30]
    assert standing(store) == 9


def test_an_erased_message_loses_its_key_and_the_digests_still_prove_the_batch(database, raw, store):
    line = a_message(1).line or b""
    fill(database)
    digest = ijson.digest(line)
    raw("UPDATE messages SET digest = :digest WHERE id = :one", digest=digest, one=an_id(1))
    with database.transaction() as ledger:
        ledger.messages.erase(1, [an_id(1)])
    assert standing(store) == 8
    assert raw("SELECT count(*) FROM doomed_keys") == [(0,)]
    with database.transaction(read_only=True) as ledger:
        erased = ledger.messages.known(1, Direction.OUT, [an_id(1)])[an_id(1)]
    # Whoever still has the line can prove that it was this one; nobody can get it from here.
    assert (erased.line, erased.digest) == (None, digest)


def test_what_erases_destroys(database, store):
    fill(database)
    with database.transaction() as ledger:
        assert ledger.cross_checks.forget(a_moment(100)) == 1
    assert standing(store) == 8
    with database.transaction() as ledger:
        assert ledger.chores.forget(answers_before=a_moment(100), assertions_before=a_moment(100)) == 1
    assert standing(store) == 7
    with database.transaction() as ledger:
        held = ledger.messages.known(1, Direction.OUT, [an_id(1)])[an_id(1)]
        ledger.messages.save([replace(held, line=None)])
    assert standing(store) == 6


def test_two_that_erase_the_same_at_once_both_succeed(database_url):
    one, other = (open_database(database_url, lock_seconds=30) for _ in range(2))
    one.upgrade()
    fill(one)
    with ThreadPoolExecutor(2) as pool:
        with one.transaction() as ledger:
            ledger.messages.erase(1, [an_id(1)])
            meanwhile = pool.submit(lambda: erase_too(other))
            sleep(0.3)  # so that the other waits for this one
        meanwhile.result()
    with one.transaction(read_only=True) as ledger:
        assert ledger.messages.known(1, Direction.OUT, [an_id(1)])[an_id(1)].line is None
    for each in (one, other):
        each.close()


def erase_too(database: Database) -> None:
    with database.transaction() as ledger:
        ledger.messages.erase(1, [an_id(1)])


def test_an_undone_erasure_destroys_nothing(database, store):
    fill(database)
    with suppress(ZeroDivisionError), database.transaction() as ledger:
        ledger.messages.erase(1, [an_id(1)])
        _ = 1 / 0
    assert standing(store) == 9
    assert read(database)[0][an_id(1)].line is not None


def test_keys_on_the_list_are_destroyed_later_if_a_process_died_in_between(database, raw, store):
    fill(database)
    ((value,),) = raw("SELECT line FROM messages WHERE id = :one", one=an_id(1))
    # As the ledger's transaction leaves it when the process dies at once.
    raw("INSERT INTO doomed_keys VALUES (:id)", id=bytes(value[2:18]))
    raw("UPDATE messages SET line = NULL WHERE id = :one", one=an_id(1))
    assert standing(store) == 9
    assert keys_of(database).destroy_doomed() == 1
    assert standing(store) == 8
    assert raw("SELECT count(*) FROM doomed_keys") == [(0,)]


def test_an_undone_transaction_leaves_keys_that_are_swept_after_a_week(database, store):
    fill(database)
    store.add([((1_900_000_000_000).to_bytes(6, "big") + b"0123456789", b"wrapped", "test", "entries", an_id(9).encode())])
    now = 2_000_000_000_000
    assert (keys_of(database).sweep(now).idle, keys_of(database).sweep(now + WEEK - 1).destroyed) == (1, 0)
    assert keys_of(database).sweep(now + WEEK).destroyed == 1
    assert standing(store) == 9
    assert read(database)[2] == a_case()


def test_a_key_that_is_used_again_is_not_swept(database, raw, store):
    fill(database)
    now = 2_000_000_000_000
    ((row,),) = raw("SELECT sealed FROM cases")
    raw("UPDATE cases SET sealed = :none", none=bytes(60))
    assert keys_of(database).sweep(now).idle == 1
    raw("UPDATE cases SET sealed = :row", row=bytes(row))  # a newer backup came back
    assert keys_of(database).sweep(now + WEEK).destroyed == 0
    raw("UPDATE cases SET sealed = :none", none=bytes(60))
    assert keys_of(database).sweep(now + WEEK + 1).destroyed == 0, "its week begins anew"


def test_young_keys_are_left_alone(database, store):
    fill(database)
    store.add([(new_key_id(), b"wrapped", "test", "entries", an_id(9).encode())])
    assert keys_of(database).sweep().idle == 0


def opened_by(url: str, keys: str) -> Database:
    return open_database(url, encryption=Encryption(source=GivenKeys(keys)))


def test_a_wrong_and_a_missing_wrapping_key_are_told_apart(database, database_url):
    fill(database)
    for keys, trouble in ((f"test:{OTHER_KEY}", DataKeyUnreadable), (f"other:{KEY}", WrappingKeyMissing)):
        wrong = opened_by(database_url, keys)
        with pytest.raises(trouble):
            read(wrong)
        with pytest.raises(trouble):
            keys_of(wrong).check()
        wrong.close()


def test_a_ledger_that_is_sealed_is_not_read_without_keys(database, database_url):
    fill(database)
    plain = open_database(database_url, encryption=None)
    with pytest.raises(SealBroken):
        read(plain)
    plain.close()


def test_new_values_are_in_the_new_suite_and_old_ones_stay_readable(database, database_url, raw):
    fill(database)
    sm = open_database(database_url, encryption=Encryption(source=ENCRYPTION.source, suite=SM))
    with sm.transaction() as ledger:
        ledger.entries.add([an_entry(3)])
        ledger.entries.save([an_entry(1, version=2)])
    suites = {row[0]: bytes(row[1])[1] for row in raw("SELECT id, sealed FROM entries")}
    assert suites == {an_id(1): 2, an_id(2): 1, an_id(3): 2}
    for each in (sm, database):
        with each.transaction(read_only=True) as ledger:
            assert ledger.entries.load([an_id(2), an_id(3)]) == {an_id(n): an_entry(n) for n in (2, 3)}
    sm.close()


def test_nothing_is_stored_while_the_key_store_is_away(database_url, raw):
    away = "postgresql://nobody@/nowhere?host=/nonexistent"
    database = open_database(database_url, lock_seconds=0.3, encryption=Encryption(source=ENCRYPTION.source, key_store_url=away))
    database.upgrade()
    with pytest.raises(LedgerBusy), database.transaction() as ledger:
        ledger.entries.add([an_entry(1)])
    assert raw("SELECT count(*) FROM entries") == [(0,)]
    database.close()


def test_an_older_ledger_is_sealed_when_it_is_upgraded_and_opened_when_it_goes_back(database, database_url, raw, tmp_path):
    fill(database)
    names = [a_person(1).name.encode(), b"\xe7\x8e\x8b", str(a_person(1).document.number).encode()]

    def in_clear(**older: str) -> Sequence[bool]:
        columns = {**COLUMNS, **older}
        values = [row[0] for table, column in columns.items() for row in raw(f"SELECT {column} FROM {table}")]
        every = b"".join(value.encode() if isinstance(value, str) else bytes(value) for value in values)
        if database_url.startswith("sqlite"):
            database.close()
            every += b"".join(file.read_bytes() for file in tmp_path.glob("woshou.db*"))
        return [name in every for name in names]

    assert in_clear() == [False] * 3
    database.downgrade("0012")
    assert in_clear(imports="filename") == [True] * 3
    database.upgrade()
    assert in_clear() == [False] * 3
    messages, entries, case, (difference,), answer, file = read(database)
    assert messages == {an_id(n): judged(a_message(n)) for n in (1, 2, 3)}
    assert entries == {an_id(n): an_entry(n) for n in (1, 2)}
    # By their digests they are known no more: those are keyed, and here nobody had the key.
    assert answer is not None
    assert file is not None
    assert (case, difference) == (a_case(), a_difference())
    assert answer == an_answer(request_digest=answer.request_digest)
    assert file == an_import(filename=f"{a_person(1).name}.xlsx", digest=file.digest)


def test_a_page_asks_the_key_store_once(database_url):
    url = read_url(database_url)
    engine = open_engine(key_store_url(url))
    keys = open_key_store(key_store_url(url))
    keys.close()
    asked = []
    event.listen(engine, "begin", lambda connection: asked.append(connection))
    store = type(keys)(engine)
    database = Database(url, open_engine(url), None, Sealer(store, ENCRYPTION))
    database.upgrade()
    with database.transaction() as ledger:
        ledger.entries.add([an_entry(n) for n in range(1, 101)])
    asked.clear()
    with database.transaction(read_only=True) as ledger:
        assert len(ledger.entries.find(EntryFilter(jurisdictions=frozenset({an_entry().jurisdiction})), Page(limit=100))) == 100
    assert len(asked) == 1
    database.close()
