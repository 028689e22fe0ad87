"""The door to the SQL ledger: one `Database` for each process, one transaction for each request or job."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Engine, inspect

from adapters.database import migration, policies
from adapters.database.connections import LOCK_SECONDS, READ_ONLY, open_engine, read_url, sqlite_file
from adapters.database.faults import translated
from adapters.database.leader import FileLeader, SessionLeader
from adapters.database.ledger import SqlLedger
from adapters.database.policies import Weakness, weaknesses
from adapters.database.protection.guards import unguarded
from adapters.database.protection.logins import check_tables, lend_key_store
from adapters.database.sealed.data_keys import DataKeys
from adapters.database.sealed.key_store import key_store_url, open_key_store
from adapters.database.sealed.seals import Encryption, Sealer, Seals
from adapters.database.work import Work
from adapters.database.works import PostgresWork, SqliteWork
from exchange.ledger import Candidate, Ledger, LedgerAway, Within
from exchange.pairing.keys import Blinding


class Database:
    """One node's database; safe for many threads, and to be shared by many processes."""

    def __init__(
        self,
        url: URL,
        engine: Engine,
        blinding: Blinding | None = None,
        sealer: Sealer | None = None,
        owner: URL | None = None,
        keyed: Callable[[bytes], str] | None = None,
    ) -> None:
        self._url = url
        self._owner = owner
        self._engine = engine
        self._keyed = keyed
        self._blinding = blinding
        self._sealer = sealer
        self.data_keys = None if sealer is None else DataKeys(sealer, self._open)
        self._is_sqlite = url.get_backend_name() == "sqlite"

    @contextmanager
    def transaction(self, *, read_only: bool = False, within: Within | None = None) -> Iterator[Ledger]:
        """A ledger whose changes are committed at the end, and undone when an exception passes through.

        On PostgreSQL it sees the records of `within` alone; without it those of the whole node.

        A read-only transaction sees one moment throughout, waits for nobody, and raises PermissionError for a write. On SQLite
        a writing one is alone from its first moment on. LedgerBusy if a lock does not come in time or the database is away.
        """
        seals = self._seals()
        with self._open(read_only, seals, within) as work:
            yield SqlLedger(work, self._blinding)
        if seals is not None and seals.erased and self.data_keys is not None:
            self.data_keys.destroy_soon()

    @contextmanager
    def _open(self, read_only: bool, seals: Seals | None = None, within: Within | None = None) -> Iterator[Work]:
        with translated(), self._engine.connect() as connection:
            connection.execution_options(**self._options(read_only))
            with connection.begin():
                if not self._is_sqlite:
                    connection.exec_driver_sql(policies.SETTING, policies.said(within))
                yield SqliteWork(connection, seals) if self._is_sqlite else PostgresWork(connection, seals)
                if seals is not None:
                    seals.keep()

    def _seals(self) -> Seals | None:
        return None if self._sealer is None else Seals(self._sealer)

    def never_sealed(self) -> bool:
        """Whether no data key was ever made for this ledger."""
        return self._sealer is None or self._sealer.store.owned_by() is None

    def upgrade(self) -> None:
        """Bring the tables to the newest revision; several processes may call it at once.

        Where the tables have an owner of their own, it is the owner who does so, and lets this database's login use them.
        TablesDenied if nobody here may make them.
        """
        seals = self._seals()
        with translated(), self._owning() as engine:
            if not self._is_sqlite:
                if self._owner is not None:
                    lend_key_store(engine, self._url)
                check_tables(engine)
            before = migration.revision(engine)
            migration.upgrade(engine, seals, self._url.username if self._owner is not None else None, self._keyed)
            bared = (seals is not None and bool(seals.kept)) or (before is not None and before < migration.KEYED)
            if bared and self._is_sqlite:
                # What was not sealed or keyed before is still in the file's free pages and in its journal.
                with self._engine.connect() as connection:
                    driver: Any = connection.connection.driver_connection
                    driver.execute("VACUUM")
                    driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def _owning(self) -> Iterator[Engine]:
        """The engine of whoever owns the tables."""
        if self._owner is None:
            yield self._engine
            return
        engine = open_engine(self._owner)
        try:
            yield engine
        finally:
            engine.dispose()

    def weaknesses(self) -> list[Weakness]:
        """Why this login is not held by row-level security, or could end it, of which SQLite has none; and whether the audit's
        rows are without a trigger that keeps them; of SQLite's file whether others may read it.
        """
        with translated(), self._engine.connect() as connection:
            found = self._readable() if self._is_sqlite else weaknesses(connection)
            return [*found, *([Weakness.UNGUARDED] if unguarded(connection) else [])]

    def _readable(self) -> list[Weakness]:
        """A file that was made otherwise than by this program, as a restored copy is, may be open to others."""
        key_store = self._sealer.store.file if self._sealer is not None else None
        files = [each for each in (sqlite_file(self._url), key_store) if each is not None and each.exists()]
        return [Weakness.READABLE] if any(each.stat().st_mode & 0o077 for each in files) else []

    def downgrade(self, revision: str) -> None:
        """Bring the tables back to an older revision (`base`: to none); what the newer tables held is gone."""
        with translated():
            migration.downgrade(self._engine, revision, self._seals())
            if self._sealer is not None and not inspect(self._engine).has_table("ledger_identity"):
                self._sealer.clear()

    def revision(self) -> str | None:
        """The revision that the tables are at; None for an empty database."""
        with translated():
            return migration.revision(self._engine)

    def is_current(self) -> bool:
        """Whether the tables are those that this program was written for."""
        return self.revision() == migration.newest()

    def advisory_leader(self, name: str) -> Candidate:
        """A candidate for leading `name`: one process at a time holds it, and it is free again when that process ends."""
        if self._is_sqlite:
            file = sqlite_file(self._url)
            return FileLeader(file.with_name(f"{file.name}.{name}.lock"))
        return SessionLeader(self._url, name)

    def close(self) -> None:
        """Close all connections that no transaction holds."""
        self._engine.dispose()
        if self._sealer is not None:
            self._sealer.store.close()

    def _options(self, read_only: bool) -> dict[str, Any]:
        if self._is_sqlite:
            return {READ_ONLY: read_only}
        isolation = "REPEATABLE READ" if read_only else "READ COMMITTED"
        return {"isolation_level": isolation, "postgresql_readonly": read_only}


