"""Every ledger that there is, empty."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from adapters.database.engine import Database
from adapters.memory import MemoryLedgers
from exchange.ledger import Ledger, Ledgers
from tests.building.sealing import open_database
from tests.conftest import PostgresServer

# Emptied and used again: making a database takes a hundred times as long. Without triggers, the order does not matter.
EMPTY = """
DO $$ DECLARE held text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR held IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
                AND tablename NOT IN ('alembic_version', 'ledger_identity') LOOP
        EXECUTE format('DELETE FROM %I', held);
    END LOOP;
END $$
"""


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: PostgresServer) -> Iterator[tuple[Database, psycopg.Connection]]:
    """A PostgreSQL ledger, and the connection through which it is emptied."""
    with postgresql_server.database() as url:
        database = open_database(url)
        database.upgrade()
        with postgresql_server.all_powerful(url) as connection:
            yield database, connection
        database.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def ledgers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledgers]:
    """An empty ledger, once of each kind."""
    if request.param == "memory":
        yield MemoryLedgers()
    elif request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "woshou.db")
        database = open_database(f"sqlite:///{path}")
        yield database
        database.close()
    else:
        database, connection = request.getfixturevalue("migrated_postgresql")
        connection.execute(EMPTY)
        yield database


@pytest.fixture
def ledger(ledgers: Ledgers) -> Iterator[Ledger]:
    """One transaction on an empty ledger."""
    with ledgers.transaction() as opened:
        yield opened
