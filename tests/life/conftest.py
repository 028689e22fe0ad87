"""Two nodes on every kind of ledger."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from adapters.database.engine import Database
from adapters.memory import MemoryLedgers
from tests.building.sealing import open_database
from tests.conftest import PostgresServer
from tests.ledger.conftest import EMPTY
from tests.life.two_nodes import Two


@pytest.fixture(scope="session")
def two_on_postgresql(postgresql_server: PostgresServer) -> Iterator[list[tuple[Database, psycopg.Connection]]]:
    """Two migrated databases, and the connections through which they are emptied."""
    with postgresql_server.database() as one, postgresql_server.database() as other:
        opened = [(open_database(url), postgresql_server.all_powerful(url)) for url in (one, other)]
        for database, _ in opened:
            database.upgrade()
        yield opened
        for database, connection in opened:
            database.close()
            connection.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Two]:
    """Xicheng and Wuchang with an agreement, each on an empty ledger of its own."""
    if request.param == "memory":
        yield Two.of(MemoryLedgers(), MemoryLedgers())
    elif request.param == "sqlite":
        made = request.getfixturevalue("migrated_sqlite")
        databases = [open_database(f"sqlite:///{shutil.copy(made, tmp_path / name)}") for name in ("xicheng.db", "wuchang.db")]
        yield Two.of(*databases)
        for database in databases:
            database.close()
    else:
        opened = request.getfixturevalue("two_on_postgresql")
        for _, connection in opened:
            connection.execute(EMPTY)
        yield Two.of(*(database for database, _ in opened))
