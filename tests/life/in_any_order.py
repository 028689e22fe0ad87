"""Clerks and a network that do whatever they may, in any order; in the end both ledgers must be equal."""

from contextlib import suppress
from datetime import timedelta

import hypothesis.strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, multiple, precondition, rule

from adapters.memory import MemoryLedgers
from exchange.codes import ChallengeReason, Event, InterimReason, Item, Kind, Result, WithdrawalReason
from exchange.conversation import SENDER, TRANSITIONS, NotInThisState, ReminderTooSoon, Signal, State, TooManyChallenges
from exchange.exchanges import Acceptance
from exchange.moments import civil_day
from exchange.verbs.receive import SequenceGap
from exchange.verbs.reply import NOTHING, UnderWay
from exchange.wire.batch import Outcome, read_receipt
from exchange.wire.message import ChallengeBody, FeedbackBody, InterimBody, WithdrawalBody
from exchange.wire.problems import problem_type
from tests.life.two_nodes import Side, Two, payload_of

BODIES = {
    Kind.FEEDBACK: FeedbackBody(result=Result.NOT_FOUND),
    Kind.CHALLENGE: ChallengeBody(reason=ChallengeReason.INCOMPLETE, items=[Item.CHILDREN]),
    Kind.WITHDRAWAL: WithdrawalBody(reason=WithdrawalReason.ENTERED_BY_MISTAKE),
}
TAKEN = (Outcome.ACCEPTED, None)
TOO_LATE = (Outcome.REJECTED, problem_type(NotInThisState.code))
REPLIES = [Kind.FEEDBACK, Kind.INTERIM, Kind.CHALLENGE, Kind.CONFIRMATION, Kind.REMINDER, Kind.WITHDRAWAL]
NAMES = ("xicheng", "wuchang")
SIDES = st.sampled_from(NAMES)
# With more exchanges few of them would come as far as a challenge or a confirmation.
MOST_ASKED = 3
# Messages of one moment would stand in a batch by the random part of their ids, and no run would be like the one before.
_A_WORD = timedelta(seconds=1)


class TwoNodes(RuleBasedStateMachine):
    """Clerks on both sides say what they are allowed to say; batches and receipts are lost, repeated and late."""

    batches = Bundle("batches")
    receipts = Bundle("receipts")

    def __init__(self) -> None:
        super().__init__()
        self.two = Two.of(MemoryLedgers(), MemoryLedgers())
        self.asked: list[str] = []

    def side(self, name: str) -> Side:
        """The side of that name."""
        return self.two.xicheng if name == "xicheng" else self.two.wuchang

    def across(self, name: str) -> Side:
        """The other one."""
        return self.two.wuchang if name == "xicheng" else self.two.xicheng

    @initialize(name=SIDES, minutes=st.integers(0, 4))
    def begin(self, name: str, minutes: int) -> None:
        """One exchange is open on both sides, and one clock goes fast, within what nodes allow each other."""
        self.side(name).now += timedelta(minutes=minutes)
        self.asked.append(self.two.xicheng.ask(1))
        self.two.calm()

    @precondition(lambda self: len(self.asked) < MOST_ASKED)
    @rule(name=SIDES, person=st.integers(1, 5), birth=st.booleans())
    def ask(self, name: str, person: int, birth: bool) -> None:
        """A clerk opens another exchange."""
        self.two.pass_time(_A_WORD)
        self.asked.append(self.side(name).ask(person, event=Event.BIRTH if birth else None))

    def sayable(self) -> list[tuple[str, int, Kind]]:
        """What a clerk may say now, as far as role and state tell: the side, the exchange's number, the kind."""
        able = []
        for name in NAMES:
            with self.side(name).ledgers.transaction(read_only=True) as ledger:
                for number, exchange in enumerate(self.asked):
                    for held in ledger.exchanges.named(exchange):
                        if held.conversation is not None and held.conversation.state is not State.WITHDRAWN:
                            signals = TRANSITIONS[held.conversation.state]
                            kinds = [kind for kind in REPLIES if SENDER[kind] is held.key.role and Signal(kind) in signals]
                            able += [(name, number, kind) for kind in kinds]
        return able

    @precondition(lambda self: bool(self.sayable()))
    @rule(words=st.runner().flatmap(lambda machine: st.sampled_from(machine.sayable())), arrives=st.booleans())
    def say(self, words: tuple[str, int, Kind], arrives: bool) -> None:
        """A clerk says it, unless it was just said, reminded today, challenged often enough or lapsed; it may arrive at once."""
        name, number, kind = words
        self.two.pass_time(_A_WORD)
        side = self.side(name)
        interim = InterimBody(reason=InterimReason.FIELD_VISIT, expected=civil_day(side.now))
        with suppress(UnderWay, ReminderTooSoon, TooManyChallenges, NotInThisState):
            side.say(self.asked[number], kind, interim if kind is Kind.INTERIM else BODIES.get(kind, NOTHING))
        while arrives and self.two.carry(side):
            pass

    @rule(target=batches, name=SIDES)
    def send(self, name: str) -> object:
        """A batch leaves; it may be the same as before."""
        data = self.side(name).cut()
        return (name, data) if data is not None else multiple()

    @rule(target=receipts, batch=batches)
    def arrive(self, batch: tuple[str, bytes]) -> object:
        """A batch arrives, for the first time or again, in order or not; its receipt sets out."""
        name, data = batch
        try:
            receipt = self.across(name).take(data)
        except SequenceGap:
            return multiple()
        words = read_receipt(payload_of(receipt)).receipts
        # A clerk may challenge what is confirmed already by a message that still waits: that alone the other side refuses.
        assert {(word.outcome, word.problem.type if word.problem else None) for word in words} <= {TAKEN, TOO_LATE}
        return name, receipt

    @rule(receipt=receipts)
    def come_back(self, receipt: tuple[str, str]) -> None:
        """A receipt arrives, perhaps not for the first time."""
        name, jws = receipt
        self.side(name).settle(jws)

    @rule(batch=consumes(batches))
    def lose(self, batch: tuple[str, bytes]) -> None:
        """A batch never arrives."""

    @rule(hours=st.sampled_from([1, 20, 30, 24 * 16]))
    def wait(self, hours: int) -> None:
        """Time goes by on both sides."""
        self.two.pass_time(timedelta(hours=hours))

    def teardown(self) -> None:
        """The network recovers, and everything that waits is delivered: now both sides hold the same."""
        self.two.calm()
        for exchange in self.asked:
            one, other = (side.see(exchange) for side in (self.two.xicheng, self.two.wuchang))
            assert one.acceptance is other.acceptance is Acceptance.ACCEPTED
            assert (one.received_at, one.first_due) == (other.received_at, other.first_due)
            assert one.conversation == other.conversation
            facts = self.two.xicheng.facts(exchange)
            assert facts == self.two.wuchang.facts(exchange)
            assert len({fact.message for fact in facts}) == len(facts)
        heads = []
        for side in (self.two.xicheng, self.two.wuchang):
            with side.ledgers.transaction(read_only=True) as ledger:
                (link,) = ledger.links.all()
                heads.append(link)
        here, there = heads
        assert (here.out_sequence, here.out_digest, here.out_turn) == (there.in_sequence, there.in_digest, there.in_turn)
        assert (there.out_sequence, there.out_digest) == (here.in_sequence, here.in_digest)
        assert (here.receipt_digest, there.receipt_digest) == (there.issued_receipt_digest, here.issued_receipt_digest)
        assert (here.receipted, there.receipted) == (here.out_sequence, there.out_sequence)
