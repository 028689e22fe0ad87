"""The door to the SQL ledger: one `Database` for each process, one transaction for each request or job."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Engine

from adapters.database import migration
from adapters.database.connections import LOCK_SECONDS, READ_ONLY, open_engine, read_url, sqlite_file
from adapters.database.faults import translated
from adapters.database.leader import FileLeader, SessionLeader
from adapters.database.ledger import SqlLedger
from adapters.database.work import PostgresWork, SqliteWork
from exchange.ledger import Candidate, Ledger, LedgerAway
from exchange.pairing.keys import Blinding


class Database:
    """One node's database; safe for many threads, and to be shared by many processes."""

    def __init__(self, url: URL, engine: Engine, blinding: Blinding | None = None) -> None:
        self._url = url
        self._engine = engine
        self._blinding = blinding
        self._is_sqlite = url.get_backend_name() == "sqlite"

    @contextmanager
    def transaction(self, read_only: bool = False) -> Iterator[Ledger]:
        """A ledger whose changes are committed at the end, and undone when an exception passes through.

        A read-only transaction sees one moment throughout, waits for nobody, and raises PermissionError for a write. On SQLite
        a writing one is alone from its first moment on. LedgerBusy if a lock does not come in time or the database is away.
        """
        with translated(), self._engine.connect() as connection:
            connection.execution_options(**self._options(read_only))
            with connection.begin():
                yield SqlLedger(SqliteWork(connection) if self._is_sqlite else PostgresWork(connection), self._blinding)

    def upgrade(self) -> None:
        """Bring the tables to the newest revision; several processes may call it at once."""
        with translated():
            migration.upgrade(self._engine)

    def downgrade(self, revision: str) -> None:
        """Bring the tables back to an older revision (`base`: to none); what the newer tables held is gone."""
        with translated():
            migration.downgrade(self._engine, revision)

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

    def _options(self, read_only: bool) -> dict[str, Any]:
        if self._is_sqlite:
            return {READ_ONLY: read_only}
        isolation = "REPEATABLE READ" if read_only else "READ COMMITTED"
        return {"isolation_level": isolation, "postgresql_readonly": read_only}


def open_database(url: str, *, lock_seconds: float = LOCK_SECONDS, keyed: Callable[[bytes], str] | None = None) -> Database:
    """The database at an address such as ``sqlite:////var/lib/woshou/node.db`` or ``postgresql://user@host/name``.

    `lock_seconds` is how long a transaction waits for another before it is LedgerBusy. `keyed` is the node's keyed hash, without
    which entries get no keys to be found by as candidates. ValueError for any other kind of database, LedgerAway for a file
    that cannot be made. The tables are not made here: call `upgrade`.
    """
    address = read_url(url)
    try:
        return Database(address, open_engine(address, lock_seconds), Blinding(keyed) if keyed is not None else None)
    except OSError as exc:  # the folder of a SQLite file
        raise LedgerAway from exc
