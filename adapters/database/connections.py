"""How connections to either database are opened, so that every one of them keeps the promises that a receipt makes."""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

LOCK_SECONDS = 5.0
STATEMENT_SECONDS = 120
# A transaction is never held across a call to a partner: one that idles was left behind by a thread that died.
IDLE_SECONDS = 60
APPLICATION = "woshou"
READ_ONLY = "woshou_read_only"


def read_url(text: str) -> URL:
    """The database's address; ValueError, which does not quote it, for what is neither a SQLite file nor PostgreSQL."""
    try:
        url = make_url(text)
    except (ValueError, ArgumentError):
        raise ValueError("the database's address is not well formed") from None  # the cause may quote a password
    if url.port is not None and url.port not in range(1, 65536):
        raise ValueError("the port in the database's address is none")
    match url.get_backend_name():
        case "sqlite":
            if url.database in (None, "", ":memory:"):
                raise ValueError("a SQLite ledger is a file: several processes share it, and a lock stands beside it")
            return url.set(drivername="sqlite")
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
        case _:
            raise ValueError("the ledger is kept in SQLite or PostgreSQL")


def open_engine(url: URL, lock_seconds: float = LOCK_SECONDS) -> Engine:
    """An engine whose connections are set up as the ledger needs them, and wait that long for a lock or for their turn."""
    return _open_sqlite(url, lock_seconds) if url.get_backend_name() == "sqlite" else _open_postgresql(url, lock_seconds)


def sqlite_file(url: URL) -> Path:
    """The file of a SQLite database."""
    return Path(str(url.database))


def _open_postgresql(url: URL, lock_seconds: float) -> Engine:
    settings = {
        "lock_timeout": lock_seconds,
        "statement_timeout": STATEMENT_SECONDS,
        "idle_in_transaction_session_timeout": IDLE_SECONDS,
    }
    options = " ".join(f"-c {name}={round(seconds * 1000)}" for name, seconds in settings.items())
    given = url.query.get("options", "")
    return create_engine(
        url.difference_update_query(["options"]),
        connect_args={"options": f"{options} {given}".strip(), "application_name": APPLICATION},
        pool_size=8,
        max_overflow=8,
        pool_timeout=lock_seconds,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
    )


def _open_sqlite(url: URL, lock_seconds: float) -> Engine:
    _make_private(sqlite_file(url))
    engine = create_engine(
        url,
        connect_args={"timeout": lock_seconds, "isolation_level": None, "check_same_thread": False},
        pool_size=8,
        max_overflow=32,
        pool_timeout=lock_seconds,
    )
    event.listen(engine, "connect", lambda driver, _record: _set_up_sqlite(driver, lock_seconds))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(file: Path) -> None:
    """Make the file readable by the node's own user alone; SQLite gives its journals the same mode.

    One that is there is not touched: to close it would drop the locks that SQLite holds on it for this process.
    """
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _set_up_sqlite(driver: sqlite3.Connection, lock_seconds: float) -> None:
    _use_wal(driver, time.monotonic() + lock_seconds)
    # FULL: what was promised in a receipt survives a loss of power.
    driver.execute("PRAGMA synchronous = FULL")
    driver.execute("PRAGMA foreign_keys = ON")


def _use_wal(driver: sqlite3.Connection, until: float) -> None:
    """Readers and one writer side by side. While another process makes a new file so, SQLite refuses instead of waiting."""
    while True:
        try:
            driver.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its place at once: one that has read and then wants to write is refused, however long it waits."""
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
