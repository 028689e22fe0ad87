"""Row-level security on PostgreSQL: who was not told of a row cannot find, change or remove it, whatever it asks."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from adapters.database.engine import Database, open_database
from adapters.database.policies import AREAS, OF_NODE, POLICIES, SETTING, WITHOUT, Weakness, said
from adapters.database.protection.guards import KEPT
from adapters.database.tables import METADATA
from exchange.ledger import EntryFilter, Ledger, Page, Within
from exchange.verbs.counting.settle import settle_entries
from tests.access.world import CHAOYANG, FIRST, beijing, fill, marks_of
from tests.builders import XICHENG, a_moment, an_entry, an_id
from tests.conftest import PostgresServer

APPLICATION = "application"
MINE = Within(areas=frozenset({XICHENG}), caller=f"key of {XICHENG}")
THEIRS = Within(areas=frozenset({CHAOYANG}), caller=f"key of {CHAOYANG}")


@pytest.fixture(scope="module")
def address(postgresql_server: PostgresServer) -> Iterator[str]:
    """A filled database, for a login that owns nothing; all of it was made by the owner."""
    with postgresql_server.database() as owner:
        with postgresql_server.connect() as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(APPLICATION)))
        name = urlsplit(owner).path.lstrip("/")
        database = open_database(postgresql_server.address(name, APPLICATION), owner=owner, keyed=beijing().keyed)
        database.upgrade()
        with database.transaction() as ledger:
            fill(ledger, a_moment())
            settle_entries(ledger)
        database.close()
        with postgresql_server.all_powerful(owner) as connection:
            for county, first in FIRST.items():
                connection.execute("INSERT INTO certificate_keys VALUES (%s, %s, 1)", [an_id(first), county])
                check = ("asked", "partner", "", county, "", "", "", None, None, "unknown", 1)
                connection.execute(f"INSERT INTO certificate_checks VALUES (%s{', %s' * len(check)})", [an_id(first), *check])
                connection.execute("INSERT INTO subject_requests VALUES (%s, '', '', 1, '', '', '', '')", [an_id(first)])
                connection.execute(
                    "INSERT INTO pairing_suggestions VALUES (%s, 1, 'asked', %s, 1, 1, '', 1)", [an_id(first + 1), an_id(first)]
                )
                connection.execute("INSERT INTO accounts VALUES (%s, %s, NULL, false, NULL, NULL, 0, 0)", [an_id(first)] * 2)
                connection.execute("INSERT INTO sessions VALUES (%s, %s, '', 1, 1)", [an_id(first), f"key of {county}"])
                connection.execute("INSERT INTO register_tokens VALUES (%s, '', 1, NULL, %s, true)", [first, an_id(first)])
        yield postgresql_server.address(name, APPLICATION)
    with postgresql_server.connect() as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(APPLICATION)))


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    opened = open_database(address)
    yield opened
    opened.close()


@pytest.fixture
def login(address: str) -> Iterator[psycopg.Connection]:
    """The application's own login, by hand."""
    with psycopg.connect(address) as connection:
        yield connection
        connection.rollback()


def entries(ledger: Ledger) -> set[str]:
    """The counties of all entries that a question for both counties finds."""
    both = EntryFilter(jurisdictions=frozenset(FIRST))
    return {entry.jurisdiction for entry in ledger.entries.find(both, Page())}


def counted(login: psycopg.Connection, table: str) -> int:
    row = login.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


def rows(login: psycopg.Connection, table: str, within: Within | None) -> list[str]:
    """The whole rows that are seen of a table, in an order of their own."""
    login.execute(SETTING, said(within))
    return sorted(repr(row) for row in login.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))))


def words_in(row: str) -> set[str]:
    """The ids and digests in a row."""
    return set(re.findall(r"[\w-]+", row))


