"""A new key-encryption key while the node runs: resumable, and no request fails."""

from pathlib import Path
from threading import Event, Thread

import pytest

from adapters.database.sealed.seals import Encryption
from adapters.sealing.errors import WrappingKeyInUse, WrappingKeyMissing
from adapters.sealing.wrapping import GivenKeys, KeyFile, Keys
from tests.builders import an_entry, an_id
from tests.building.sealing import KEY, keys_of, open_database

COUNT = 2500
TWO = "B" * 42 + "A="


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    made = KeyFile(tmp_path / "key-encryption.keys")
    made.add()
    return made


@pytest.fixture
def database(database_url: str, file: KeyFile):
    opened = open_database(database_url, encryption=Encryption(source=file), lock_seconds=30)
    opened.upgrade()
    with opened.transaction() as ledger:
        ledger.entries.add([an_entry(n) for n in range(1, COUNT + 1)])
    yield opened
    opened.close()


class Killed(Exception):
    """A process died."""


def test_what_was_broken_off_is_gone_on_with_under_the_same_key(database, file):
    def die(done: int, of: int) -> None:
        assert (done, of) == (1000, COUNT)
        raise Killed

    with pytest.raises(Killed):
        keys_of(database).rotate(die)
    _, new = file.load()
    assert [(state.newest, state.data_keys) for state in keys_of(database).states()] == [(False, 1500), (True, 1000)]
    steps = []
    assert keys_of(database).rotate(lambda done, of: steps.append((done, of))) == (new, 1500)
    assert steps == [(1000, 1500), (1500, 1500)]
    assert [(state.newest, state.data_keys) for state in keys_of(database).states()] == [(False, 0), (True, COUNT)]
    assert len(file.load()) == 2, "no third key"


def test_an_old_key_is_forgotten_only_when_nothing_needs_it(database, file):
    (old,) = file.load()
    with pytest.raises(WrappingKeyInUse):
        keys_of(database).forget(old)
    keys_of(database).rotate(lambda *_: None)
    keys_of(database).forget(old)
    with database.transaction(read_only=True) as ledger:
        assert ledger.entries.get(an_id(1)) == an_entry(1)


def test_the_node_reads_and_writes_meanwhile(database, database_url, file):
    other = open_database(database_url, encryption=Encryption(source=KeyFile(file.path)), lock_seconds=30)
    stop, faults, rounds = Event(), [], []

    def work() -> None:
        n = COUNT
        while not stop.is_set():
            n += 1
            try:
                with other.transaction() as ledger:
                    ledger.entries.add([an_entry(n)])
                    held = ledger.entries.load([an_id(n - COUNT), an_id(n)])
                    assert len(held) == 2
                rounds.append(n)
            except Exception as exc:  # noqa: BLE001  # whatever it is, it is told below
                faults.append(exc)
                return

    worker = Thread(target=work)
    worker.start()
    for _ in range(2):
        keys_of(database).rotate(lambda *_: None)
    stop.set()
    worker.join()
    assert faults == []
    assert rounds
    newest = keys_of(database).states()[-1]
    keys_of(database).rewrap(lambda *_: None)
    assert [state.data_keys for state in keys_of(database).states()][-1] >= newest.data_keys
    with other.transaction(read_only=True) as ledger:
        assert len(ledger.entries.load([an_id(n) for n in (1, COUNT, *rounds)])) == 2 + len(rounds)
    other.close()


class Overtaken:
    """A source whose key is rotated away and forgotten by another process right after it was read to wrap by."""

    name, makes = "file", True

    def __init__(self, file: KeyFile) -> None:
        self._file, self._held = file, file.load()
        self.stale = True

    def stamp(self) -> object:
        return self.stale or self._file.stamp()

    def load(self) -> Keys:
        if self.stale and self._file.load() != self._held:
            self.stale = False
        return self._held if self.stale else self._file.load()

    def add(self) -> str:
        return self._file.add()

    def forget(self, kek: str) -> None:
        self._file.forget(kek)


def test_nothing_is_stored_under_a_key_that_was_forgotten_meanwhile(database, database_url, file):
    source = Overtaken(file)
    slow = open_database(database_url, encryption=Encryption(source=source), lock_seconds=30)
    with slow.transaction(read_only=True) as ledger:
        assert ledger.entries.get(an_id(1)) == an_entry(1)
    (old,) = file.load()
    keys_of(database).rotate(lambda *_: None)
    keys_of(database).forget(old)
    with slow.transaction() as ledger:
        ledger.entries.add([an_entry(COUNT + 1)])
    assert not source.stale
    with database.transaction(read_only=True) as ledger:
        assert ledger.entries.get(an_id(COUNT + 1)) == an_entry(COUNT + 1)
    assert keys_of(database).store.counts() == {next(iter(file.load())): COUNT + 1}
    slow.close()


def test_a_key_is_not_forgotten_while_something_is_stored_under_it(database, file):
    """The store's own transaction decides: whoever comes second sees what the first did."""
    store = keys_of(database).store
    (old,) = file.load()
    assert not store.forget(old)
    assert store.forget("another")
    with pytest.raises(WrappingKeyMissing):
        store.add([(b"0" * 16, b"wrapped", "another", "entries", b"row")])
    key_id, _, under = store.wrapped_otherwise("", b"", 1)[0]
    with pytest.raises(WrappingKeyMissing):
        store.rewrap([(b"anew", "another", key_id, under)])
    assert store.counts() == {old: COUNT}


def test_a_key_that_was_destroyed_meanwhile_stays_so(database):
    store = keys_of(database).store
    page = store.wrapped_otherwise("", b"", 1)
    key_id, _, old = page[0]
    store.destroy([key_id])
    assert store.rewrap([(b"anew", "newer", key_id, old)]) == 0
    assert store.find([key_id]) == {key_id: None}


def test_keys_of_the_environment_are_rotated_by_the_newest_there(database_url, tmp_path):
    one = open_database(database_url, encryption=Encryption(source=GivenKeys(f"one:{KEY}")))
    one.upgrade()
    with one.transaction() as ledger:
        ledger.entries.add([an_entry(1)])
    one.close()
    both = open_database(database_url, encryption=Encryption(source=GivenKeys(f"one:{KEY},two:{TWO}")))
    assert keys_of(both).rotate(lambda *_: None) == ("two", 1)
    both.close()
    alone = open_database(database_url, encryption=Encryption(source=GivenKeys(f"two:{TWO}")))
    with alone.transaction(read_only=True) as ledger:
        assert ledger.entries.get(an_id(1)) == an_entry(1)
    alone.close()
