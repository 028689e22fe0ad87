"""Deliver a link's log: cut the next batch, and settle it when its receipt comes.

The call to the partner lies between the two, outside any transaction. A batch is stored before its first attempt and sent
again, the same bytes, until its receipt is stored; only then do its messages take effect here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from exchange.admission import Desk
from exchange.codes import Kind, Role
from exchange.conversation import Letter
from exchange.errors import NotAuthentic
from exchange.exchanges import Acceptance, Direction, Exchange, ExchangeKey, Link, LoggedMessage, StoredBatch
from exchange.ledger import Finding, Ledger
from exchange.moments import civil_day, format_moment, parse_moment
from exchange.node import Node
from exchange.verbs.absorb import Effects, letter_of, letters_of, role_here
from exchange.wire import batch as wire
from exchange.wire import ijson
from exchange.wire.batch import MAX_MESSAGES, MAX_UNPACKED, Manifest, Outcome, Receipt

# A receiver's clock may be wrong, but not by more than this: its stamps count for both sides.
OLDEST_RECEIPT = timedelta(days=1)
_LONGEST_LIMIT = timedelta(days=500)
# Room for the signed manifest of 1,000 digests in a batch of 8 MiB.
_MANIFEST_ROOM = 128 * 1024


class ReceiptDoesNotFit(NotAuthentic):
    """A receipt that is not about the batch under way, or breaks the chain of receipts."""

    code = "receipt-does-not-fit"
    zh = "回执与所发批次不符，或回执链不连续。"
    en = "The receipt is not about the batch that was sent, or does not continue the chain of receipts."


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A batch ready for the wire."""

    link: Link
    sequence: int
    data: bytes


def due_links(ledger: Ledger, now: datetime) -> list[str]:
    """The partners to whom something waits to be sent and whose backoff is over."""
    waiting = ledger.messages.queue_lengths()
    return [
        link.partner
        for link in ledger.links.all()
        if (link.retry_at is None or link.retry_at <= now) and (waiting.get(link.id, 0) or link.out_sequence > link.receipted)
    ]


def cut(ledger: Ledger, node: Node, partner: str, now: datetime, sign: Callable[[bytes], str]) -> Outgoing | None:
    """The next batch for this partner: the one under way if its receipt is missing, else a new one; None if nothing waits."""
    link = ledger.links.of(partner, lock=True)
    if link is None:
        return None
    if link.out_sequence > link.receipted:
        stored = ledger.links.batch(link.id, Direction.OUT, link.out_sequence)
        lines = [_line(message) for message in ledger.messages.in_batch(link.id, Direction.OUT, link.out_sequence)]
        return Outgoing(link=link, sequence=link.out_sequence, data=wire.join(stored.manifest_jws, lines)) if stored else None
    queued = _fitting(ledger.messages.queued(link.id, MAX_MESSAGES))
    if not queued:
        return None
    sequence = link.out_sequence + 1
    seen = ledger.links.batch(link.id, Direction.IN, link.in_sequence) if link.in_sequence else None
    turn = max(link.out_turn, seen.turn if seen else 0) + 1
    manifest = wire.write(
        Manifest(
            protocol="1",
            link=link.uuid,
            sender=node.name,
            receiver=partner,
            sequence=sequence,
            previous=link.out_digest,
            seen=link.in_sequence,
            sent_at=format_moment(now),
            digests=[message.digest for message in queued],
        )
    )
    jws, digest = sign(manifest), ijson.digest(manifest)
    ledger.messages.save(
        [
            replace(message, sequence=sequence, position=position, turn=turn, sent_at=now)
            for position, message in enumerate(queued)
        ]
    )
    ledger.links.add_batch(
        StoredBatch(
            link=link.id,
            direction=Direction.OUT,
            sequence=sequence,
            turn=turn,
            digest=digest,
            previous=link.out_digest,
            seen=link.in_sequence,
            sent_at=now,
            messages=len(queued),
            manifest_jws=jws,
        )
    )
    link = replace(link, out_sequence=sequence, out_digest=digest, out_turn=turn)
    ledger.links.save(link)
    return Outgoing(link=link, sequence=sequence, data=wire.join(jws, [_line(message) for message in queued]))


def _fitting(queued: Sequence[LoggedMessage]) -> list[LoggedMessage]:
    room, fitting = MAX_UNPACKED - _MANIFEST_ROOM, []
    for message in queued:
        room -= len(_line(message)) + 1
        if room < 0:
            break
        fitting.append(message)
    return fitting