def test_every_table_is_under_a_policy_or_says_why_not():
    tables = set(METADATA.tables) | {"alembic_version"}
    assert POLICIES.keys() | WITHOUT.keys() == tables, "a new table: POLICIES or WITHOUT in policies.py"
    assert not POLICIES.keys() & WITHOUT.keys()


def test_the_database_holds_exactly_these_policies(login: psycopg.Connection):
    held = "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
    assert {row[0] for row in login.execute(held)} == POLICIES.keys()
    assert {row[0] for row in login.execute("SELECT tablename FROM pg_policies")} == POLICIES.keys()


@pytest.mark.parametrize("table", POLICIES)
def test_a_county_sees_its_own_rows_of_every_table_whole_and_the_node_all(login: psycopg.Connection, table: str):
    whole, mine, theirs = (rows(login, table, within) for within in (None, MINE, THEIRS))
    assert whole
    assert rows(login, table, Within(areas=frozenset({"420106"}), caller="nobody")) == []
    assert rows(login, table, Within(areas=frozenset(), caller="")) == []
    if POLICIES[table] is OF_NODE:
        assert (mine, theirs) == ([], [])
        return
    # Each sees rows of its own, which nothing is missing of; and together they are all that there is.
    assert mine
    assert sorted([*mine, *theirs]) == whole
    assert not [row for row in mine if marks_of(CHAOYANG) & words_in(row)]
    assert not [row for row in theirs if marks_of(XICHENG) & words_in(row)]


@pytest.mark.parametrize("table", POLICIES)
@pytest.mark.parametrize("ended", ["committed", "rolled back", "failed", "never begun"])
def test_with_nothing_said_there_are_no_rows_whatever_was_said_before(login: psycopg.Connection, table: str, ended: str):
    if ended != "never begun":
        login.execute(SETTING, said(None))
    if ended == "failed":
        with pytest.raises(psycopg.errors.DivisionByZero):
            login.execute("SELECT 1 / 0")
    login.commit() if ended == "committed" else login.rollback()
    assert counted(login, table) == 0


@pytest.mark.parametrize("table", POLICIES)
@pytest.mark.parametrize("done", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}"])
def test_another_countys_rows_are_neither_changed_nor_removed(login: psycopg.Connection, table: str, done: str):
    """Named by their very place in the table, by a county that has somehow come to know it, and all together."""
    login.execute(SETTING, said(None))
    names = {"table": sql.Identifier(table), "column": sql.Identifier(next(iter(METADATA.tables[table].columns)).name)}
    places = sql.SQL("SELECT ctid FROM {table}").format(**names)
    whole, all_places = rows(login, table, None), {row[0] for row in login.execute(places)}
    login.execute(SETTING, said(THEIRS))
    foreign = sorted(all_places - {row[0] for row in login.execute(places)})
    assert foreign
    statement = sql.SQL(done + " WHERE ctid = ANY(%s::tid[])").format(**names)
    if table in KEPT:  # whoever asks for whichever rows
        with pytest.raises(psycopg.errors.RaiseException, match="only added"):
            login.execute(statement, [foreign])
        login.rollback()
    else:
        assert login.execute(statement, [foreign]).rowcount == 0
    assert rows(login, table, None) == whole


def test_a_row_of_another_county_cannot_be_added_under_ones_own_name(database: Database):
    theirs = an_entry(900, jurisdiction=CHAOYANG)
    with pytest.raises(Exception, match="row-level security"), database.transaction(within=MINE) as ledger:
        ledger.entries.add([theirs])
    with pytest.raises(Exception, match="row-level security"), database.transaction(within=MINE) as ledger:
        ledger.entries.add([an_entry(900 + n, jurisdiction=CHAOYANG, person_index=f"p{n}") for n in range(30)])
    with database.transaction(within=MINE) as ledger:
        held = ledger.entries.get(an_id(FIRST[XICHENG]))
        assert held is not None


