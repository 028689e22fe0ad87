"""Who leads, of several processes on one database: at most one holds a name, and it is free when that process is gone."""

import fcntl
import os
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
            if self._session is not None:
                self._session.execute("SELECT 1")
                return True
            self._session = self._elected()
        except psycopg.OperationalError:
            self.release()
        return self._session is not None

    def release(self) -> None:
        """Give the lead up."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _elected(self) -> "psycopg.Connection[tuple[bool]] | None":
        # Keepalives: a leader behind a dead network must find out before long that it leads no more.
        session: psycopg.Connection[tuple[bool]] = psycopg.connect(
            self._address,
            autocommit=True,
            application_name=f"{APPLICATION} leader",
            connect_timeout=5,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=10_000,
        )
        row = session.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [self._name]).fetchone()
        if row is not None and row[0]:
            return session
        session.close()
        return None
