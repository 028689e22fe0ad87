"""A node on PostgreSQL with two roles, as docs/operations.md sets it up: one owns the tables, the other runs the node."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.builders import WUCHANG, WUCHANG_NODE
from tests.cli.conftest import Terminal
from tests.conftest import PostgresServer
from woshou.cli.exits import Exit

WANTED = ("init", "--node", WUCHANG_NODE, "--title", "武昌区", "--jurisdiction", WUCHANG, "--url", "http://127.0.0.1:8000")
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
OWNER, NODE = "woshou_owner", "woshou_node"


@pytest.fixture
def server(postgresql_server: PostgresServer) -> Iterator[PostgresServer]:
    with postgresql_server.connect() as connection:
        for role in (OWNER, NODE):
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    yield postgresql_server
    with postgresql_server.connect() as connection:
        for role in (OWNER, NODE):
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


@pytest.fixture
def superuser(server: PostgresServer) -> Iterator[psycopg.Connection]:
    """On a new database that the owner's role owns and the node's may make a schema in."""
    with server.database() as url, server.all_powerful(url) as connection:
        name = sql.Identifier(urlsplit(url).path.lstrip("/"))
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO woshou_owner").format(name))
        connection.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO woshou_node").format(name))
        yield connection


@pytest.fixture
def addresses(server: PostgresServer, superuser: psycopg.Connection) -> dict[str, str]:
    return {role: server.address(superuser.info.dbname, role) for role in (OWNER, NODE)}


def schemas(superuser: psycopg.Connection) -> set[str]:
    return {row[0] for row in superuser.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'woshou%'")}


def documented(word: str) -> str:
    """The block of SQL in the manual in which a word stands."""
    blocks: list[str] = re.findall(r"```sql\n(.*?)```", OPERATIONS.read_text("utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if word in block]
    return found


def test_a_login_that_may_make_no_tables_makes_no_node_and_leaves_nothing(
    empty: Terminal, monkeypatch: pytest.MonkeyPatch, superuser: psycopg.Connection, addresses: dict[str, str]
):
    monkeypatch.setenv("WOSHOU_DATABASE_URL", addresses[NODE])
    answer = empty(*WANTED)
    assert (answer.code, answer.refusal["code"]) == (Exit.NOT_INITIALISED, "database-owner-needed")
    assert "WOSHOU_DATABASE_OWNER_URL" in answer.refusal["en"]
    assert not empty.data.exists()
    assert schemas(superuser) == set()


def test_a_login_that_may_make_no_key_store_makes_no_node_and_leaves_nothing(
    empty: Terminal, monkeypatch: pytest.MonkeyPatch, superuser: psycopg.Connection, addresses: dict[str, str]
):
    name = sql.Identifier(superuser.info.dbname)
    superuser.execute(sql.SQL("REVOKE CREATE ON DATABASE {} FROM woshou_node").format(name))
    monkeypatch.setenv("WOSHOU_DATABASE_URL", addresses[NODE])
    monkeypatch.setenv("WOSHOU_DATABASE_OWNER_URL", addresses[OWNER])
    answer = empty(*WANTED)
    assert (answer.code, answer.refusal["code"]) == (Exit.NOT_INITIALISED, "key-store-denied")
    assert not empty.data.exists()
    assert superuser.execute("SELECT to_regclass('entries')").fetchone() == (None,)


def test_with_its_owner_named_for_the_set_up_alone_a_node_is_made_and_has_no_weakness(
    empty: Terminal, monkeypatch: pytest.MonkeyPatch, addresses: dict[str, str]
):
    monkeypatch.setenv("WOSHOU_DATABASE_URL", addresses[NODE])
    monkeypatch.setenv("WOSHOU_DATABASE_OWNER_URL", addresses[OWNER])
    assert empty(*WANTED).code == Exit.OK
    monkeypatch.delenv("WOSHOU_DATABASE_OWNER_URL")
    assert empty("db", "check").json == {"current": True, "weaknesses": []}
    assert empty("register", "list").json["items"] == []


@pytest.fixture
def alone(empty: Terminal, monkeypatch: pytest.MonkeyPatch, superuser: psycopg.Connection, addresses: dict[str, str]) -> Terminal:
    """A node whose login made everything itself, so far."""
    superuser.execute("GRANT CREATE ON SCHEMA public TO woshou_node")
    monkeypatch.setenv("WOSHOU_DATABASE_URL", addresses[NODE])
    assert empty(*WANTED).code == Exit.OK
    superuser.execute("REVOKE CREATE ON SCHEMA public FROM woshou_node")
    return empty


def test_the_documented_change_of_owner_leaves_a_node_that_works(
    alone: Terminal, monkeypatch: pytest.MonkeyPatch, superuser: psycopg.Connection, addresses: dict[str, str]
):
    superuser.execute(documented("REASSIGN OWNED").encode())
    with monkeypatch.context() as upgrading:
        upgrading.setenv("WOSHOU_DATABASE_OWNER_URL", addresses[OWNER])
        assert alone("db", "upgrade").code == Exit.OK
    assert alone("db", "check").json == {"current": True, "weaknesses": []}
    assert alone("register", "list").code == Exit.OK
    with psycopg.connect(addresses[OWNER]) as owner, pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute("SELECT FROM woshou_keys.data_keys")


def test_a_key_store_that_went_with_the_tables_is_refused_by_name_and_lent_by_the_upgrade(
    alone: Terminal, monkeypatch: pytest.MonkeyPatch, superuser: psycopg.Connection, addresses: dict[str, str]
):
    superuser.execute("REASSIGN OWNED BY woshou_node TO woshou_owner")
    for command in (("register", "list"), ("db", "check")):
        answer = alone(*command)
        assert (answer.code, answer.refusal["code"]) == (Exit.NOT_INITIALISED, "database-login-denied")
    with monkeypatch.context() as upgrading:
        upgrading.setenv("WOSHOU_DATABASE_OWNER_URL", addresses[OWNER])
        assert alone("db", "upgrade").code == Exit.OK
    assert alone("db", "check").json == {"current": True, "weaknesses": []}
    assert alone("register", "list").code == Exit.OK