def open_database(
    url: str,
    *,
    lock_seconds: float = LOCK_SECONDS,
    keyed: Callable[[bytes], str] | None = None,
    encryption: Encryption | None = None,
    owner: str | None = None,
) -> Database:
    """The database at an address such as ``sqlite:////var/lib/woshou/node.db`` or ``postgresql://user@host/name``.

    `lock_seconds` is how long a transaction waits for another before it is LedgerBusy. `keyed` is the node's keyed hash, without
    which entries get no keys to be found by as candidates, and an upgrade forgets what it should have keyed.
    Without `encryption` nothing is sealed: for tests and benches alone, a
    node always gives it, and no setting leaves it out. `owner` is the address of the role that owns the tables, if it is another
    one; `upgrade` alone uses it. ValueError for any other kind of database, LedgerAway for a file
    that cannot be made. The tables are not made here: call `upgrade`.
    """
    address = read_url(url)
    try:
        sealer = None
        if encryption is not None:
            store = open_key_store(key_store_url(address, encryption.key_store_url), lock_seconds)
            sealer = Sealer(store, encryption)
        blinding = Blinding(keyed) if keyed is not None else None
        owned_by = read_url(owner) if owner else None
        return Database(address, open_engine(address, lock_seconds), blinding, sealer, owned_by, keyed)
    except OSError as exc:  # the folder of a SQLite file
        raise LedgerAway from exc
