"""No question that is asked every day makes the database read a whole table."""

import shutil
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import event, text

from adapters.database.connections import open_engine, read_url
from adapters.database.ledger import SqlLedger
from adapters.database.works import SqliteWork
from exchange.checking.check import CheckLayout, DifferenceFilter
from exchange.codes import RegisterKind, Role
from exchange.conversation import FactKind
from exchange.counting.sorts import SortFilter
from exchange.counting.sums import Selection
from exchange.cursors import check_cursor, entry_cursor, exchange_cursor
from exchange.exchanges import Direction, ExchangeKey
from exchange.ledger import CaseFilter, EntryFilter, ExchangeFilter, Held, Page, RegisterDifferenceFilter
from exchange.moments import Period
from exchange.pairing.comparing import describe
from exchange.pairing.keys import Blinding, Pass
from exchange.rates import Cohort
from exchange.reconciling.pairs import Pair
from exchange.reconciling.reconciliation import EVERYTHING, By
from exchange.work.worklists import WorkFilter, Worklist
from tests.builders import (
    a_check,
    a_day,
    a_fact,
    a_moment,
    a_person,
    a_record,
    a_register_difference,
    an_entry,
    an_exchange,
    an_id,
)

OWN = frozenset({"110102"})
PAIR = Pair(origin="110102", destination="420106")
KEY = ExchangeKey(1, an_id(), Role.ASKER)
LOOKED = Blinding(lambda _: "key").looked("110102", RegisterKind.OUTFLOW, describe(a_person(), a_record()))
# "found" and the like is what a sub-select has found, which is read whole; the queue of tokens is read from its beginning, to a
# limit, and that of entries, which is emptied every night, as a whole.
NO_TABLE = (
    *("VIRTUAL TABLE", "CONSTANT ROW", "SCAN found", "SCAN ranked", "SCAN (subquery", "SCAN untokened", "SCAN unsettled"),
    *(f"SCAN {found}" for found in ("these", "openings", "told", "contacts", "each", "all", "out")),
)
# What may be read from one end of an index to the other: an index of the few that wait, are withdrawn or came to nothing; a page
# in its order, to a limit; and a series, which is of all runs that there were.
ALONG_AN_INDEX = frozenset(
    {
        *("queue lengths", "to erase", "due", "last unsettled runs"),
        *("comparisons", "findings", "whether anything was settled"),
        "steps of a series",
    }
)
ASKED = KEY._replace(role=Role.ASKED)
WORK = WorkFilter.at(OWN, a_moment())


def a_page_of(worklist, ledger, wanted=WORK):
    return ledger.worklists.page(worklist, wanted, Page())


