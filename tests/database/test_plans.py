"""No question that is asked every day makes the database read a whole table."""

import pytest
from sqlalchemy import event, text

from adapters.database.connections import open_engine, read_url
from adapters.database.engine import open_database
from adapters.database.ledger import SqlLedger
from adapters.database.work import SqliteWork
from exchange.codes import RegisterKind, Role
from exchange.cursors import entry_cursor, exchange_cursor
from exchange.exchanges import Direction, ExchangeKey
from exchange.ledger import EntryFilter, ExchangeFilter, Page
from exchange.pairing.comparing import describe
from exchange.pairing.keys import Blinding, Pass
from tests.builders import a_day, a_moment, a_person, a_record, an_entry, an_exchange, an_id

OWN = frozenset({"110102"})
KEY = ExchangeKey(1, an_id(), Role.ASKER)
LOOKED = Blinding(lambda _: "key").looked("110102", RegisterKind.OUTFLOW, describe(a_person(), a_record()))
QUESTIONS = {
    "link": lambda ledger: ledger.links.of("wuchang.example", lock=True),
    "batch": lambda ledger: ledger.links.batch(1, Direction.OUT, 5),
    "known": lambda ledger: ledger.messages.known(1, Direction.IN, [an_id()]),
    "queued": lambda ledger: ledger.messages.queued(1, 1000),
    "queue lengths": lambda ledger: ledger.messages.queue_lengths(),
    "in batch": lambda ledger: ledger.messages.in_batch(1, Direction.OUT, 5),
    "of exchanges": lambda ledger: ledger.messages.of_exchanges(1, [an_id()]),
    "erase": lambda ledger: ledger.messages.erase(1, [an_id()]),
    "load": lambda ledger: ledger.exchanges.load(1, Role.ASKER, [an_id()]),
    "named": lambda ledger: ledger.exchanges.named(an_id()),
    "facts": lambda ledger: ledger.exchanges.facts(KEY),
    "void": lambda ledger: ledger.exchanges.void_facts(KEY, [an_id()], a_moment()),
    "to erase": lambda ledger: ledger.exchanges.to_erase(100),
    "list": lambda ledger: ledger.exchanges.find(ExchangeFilter(own=OWN), Page()),
    "next page": lambda ledger: ledger.exchanges.find(ExchangeFilter(own=OWN), Page(after=exchange_cursor(an_exchange(1)))),
    "overdue": lambda ledger: ledger.exchanges.find(ExchangeFilter(own=OWN, overdue_on=a_day()), Page()),
    "of entry": lambda ledger: ledger.exchanges.find(ExchangeFilter(own=OWN, entry=an_id()), Page()),
    "entry": lambda ledger: ledger.entries.get(an_id(), lock=True),
    "by person": lambda ledger: ledger.entries.by_person(OWN, ["x" * 43]),
    "entries": lambda ledger: ledger.entries.find(EntryFilter(jurisdictions=OWN), Page()),
    "next entries": lambda ledger: ledger.entries.find(EntryFilter(jurisdictions=OWN), Page(after=entry_cursor(an_entry(1)))),
    "loaded": lambda ledger: ledger.entries.load([an_id()]),
    "candidates": lambda ledger: ledger.pairing.sharing(LOOKED, 201),
    "bearing a name": lambda ledger: ledger.pairing.bearing(Pass.NAME, LOOKED.name, 1000),
    "bearing a sound": lambda ledger: ledger.pairing.bearing(Pass.SOUND, LOOKED.sound, 1000),
    "size of a register": lambda ledger: ledger.pairing.bearing(Pass.SIZE, LOOKED.size, 1000),
    "suggested": lambda ledger: ledger.pairing.suggested(KEY),
    "waiting for an entry": lambda ledger: ledger.exchanges.unpaired(OWN, ["x" * 43]),
    "file": lambda ledger: ledger.imports.by_digest("110102", "outflow", "x"),
    "rows": lambda ledger: ledger.imports.rows(an_id(), Page(after="7")),
    "answer": lambda ledger: ledger.access.remembered("caller", "key"),
    "agreements": lambda ledger: ledger.agreements.all("wuchang.example"),
    "findings": lambda ledger: ledger.chores.findings(Page()),
    "due": lambda ledger: ledger.notifications.due(a_moment(), 100),
    "notifications forgotten": lambda ledger: ledger.notifications.forget(a_moment()),
    "last run": lambda ledger: ledger.chores.last_run("overdue", a_day()),
    "forget": lambda ledger: ledger.chores.forget(answers_before=a_moment(), assertions_before=a_moment()),
}


class Listening(SqliteWork):
    """Tells which statements went straight to the driver, where SQLAlchemy sees nothing of them."""

    def __init__(self, connection, asked):
        super().__init__(connection)
        self._asked = asked

    def _run(self, asked, values):
        text, constants = self._written(asked)
        self._asked.append((text, {**constants, **values}))
        return super()._run(asked, values)


@pytest.fixture
def plans(tmp_path):
    """What SQLite means to do for a question, a line for each step."""
    url = f"sqlite:///{tmp_path / 'woshou.db'}"
    database = open_database(url)
    database.upgrade()
    database.close()
    engine = open_engine(read_url(url))

    def plans(question):
        asked = []
        with engine.connect() as connection:
            event.listen(
                connection, "before_cursor_execute", lambda _c, _u, statement, values, *_: asked.append((statement, values))
            )
            question(SqlLedger(Listening(connection, asked)))
            steps = [
                step.detail
                for statement, values in [each for each in asked if not each[0].startswith(("PRAGMA", "BEGIN"))]
                for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            ]
            connection.execute(text("ROLLBACK"))
        return steps

    yield plans
    engine.dispose()


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_no_daily_question_reads_a_whole_table(plans, question):
    # What a sub-select has found is read whole, and named so.
    scans = [step for step in plans(question) if step.startswith("SCAN") and step != "SCAN found" and "VIRTUAL TABLE" not in step]
    assert [scan for scan in scans if "USING" not in scan] == []


@pytest.mark.parametrize("name", ["queued", "list", "next page", "entries", "next entries", "findings", "due"])
def test_a_page_is_read_in_its_order_and_never_sorted(plans, name):
    assert [step for step in plans(QUESTIONS[name]) if "TEMP B-TREE" in step] == []
