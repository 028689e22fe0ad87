"""Whatever the network does and however messages cross, both ledgers end equal."""

from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, multiple, rule

from adapters.memory import MemoryLedgers
from exchange.codes import ChallengeReason, Event, InterimReason, Item, Kind, Result, WithdrawalReason
from exchange.errors import Refused
from exchange.exchanges import Acceptance
from exchange.verbs.receive import SequenceGap
from exchange.wire.batch import Outcome, read_receipt
from exchange.wire.message import ChallengeBody, FeedbackBody, InterimBody, WithdrawalBody
from tests.life.two_nodes import Side, Two, payload_of

BODIES = {
    Kind.FEEDBACK: FeedbackBody(result=Result.NOT_FOUND),
    Kind.CHALLENGE: ChallengeBody(reason=ChallengeReason.INCOMPLETE, items=[Item.CHILDREN]),
    Kind.WITHDRAWAL: WithdrawalBody(reason=WithdrawalReason.ENTERED_BY_MISTAKE),
}
REPLIES = [Kind.FEEDBACK, Kind.INTERIM, Kind.CHALLENGE, Kind.CONFIRMATION, Kind.REMINDER, Kind.WITHDRAWAL]
# Feedback, challenge and withdrawal are where crossing matters, so they come up more often.
KINDS = st.sampled_from([*REPLIES, Kind.FEEDBACK, Kind.FEEDBACK, Kind.CHALLENGE, Kind.WITHDRAWAL])
SIDES = st.sampled_from(["xicheng", "wuchang"])


class TwoNodes(RuleBasedStateMachine):
    """Clerks on both sides say what they are allowed to say; batches and receipts are lost, repeated and late."""

    exchanges = Bundle("exchanges")
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

    @initialize(target=exchanges, name=SIDES, minutes=st.integers(0, 4))
    def begin(self, name: str, minutes: int) -> str:
        """One exchange is open on both sides, and one clock goes fast, within what nodes allow each other."""
        self.side(name).now += timedelta(minutes=minutes)
        exchange = self.two.xicheng.ask(1)
        self.two.calm()
        self.asked.append(exchange)
        return exchange

    @rule(target=exchanges, name=SIDES, person=st.integers(1, 5), birth=st.booleans())
    def ask(self, name: str, person: int, birth: bool) -> str:
        """A clerk opens another exchange."""
        exchange = self.side(name).ask(person, event=Event.BIRTH if birth else None)
        self.asked.append(exchange)
        return exchange

    @rule(exchange=exchanges, name=SIDES, kind=KINDS)
    def say(self, exchange: str, name: str, kind: Kind) -> None:
        """A clerk says something, unless the node does not let it."""
        side = self.side(name)
        interim = InterimBody(reason=InterimReason.FIELD_VISIT, expected=side.now.date())
        try:
            if kind is Kind.INTERIM:
                side.say(exchange, kind, interim)
            else:
                side.say(exchange, kind, *([BODIES[kind]] if kind in BODIES else []))
        except (Refused, ValueError):
            pass  # refused, or unknown to this side as yet: the clerk does something else

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
        assert [word.outcome for word in words] == [Outcome.ACCEPTED] * len(words)
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


TestTwoNodes = TwoNodes.TestCase
TestTwoNodes.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