def _line(message: LoggedMessage) -> bytes:
    if message.travelled is None:
        raise ValueError("a message is never erased before its receipt is stored")
    return message.travelled


def settle(
    ledger: Ledger, node: Node, partner: str, receipt: Receipt, receipt_jws: str, receipt_digest: str, now: datetime
) -> None:
    """Let a verified receipt take effect; ReceiptDoesNotFit if it is not the one that is waited for.

    The same receipt again changes nothing: of two for one batch the earlier stands.
    """
    link = ledger.links.of(partner, lock=True)
    if link is None or (receipt.link, receipt.sender, receipt.receiver) != (link.uuid, node.name, partner):
        raise ReceiptDoesNotFit
    if receipt.sequence <= link.receipted:
        return
    stored = ledger.links.batch(link.id, Direction.OUT, receipt.sequence)
    messages = ledger.messages.in_batch(link.id, Direction.OUT, receipt.sequence)
    fits = (
        stored is not None
        and stored.digest == receipt.batch
        and receipt.previous == link.receipt_digest
        and [word.digest for word in receipt.receipts] == [message.digest for message in messages]
    )
    received_at = parse_moment(receipt.received_at)
    if not fits or stored is None or received_at < stored.sent_at - OLDEST_RECEIPT:
        raise ReceiptDoesNotFit
    settled = [
        _settled(message, word.outcome, word.due, received_at, now, word.problem)
        for message, word in zip(messages, receipt.receipts, strict=True)
    ]
    for message in settled:
        check_due(message, received_at)
    ledger.messages.save(settled)
    _take_effect(ledger, node, link, settled, now)
    ledger.links.save_receipt(replace(stored, received_at=received_at, receipt_jws=receipt_jws, receipt_digest=receipt_digest))
    ledger.links.save(
        replace(
            link,
            receipted=receipt.sequence,
            receipt_digest=receipt_digest,
            attempts=0,
            retry_at=None,
            last_contact_at=now,
            trouble=None,
        )
    )


def check_due(message: LoggedMessage, received_at: datetime) -> None:
    """A query always has a due date, and none lies before its receipt or years ahead: an asked side cannot opt out of a rate.

    ReceiptDoesNotFit otherwise.
    """
    if message.outcome is not Outcome.ACCEPTED:
        return
    if message.due is None and message.kind is Kind.QUERY:
        raise ReceiptDoesNotFit
    received_on = civil_day(received_at)
    if message.due is not None and not received_on <= message.due <= received_on + _LONGEST_LIMIT:
        raise ReceiptDoesNotFit


def _settled(
    message: LoggedMessage,
    outcome: Outcome,
    due: str | None,
    received_at: datetime,
    now: datetime,
    problem: wire.WireProblem | None,
) -> LoggedMessage:
    """The message with the receiver's word; `duplicate` repeats the first word, so a problem means rejected."""
    accepted = outcome is Outcome.ACCEPTED or (outcome is Outcome.DUPLICATE and problem is None)
    return replace(
        message,
        received_at=received_at,
        known_at=now,
        outcome=Outcome.ACCEPTED if accepted else Outcome.REJECTED,
        due=date.fromisoformat(due) if due else None,
        problem=problem,
    )


def _take_effect(ledger: Ledger, node: Node, link: Link, settled: Sequence[LoggedMessage], now: datetime) -> None:
    exchanges: dict[ExchangeKey, Exchange] = {}
    for role in {role_here(message.kind, Direction.OUT) for message in settled}:
        names = {message.exchange for message in settled if role_here(message.kind, Direction.OUT) is role}
        for exchange in ledger.exchanges.load(link.id, role, names).values():
            exchanges[exchange.key] = exchange
    changed: dict[ExchangeKey, None] = {}
    findings: list[Finding] = []
    desk = Desk(
        node=node,
        partner=link.partner,
        theirs=frozenset(),
        agreements=tuple(ledger.agreements.all(link.partner)),
        now=now,
    )
    effects = Effects(ledger, node, link.partner, now, desk.rules_of)
    answers = _answers_before_the_receipt(ledger, node, link, settled)
    for message in settled:
        key = ExchangeKey(link.id, message.exchange, role_here(message.kind, Direction.OUT))
        exchange = exchanges[key]
        if message.outcome is Outcome.ACCEPTED and message.id == exchange.opening:
            exchange = replace(
                exchange,
                acceptance=Acceptance.ACCEPTED,
                received_at=message.received_at,
                known_at=message.known_at,
                first_due=message.due,
                conversation=effects.open(key, letter_of(message, node.name)),
                version=exchange.version + 1,
            )
            exchange = _provisional(desk, exchange, message)
            for letter in answers.get(message.exchange, ()):
                exchange = effects.take(exchange, letter)
            findings += _due_differs(desk, exchange, message, now)
        elif message.outcome is Outcome.ACCEPTED:
            exchange = effects.take(exchange, letter_of(message, node.name))
            if message.kind is Kind.CHALLENGE and message.due is not None:
                exchange = _provisional(desk, exchange, message)
        elif message.id == exchange.opening:
            exchange = replace(
                exchange,
                acceptance=Acceptance.REJECTED,
                known_at=message.known_at,
                problem=message.problem,
                version=exchange.version + 1,
            )
        else:
            continue
        exchanges[key] = exchange
        changed[key] = None
    ledger.exchanges.save([exchanges[key] for key in changed])
    effects.store(exchanges)
    ledger.chores.add_findings(findings)