COUNTED = Selection(
    own=OWN,
    role=Role.ASKED,
    boundary=800_000,
    beyond=False,
    cohort=Cohort.DUE,
    first=1,
    last=800_000,
    answered_before=0,
    sorts=SortFilter(1, 1),
    sort_bits=1,
)
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
    "bodies to erase": lambda ledger: ledger.exchanges.over(a_day(), Held.BODIES, 100),
    "persons to forget": lambda ledger: ledger.exchanges.over(a_day(), Held.INDEXES, 100),
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
    "standing tokens": lambda ledger: ledger.tokens.standing([an_id()]),
    "changes without tokens": lambda ledger: ledger.tokens.queued(100),
    "register": lambda ledger: ledger.tokens.register(1, 5),
    "entries of leaves": lambda ledger: ledger.tokens.entries_of(1, [bytes(24)]),
    "ended tokens": lambda ledger: ledger.tokens.forget(1, 5, 100),
    "tokens to erase": lambda ledger: ledger.tokens.erase(1, 100),
    "between two places": lambda ledger: ledger.entries.between("110102", RegisterKind.OUTFLOW, ["420106"], Page()),
    "pairs": lambda ledger: ledger.entries.pairs(OWN),
    "suggested": lambda ledger: ledger.pairing.suggested(KEY),
    "waiting for an entry": lambda ledger: ledger.exchanges.unpaired(OWN, ["x" * 43]),
    "file": lambda ledger: ledger.imports.by_digest("110102", "outflow", "x"),
    "rows": lambda ledger: ledger.imports.rows(an_id(), Page(after="7")),
    "answer": lambda ledger: ledger.access.remembered("caller", "key"),
    "session": lambda ledger: ledger.accounts.session("x"),
    "session seen": lambda ledger: ledger.accounts.seen("x", a_moment()),
    "session closed": lambda ledger: ledger.accounts.close("x", a_moment()),
    "sessions of an account": lambda ledger: ledger.accounts.sessions("key-1"),
    "sessions closed": lambda ledger: ledger.accounts.close_all("key-1", a_moment()),
    "sessions forgotten": lambda ledger: ledger.accounts.forget_sessions(a_moment()),
    "account": lambda ledger: ledger.accounts.named("clerk", lock=True),
    "account of a session": lambda ledger: ledger.accounts.of_key("key-1"),
    "account elsewhere": lambda ledger: ledger.accounts.of_subject("x", lock=True),
    "agreements": lambda ledger: ledger.agreements.all("wuchang.example"),
    "compared": lambda ledger: ledger.comparisons.names(1, Period(first=a_day(), last=a_day(30)), 100),
    "compared exchanges": lambda ledger: list(ledger.comparisons.exchanges(1, None, [an_id()])),
    "lines": lambda ledger: ledger.comparisons.lines(1, Direction.OUT, 5),
    "comparison": lambda ledger: ledger.comparisons.get(an_id()),
    "comparisons": lambda ledger: ledger.comparisons.find(None, Page()),
    "a partner's comparisons": lambda ledger: ledger.comparisons.find("wuchang.example", Page(after=f"{1:015d}~{an_id()}")),
    "open findings": lambda ledger: ledger.chores.open_findings(["clock-skew"], "wuchang.example"),
    "settled findings": lambda ledger: ledger.chores.settle_findings([an_id()], a_moment()),
    "findings": lambda ledger: ledger.chores.findings(Page()),
    "due": lambda ledger: ledger.notifications.due(a_moment(), 100),
    "notifications forgotten": lambda ledger: ledger.notifications.forget(a_moment()),
    "last check": lambda ledger: ledger.cross_checks.latest("110102", CheckLayout.BIRTHS, None, "x"),
    "checks": lambda ledger: ledger.cross_checks.find(OWN, Page()),
    "next checks": lambda ledger: ledger.cross_checks.find(OWN, Page(after=check_cursor(a_check()))),
    "differences": lambda ledger: ledger.cross_checks.differences(DifferenceFilter(own=OWN, check=an_id()), Page(after=an_id())),
    "picked": lambda ledger: ledger.cross_checks.pick(an_id(), [an_id()], lock=True),
    "counts": lambda ledger: ledger.cross_checks.counts([an_id()]),
    "open fields": lambda ledger: ledger.cross_checks.open_fields([an_id()]),
    "to check": lambda ledger: ledger.cross_checks.to_check(OWN, Page(after=an_id())),
    "count to check": lambda ledger: ledger.cross_checks.count_to_check(OWN),
    "lapse of a check": lambda ledger: ledger.cross_checks.lapse(check=an_id()),
    "lapse of an entry": lambda ledger: ledger.cross_checks.lapse(entry=an_id()),
    "differences forgotten": lambda ledger: ledger.cross_checks.forget(a_moment()),
    "cohort": lambda ledger: ledger.counting.cohort(COUNTED),
    "waiting": lambda ledger: ledger.counting.waiting(COUNTED),
    "plain counts": lambda ledger: ledger.counting.counts(replace(COUNTED, cohort=Cohort.SUBMITTED, beyond=True)),
    "behind": lambda ledger: ledger.counting.behind(COUNTED, an_id(), 50),
    "happened on a day": lambda ledger: ledger.counting.touched(replace(COUNTED, beyond=True)),
    "versions": lambda ledger: ledger.counting.versions([KEY]),
    "versions replaced": lambda ledger: ledger.counting.replace({KEY: []}),
    "in queue": lambda ledger: ledger.counting.in_queue([KEY]),
    "pages": lambda ledger: ledger.counting.pages(Cohort.DUE, Role.ASKED, 800_000),
    "rejected": lambda ledger: ledger.counting.rejected(OWN, Period(first=a_day(), last=a_day(30)), a_moment()),
    "histories": lambda ledger: list(ledger.exchanges.histories([KEY])),
    "sums of entries": lambda ledger: ledger.entries.sums(OWN, a_day(30), a_moment()),
    "standings": lambda ledger: ledger.standings.load([an_id()]),
    "standings replaced": lambda ledger: ledger.standings.replace({an_id(): None}),
    "whether settled": lambda ledger: ledger.standings.in_queue([an_id()]),
    "entries not settled": lambda ledger: ledger.standings.queued(100),
    "next ids of entries": lambda ledger: ledger.entries.keys(an_id(), 100),
    "histories of entries": lambda ledger: list(ledger.entries.histories([an_id()])),
    "exchanges changed": lambda ledger: ledger.exchanges.add_facts([(KEY, a_fact(FactKind.OPENED, 1))]),
    "last run": lambda ledger: ledger.chores.last_run("overdue", a_day()),
    "case": lambda ledger: ledger.cases.get(an_id(), lock=True),
    "cases": lambda ledger: ledger.cases.find(CaseFilter(own=OWN), Page()),
    "contradicted cases": lambda ledger: ledger.cases.find(CaseFilter(own=OWN, contradicted=True), Page()),
    "case of exchange": lambda ledger: ledger.cases.of_exchanges([an_id()]),
    "cases followed": lambda ledger: ledger.cases.following(Page(after=an_id())),
    "sent on": lambda ledger: ledger.routes.onward([an_id()]),
    "sent on from": lambda ledger: ledger.routes.backward([an_id()]),
    "assignments": lambda ledger: ledger.assignments.of([ASKED]),
    "townships": lambda ledger: ledger.entries.townships([an_id()]),
    "counts of the worklists": lambda ledger: ledger.worklists.counts(WORK),
    "late by link": lambda ledger: ledger.worklists.late_by_link(WORK),
    "a township's": lambda ledger: ledger.worklists.page(Worklist.TO_ANSWER, replace(WORK, township="110102001"), Page()),
    "after": lambda ledger: ledger.worklists.page(Worklist.TO_ANSWER, WORK, Page(after=f"2026-03-02~{an_id()}~0000000001")),
    **{worklist.value: partial(a_page_of, worklist) for worklist in Worklist},
    **{
        f"{worklist} of several": partial(a_page_of, worklist, wanted=replace(WORK, own=frozenset({*OWN, "420106"})))
        for worklist in Worklist
    },
    "last settled runs": lambda ledger: ledger.register_runs.settled(OWN, a_moment()),
    "last unsettled runs": lambda ledger: ledger.register_runs.unsettled(OWN, a_moment()),
    "steps of a series": lambda ledger: ledger.register_runs.steps(OWN, [a_moment(), a_moment(60)]),
    "whether anything was settled": lambda ledger: ledger.register_runs.began(a_moment()),
    "last compared": lambda ledger: ledger.register_runs.reconciled(OWN),
    "last compared with": lambda ledger: ledger.register_runs.last_settled(["wuchang.example"]),
    "runs of a pair": lambda ledger: ledger.register_runs.since(PAIR, "wuchang.example", a_moment()),
    "runs of a reconciliation": lambda ledger: ledger.register_runs.of_reconciliation(an_id()),
    "released": lambda ledger: ledger.register_runs.released("wuchang.example", PAIR),
    "standing differences": lambda ledger: ledger.register_runs.standing(PAIR, "110102"),
    "differences of registers": lambda ledger: ledger.register_runs.differences(
        RegisterDifferenceFilter(own=OWN), Page(after=f"{an_id()}~110102~420106")
    ),
    "count of them": lambda ledger: ledger.register_runs.count_differences(RegisterDifferenceFilter(own=OWN)),
    "difference of an entry": lambda ledger: ledger.register_runs.difference_of(an_id()),
    "found twice": lambda ledger: ledger.register_runs.found_twice(OWN),
    "differences put": lambda ledger: ledger.register_runs.put_differences([a_register_difference(1)]),
    "settled differences forgotten": lambda ledger: ledger.register_runs.forget(a_moment()),
    "unfinished reconciliation": lambda ledger: ledger.reconciliations.unfinished(By.NIGHT, EVERYTHING, a_day()),
    "reconciliations": lambda ledger: ledger.reconciliations.find(Page(after=f"{1:015d}~{an_id()}")),
    "links of a reconciliation": lambda ledger: ledger.reconciliations.links(an_id()),
    "failed of a reconciliation": lambda ledger: ledger.reconciliations.failed(an_id()),
    "left out of a reconciliation": lambda ledger: ledger.reconciliations.left_out(an_id()),
    "standing evidence": lambda ledger: ledger.evidence.standing("wuchang.example"),
    "evidence": lambda ledger: ledger.evidence.find(None, Page(after=f"{1:015d}~evidence")),
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


