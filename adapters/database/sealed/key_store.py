"""The key store: the wrapped data keys, outside the ledger and outside its ordinary backup.

A SQLite file of its own, or a schema of its own in PostgreSQL. A destroyed key leaves its id behind, so that a value of an old
copy of the ledger can be told from one whose key was lost. The store knows which ledger it belongs to.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, TypeAlias

from sqlalchemy import URL, Engine, event

from adapters.database.connections import LOCK_SECONDS, READ_ONLY, open_engine, read_url, sqlite_file
from adapters.database.faults import translated
from adapters.sealing.errors import WrappingKeyMissing

SCHEMA = "woshou_keys"
# An id of 16 bytes, the wrapped key, the key that wraps it; and whose value it seals: a table and the key of its row.
NewKey: TypeAlias = tuple[bytes, bytes, str, str, bytes]
Wrapped: TypeAlias = tuple[bytes, bytes, str]
# SQLite takes at most 32,766 values in a statement, and text of any length; a few hundred at a time are as fast as all at once.
_AT_ONCE = 500


class KeyStore(ABC):
    """Wrapped data keys; for many threads and processes. Every call is a transaction of its own."""

    mark: ClassVar[str]
    keys: ClassVar[str]
    owner: ClassVar[str]
    forgotten: ClassVar[str]

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._made = False

    @property
    def file(self) -> Path | None:
        """Where it lies, if it is a file."""
        return sqlite_file(self._engine.url) if self._engine.dialect.name == "sqlite" else None

    def owned_by(self) -> str | None:
        """The id of the ledger that the store belongs to; None for an empty store."""
        with self._open(read_only=True) as driver:
            row = driver.execute(f"SELECT ledger FROM {self.owner}").fetchone()
        return None if row is None else str(row[0])

    def belong_to(self, ledger: str) -> None:
        """Make an empty store that ledger's own; of several processes at once one does it."""
        with self._open() as driver:
            driver.execute(f"INSERT INTO {self.owner} (one, ledger) VALUES (1, {self.mark}) ON CONFLICT DO NOTHING", [ledger])

    def add(self, keys: Sequence[NewKey]) -> None:
        """Keep new keys; WrappingKeyMissing if one that wraps them was forgotten since."""
        with self._open() as driver:
            self._see_known(driver, {kek for _, _, kek, _, _ in keys})
            self._insert(driver, keys)

    def forget(self, kek: str) -> bool:
        """Let a key-encryption key never wrap anything here again; False if it does wrap something."""
        with self._open() as driver:
            self._hold(driver, alone=True)
            if driver.execute(f"SELECT 1 FROM {self.keys} WHERE kek = {self.mark} LIMIT 1", [kek]).fetchone() is not None:
                return False
            driver.execute(f"INSERT INTO {self.forgotten} (kek) VALUES ({self.mark}) ON CONFLICT DO NOTHING", [kek])
        return True

    def find(self, ids: Sequence[bytes]) -> Mapping[bytes, tuple[bytes, str] | None]:
        """Keys by their ids, wrapped, with the id of the key that wraps each; None for one that was destroyed."""
        found: dict[bytes, tuple[bytes, str] | None] = {}
        with self._open(read_only=True) as driver:
            for part in _parts(ids):
                for key_id, wrapped, kek in self._among(driver, f"SELECT id, wrapped, kek FROM {self.keys} WHERE ", part):
                    found[key_id] = None if wrapped is None else (wrapped, kek)
        return found

    def destroy(self, ids: Sequence[bytes]) -> int:
        """Destroy keys for ever; how many there were."""
        if not ids:
            return 0
        with self._open() as driver:
            change = f"UPDATE {self.keys} SET wrapped = NULL, kek = NULL, used_by = {self.mark} WHERE wrapped IS NOT NULL AND "
            destroyed = sum(int(self._among(driver, change, part, [b""]).rowcount) for part in _parts(ids))
        self.scrub()
        return destroyed

    def used(self, after: bytes, limit: int) -> list[tuple[bytes, str, bytes, int | None]]:
        """A page of the keys that stand, by id: table and row whose value each seals, and since when it is known to seal none."""
        statement = (
            f"SELECT id, used_in, used_by, idle_since FROM {self.keys} "
            f"WHERE id > {self.mark} AND wrapped IS NOT NULL ORDER BY id LIMIT {self.mark}"
        )
        with self._open(read_only=True) as driver:
            return list(driver.execute(statement, [after, limit]).fetchall())

    def note_idle(self, ids: Sequence[bytes], since: int | None) -> None:
        """Remember since when keys seal nothing; None: they do."""
        with self._open() as driver:
            for part in _parts(ids):
                self._among(driver, f"UPDATE {self.keys} SET idle_since = {self.mark} WHERE ", part, [since])

    def wrapped_otherwise(self, kek: str, after: bytes, limit: int) -> list[Wrapped]:
        """A page of the keys that another key than this one wraps, by id."""
        others = f"WHERE id > {self.mark} AND kek <> {self.mark} ORDER BY id LIMIT {self.mark}"
        statement = f"SELECT id, wrapped, kek FROM {self.keys} {others}"
        with self._open(read_only=True) as driver:
            return list(driver.execute(statement, [after, kek, limit]).fetchall())

    def rewrap(self, keys: Sequence[tuple[bytes, str, bytes, str]]) -> int:
        """Put new wrappings in place of old ones (wrapped, kek; id, old kek); one that was destroyed meanwhile stays so.

        WrappingKeyMissing if the new kek was forgotten since.
        """
        statement = (
            f"UPDATE {self.keys} SET wrapped = {self.mark}, kek = {self.mark} WHERE id = {self.mark} AND kek = {self.mark}"
        )
        with self._open() as driver:
            self._see_known(driver, {kek for _, kek, _, _ in keys})
            cursor = driver.cursor()
            cursor.executemany(statement, keys)
            return int(cursor.rowcount)

    def counts(self) -> Mapping[str, int]:
        """How many data keys each key-encryption key wraps."""
        with self._open(read_only=True) as driver:
            rows = driver.execute(f"SELECT kek, count(*) FROM {self.keys} WHERE kek IS NOT NULL GROUP BY kek").fetchall()
        return dict(rows)

    def clear(self) -> None:
        """Forget everything: nothing is sealed any more."""
        with self._open() as driver:
            driver.execute(f"DELETE FROM {self.keys}")
            driver.execute(f"DELETE FROM {self.owner}")
            driver.execute(f"DELETE FROM {self.forgotten}")
        self.scrub()

    def close(self) -> None:
        """Close all connections that no call holds."""
        self._engine.dispose()

    def _see_known(self, driver: Any, keks: Iterable[str]) -> None:
        """See that these wrap still; and until the transaction ends none of them can be forgotten."""
        self._hold(driver, alone=False)
        for kek in keks:
            if driver.execute(f"SELECT 1 FROM {self.forgotten} WHERE kek = {self.mark}", [kek]).fetchone() is not None:
                raise WrappingKeyMissing(kek)

    def _insert(self, driver: Any, keys: Sequence[NewKey]) -> None:
        marks = ", ".join([self.mark] * 5)
        driver.cursor().executemany(f"INSERT INTO {self.keys} (id, wrapped, kek, used_in, used_by) VALUES ({marks})", keys)

    @abstractmethod
    def _hold(self, driver: Any, *, alone: bool) -> None:
        """Until the transaction ends: let no key be forgotten, or (`alone`) none be written."""

    @abstractmethod
    def scrub(self) -> None:
        """Overwrite what destroyed keys left in the files, as far as the database can."""

    @abstractmethod
    def _make(self, driver: Any) -> None:
        """Make the tables unless they are there."""

    @abstractmethod
    def _among(self, driver: Any, statement: str, ids: Sequence[bytes], values: Sequence[Any] = ()) -> Any:
        """Run a statement that ends in a condition, which is that the id is one of these."""

    @abstractmethod
    def _options(self, read_only: bool) -> dict[str, Any]: ...

    @contextmanager
    def _open(self, read_only: bool = False) -> Iterator[Any]:
        if not self._made:
            with self._lock:
                self._run(self._make)
                self._made = True
        with translated(), self._engine.connect() as connection:
            connection.execution_options(**self._options(read_only))
            with connection.begin():
                yield connection.connection.driver_connection

    def _run(self, work: Any) -> None:
        with translated(), self._engine.connect() as connection:
            connection.execution_options(**self._options(read_only=False))
            with connection.begin():
                work(connection.connection.driver_connection)


