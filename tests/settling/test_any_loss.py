"""Whatever is lost of either side's books, giving back what the other side holds makes both ends equal again."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from adapters.memory import MemoryLedgers
from adapters.memory.books import Books, MessageKey
from exchange.codes import Event, Kind
from exchange.conversation import Fact, FactKind
from exchange.exchanges import Direction, Exchange, LoggedMessage
from exchange.settling.order import Lost, in_order
from exchange.verbs.settling.give_back import last_proven, lines_of
from exchange.verbs.settling.take_back import take_back
from exchange.wire import batch as wire
from exchange.wire import ijson
from exchange.wire.proven import ProvenBatch, fitting_lines, join_proven, split_proven
from tests.builders import a_moment
from tests.life.in_any_order import NAMES, SIDES, TwoNodes
from tests.life.two_nodes import Side, payload_of


def books_of(side: Side) -> MemoryLedgers:
    """The ledgers of a side, which this test takes away and puts back."""
    assert isinstance(side.ledgers, MemoryLedgers)
    return side.ledgers


def messages_of(side: Side) -> dict[MessageKey, LoggedMessage]:
    """Every message that a side has in its books."""
    return dict(books_of(side)._books.messages)


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
    with side.ledgers.transaction(read_only=True) as ledger:
        (link,) = ledger.links.all()
        keys = ledger.exchanges.keys(None, 1000)
        exchanges = [held for key in keys for held in ledger.exchanges.load(key.link, key.role, [key.exchange]).values()]
        counted = [counted_of(held, ledger.exchanges.facts(held.key)) for held in exchanges]
        ends = (link.out_digest, link.receipt_digest, link.in_digest, link.issued_receipt_digest, link.out_turn, link.in_turn)
    return [ends, counted]


def counted_of(held: Exchange, facts: list[Fact]) -> tuple[Exchange, list[Fact]]:
    """An exchange without what only its own side knows, and without when it came to know what it counts."""
    talk = held.conversation
    if talk is not None and any(fact.what is FactKind.WITHDRAWN for fact in facts):
        talk = replace(talk, expected=None)  # stands in the body of an interim, which a withdrawal erases
    shared = replace(held, conversation=talk, known_at=None, version=0, person_index="", entry=None, paired_at=None, pairing=None)
    return shared, sorted((replace(fact, known_at=a_moment(-100_000)) for fact in facts), key=repr)


class Loss(TwoNodes):
    """Both may be backed up at any moment, and erase what was withdrawn; in the end each in turn falls back to its backup."""

    def __init__(self) -> None:
        super().__init__()
        # What was given back: as it had travelled, and what an erasure leaves.
        self.restored, self.erased = Counter[Kind](), Counter[Kind]()
        self.hasty = False
        self.backups = self.copied()
        self.backed_up = False

    def copied(self) -> dict[str, Books]:
        """The books of both sides as they are now."""
        return {name: books_of(self.side(name))._books.copy() for name in NAMES}

    @precondition(lambda self: not self.backed_up)
    @rule(hasty=st.booleans())
    def back_up(self, hasty: bool) -> None:
        """Backups are made, once. A hasty side goes on from its backup before anything is given back to it."""
        self.backups, self.hasty, self.backed_up = self.copied(), hasty, True

    @rule(name=SIDES)
    def tidy(self, name: str) -> None:
        """The job that erases the bodies of what was withdrawn."""
        with self.side(name).ledgers.transaction() as ledger:
            for key in ledger.exchanges.to_erase(100):
                ledger.messages.erase(key.link, {key.exchange})

    def teardown(self) -> None:
        # Both hold everything now: what was only queued in the loser's books would be lost with them.
        super().teardown()
        for name, backup in self.backups.items():
            self.fall_back(name, backup)
        for name in NAMES:
            fresh = self.side(name).ask(9)
            self.two.calm()
            assert self.side(name).see(fresh).conversation is not None

    def fall_back(self, name: str, backup: Books) -> None:
        """Lose what came after the backup, and get it back from the other side."""
        side, giver = self.side(name), self.across(name)
        whole, theirs = standing(side), standing(giver)
        books_of(side)._books = backup
        before = messages_of(side)
        if self.hasty:
            side.cut()  # what it queues for sending under a number that is taken never arrives
        give_back(giver, side)
        for key, message in messages_of(side).items():
            if key not in before:
                (self.restored if message.line is not None else self.erased)[message.kind] += 1
        assert standing(side) == whole
        assert standing(giver) == theirs
        give_back(giver, side)
        assert standing(side) == whole


def test_any_loss_is_made_good():
    restored, erased = Counter[Kind](), Counter[Kind]()

    class Counted(Loss):
        def teardown(self) -> None:
            super().teardown()
            restored.update(self.restored)
            erased.update(self.erased)

    run_state_machine_as_test(Counted, settings=settings(max_examples=120, stateful_step_count=40))
    assert restored.keys() == set(Kind)
    assert erased


@pytest.mark.parametrize("erasing", [False, True])
def test_every_kind_is_given_back_whole_or_as_what_an_erasure_leaves(erasing: bool):
    life = Loss()
    life.asked = [life.two.xicheng.ask(1), life.two.xicheng.ask(2, event=Event.BIRTH)]
    life.two.calm()
    for name, kind in [
        ("xicheng", Kind.REMINDER),
        ("wuchang", Kind.INTERIM),
        ("wuchang", Kind.FEEDBACK),
        ("xicheng", Kind.CHALLENGE),
        ("wuchang", Kind.FEEDBACK),
        ("xicheng", Kind.CONFIRMATION),
        ("xicheng", Kind.WITHDRAWAL),
    ]:
        for number in range(len(life.asked)):
            life.say((name, number, kind), arrives=True)
    for name in NAMES if erasing else ():
        life.tidy(name)
    life.teardown()
    given = life.erased if erasing else life.restored
    assert given.keys() == set(Kind)
