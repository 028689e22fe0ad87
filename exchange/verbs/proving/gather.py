"""Gather what proves an exchange: its messages, the batches and receipts that name them, the agreement, and both sides' keys."""

from collections.abc import Iterable, Sequence
from typing import Any

from exchange.codes import Role
from exchange.exchanges import Direction, Exchange, Link, LoggedMessage
from exchange.ledger import Ledger
from exchange.moments import format_moment
from exchange.partners import Partner
from exchange.proving.file import Parts


def gather(ledger: Ledger, us: Partner, exchange: Exchange, *, bodies: bool) -> Parts:
    """The parts of the evidence file of one exchange. `us` is this node as its partners see it.

    Without `bodies` no message's text is in it, so that it names no person; its digests stand all the same. Of a local link one
    log is taken: both sides hold the same.
    """
    link = next(each for each in ledger.links.all() if each.id == exchange.key.link)
    them = us if link.partner == us.node else ledger.partners.get(link.partner)
    if them is None:
        raise ValueError("a link without a partner")
    directions = {Direction.OUT: us.node} if them is us else {Direction.OUT: us.node, Direction.IN: them.node}
    log = ledger.messages.of_exchanges(link.id, [exchange.key.exchange]).get(exchange.key.exchange, [])
    sent = [message for message in log if message.sequence is not None and message.direction in directions]
    return {
        "exchange": _about(exchange, link, us, them),
        "messages": [_message(message, directions[message.direction], bodies=bodies) for message in sent],
        "batches": [
            batch
            for direction, sender in directions.items()
            for batch in _batches(ledger, link, direction, sender, [each for each in sent if each.direction is direction])
        ],
        "agreement": _agreement(ledger, exchange),
        "nodes": {node.node: _node(node) for node in (us, them)},
    }


def _about(exchange: Exchange, link: Link, us: Partner, them: Partner) -> dict[str, Any]:
    here, there = {"node": us.node, "jurisdiction": exchange.own}, {"node": them.node, "jurisdiction": exchange.other}
    asker, asked = (here, there) if exchange.key.role is Role.ASKER else (there, here)
    return {
        "id": exchange.key.exchange,
        "link": link.uuid,
        "asker": asker,
        "asked": asked,
        "origin": exchange.origin,
        "destination": exchange.destination,
        "kind": exchange.kind.value,
        "event": exchange.event.value if exchange.event else None,
        "purpose": exchange.purpose.value,
        "category": exchange.category.value,
    }


def _message(message: LoggedMessage, sender: str, *, bodies: bool) -> dict[str, Any]:
    # Without its erased note a line is not what was signed, and no proof of anything.
    line = message.travelled
    body = "erased" if line is None else "here" if bodies else "left-out"
    return {
        "id": message.id,
        "kind": message.kind.value,
        "sender": sender,
        "sequence": message.sequence,
        "position": message.position,
        "digest": message.digest,
        "body": body,
        "line": line.decode("utf-8") if line is not None and bodies else None,
    }


def _batches(
    ledger: Ledger, link: Link, direction: Direction, sender: str, messages: Sequence[LoggedMessage]
) -> Iterable[dict[str, Any]]:
    """From the first batch that is concerned to the last, none left out: each manifest names the one before.

    Receipts only of those that are concerned: they are the greater part of the bytes, and each stands by itself.
    """
    concerned = {message.sequence for message in messages if message.sequence is not None}
    for sequence in range(min(concerned), max(concerned) + 1) if concerned else ():
        stored = ledger.links.batch(link.id, direction, sequence)
        if stored is not None:
            receipt = stored.receipt_jws if sequence in concerned else None
            yield {"sender": sender, "sequence": sequence, "manifest": stored.manifest_jws, "receipt": receipt}


def _agreement(ledger: Ledger, exchange: Exchange) -> dict[str, Any] | None:
    signed = ledger.agreements.get(exchange.agreement)
    if signed is None:
        return None
    ended = signed.decision_jws if signed.decision_jws != signed.acceptance_jws else None
    return {"proposal": signed.proposal_jws, "acceptance": signed.acceptance_jws, "end": ended}


def _node(node: Partner) -> dict[str, Any]:
    """The document as the node signed it, and every key that it was ever trusted with."""
    return {
        "document": node.document_jws,
        "keys": [
            {
                "jwk": {"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y},
                "use": key.use,
                "not_before": format_moment(key.not_before),
                "not_after": format_moment(key.not_after) if key.not_after else None,
                "revoked_from": format_moment(key.revoked_from) if key.revoked_from else None,
            }
            for key in node.keys
        ],
    }