class SqliteKeyStore(KeyStore):
    """A file of its own; what is destroyed is overwritten with zeros, and the journal is emptied."""

    mark, keys, owner, forgotten = "?", "data_keys", "belongs", "forgotten_wrapping_keys"

    def __init__(self, engine: Engine) -> None:
        event.listen(engine, "connect", lambda driver, _record: driver.execute("PRAGMA secure_delete = ON"))
        super().__init__(engine)

    def scrub(self) -> None:
        with translated(), self._engine.connect() as connection:
            # Outside any transaction. A reader on an older moment keeps the journal: the next call empties it.
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _make(self, driver: Any) -> None:
        driver.execute(
            "CREATE TABLE IF NOT EXISTS data_keys (id BLOB PRIMARY KEY, wrapped BLOB, kek TEXT, used_in TEXT NOT NULL, "
            "used_by BLOB NOT NULL, idle_since INTEGER) WITHOUT ROWID"
        )
        driver.execute("CREATE TABLE IF NOT EXISTS belongs (one INTEGER PRIMARY KEY, ledger TEXT NOT NULL)")
        driver.execute(f"CREATE TABLE IF NOT EXISTS {self.forgotten} (kek TEXT PRIMARY KEY)")

    def _hold(self, driver: Any, *, alone: bool) -> None:
        """There is one writer at a time."""

    def _among(self, driver: Any, statement: str, ids: Sequence[bytes], values: Sequence[Any] = ()) -> Any:
        return driver.execute(f"{statement} id IN ({', '.join('?' * len(ids))})", [*values, *ids])

    def _options(self, read_only: bool) -> dict[str, Any]:
        return {READ_ONLY: read_only}


