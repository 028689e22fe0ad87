"""The audit's chains: appended, found again, signed and witnessed; and never changed."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context

import pytest
import sqlalchemy

from adapters.database.connections import open_engine, read_url
from adapters.database.engine import open_database
from exchange.auditing.chain import ChainHead
from exchange.auditing.event import NODE_WIDE, Actor, ActorKind, of_entry
from exchange.auditing.heads import SignedHead, WitnessedHead
from exchange.auditing.repeated import Reading
from exchange.auditing.verifying import FaultKind
from exchange.cursors import audit_cursor
from exchange.ledger import AuditFilter, Page
from exchange.moments import Period, civil_day
from exchange.verbs.auditing.verify import chains, verify_chain
from tests.builders import WUCHANG, XICHENG, a_digest, a_moment, an_id
from tests.building.auditing import CLERK, an_event
from tests.ledger.support import in_pages

EVERYWHERE = AuditFilter(jurisdictions=frozenset({NODE_WIDE, XICHENG, WUCHANG}))
KEPT = ("audit_rows", "audit_subjects", "audit_signed", "audit_witnessed")
DAY = civil_day(a_moment(1))


def faults(ledger):
    return [fault for head in chains(ledger) for fault in verify_chain(ledger, head, lambda _: True)]


def a_head(day=DAY, *, jurisdiction=XICHENG, rows=1, digest="signed", jws="header.payload.signature"):
    return SignedHead(jurisdiction=jurisdiction, day=day, rows=rows, digest=a_digest(digest), jws=jws, at=a_moment(9))


def test_what_is_appended_comes_back_in_its_chain(ledgers):
    events = [an_event(1), an_event(2, jurisdiction=NODE_WIDE, subjects=()), an_event(3), an_event(1, day=1)]
    with ledgers.transaction() as ledger:
        ledger.audit.append(events[:2])
    with ledgers.transaction() as ledger:
        ledger.audit.append(events[2:])
    with ledgers.transaction(read_only=True) as ledger:
        rows = list(ledger.audit.rows(XICHENG))
        assert [(row.event, row.day, row.sequence) for row in rows] == [
            (events[0], DAY, 1),
            (events[2], DAY, 2),
            (events[3], DAY + timedelta(days=1), 1),
        ]
        assert [row.event for row in ledger.audit.rows(NODE_WIDE)] == [events[1]]
        assert ledger.audit.get(XICHENG, DAY, 2) == rows[1]
        assert ledger.audit.get(XICHENG, DAY, 9) is None
        last = ChainHead(jurisdiction=XICHENG, day=DAY + timedelta(days=1), sequence=1, digest=rows[-1].digest)
        assert ledger.audit.heads()[1:] == [last]
        assert [(day, number, subject) for day, number, subject in ledger.audit.indexed(XICHENG)] == [
            (row.day, row.sequence, row.event.subjects[0]) for row in rows
        ]
        assert faults(ledger) == []


def test_rows_are_found_by_who_what_whom_and_when_the_newest_first(ledgers):
    other = Actor(kind=ActorKind.KEY, id="k2", role="auditor")
    rows = [
        an_event(1),
        an_event(2, actor=other, action="list_audit"),
        an_event(3, problem="forbidden"),
        an_event(4, day=1, jurisdiction=WUCHANG),
    ]
    with ledgers.transaction() as ledger:
        ledger.audit.append(rows)

    def found(**wanted):
        asked = AuditFilter(**{"jurisdictions": EVERYWHERE.jurisdictions, **wanted})
        return [rows.index(row.event) + 1 for row in ledger.audit.find(asked, Page())]

    with ledgers.transaction(read_only=True) as ledger:
        assert found() == [4, 3, 2, 1]
        assert found(jurisdictions=frozenset({XICHENG})) == [3, 2, 1]
        assert found(first=DAY + timedelta(days=1)) == [4]
        assert found(last=DAY) == [3, 2, 1]
        assert found(actor="k2") == [2]
        assert found(actions=frozenset({"list_audit", "close"})) == [2]
        assert found(actions=frozenset()) == []
        assert found(subjects=frozenset({of_entry(an_id(1)), of_entry(an_id(3)), "person:x"})) == [3, 1]
        assert found(refused=True) == [3]
        assert found(refused=False) == [4, 2, 1]
        pages = in_pages(lambda page: ledger.audit.find(EVERYWHERE, page), audit_cursor, 3)
        assert [[rows.index(row.event) + 1 for row in page] for page in pages] == [[4, 3, 2], [1]]


def test_readings_are_counted_by_actor_and_subject(ledgers):
    person = ("person:p1",)
    with ledgers.transaction() as ledger:
        ledger.audit.append([an_event(n, subjects=person) for n in range(1, 4)])
        ledger.audit.append([an_event(4, subjects=person, problem="forbidden"), an_event(5, subjects=person, shown=())])
        ledger.audit.append([an_event(6, subjects=("person:p2",), count=5)])
    with ledgers.transaction(read_only=True) as ledger:
        day = Period(first=DAY, last=DAY)
        assert ledger.audit.repeated(day, 2) == [Reading(jurisdiction=XICHENG, actor=CLERK, subject="person:p1", times=3)]
        assert ledger.audit.repeated(day, 3) == []
        later = Period(first=DAY + timedelta(days=1), last=DAY + timedelta(days=2))
        assert ledger.audit.repeated(later, 0) == []
        counted = ledger.audit.count
        assert counted(since=a_moment(1), actor=CLERK, subject="person:p1") == 4
        assert counted(since=a_moment(3), actor=CLERK, subject="person:p1") == 2
        assert counted(since=a_moment(1), actor=CLERK) == 9
        assert counted(since=a_moment(1), actor=Actor(kind=ActorKind.JOB, id="k1")) == 0
        assert counted(since=a_moment(1), actions=["read_entry"]) == 9
        assert counted(since=a_moment(1), actions=["list_entries"]) == 0


def test_the_ends_of_days_that_are_over_wait_for_their_signature(ledgers):
    with ledgers.transaction() as ledger:
        ledger.audit.append([an_event(1), an_event(2), an_event(1, day=1), an_event(1, day=2)])
        ledger.audit.append([an_event(3, jurisdiction=NODE_WIDE)])
        today = DAY + timedelta(days=2)
        assert [(row.id, row.sequence) for row in ledger.audit.unsigned(today)] == [
            (f"{XICHENG}.{DAY}.000000002", 2),
            (f"{XICHENG}.{DAY + timedelta(days=1)}.000000001", 1),
            (f"node.{DAY}.000000001", 1),
        ]
        ledger.audit.close(XICHENG, DAY)
        assert [row.day for row in ledger.audit.unsigned(today) if row.event.jurisdiction == XICHENG] == [DAY + timedelta(days=1)]


def test_signed_and_witnessed_heads_come_back_as_they_were_first_told(ledgers):
    day = DAY + timedelta(days=1)
    mine, later, county = a_head(jurisdiction=NODE_WIDE), a_head(day, jurisdiction=NODE_WIDE), a_head()
    theirs = WitnessedHead(partner="wuchang.example", ours=False, head=a_head(jurisdiction=WUCHANG))
    held = [WitnessedHead(partner="wuchang.example", ours=True, head=head) for head in (mine, later)]
    with ledgers.transaction() as ledger:
        ledger.audit.append([an_event(1), an_event(1, jurisdiction=NODE_WIDE)])
        ledger.audit.add_signed([mine, later, county])
        ledger.audit.add_signed([a_head(jurisdiction=NODE_WIDE, digest="other")])
        ledger.audit.witness([theirs, *held, held[0]])
    with ledgers.transaction() as ledger:
        assert ledger.audit.signed(NODE_WIDE) == [mine, later]
        assert ledger.audit.latest_signed() == [later, county]
        assert ledger.audit.witnessed(ours=False) == [theirs]
        assert ledger.audit.witnessed(ours=True) == held
        assert ledger.audit.witnessed(ours=True, since=day) == held[1:]
        assert ledger.audit.witnessed(ours=True, partner="node-1.example") == []
        other = replace(a_head(jurisdiction=NODE_WIDE, digest="other"), at=a_moment(10))
        second = WitnessedHead(partner="wuchang.example", ours=True, head=other)
        ledger.audit.witness([second])
        assert ledger.audit.witnessed(ours=True) == [held[0], second, held[1]], "a second word on a day stands beside the first"


@pytest.fixture
def kept(database_url):
    database = open_database(database_url)
    database.upgrade()
    with database.transaction() as ledger:
        ledger.audit.append([an_event(n) for n in range(1, 4)])
        ledger.audit.add_signed([a_head()])
        ledger.audit.witness([WitnessedHead(partner="p", ours=True, head=a_head(digest="gone"))])
    engine = open_engine(read_url(database_url))
    yield database, engine
    engine.dispose()
    database.close()


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("deed", ["DELETE FROM {}", "UPDATE {} SET {} = {}"])
def test_the_database_itself_refuses_to_change_or_take_out_a_row(kept, table, deed):
    _, engine = kept
    column = {"audit_subjects": "subject"}.get(table, "jurisdiction")
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="only added to"), engine.begin() as connection:
        connection.exec_driver_sql(deed.format(table, column, column))


def tamper(engine, statement):
    """What an administrator of the database can do."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            for table in KEPT:
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        else:
            named = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
            for trigger in named:
                connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        connection.execute(sqlalchemy.text(statement))


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit_rows SET action = 'x' WHERE id LIKE '%2'", [(FaultKind.CHANGED, 2)]),
        ("DELETE FROM audit_rows WHERE id LIKE '%2'", [(FaultKind.MISSING, 2), (FaultKind.INDEX, 2)]),
        ("DELETE FROM audit_rows WHERE id LIKE '%3'", [(FaultKind.CUT_OFF, 3), (FaultKind.INDEX, 3)]),
        ("DELETE FROM audit_subjects WHERE row LIKE '%1'", [(FaultKind.INDEX, 1)]),
        ("UPDATE audit_heads SET sequence = 2", [(FaultKind.CUT_OFF, 2)]),
    ],
)
def test_an_administrator_who_writes_around_the_triggers_is_found(kept, statement, found):
    database, engine = kept
    tamper(engine, "DELETE FROM audit_signed")
    tamper(engine, "DELETE FROM audit_witnessed")
    tamper(engine, statement)
    with database.transaction(read_only=True) as ledger:
        assert [(fault.kind, fault.sequence) for fault in faults(ledger)] == found


