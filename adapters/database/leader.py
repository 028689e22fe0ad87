"""Who leads, of several processes on one database: at most one holds a name, and it is free when that process is gone."""

import fcntl
import os
from contextlib import closing, suppress
from pathlib import Path

import psycopg
from sqlalchemy import URL

from adapters.database.connections import APPLICATION


class FileLeader:
    """By a lock on a file, which the operating system frees with the process: for SQLite, whose processes share a machine."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor: int | None = None

    def held(self) -> bool:
        """Whether this process leads now; it takes the lead if nobody has it."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lead up."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class SessionLeader:
    """By an advisory lock of PostgreSQL on a connection of its own, which no pool ever recycles.

    It needs a session: a pooler between that hands out transactions would lose the lock without a word.
    """

    def __init__(self, url: URL, name: str) -> None:
        self._address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._name = name
        self._session: psycopg.Connection[tuple[bool]] | None = None

    def held(self) -> bool:
        """Whether this process leads now; it takes the lead if nobody has it.

        False also when the server cannot be reached: it frees the lock when it finds the connection lost.
        """
        try:
            if self._session is None:
                self._session = self._connected()
                row = self._session.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [self._name]).fetchone()
            else:
                row = self._session.execute("SELECT true").fetchone()
            held = row == (True,)
        except psycopg.OperationalError:
            held = False
        if not held:
            self.release()
        return held

    def release(self) -> None:
        """Give the lead up: another may have it at once, not only when the server has seen this connection go."""
        if self._session is None:
            return
        # A lost session has freed its lock already.
        with closing(self._session) as session, suppress(psycopg.OperationalError):
            session.execute("SELECT pg_advisory_unlock_all()")
        self._session = None

    def _connected(self) -> psycopg.Connection[tuple[bool]]:
        # Keepalives: a leader behind a dead network must find out before long that it leads no more.
        return psycopg.connect(
            self._address,
            autocommit=True,
            application_name=f"{APPLICATION} leader",
            connect_timeout=5,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=10_000,
        )
