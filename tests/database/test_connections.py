"""Every connection keeps the promises that a receipt makes."""

import stat

import pytest
from sqlalchemy import text

from adapters.database.connections import open_engine, read_url, sqlite_file


@pytest.fixture
def engine(database_url):
    engine = open_engine(read_url(database_url))
    yield engine
    engine.dispose()


def _told(engine, question):
    with engine.connect() as connection:
        return connection.execute(text(question)).scalar_one()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("setting", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000)]
)
def test_sqlite_keeps_what_it_has_committed_and_waits_its_turn(engine, setting, value):
    assert _told(engine, f"PRAGMA {setting}") == value


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_sqlite_file_is_its_owners_alone(engine, database_url):
    file = sqlite_file(read_url(database_url))
    _told(engine, "PRAGMA user_version")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.glob(f"{file.name}*")}
    assert modes == {"woshou.db": 0o600, "woshou.db-wal": 0o600, "woshou.db-shm": 0o600}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("lock_timeout", "5s"),
        ("statement_timeout", "2min"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("application_name", "woshou"),
        ("default_transaction_isolation", "read committed"),
    ],
)
def test_postgresql_lets_nobody_wait_for_ever(engine, setting, value):
    assert _told(engine, f"SHOW {setting}") == value


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:", "mysql://somewhere/woshou"])
def test_a_ledger_is_kept_in_a_sqlite_file_or_in_postgresql(address):
    with pytest.raises(ValueError, match="ledger"):
        read_url(address)