class PostgresKeyStore(KeyStore):
    """A schema of its own, which `pg_dump --exclude-schema` leaves out."""

    mark, keys, owner = "%s", f"{SCHEMA}.data_keys", f"{SCHEMA}.belongs"
    forgotten = f"{SCHEMA}.forgotten_wrapping_keys"

    def _insert(self, driver: Any, keys: Sequence[NewKey]) -> None:
        statement = (
            f"INSERT INTO {self.keys} (id, wrapped, kek, used_in, used_by) "
            "SELECT * FROM unnest(%b::bytea[], %b::bytea[], %s::text[], %s::text[], %b::bytea[])"
        )
        driver.execute(statement, [list(column) for column in zip(*keys, strict=True)])

    def _hold(self, driver: Any, *, alone: bool) -> None:
        shared = "" if alone else "_shared"
        driver.execute(f"SELECT pg_advisory_xact_lock{shared}(hashtext(%s))", [self.forgotten])

    def scrub(self) -> None:
        """Left to autovacuum: what remains of a wrapped key dies with the key that wraps it (docs/encryption.md)."""

    def _make(self, driver: Any) -> None:
        # Looked for first: a role that may not make schemas may still use one that is there.
        tables = (self.keys, self.owner, self.forgotten)
        if driver.execute("SELECT to_regclass(%s), to_regclass(%s), to_regclass(%s)", tables).fetchone() == tables:
            return
        driver.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [SCHEMA])
        driver.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        driver.execute(
            f"CREATE TABLE IF NOT EXISTS {self.keys} (id bytea PRIMARY KEY, wrapped bytea, kek text, "
            "used_in text NOT NULL, used_by bytea NOT NULL, idle_since bigint)"
        )
        driver.execute(f"CREATE TABLE IF NOT EXISTS {self.owner} (one integer PRIMARY KEY, ledger text NOT NULL)")
        driver.execute(f"CREATE TABLE IF NOT EXISTS {self.forgotten} (kek text PRIMARY KEY)")

    def _among(self, driver: Any, statement: str, ids: Sequence[bytes], values: Sequence[Any] = ()) -> Any:
        return driver.execute(f"{statement} id = ANY(%b::bytea[])", [*values, list(ids)], binary=True)

    def _options(self, read_only: bool) -> dict[str, Any]:
        return {"isolation_level": "READ COMMITTED", "postgresql_readonly": read_only}


def open_key_store(url: URL, lock_seconds: float = LOCK_SECONDS) -> KeyStore:
    """The key store at an address."""
    engine = open_engine(url, lock_seconds)
    return SqliteKeyStore(engine) if url.get_backend_name() == "sqlite" else PostgresKeyStore(engine)


def key_store_url(ledger: URL, given: str = "") -> URL:
    """Where the data keys of a ledger lie: beside its file, in its PostgreSQL database, or where the operator says."""
    if given:
        return read_url(given)
    if ledger.get_backend_name() != "sqlite":
        return ledger
    file: Path = sqlite_file(ledger)
    return ledger.set(database=str(file.with_name(f"{file.stem}-keys{file.suffix}")))


def _parts(ids: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