def _answers_before_the_receipt(
    ledger: Ledger, node: Node, link: Link, settled: Sequence[LoggedMessage]
) -> dict[str, list[Letter]]:
    """What the partner has said about openings of this batch already, because its receipt was lost on the way; in order."""
    head = ledger.links.batch(link.id, Direction.IN, link.in_sequence) if link.in_sequence else None
    if head is None or head.seen < (settled[0].sequence or 0):
        return {}
    openings = {message.exchange for message in settled if message.kind in (Kind.QUERY, Kind.NOTICE)}
    said = {}
    for exchange, log in ledger.messages.of_exchanges(link.id, openings).items():
        arrived = [message for message in log if message.direction is Direction.IN]
        letters = letters_of(arrived, Role.ASKER, node.name, link.partner)
        said[exchange] = sorted(letters, key=lambda letter: letter.turn)
    return said


def _provisional(desk: Desk, exchange: Exchange, message: LoggedMessage) -> Exchange:
    """The exchange with this side's word on whether the round's due date can still turn out to be another one."""
    due = desk.due_of_round(exchange, message.received_at) if message.received_at is not None else None
    return replace(exchange, due_provisional=message.due is not None and due is not None and due.provisional)


def _due_differs(desk: Desk, exchange: Exchange, message: LoggedMessage, now: datetime) -> list[Finding]:
    """The receiver's due date counts for both; one that we would have computed otherwise is shown to people."""
    if message.received_at is None:
        return []
    due = desk.due_of_round(exchange, message.received_at)
    ours = due.day if due is not None else None
    if ours == message.due:
        return []
    return [
        Finding(
            id=f"{message.id}:due-differs",
            kind="due-differs",
            partner=desk.partner,
            subject=exchange.key.exchange,
            detail=f"the receipt says {message.due}, this node computes {ours}",
            at=now,
        )
    ]


def requeue(ledger: Ledger, before: datetime, limit: int) -> int:
    """Queue again what was rejected before this moment with the word that it may be accepted later; how many those are.

    Such a rejection has freed the message's id, so that the same bytes are judged anew (protocol, section "A batch").
    """
    messages = ledger.messages.to_retry(before, limit)
    partners = {link.id: link.partner for link in ledger.links.all()}
    for link in sorted({message.link for message in messages}):
        # A clerk may be pairing one of them.
        ledger.links.of(partners[link], lock=True)
        openings = {message.exchange: message.id for message in messages if message.link == link}
        pending = [
            replace(exchange, acceptance=Acceptance.PENDING, problem=None, version=exchange.version + 1)
            for exchange in ledger.exchanges.load(link, Role.ASKER, openings).values()
            if exchange.opening == openings[exchange.key.exchange]
        ]
        ledger.exchanges.save(pending)
    ledger.messages.save(
        [
            replace(
                message,
                sequence=None,
                position=None,
                turn=None,
                sent_at=None,
                received_at=None,
                known_at=None,
                outcome=None,
                due=None,
                problem=None,
            )
            for message in messages
        ]
    )
    return len(messages)


def put_off(ledger: Ledger, partner: str, now: datetime, wait: timedelta, trouble: str) -> None:
    """Remember that a delivery failed: its reason, and when to try again."""
    link = ledger.links.of(partner, lock=True)
    if link is not None:
        ledger.links.save(replace(link, attempts=link.attempts + 1, retry_at=now + wait, trouble=trouble))


def retry_after(attempts: int, jitter: float) -> timedelta:
    """How long to wait after this many failed attempts: 2 s doubling up to 15 minutes, spread by `jitter` in 0..1."""
    seconds = min(2.0 * 2.0 ** min(attempts, 12), 900.0)
    return timedelta(seconds=seconds * (0.5 + 0.5 * jitter))