@pytest.fixture(scope="module")
def plans(migrated_sqlite, tmp_path_factory):
    """What SQLite means to do for a question, a line for each step; what a question would change is taken back."""
    path = shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("plans"))
    engine = open_engine(read_url(f"sqlite:///{path}"))

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


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_daily_question_reads_a_whole_table(plans, name):
    scans = [step for step in plans(QUESTIONS[name]) if step.startswith("SCAN") and not any(word in step for word in NO_TABLE)]
    assert [scan for scan in scans if name not in ALONG_AN_INDEX or "USING" not in scan] == []


@pytest.mark.parametrize(
    "name",
    [
        *("queued", "list", "next page", "entries", "next entries", "findings", "due", "a township's", "after"),
        *("cases", "cases followed"),
        *("checks", "next checks", "differences"),
        *("differences of registers", "reconciliations"),
        *Worklist,
    ],
)
def test_a_page_is_read_in_its_order_and_never_sorted(plans, name):
    # Those who share a day may be put in order by themselves.
    sorts = [step for step in plans(QUESTIONS[name]) if "TEMP B-TREE" in step and "RIGHT PART" not in step and "LAST" not in step]
    assert sorts == []


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("to_assign", "exchanges_to_assign"),
        ("to_pair", "exchanges_to_pair"),
        ("to_answer", "exchanges_owed"),
        ("to_confirm", "exchanges_lapsing"),
        ("to_mend", "exchanges_rejected"),
        ("overdue", "exchanges_owed"),
        ("awaited", "exchanges_owed"),
        ("to_note", "exchanges_to_note"),
        ("a township's", "exchanges_at_township"),
        ("after", "exchanges_owed"),
    ],
)
def test_each_worklist_is_read_from_its_own_index(plans, name, index):
    assert any(f"INDEX {index} " in step for step in plans(QUESTIONS[name])), plans(QUESTIONS[name])


