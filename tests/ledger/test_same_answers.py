"""Whatever is done in whatever order, the in-memory ledger answers as the one on SQLite does."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from adapters.memory import MemoryLedgers
from exchange.codes import CloseReason, RegisterKind, Role
from exchange.conversation import FactKind, State
from exchange.exchanges import Direction, ExchangeKey
from exchange.ledger import EntryFilter, ExchangeFilter, Ledger, LedgerBusy, Page
from exchange.people.register import EntryExists, EntryFactKind
from exchange.wire.batch import Outcome
from tests.builders import (
    WUCHANG,
    XICHENG,
    a_conversation,
    a_day,
    a_fact,
    a_message,
    a_moment,
    an_answer,
    an_entry,
    an_entry_fact,
    an_exchange,
    an_id,
    cut,
    judged,
)
from tests.building.sealing import open_database
from tests.ledger.support import TAKEN

BOTH = frozenset({XICHENG, WUCHANG})
# Few numbers, so that the same thing is often met again.
numbers = st.integers(1, 5)
links = st.integers(1, 2)
roles = st.sampled_from(Role)
directions = st.sampled_from(Direction)
moments = st.integers(0, 20).map(a_moment)
keys = st.builds(lambda link, n, role: ExchangeKey(link, an_id(n), role), links, numbers, roles)


class _Undone(Exception):
    """What ends a transaction that shall leave nothing."""


class SameAnswers(RuleBasedStateMachine):
    """Every rule does the same in one transaction on each ledger; what both answer, or refuse, must be the same."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="woshou-"))
        path = shutil.copy(self.template, self.folder / "woshou.db")
        self.database = open_database(f"sqlite:///{path}")
        self.memory = MemoryLedgers()
        self.entries = 0

    def teardown(self) -> None:
        # Also a rule, for what differs on the way; comparing all after every step took three quarters of the time.
        self.hold_the_same()
        self.database.close()
        shutil.rmtree(self.folder)

    def both(self, deed: Callable[[Ledger], object], *, undone: bool = False) -> object:
        """Do it on both ledgers, compare what comes of it, and give it."""
        told: list[object] = []
        for ledgers in (self.memory, self.database):
            answer: object = None
            try:
                with ledgers.transaction() as ledger:
                    answer = deed(ledger)
                    if undone:
                        raise _Undone
            except _Undone:
                pass
            except EntryExists:
                answer = "exists"
            except TAKEN:
                answer = "taken"
            except LedgerBusy:
                answer = "busy"
            except KeyError:
                answer = "unknown"
            told.append(answer)
        assert told[0] == told[1]
        return told[0]

    @rule(link=links, direction=directions, ids=st.lists(numbers, max_size=3), exchange=numbers, undone=st.booleans())
    def add_messages(self, link, direction, ids, exchange, undone):
        messages = [a_message(n, link=link, direction=direction, exchange=an_id(exchange)) for n in ids]
        self.both(lambda ledger: ledger.messages.add(messages), undone=undone)

    @rule(link=links, direction=directions, id=numbers, sequence=numbers, position=numbers, done=st.sampled_from(range(3)))
    def save_message(self, link, direction, id, sequence, position, done):
        def deed(ledger):
            known = ledger.messages.known(link, direction, [an_id(id)])
            if an_id(id) not in known:
                return "none"
            message = known[an_id(id)]
            then = (
                replace(message, sequence=None, position=None, outcome=None),
                cut(message, sequence, position),
                judged(message, sequence, position, outcome=Outcome.REJECTED if position == 1 else Outcome.ACCEPTED),
            )[done]
            ledger.messages.save([then])
            return then

        self.both(deed)

    @rule(link=links, exchanges=st.lists(numbers, max_size=3))
    def erase(self, link, exchanges):
        self.both(lambda ledger: ledger.messages.erase(link, [an_id(n) for n in exchanges]))

    @rule(keys=st.lists(keys, max_size=3), at=moments, undone=st.booleans())
    def add_exchanges(self, keys, at, undone):
        exchanges = [an_exchange(1, key=key, own=XICHENG, submitted_at=at) for key in keys]
        self.both(lambda ledger: ledger.exchanges.add(exchanges), undone=undone)

    @rule(key=keys, at=moments, state=st.sampled_from(State), own=st.sampled_from(sorted(BOTH)), due=numbers)
    def save_exchange(self, key, at, state, own, due):
        conversation = a_conversation(
            state, due=a_day(due), fed_back_at=at if state is not State.OPEN else None, lapses_on=a_day(due)
        )
        exchange = an_exchange(1, key=key, own=own, submitted_at=at, conversation=conversation)
        self.both(lambda ledger: ledger.exchanges.save([exchange]))

    @rule(key=keys, what=st.sampled_from(FactKind), message=numbers, round=links, happened=moments, late=numbers)
    def add_fact(self, key, what, message, round, happened, late):
        fact = a_fact(what, message, round=round, happened_at=happened, known_at=happened + timedelta(minutes=late))
        self.both(lambda ledger: ledger.exchanges.add_facts([(key, fact)]))

    @rule(key=keys, messages=st.lists(numbers, max_size=3), at=moments)
    def void_facts(self, key, messages, at):
        self.both(lambda ledger: ledger.exchanges.void_facts(key, [an_id(n) for n in messages], at))

    @rule(persons=st.lists(numbers, max_size=2), register=st.sampled_from(RegisterKind), undone=st.booleans())
    def add_entries(self, persons, register, undone):
        fresh = range(self.entries + 1, self.entries + 1 + len(persons))
        self.entries += len(persons)
        entries = [
            an_entry(n, register=register, person_index=f"person-{person}") for n, person in zip(fresh, persons, strict=True)
        ]

        def deed(ledger):
            ledger.entries.add(entries)
            ledger.entries.add_facts([an_entry_fact(n) for n in fresh])

        self.both(deed, undone=undone)

    @rule(n=numbers, at=moments, reason=st.sampled_from(CloseReason))
    def close_or_reopen_entry(self, n, at, reason):
        def deed(ledger):
            entry = ledger.entries.get(an_id(n), lock=True)
            if entry is None:
                return "none"
            then = entry.closed(reason, at) if entry.is_open else entry.reopened(at)
            what = EntryFactKind.REOPENED if then.is_open else EntryFactKind.CLOSED
            ledger.entries.save([then])
            ledger.entries.add_facts([an_entry_fact(n, what=what, happened_at=at, reason=then.close_reason)])
            return then

        self.both(deed)

    @rule(n=numbers, at=moments)
    def use_assertion_and_claim_run(self, n, at):
        self.both(lambda ledger: ledger.partners.use_assertion("a.example", f"jti-{n}", at))
        self.both(lambda ledger: ledger.chores.claim_run("remind", a_day(n), at))

    @rule(n=numbers, at=moments)
    def remember_answer(self, n, at):
        self.both(lambda ledger: ledger.access.remember(an_answer(n, at=at)))

    @rule(answers=moments, assertions=moments)
    def forget(self, answers, assertions):
        self.both(lambda ledger: ledger.chores.forget(answers_before=answers, assertions_before=assertions))

    @rule(as_of=moments, role=roles)
    def count(self, as_of, role):
        def deed(ledger):
            exchanges = {each.exchange.key: each for each in ledger.exchanges.counted(BOTH, role, as_of)}
            entries = {entry.id: (entry, facts) for entry, facts in ledger.entries.counted(BOTH, as_of)}
            return exchanges, entries

        self.both(deed)

    @rule(state=st.none() | st.sampled_from(State), lapsed=st.none() | numbers.map(a_day), overdue=st.none() | numbers.map(a_day))
    def find_exchanges(self, state, lapsed, overdue):
        wanted = ExchangeFilter(own=BOTH, state=state, lapsed_on=lapsed, overdue_on=overdue)
        self.both(lambda ledger: ledger.exchanges.find(wanted, Page()))

    @rule(open=st.none() | st.booleans(), limit=numbers)
    def find_entries(self, open, limit):
        self.both(lambda ledger: ledger.entries.find(EntryFilter(jurisdictions=BOTH, open=open), Page(limit=limit)))

    @rule()
    def hold_the_same(self):
        ids = [an_id(n) for n in range(1, 6)]

        def deed(ledger):
            return (
                [ledger.messages.of_exchanges(link, ids) for link in (1, 2)],
                [ledger.messages.queued(link, 3) for link in (1, 2)],
                [ledger.messages.in_batch(1, direction, n)[:1] and n for direction in Direction for n in range(1, 6)],
                ledger.messages.queue_lengths(),
                [ledger.exchanges.named(id) for id in ids],
                [ledger.exchanges.facts(ExchangeKey(1, id, role)) for id in ids for role in Role],
                sorted(ledger.exchanges.to_erase(100)),
                ledger.entries.by_person(BOTH, [f"person-{n}" for n in range(1, 6)]),
                [ledger.access.remembered("key-1", f"idempotency-{n}") for n in range(1, 6)],
            )

        self.both(deed)


def test_the_ledgers_in_memory_and_on_sqlite_give_the_same_answers(migrated_sqlite):
    class FromMigrated(SameAnswers):
        template = migrated_sqlite

    run_state_machine_as_test(FromMigrated, settings=settings(max_examples=40, stateful_step_count=30))