def test_signed_and_witnessed_heads_that_do_not_fit_are_told(kept):
    database, _ = kept
    with database.transaction(read_only=True) as ledger:
        assert [fault.kind for fault in faults(ledger)] == [FaultKind.NOT_AS_SIGNED, FaultKind.NOT_AS_WITNESSED]
        (head,) = chains(ledger)
        unproven = list(verify_chain(ledger, head, lambda _: False))
        assert unproven[0].kind is FaultKind.SIGNATURE


def append_some(url, who):
    """One process's share, in transactions of its own."""
    database = open_database(url, lock_seconds=60)
    for n in range(1, 21):
        with database.transaction() as ledger:
            ledger.audit.append([an_event(n, actor=Actor(kind=ActorKind.JOB, id=who))])
    database.close()


def test_many_processes_make_one_chain(database_url):
    database = open_database(database_url)
    database.upgrade()
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        list(pool.map(append_some, [database_url] * 3, ["a", "b", "c"]))
    with database.transaction(read_only=True) as ledger:
        rows = list(ledger.audit.rows(XICHENG))
        assert [row.sequence for row in rows] == list(range(1, 61))
        assert faults(ledger) == []
    database.close()


def test_so_do_many_threads_from_the_first_row_on(ledgers):
    def append(n):
        with ledgers.transaction() as ledger:
            ledger.audit.append([an_event(n), an_event(n, jurisdiction=NODE_WIDE)])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(append, range(1, 25)))
    with ledgers.transaction(read_only=True) as ledger:
        assert [head.sequence for head in ledger.audit.heads()] == [24, 24]
        assert faults(ledger) == []


def test_a_signed_chain_of_which_rows_and_head_are_gone_is_missed_though_no_partner_has_seen_it(ledgers):
    with ledgers.transaction() as ledger:
        ledger.audit.add_signed([a_head(rows=3)])
    with ledgers.transaction(read_only=True) as ledger:
        assert [head.jurisdiction for head in chains(ledger)] == [XICHENG]
        assert faults(ledger)