def test_the_counts_read_nothing_but_what_is_on_the_lists(plans):
    steps = [step for step in plans(QUESTIONS["counts of the worklists"]) if " exchanges " in f" {step} "]
    used = {step.partition("INDEX ")[2].split()[0] for step in steps}
    assert used == {f"exchanges_{name}" for name in ("to_assign", "to_pair", "owed", "lapsing", "rejected", "to_note")}


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("cohort", "verdicts_due"),
        ("waiting", "verdicts_waiting"),
        ("behind", "verdicts_due"),
        ("sums of entries", "standings_open"),
        ("sums of entries", "standings_late"),
    ],
)
def test_what_is_added_up_for_a_report_is_read_from_an_index_alone(plans, name, index):
    assert any(f"USING COVERING INDEX {index} " in step for step in plans(QUESTIONS[name])), plans(QUESTIONS[name])


def test_the_sums_of_entries_are_divided_in_the_order_of_their_index_and_look_up_by_id_what_is_not_settled(plans):
    steps = plans(QUESTIONS["sums of entries"])
    first = steps[: steps.index("UNION ALL")]
    assert [step for step in first if "TEMP B-TREE" in step] == []
    named = {step.split()[1]: step for step in steps if step.startswith("SEARCH")}
    assert ("(id=?)" in named["entries"], "(entry=?)" in named["exchanges"]) == (True, True)
