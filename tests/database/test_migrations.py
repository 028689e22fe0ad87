"""The tables come from the migrations alone, on both databases, up and down."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect

from adapters.database import migration
from adapters.database.connections import open_engine, read_url
from adapters.database.policies import SETTING, said
from adapters.database.tables import METADATA
from exchange.conversation import State
from exchange.verbs.counting.settle import settle_entries
from exchange.wire import ijson
from tests.builders import (
    WUCHANG,
    XICHENG,
    XICHENG_NODE,
    a_check,
    a_conversation,
    a_day,
    a_link,
    a_moment,
    an_answer,
    an_exchange,
    an_id,
    an_import,
)
from tests.building.sealing import open_database
from tests.life.two_nodes import a_node
from tests.rates.histories import an_open_entry, holding


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


@pytest.mark.parametrize("known", [True, False])
def test_digests_of_files_and_requests_are_keyed_on_the_way_up(bare_url, engine, known):
    node = a_node(XICHENG_NODE, XICHENG)
    plain, asked = ijson.digest(b"a sheet"), sha256(b"a request").hexdigest()
    database = open_database(bare_url, keyed=node.keyed if known else None)
    database.upgrade()
    with database.transaction() as ledger:
        ledger.imports.add(an_import(digest=plain), [])
        ledger.cross_checks.add(a_check(digest=plain), [], [])
        ledger.access.remember(an_answer(request_digest=asked))
    database.downgrade("0023")
    assert any(plain.encode() in row for row in everything(bare_url, engine))
    database.upgrade()
    with database.transaction(read_only=True) as ledger:
        file, check = ledger.imports.get(an_import().id), ledger.cross_checks.get(a_check().id)
        answer = ledger.access.remembered(an_answer().caller, an_answer().key)
    assert file is not None
    assert check is not None
    assert answer is not None
    found = (file.digest, check.digest, answer.request_digest)
    again = node.file_digest(b"a sheet"), node.file_digest(b"a sheet"), node.keyed(b"request\x00" + asked.encode())
    assert (found == again) is known
    database.close()
    assert not any(each.encode() in row for row in everything(bare_url, engine) for each in (plain, asked))


def test_all_entries_are_queued_on_the_way_up_and_counted_from_their_facts_until_they_are_settled(database):
    database.upgrade()
    held = holding(entries=[an_open_entry(1), an_open_entry(2)], ledgers=database)
    with held.transaction() as ledger:
        settle_entries(ledger)
        sums = ledger.entries.sums(frozenset({WUCHANG}), a_day(9), a_moment(9))
    database.downgrade("0025")
    database.upgrade()
    with held.transaction() as ledger:
        assert ledger.standings.in_queue([an_id(1), an_id(2)]) == {an_id(1), an_id(2)}
        assert (len(sums), ledger.entries.sums(frozenset({WUCHANG}), a_day(9), a_moment(9))) == (1, sums)
        assert (settle_entries(ledger), len(ledger.standings.load([an_id(1), an_id(2)]))) == (2, 2)


def everything(url: str, engine: Engine) -> list[bytes]:
    """All that a database holds: SQLite's files as they lie there, free pages and journal included; PostgreSQL's rows."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        return [each.read_bytes() for each in file.parent.glob(f"{file.name}*")]
    with engine.connect() as connection:
        tables = ("imports", "cross_checks", "remembered_answers")
        connection.exec_driver_sql(SETTING, said(None))
        return [repr(row).encode() for table in tables for row in connection.exec_driver_sql(f"SELECT * FROM {table}")]


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
