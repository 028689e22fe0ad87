"""How connections to either database are opened, so that every one of them keeps the promises that a receipt makes."""

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

LOCK_SECONDS = 5
STATEMENT_SECONDS = 120
# A transaction is never held across a call to a partner: one that idles was left behind by a thread that died.
IDLE_SECONDS = 60
APPLICATION = "woshou"
READ_ONLY = "woshou_read_only"


def read_url(text: str) -> URL:
    """The database's address; ValueError for what is neither a SQLite file nor PostgreSQL."""
    url = make_url(text)
    match url.get_backend_name():
        case "sqlite":
            if url.database in (None, "", ":memory:"):
                raise ValueError("a SQLite ledger is a file: several processes share it, and a lock stands beside it")
            return url.set(drivername="sqlite")
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
        case other:
            raise ValueError(f"the ledger is kept in SQLite or PostgreSQL, not in {other}")


def open_engine(url: URL) -> Engine:
    """An engine whose connections are set up as the ledger needs them."""
    return _open_sqlite(url) if url.get_backend_name() == "sqlite" else _open_postgresql(url)


def sqlite_file(url: URL) -> Path:
    """The file of a SQLite database."""
    return Path(str(url.database))


def _open_postgresql(url: URL) -> Engine:
    settings = {
        "lock_timeout": LOCK_SECONDS,
        "statement_timeout": STATEMENT_SECONDS,
        "idle_in_transaction_session_timeout": IDLE_SECONDS,
    }
    options = " ".join(f"-c {name}={seconds}s" for name, seconds in settings.items())
    given = url.query.get("options", "")
    return create_engine(
        url.difference_update_query(["options"]),
        connect_args={"options": f"{options} {given}".strip(), "application_name": APPLICATION},
        pool_size=8,
        max_overflow=8,
        pool_timeout=LOCK_SECONDS,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
    )


def _open_sqlite(url: URL) -> Engine:
    file = sqlite_file(url)
    # The file is about people: readable by the node's own user alone, and so are the journals that SQLite makes beside it.
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    engine = create_engine(
        url,
        connect_args={"timeout": LOCK_SECONDS, "isolation_level": None, "check_same_thread": False},
        pool_size=8,
        max_overflow=32,
        pool_timeout=LOCK_SECONDS,
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(driver: sqlite3.Connection, _record: Any) -> None:
    driver.execute(f"PRAGMA busy_timeout = {LOCK_SECONDS * 1000}")
    driver.execute("PRAGMA journal_mode = WAL")
    # FULL: what was promised in a receipt survives a loss of power.
    driver.execute("PRAGMA synchronous = FULL")
    driver.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its place at once: one that has read and then wants to write is refused, however long it waits."""
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
