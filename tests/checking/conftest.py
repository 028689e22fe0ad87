"""Empty ledgers: memory for the rules, every kind for what a whole check comes to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.memory import MemoryLedgers
from exchange.ledger import Ledgers
from tests.building.sealing import open_database


@pytest.fixture
def ledgers() -> Ledgers:
    return MemoryLedgers()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def every_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledgers]:
    if request.param == "memory":
        yield MemoryLedgers()
        return
    if request.param == "sqlite":
        database = open_database(f"sqlite:///{tmp_path / 'woshou.db'}")
        database.upgrade()
        yield database
        database.close()
        return
    with request.getfixturevalue("postgresql_server").database() as url:
        database = open_database(url)
        database.upgrade()
        yield database
        database.close()
