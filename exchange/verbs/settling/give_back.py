"""Give back: one batch of a link's log with its proof, from what this side holds."""

from exchange.codes import Kind
from exchange.exchanges import Direction, Exchange, Link, LoggedMessage
from exchange.ledger import Ledger
from exchange.moments import format_moment
from exchange.verbs.absorb import role_here
from exchange.wire.batch import Manifest, Receipt
from exchange.wire.proven import ErasedLine, ErasedMessage, ErasedOpening

Line = bytes | ErasedLine


def last_proven(link: Link, direction: Direction) -> int:
    """The last batch of a log that this side can prove: it took it, or holds the receipt for it."""
    return link.receipted if direction is Direction.OUT else link.in_sequence


def lines_of(ledger: Ledger, link: Link, direction: Direction, manifest: Manifest, receipt: Receipt) -> list[Line]:
    """The lines of a batch that this side holds: as they travelled, or what is left of them.

    A message that was rejected is kept by its sender alone, and one whose id was known before stands with its first batch.
    """
    held = {message.id: message for message in ledger.messages.in_batch(link.id, direction, manifest.sequence)}
    erased = [message for message in held.values() if message.travelled is None]
    openings = _openings(ledger, link, direction, erased)
    lines: list[Line] = []
    for word in receipt.receipts:
        message = held.get(word.id) if word.id is not None else None
        if message is None or message.digest != word.digest:
            lines.append(ErasedLine(erased=word.digest, message=None))
        elif message.travelled is None:
            lines.append(ErasedLine(erased=word.digest, message=_left(message, direction, openings)))
        else:
            lines.append(message.travelled)
    return lines


def _openings(ledger: Ledger, link: Link, direction: Direction, erased: list[LoggedMessage]) -> dict[str, Exchange]:
    names = {message.exchange for message in erased if message.kind in (Kind.QUERY, Kind.NOTICE)}
    role = role_here(Kind.QUERY, direction)
    return dict(ledger.exchanges.load(link.id, role, names)) if names else {}


def _left(message: LoggedMessage, direction: Direction, openings: dict[str, Exchange]) -> ErasedMessage:
    exchange = openings.get(message.exchange)
    opening = None
    if exchange is not None and exchange.opening == message.id:
        sides = (exchange.own, exchange.other) if direction is Direction.OUT else (exchange.other, exchange.own)
        opening = ErasedOpening(
            from_=sides[0],
            to=sides[1],
            origin=exchange.origin,
            destination=exchange.destination,
            purpose=exchange.purpose,
            urgent=exchange.urgent,
            event=exchange.event,
            items=list(exchange.items),
        )
    return ErasedMessage(
        id=message.id,
        kind=message.kind,
        exchange=message.exchange,
        in_reply_to=message.in_reply_to,
        created_at=format_moment(message.created_at),
        result=message.result,
        opening=opening,
    )
