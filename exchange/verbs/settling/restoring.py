"""Restore the messages of one batch, and what they did, by what its receipt says of each.

What was known is known again as of its receipt: a report of a day before the loss comes out as it did then. What only this side
knew (who paired it, which township has it) is not in a partner's proof: exact identity pairs anew, the rest is for people.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from exchange.admission import Desk
from exchange.codes import Event, Item, Kind, Purpose, Role, UrgentReason
from exchange.errors import Refused, Retry
from exchange.exchanges import Acceptance, Direction, Exchange, ExchangeKey, Link, LoggedMessage, NoteKept, StoredBatch
from exchange.jurisdiction import Category
from exchange.ledger import Finding, Ledger
from exchange.moments import civil_day, parse_moment
from exchange.node import Node
from exchange.partners import Partner
from exchange.people.register import Entry
from exchange.terms.agreement import NoAgreement, covering, subject_of
from exchange.verbs.absorb import Effects, letter_of, role_here
from exchange.verbs.deliver import check_due
from exchange.verbs.pair import match, paired
from exchange.wire.batch import Judgement, Outcome
from exchange.wire.message import Feedback, Notice, Query, kind_of, read_message
from exchange.wire.proven import ErasedLine, ErasedOpening, ProofDoesNotHold, ProvenBatch

RESTORED_BARE = "restored-without-agreement"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opening:
    """What a query or a notice opens, read from its line or from what is left of it."""

    from_: str
    to: str
    origin: str
    destination: str
    purpose: Purpose
    urgent: UrgentReason | None
    event: Event | None
    items: tuple[Item, ...]
    person_index: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """One line: the message as it is logged, without its fate, and what it opens."""

    logged: LoggedMessage
    opening: _Opening | None


class Restoring:
    """The restoring of one batch: loads what its messages touch, lets them take effect again, and stores."""

    def __init__(self, ledger: Ledger, node: Node, partner: Partner, link: Link, batch: StoredBatch) -> None:
        if batch.received_at is None:
            raise ValueError("a batch is restored with its receipt")
        self._ledger, self._node, self._partner, self._link, self._batch = ledger, node, partner, link, batch
        self._at: datetime = batch.received_at
        self._sender = node.name if batch.direction is Direction.OUT else partner.node
        self._agreements = tuple(ledger.agreements.all(partner.node))
        # As of the receipt: agreements and dates are those of that day.
        self._desk = Desk(
            node=node,
            partner=partner.node,
            theirs=frozenset(),
            agreements=self._agreements,
            now=self._at,
        )
        self._effects = Effects(ledger, node, partner.node, self._at, self._desk.rules_of)
        self._exchanges: dict[ExchangeKey, Exchange] = {}
        # Both as ordered sets: what is written comes in the batch's order.
        self._fresh: dict[ExchangeKey, None] = {}
        self._changed: dict[ExchangeKey, None] = {}
        self._findings: list[Finding] = []

    def restore(self, batch: ProvenBatch) -> None:
        """Store all messages of the batch and what they did."""
        words = batch.receipt.receipts
        ids = {word.id for word in words if word.id is not None}
        known = dict(self._ledger.messages.known(self._link.id, self._batch.direction, ids))
        added: dict[str, LoggedMessage] = {}
        saved: dict[str, LoggedMessage] = {}
        told: list[tuple[LoggedMessage, _Opening | None]] = []
        for position, (line, word) in enumerate(zip(batch.lines, words, strict=True)):
            held = known.get(word.id) if word.id is not None else None
            if held is not None and (not _replaceable(held) or held.digest != word.digest):
                continue
            read = self._read(line, word, held)
            if read is None:
                continue
            message = self._fated(read.logged, word, position)
            if message.direction is Direction.OUT:
                check_due(message, self._at)
            known[message.id] = message
            (added if held is None else saved)[message.id] = message
            told.append((message, read.opening))
        self._load([message for message, _ in told])
        for message, opening in told:
            self._take_effect(message, opening)
        self._ledger.messages.add(list(added.values()))
        self._ledger.messages.save(list(saved.values()))
        self._store()

    def _read(self, line: bytes | ErasedLine, word: Judgement, held: LoggedMessage | None) -> _Read | None:
        """None where nothing is left but a digest: a message that was never accepted, and is here no more."""
        if isinstance(line, bytes):
            return None if word.id is None else self._whole(line, word)
        if held is not None:
            return _Read(logged=held, opening=None)
        left = line.message
        rejected_there = self._batch.direction is Direction.OUT and not _accepted(word)
        if left is None or rejected_there:
            return None
        opening = left.opening
        if opening is not None and _accepted(word) and not self._could_be(left.kind, opening):
            raise ProofDoesNotHold
        return _Read(
            logged=LoggedMessage(
                link=self._link.id,
                direction=self._batch.direction,
                id=left.id,
                exchange=left.exchange,
                kind=left.kind,
                digest=word.digest,
                line=None,
                in_reply_to=left.in_reply_to,
                created_at=parse_moment(left.created_at),
                result=left.result,
            ),
            opening=None
            if opening is None
            else _Opening(
                from_=opening.from_,
                to=opening.to,
                origin=opening.origin,
                destination=opening.destination,
                purpose=opening.purpose,
                urgent=opening.urgent,
                event=opening.event,
                items=tuple(opening.items),
            ),
        )

    def _could_be(self, kind: Kind, opening: ErasedOpening) -> bool:
        """Whether it could ever have been accepted: no digest proves what is told of an erased opening."""
        own = opening.from_ if self._batch.direction is Direction.OUT else opening.to
        parties = {opening.from_, opening.to} == {opening.origin, opening.destination}
        return parties and own in self._node.jurisdictions and (kind is Kind.NOTICE) == (opening.event is not None)

    def _whole(self, line: bytes, word: Judgement) -> _Read:
        try:
            message = read_message(line)
        except Refused as refusal:
            raise ProofDoesNotHold from refusal  # a line with an id was read before it got its receipt
        if message.id != word.id:
            raise ProofDoesNotHold
        opening = None
        if isinstance(message, Query | Notice):
            opening = _Opening(
                from_=message.from_,
                to=message.to,
                origin=message.origin,
                destination=message.destination,
                purpose=message.purpose,
                urgent=message.priority.reason,
                event=message.body.event if isinstance(message, Notice) else None,
                items=tuple(message.body.items) if isinstance(message, Query) else (),
                person_index=self._node.person_index(message.body.person) if _accepted(word) else "",
            )
        logged = LoggedMessage(
            link=self._link.id,
            direction=self._batch.direction,
            id=message.id,
            exchange=message.exchange,
            kind=kind_of(message),
            digest=word.digest,
            line=line,
            in_reply_to=message.in_reply_to.id if message.in_reply_to is not None else None,
            created_at=parse_moment(message.created_at),
            result=message.body.result if isinstance(message, Feedback) else None,
            note=NoteKept.of(message),
        )
        return _Read(logged=logged, opening=opening)

    def _fated(self, message: LoggedMessage, word: Judgement, position: int) -> LoggedMessage:
        accepted = _accepted(word)
        return replace(
            message,
            line=message.line if accepted or message.direction is Direction.OUT else None,
            sequence=self._batch.sequence,
            position=position,
            turn=self._batch.turn,
            sent_at=self._batch.sent_at,
            received_at=self._at,
            known_at=self._at,
            outcome=Outcome.ACCEPTED if accepted else Outcome.REJECTED,
            due=date.fromisoformat(word.due) if word.due is not None else None,
            problem=word.problem,
        )

    def _load(self, messages: list[LoggedMessage]) -> None:
        direction = self._batch.direction
        for role in (Role.ASKER, Role.ASKED):
            names = {message.exchange for message in messages if role_here(message.kind, direction) is role}
            for exchange in self._ledger.exchanges.load(self._link.id, role, names).values() if names else ():
                self._exchanges[exchange.key] = exchange

    def _take_effect(self, message: LoggedMessage, opening: _Opening | None) -> None:
        key = ExchangeKey(self._link.id, message.exchange, role_here(message.kind, message.direction))
        exchange, accepted = self._exchanges.get(key), message.outcome is Outcome.ACCEPTED
        if message.kind in (Kind.QUERY, Kind.NOTICE):
            if exchange is None and opening is not None and (accepted or message.direction is Direction.OUT):
                exchange = self._opened(key, message, opening)
                self._fresh[key] = None
            if exchange is None or exchange.opening != message.id or exchange.conversation is not None:
                return
            self._exchanges[key] = self._judged(exchange, message)
        elif accepted and exchange is not None and exchange.conversation is not None:
            exchange = self._effects.take(exchange, letter_of(message, self._sender))
            if message.kind is Kind.CHALLENGE and message.due is not None:
                exchange = self._provisional(exchange, message)
            self._exchanges[key] = exchange
        else:
            return
        self._changed[key] = None

    def _judged(self, exchange: Exchange, message: LoggedMessage) -> Exchange:
        """The exchange after the word on its opening."""
        if message.outcome is not Outcome.ACCEPTED:
            return replace(
                exchange,
                acceptance=Acceptance.REJECTED,
                known_at=message.known_at,
                problem=message.problem,
                version=exchange.version + 1,
            )
        accepted = replace(
            exchange,
            acceptance=Acceptance.ACCEPTED,
            received_at=message.received_at,
            known_at=message.known_at,
            first_due=message.due,
            problem=None,
            conversation=self._effects.open(exchange.key, letter_of(message, self._sender)),
            version=exchange.version + 1,
        )
        return self._provisional(accepted, message)

    def _provisional(self, exchange: Exchange, message: LoggedMessage) -> Exchange:
        due = self._desk.due_of_round(exchange, self._at)
        return replace(exchange, due_provisional=message.due is not None and due is not None and due.provisional)

    def _opened(self, key: ExchangeKey, message: LoggedMessage, opening: _Opening) -> Exchange:
        ours = message.direction is Direction.OUT
        category = self._node.divisions.category(opening.origin, opening.destination, civil_day(self._at))
        exchange = Exchange(
            key=key,
            own=opening.from_ if ours else opening.to,
            other=opening.to if ours else opening.from_,
            origin=opening.origin,
            destination=opening.destination,
            category=category,
            kind=message.kind,
            event=opening.event,
            purpose=opening.purpose,
            urgent=opening.urgent,
            items=opening.items,
            agreement=self._agreement(opening, message, category),
            opening=message.id,
            submitted_at=message.created_at,
            acceptance=Acceptance.PENDING,
            person_index=opening.person_index,
        )
        entry = self._entry(exchange) if ours else None
        return replace(exchange, entry=entry.id if entry is not None else None)

    def _agreement(self, opening: _Opening, message: LoggedMessage, category: Category) -> str:
        """The digest of the agreement that it was accepted under, empty without one.

        One that this side has lost as well is for its operator to ask for again.
        """
        ends = (self._node.name, self._partner.node)
        sender, receiver = ends if message.direction is Direction.OUT else ends[::-1]
        try:
            return covering(
                self._agreements,
                self._node.divisions,
                sender=(sender, opening.from_),
                receiver=(receiver, opening.to),
                subject=subject_of(message.kind, opening.event),
                purpose=opening.purpose,
                category=category,
                day=civil_day(self._at),
            ).digest
        except NoAgreement as refusal:
            if message.outcome is Outcome.ACCEPTED:
                self._findings.append(
                    Finding(
                        id=f"{message.exchange}:{RESTORED_BARE}",
                        kind=RESTORED_BARE,
                        partner=self._partner.node,
                        subject=message.exchange,
                        detail=f"restored, but no agreement known here covers it ({refusal.code}); ask for it again",
                        at=self._at,
                    )
                )
            return ""

    def _entry(self, exchange: Exchange) -> Entry | None:
        """The entry that the own side opened it about, as far as exact identity finds one."""
        if not exchange.person_index:
            return None
        found = self._ledger.entries.by_person([exchange.own], [exchange.person_index])
        return match(exchange, found.get(exchange.person_index, ()))

    def _store(self) -> None:
        fresh = [self._exchanges[key] for key in self._fresh]
        nameless = [exchange for exchange in fresh if not exchange.person_index or exchange.key.role is Role.ASKER]
        named = [exchange for exchange in fresh if exchange.person_index and exchange.key.role is Role.ASKED]
        self._ledger.exchanges.add([*nameless, *paired(self._ledger, named, self._at)])
        self._ledger.exchanges.save([self._exchanges[key] for key in self._changed if key not in self._fresh])
        self._effects.store(self._exchanges)
        self._ledger.chores.add_findings(self._findings)


def _accepted(word: Judgement) -> bool:
    """`duplicate` repeats the first word, so a problem means rejected."""
    return word.outcome is Outcome.ACCEPTED or (word.outcome is Outcome.DUPLICATE and word.problem is None)


def _replaceable(held: LoggedMessage) -> bool:
    """Whether what is held of a message gives way: it waits to be sent, or its rejection has freed its id."""
    freed = held.outcome is Outcome.REJECTED and held.problem is not None and held.problem.retry is Retry.LATER
    return held.sequence is None or freed
