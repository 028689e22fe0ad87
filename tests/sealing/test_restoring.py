"""Yesterday's ledger beside today's key store; on SQLite, where a backup is a copy of a file."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.database.connections import read_url
from adapters.database.engine import Database
from adapters.database.sealed.key_store import open_key_store
from adapters.sealing.errors import (
    DataKeyMissing,
    KeyStoreMissing,
    KeyStoreOfAnother,
)
from exchange.exchanges import Direction
from exchange.ledger import EntryFilter, Page
from tests.builders import (
    a_message,
    a_moment,
    an_entry,
    an_id,
    judged,
)
from tests.building.cases import a_case
from tests.building.sealing import keys_of, open_database
from tests.sealing.filled import fill, read


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'woshou.db'}"


@pytest.fixture
def restored(url: str, tmp_path: Path) -> Iterator[Database]:
    database = open_database(url)
    database.upgrade()
    fill(database)
    database.close()
    shutil.copy(tmp_path / "woshou.db", tmp_path / "backup")
    database = open_database(url)
    with database.transaction() as ledger:
        ledger.messages.erase(1, [an_id(1)])
        ledger.chores.forget(answers_before=a_moment(100), assertions_before=a_moment(100))
        ledger.cross_checks.forget(a_moment(100))
        ledger.entries.add([an_entry(3)])
    database.close()
    for beside in ("woshou.db-wal", "woshou.db-shm"):
        (tmp_path / beside).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup", tmp_path / "woshou.db")
    database = open_database(url)
    yield database
    database.close()


def test_what_was_not_erased_since_reads_and_what_was_does_not(restored):
    messages, entries, case, (difference,), answer, _ = read(restored)
    assert messages[an_id(1)].line is None
    assert messages[an_id(2)] == judged(a_message(2))
    assert entries == {an_id(n): an_entry(n) for n in (1, 2)}
    assert case == a_case()
    assert (difference.state.value, difference.proposal) == ("lapsed", None)
    assert answer is None


def destroy(folder: Path, *tables: str, row: str = an_id(1)) -> None:
    """Destroy the data keys of a row of each table, as its erasure did after the ledger was copied."""
    store = open_key_store(read_url(f"sqlite:///{folder / 'woshou-keys.db'}"))
    store.destroy([key_id for key_id, table, of, _ in store.used(b"", 100) if table in tables and of == row.encode()])
    store.close()


def test_what_was_erased_since_is_not_there_and_is_in_nobodys_way(restored, tmp_path):
    destroy(tmp_path, "entries", "cases", "imports")
    with restored.transaction(read_only=True) as ledger:
        assert ledger.entries.get(an_id(1)) is None
        assert ledger.entries.load([an_id(1), an_id(2)]) == {an_id(2): an_entry(2)}
        assert list(ledger.entries.everyone()) == [an_entry(2)]
        wanted = EntryFilter(jurisdictions=frozenset({an_entry(2).jurisdiction}))
        assert ledger.entries.find(wanted, Page()) == [an_entry(2)]
        assert not ledger.cases.get(an_id(1)).names_couple
        assert ledger.imports.get(an_id(1)).filename == ""


def test_what_was_erased_since_is_erased_again(restored, tmp_path):
    destroy(tmp_path, "entries", "cases", "imports")
    # A message, a difference and an answer were erased by the ledger that is lost.
    assert keys_of(restored).erase_again() == 6
    assert keys_of(restored).erase_again() == 0
    with sqlite3.connect(tmp_path / "woshou.db") as raw:
        assert raw.execute("SELECT count(*) FROM messages WHERE line IS NULL").fetchone() == (1,)
        assert raw.execute("SELECT person_index FROM entries WHERE sealed IS NULL").fetchall() == [(f"erased {an_id(1)}",)]
        assert raw.execute("SELECT names_couple FROM cases").fetchall() == [(0,)]
        assert raw.execute("SELECT state, sealed FROM cross_check_differences").fetchall() == [("lapsed", None)]
        assert raw.execute("SELECT count(*) FROM remembered_answers").fetchone() == (0,)
        assert raw.execute("SELECT sealed FROM imports").fetchall() == [(None,)]
    raw.close()
    messages, entries, case, _, answer, _ = read(restored)
    assert messages[an_id(2)] == judged(a_message(2))
    assert entries == {an_id(2): an_entry(2)}
    assert not case.names_couple
    assert answer is None


def test_it_is_written_on_as_before(restored):
    with restored.transaction() as ledger:
        ledger.entries.add([an_entry(4)])
        held = ledger.messages.known(1, Direction.OUT, [an_id(1)])
        ledger.messages.save(list(held.values()))
    with restored.transaction(read_only=True) as ledger:
        assert ledger.entries.get(an_id(4)) == an_entry(4)


def test_a_lost_key_store_is_told_of(restored, url, tmp_path):
    restored.close()
    (tmp_path / "woshou-keys.db").unlink()
    database = open_database(url)
    with pytest.raises(KeyStoreMissing):
        read(database)
    with pytest.raises(KeyStoreMissing), database.transaction() as ledger:
        ledger.entries.add([an_entry(4)])
    with pytest.raises(KeyStoreMissing):
        keys_of(database).check()
    database.close()


def test_the_key_store_of_another_ledger_is_refused(restored, url, tmp_path):
    database = open_database(f"sqlite:///{tmp_path / 'other.db'}")
    database.upgrade()
    fill(database)
    database.close()
    restored.close()
    shutil.copy(tmp_path / "other-keys.db", tmp_path / "woshou-keys.db")
    database = open_database(url)
    with pytest.raises(KeyStoreOfAnother):
        keys_of(database).check()
    with pytest.raises(DataKeyMissing):
        read(database)
    database.close()


def test_no_byte_of_a_destroyed_key_is_left_in_the_files_of_the_key_store(restored, tmp_path):
    with restored.transaction() as ledger:
        ledger.entries.add([an_entry(5)])
    files = [tmp_path / "woshou-keys.db", tmp_path / "woshou-keys.db-wal"]
    store = open_key_store(read_url(f"sqlite:///{files[0]}"))
    key_id = max(key_id for key_id, *_ in store.used(b"", 100))
    wrapped, _ = store.find([key_id])[key_id] or (b"", "")

    def left() -> bool:
        return any(wrapped in file.read_bytes() for file in files if file.exists())

    assert left()
    store.destroy([key_id])
    assert not left()
    assert store.find([key_id]) == {key_id: None}
    store.close()
