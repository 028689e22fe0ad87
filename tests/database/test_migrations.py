"""The tables come from the migrations alone, on both databases, up and down."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from adapters.database import migration
from adapters.database.connections import open_engine, read_url
from adapters.database.tables import METADATA
from exchange.conversation import State
from tests.builders import a_conversation, a_day, a_link, a_moment, an_exchange
from tests.building.sealing import open_database


@pytest.fixture
def engine(bare_url):
    engine = open_engine(read_url(bare_url))
    yield engine
    engine.dispose()


@pytest.fixture
def database(bare_url):
    database = open_database(bare_url)
    yield database
    database.close()


def test_an_empty_database_has_no_revision(database):
    assert database.revision() is None
    assert not database.is_current()


def test_an_upgraded_database_is_current(database):
    database.upgrade()
    assert database.revision() == migration.newest()
    assert database.is_current()


def test_upgrading_twice_changes_nothing(database):
    database.upgrade()
    with database.transaction() as ledger:
        link = ledger.links.add(a_link().uuid, a_link().partner)
    database.upgrade()
    with database.transaction() as ledger:
        assert ledger.links.all() == [link]


def test_the_migrations_come_to_the_tables_that_the_program_uses(database, engine):
    database.upgrade()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_every_name_in_the_migrations_is_the_name_that_the_tables_would_have(database, engine):
    database.upgrade()
    names = inspect(engine)
    for table in METADATA.sorted_tables:
        assert {index["name"] for index in names.get_indexes(table.name)} >= {index.name for index in table.indexes}
        assert names.get_pk_constraint(table.name)["name"] == f"{table.name}_pkey"


def test_downgrading_leaves_no_table_and_can_be_undone(database, engine):
    database.upgrade()
    database.downgrade("base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    assert database.revision() is None
    database.upgrade()
    assert database.is_current()


def test_an_answer_from_before_gets_its_last_day_in_shanghai(database):
    database.upgrade()
    # The last minute of 2 March in Shanghai, and the first of the next day.
    answered = [
        an_exchange(n, conversation=a_conversation(State.ANSWERED, fed_back_at=a_moment(15 * 60 - 2 + n))) for n in (1, 2)
    ]
    with database.transaction() as ledger:
        ledger.exchanges.add([*answered, an_exchange(3)])
    database.downgrade("0005")
    database.upgrade()
    with database.transaction(read_only=True) as ledger:
        held = [ledger.exchanges.named(each.key.exchange)[0].conversation for each in answered]
    assert [talk.lapses_on for talk in held if talk is not None] == [a_day(15), a_day(16)]


def test_many_that_upgrade_at_once_upgrade_once(bare_url):
    def upgrade(_):
        database = open_database(bare_url, lock_seconds=30)
        try:
            database.upgrade()
            return database.revision()
        finally:
            database.close()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(upgrade, range(6))) == [migration.newest()] * 6