@pytest.mark.parametrize("ended", ["committed", "rolled back", "refused by the database"])
def test_one_transaction_leaves_nothing_to_the_next_on_the_same_connection(database: Database, ended: str):
    """The pool hands out one connection after the other: each of these has the one before's."""
    endings: dict[str, Callable[[], AbstractContextManager[Any]]] = {
        "committed": nullcontext,
        "rolled back": lambda: pytest.raises(KeyError),
        "refused by the database": lambda: pytest.raises(Exception, match="entries_pkey"),
    }
    for within, seen in ((None, set(FIRST)), (MINE, {XICHENG}), (None, set(FIRST)), (MINE, {XICHENG})):
        with endings[ended](), database.transaction(within=within) as ledger:
            assert entries(ledger) == seen
            if ended == "rolled back":
                raise KeyError
            if ended == "refused by the database":
                ledger.entries.add([an_entry(FIRST[XICHENG], closed_at=a_moment())])
    with database._engine.connect() as connection:
        assert connection.exec_driver_sql(f"SELECT current_setting('{AREAS}', true)").scalar() == ""
        assert connection.exec_driver_sql("SELECT count(*) FROM entries").scalar() == 0


def test_an_area_that_could_mean_more_is_no_area():
    for area in ("*", "110102,110105", "", "110102 "):
        with pytest.raises(ValueError, match="division code"):
            said(Within(areas=frozenset({area}), caller="key"))


def test_the_login_that_owns_nothing_has_no_weakness_and_the_others_are_told_theirs(
    database: Database, postgresql_server: PostgresServer, address: str
):
    assert database.weaknesses() == []
    name = urlsplit(address).path.lstrip("/")
    for role, weakness in (("woshou", Weakness.OWNER), ("postgres", Weakness.SUPERUSER)):
        opened = open_database(postgresql_server.address(name, role))
        assert opened.weaknesses() == [weakness]
        opened.close()


def test_a_table_that_was_let_out_is_told(postgresql_server: PostgresServer):
    with postgresql_server.database() as url:
        opened = open_database(url)
        opened.upgrade()
        with postgresql_server.all_powerful(url) as connection:
            connection.execute("ALTER TABLE entries NO FORCE ROW LEVEL SECURITY")
        assert opened.weaknesses() == [Weakness.OWNER, Weakness.OPEN_TABLE]
        opened.close()


@pytest.mark.parametrize(
    "done",
    [
        "ALTER TABLE audit_rows DISABLE TRIGGER audit_rows_kept",
        "DROP TRIGGER audit_subjects_kept ON audit_subjects",
        "CREATE OR REPLACE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE OR REPLACE TRIGGER audit_signed_kept BEFORE UPDATE ON audit_signed EXECUTE FUNCTION audit_is_kept()",
    ],
)
def test_an_audit_that_is_no_longer_kept_is_told_and_an_upgrade_keeps_it_again(postgresql_server: PostgresServer, done: str):
    with postgresql_server.database() as url:
        opened = open_database(url)
        opened.upgrade()
        assert opened.weaknesses() == [Weakness.OWNER]
        with postgresql_server.all_powerful(url) as connection:
            connection.execute(done.encode())
        assert opened.weaknesses() == [Weakness.OWNER, Weakness.UNGUARDED]
        opened.upgrade()
        assert opened.weaknesses() == [Weakness.OWNER]
        with postgresql_server.all_powerful(url) as connection, pytest.raises(psycopg.errors.RaiseException, match="only added"):
            connection.execute("TRUNCATE audit_rows")
        opened.close()


def test_the_application_can_change_no_table(login: psycopg.Connection):
    for statement in (
        "ALTER TABLE entries DISABLE ROW LEVEL SECURITY",
        "DROP POLICY entries_within ON entries",
        "UPDATE alembic_version SET version_num = ''",
        "CREATE TABLE mine ()",
        "SET ROLE woshou",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            login.execute(statement)
        login.rollback()
