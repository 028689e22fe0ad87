"""Whatever is lost of either side's books, giving back what the other side holds makes both ends equal again."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory import MemoryLedgers
from exchange.codes import ChallengeReason, Item, Kind, Result, WithdrawalReason
from exchange.conversation import NotInThisState
from exchange.errors import Refused
from exchange.exchanges import Direction
from exchange.settling.order import Lost, in_order
from exchange.verbs.settling.give_back import last_proven, lines_of
from exchange.verbs.settling.take_back import take_back
from exchange.wire import batch as wire
from exchange.wire import ijson
from exchange.wire.message import ChallengeBody, FeedbackBody, WithdrawalBody
from exchange.wire.proven import ProvenBatch, fitting_lines, join_proven, split_proven
from tests.builders import a_moment
from tests.life.two_nodes import Side, Two, payload_of

SAID = {
    "answer": (Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED)),
    "challenge": (Kind.CHALLENGE, ChallengeBody(reason=next(iter(ChallengeReason)), items=[Item.MARITAL_STATUS])),
    "confirm": (Kind.CONFIRMATION, None),
    "withdraw": (Kind.WITHDRAWAL, WithdrawalBody(reason=next(iter(WithdrawalReason)))),
    "interim": (Kind.REMINDER, None),
}
# Who does what about which of the exchanges; batches cross or do not; bodies of withdrawn ones are erased.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from("xw"), st.integers(1, 5)),
        st.tuples(st.sampled_from(sorted(SAID)), st.sampled_from("xw"), st.integers(0, 5)),
        st.tuples(st.sampled_from(["carry", "cross", "erase"]), st.sampled_from("xw"), st.just(0)),
    ),
    max_size=25,
)


class Life:
    """Two nodes doing what they are told, as far as they may."""

    def __init__(self) -> None:
        self.two = Two.of(MemoryLedgers(), MemoryLedgers())
        self.asked: list[str] = []

    def do(self, step: tuple[str, str, int]) -> None:
        what, who, number = step
        side = self.two.xicheng if who == "x" else self.two.wuchang
        self.two.pass_time(a_moment(1) - a_moment(0))
        if what == "ask":
            self.asked.append(side.ask(number))
        elif what in SAID and self.asked:
            kind, body = SAID[what]
            try:
                side.say(self.asked[number % len(self.asked)], kind, *(() if body is None else (body,)))
            except (Refused, NotInThisState, ValueError):
                return  # not its role, not in this state, or not there yet
        elif what == "carry":
            self.two.carry(side)
        elif what == "cross":
            batches = [(one, one.cut()) for one in (self.two.xicheng, self.two.wuchang)]
            for one, data in batches:
                if data is not None:
                    other = self.two.wuchang if one is self.two.xicheng else self.two.xicheng
                    one.settle(other.take(data))
        elif what == "erase":
            for one in (self.two.xicheng, self.two.wuchang):
                with one.ledgers.transaction() as ledger:
                    keys = ledger.exchanges.to_erase(100)
                    for key in keys:
                        ledger.messages.erase(key.link, {key.exchange})


def proven(side: Side, direction: Direction, sequence: int) -> ProvenBatch:
    """A batch with its proof as it crosses the wire; the signatures of these nodes are none."""
    with side.ledgers.transaction(read_only=True) as ledger:
        link = ledger.links.of(side.other_node)
        assert link is not None
        stored = ledger.links.batch(link.id, direction, sequence)
        assert stored is not None
        assert stored.receipt_jws is not None
        manifest = wire.read_manifest(payload_of(stored.manifest_jws))
        receipt = wire.read_receipt(payload_of(stored.receipt_jws))
        lines = lines_of(ledger, link, direction, manifest, receipt)
    manifest_jws, receipt_jws, written = split_proven(join_proven(stored.manifest_jws, stored.receipt_jws, lines))
    return ProvenBatch(
        manifest=manifest,
        manifest_jws=manifest_jws,
        digest=stored.digest,
        receipt=receipt,
        receipt_jws=receipt_jws,
        receipt_digest=ijson.digest(payload_of(receipt_jws)),
        lines=fitting_lines(manifest, receipt, stored.digest, written),
    )


def give_back(giver: Side, loser: Side) -> None:
    """All that the loser lacks, in order."""
    ends = []
    for side in (giver, loser):
        with side.ledgers.transaction(read_only=True) as ledger:
            link = ledger.links.of(side.other_node)
            assert link is not None
            ends.append(link)
    held, lost = ends

    def reading(direction: Direction) -> Callable[[int], ProvenBatch]:
        return lambda sequence: proven(giver, direction, sequence)

    givers = Lost(head=lost.in_sequence, upto=last_proven(held, Direction.OUT), read=reading(Direction.OUT))
    losers = Lost(head=lost.receipted, upto=last_proven(held, Direction.IN), read=reading(Direction.IN))
    for batch in in_order(givers, losers):
        with loser.ledgers.transaction() as ledger:
            take_back(ledger, loser.node, loser.partner(), batch, loser.now)
    assert givers.whole
    assert losers.whole


def standing(side: Side) -> list[object]:
    """What a side counts: each exchange's state, stamps and facts, and where the logs stand."""
    epoch = a_moment(-100_000)
    with side.ledgers.transaction(read_only=True) as ledger:
        (link,) = ledger.links.all()
        keys = ledger.exchanges.keys(None, 1000)
        exchanges = [held for key in keys for held in ledger.exchanges.load(key.link, key.role, [key.exchange]).values()]
        counted = [
            (
                replace(held, known_at=None, version=0, person_index="", entry=None, paired_at=None, pairing=None),
                sorted((replace(fact, known_at=epoch) for fact in ledger.exchanges.facts(held.key)), key=repr),
            )
            for held in exchanges
        ]
        ends = (link.out_digest, link.receipt_digest, link.in_digest, link.issued_receipt_digest, link.out_turn, link.in_turn)
    return [ends, counted]


@settings(max_examples=60)
@given(before=STEPS, after=STEPS, loser=st.sampled_from("xw"))
def test_any_loss_is_made_good(before: list[tuple[str, str, int]], after: list[tuple[str, str, int]], loser: str):
    life = Life()
    for step in before:
        life.do(step)
    two = life.two
    side = two.xicheng if loser == "x" else two.wuchang
    giver = two.wuchang if loser == "x" else two.xicheng
    books = side.ledgers
    assert isinstance(books, MemoryLedgers)
    with books.transaction(read_only=True):
        backup = books._books.copy()
    for step in after:
        life.do(step)
    # All that either side was told has reached the other: what was only queued in the loser's books is lost with them.
    two.calm()
    whole, theirs = standing(side), standing(giver)
    books._books = backup
    give_back(giver, side)
    assert standing(side) == whole
    assert standing(giver) == theirs
    give_back(giver, side)
    assert standing(side) == whole
    fresh = side.ask(9)
    two.calm()
    assert side.see(fresh).conversation is not None
