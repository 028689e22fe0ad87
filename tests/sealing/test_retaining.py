"""What retention erases has no data key left, whoever owns the tables: neither the ledger nor a copy of it can be opened."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from psycopg import sql
from sqlalchemy import text

from adapters.database.connections import open_engine, read_url
from adapters.database.engine import Database
from adapters.database.sealed.key_store import key_store_url, open_key_store
from adapters.memory import MemoryLedgers
from exchange.codes import CloseReason, Kind, Result
from exchange.wire.message import FeedbackBody, note_of, read_message
from tests.builders import an_entry, an_id
from tests.building.cases import a_case
from tests.building.sealing import open_database
from tests.conftest import PostgresServer
from tests.life.test_retention import answer, lines, log, to, tonight
from tests.life.two_nodes import Two

APPLICATION = "keeper"


class Held:
    """A sealed ledger, looked at past everything that opens it."""

    def __init__(self, database: Database, url: str, powerful: str) -> None:
        self.database = database
        self.address, self._powerful = read_url(url), read_url(powerful)

    def raw(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        engine = open_engine(self._powerful)
        with engine.begin() as connection:
            found = connection.execute(text(statement), values)
            rows = [tuple(row) for row in found] if found.returns_rows else []
        engine.dispose()
        return rows

    def heads(self, table: str, column: str) -> set[bytes]:
        """The ids of the data keys under which the values of a table are sealed."""
        return {bytes(row[0])[2:18] for row in self.raw(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")}

    def standing(self) -> set[bytes]:
        """The ids of all data keys that there are."""
        store = open_key_store(key_store_url(self.address))
        found = {row[0] for row in store.used(b"", 10_000)}
        store.close()
        return found


@pytest.fixture(params=["sqlite", "postgresql", "postgresql, owned by another"])
def held(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Held]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'woshou.db'}"
        database = open_database(url)
        database.upgrade()
        yield Held(database, url, url)
        database.close()
        return
    server: PostgresServer = request.getfixturevalue("postgresql_server")
    with server.database() as owner:
        name = urlsplit(owner).path.lstrip("/")
        powerful = server.address(name, "postgres")
        if request.param == "postgresql":
            database, url = open_database(owner), owner
        else:
            with server.connect() as connection:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(APPLICATION)))
                # As docs/operations.md has it, for the key store.
                names = sql.Identifier(name), sql.Identifier(APPLICATION)
                connection.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(*names))
            url = server.address(name, APPLICATION)
            database = open_database(url, owner=owner)
        database.upgrade()
        yield Held(database, url, powerful)
        database.close()
    if request.param.endswith("another"):
        with server.connect() as connection:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(APPLICATION)))


def test_no_data_key_of_what_retention_erased_is_left(held: Held) -> None:
    two = Two.of(held.database, MemoryLedgers())
    closed, waits = two.xicheng.ask(1), two.xicheng.ask(2)
    two.calm()
    answer(two, closed, confirm=True)
    opened = two.xicheng.now
    gone = an_entry(1, opened_at=opened, closed_at=opened + timedelta(hours=1), close_reason=CloseReason.RETURNED)
    with held.database.transaction() as ledger:
        ledger.entries.add([gone, an_entry(2, opened_at=opened)])
    before = held.heads("messages", "line") | held.heads("entries", "sealed")
    assert before == held.standing()
    assert len(before) == 6  # a query, its answer and confirmation; the other query; two entries
    to(two, date(2028, 4, 1))
    assert tonight(two.xicheng) == 2
    after = held.heads("messages", "line") | held.heads("entries", "sealed")
    assert after == held.standing()
    assert len(before - after) == 4
    assert after < before
    assert not any(lines(two.xicheng, closed))
    assert all(lines(two.xicheng, waits))
    with held.database.transaction(read_only=True) as ledger:
        assert ledger.entries.get(an_id(1)) is None
        assert ledger.entries.get(an_id(2)) is not None
    assert held.raw("SELECT count(*) FROM doomed_keys") == [(0,)]


def test_a_line_whose_note_was_erased_cannot_be_opened_from_a_copy_either(held: Held) -> None:
    two = Two.of(held.database, MemoryLedgers(), notes_allowed=True)
    exchange = two.xicheng.ask()
    two.calm()
    two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED, note="请周三来电"))
    two.calm()
    two.xicheng.say(exchange, Kind.CONFIRMATION)
    two.calm()
    (copied,) = [message for message in log(two.xicheng, exchange) if message.note is not None]
    ((old,),) = held.raw("SELECT line FROM messages WHERE id = :one", one=copied.id)
    others = held.heads("messages", "line") - {bytes(old)[2:18]}
    two.pass_time(timedelta(days=1))
    assert tonight(two.xicheng) == 1
    (left,) = [message for message in log(two.xicheng, exchange) if message.note is not None]
    assert left.line is not None
    assert note_of(read_message(left.line)) is None
    # The other lines keep their keys; the one that lost its note has another.
    assert bytes(old)[2:18] not in held.standing()
    assert others < held.standing() == held.heads("messages", "line")
    held.raw("UPDATE messages SET line = :old WHERE id = :one", old=bytes(old), one=copied.id)
    (restored,) = [message for message in log(two.xicheng, exchange) if message.note is not None]
    assert restored.line is None


def test_notes_of_lines_that_cannot_be_opened_any_more_are_done_with(held: Held) -> None:
    """An older ledger, in which they stand still: their key was destroyed with their bodies."""
    two = Two.of(held.database, MemoryLedgers(), notes_allowed=True)
    exchange = two.xicheng.ask()
    two.calm()
    two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED, note="请周三来电"))
    two.calm()
    two.xicheng.say(exchange, Kind.CONFIRMATION)
    two.calm()
    store = open_key_store(key_store_url(held.address))
    store.destroy(sorted(held.heads("messages", "line")))
    store.close()
    two.pass_time(timedelta(days=1))
    assert tonight(two.xicheng) == 1
    assert not any(message.note or message.line for message in log(two.xicheng, exchange))


def test_a_case_whose_couple_was_erased_cannot_be_opened_from_a_copy_either(held: Held) -> None:
    case = a_case()
    with held.database.transaction() as ledger:
        ledger.cases.add(case)
    for then in (case.handed_to("another"), case.without_couple()):
        ((old,),) = held.raw("SELECT sealed FROM cases")
        with held.database.transaction() as ledger:
            ledger.cases.save(then)
        kept = bytes(old)[2:18] in held.standing()
        assert kept == then.names_couple
    assert held.standing() == held.heads("cases", "sealed")
    held.raw("UPDATE cases SET sealed = :old", old=bytes(old))
    with held.database.transaction(read_only=True) as ledger:
        restored = ledger.cases.get(case.id)
    assert restored is not None
    assert not restored.names_couple
