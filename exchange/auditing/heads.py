"""The signed head of a day: what a node says of its own audit, and what partners keep of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from exchange.auditing.chain import AuditRow
from exchange.errors import NotAuthentic
from exchange.people.record import Shape
from exchange.wire import ijson
from exchange.wire.message import Digest

HEAD_TYPE = "mx-audit-head+jws"
MOST_HEADS = 200
# What a partner holds of the last month is handed back every night to who may have lost it, or have made it go away; all that
# is older when it is asked for.
HELD_DAYS = 31


class AuditHeadMalformed(NotAuthentic):
    """A head that is none, or not the signer's."""

    code = "audit-head-malformed"
    zh = "审计日末摘要格式有误，或不是签名方的。"
    en = "The audit head is malformed, or not its signer's own."


class AuditHead(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """The end of one day of one chain: how many rows the day has, and the digest of the last. Nothing else leaves a node.

    `previous` is the digest that the head of `previous_day`, the last one signed before, has: who holds that one sees at once
    whether this one goes on from it.
    """

    node: Annotated[str, Meta(min_length=1, max_length=253)]
    jurisdiction: Annotated[str, Meta(pattern=r"^([0-9]{6})?$", description="the county; empty for what concerns the whole node")]
    day: date
    rows: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    digest: Digest
    previous_day: date | None
    previous: Digest | None


class HeadsExchanged(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """Signed heads (`mx-audit-head+jws`): `heads` are the sender's own latest, `held` those that it holds of the other's, of the
    last month or of the days that were asked for.
    """

    heads: Annotated[tuple[str, ...], Meta(max_length=MOST_HEADS)]
    held: Annotated[tuple[str, ...], Meta(max_length=MOST_HEADS)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """A head with its signature, and when it was signed or came."""

    jurisdiction: str
    day: date
    rows: int
    digest: str
    jws: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessedHead:
    """A head that a partner has to do with: `ours` is one of this node's that it holds, else one of its own."""

    partner: str
    ours: bool
    head: SignedHead


_head = msgspec.json.Decoder(AuditHead)
_heads = msgspec.json.Decoder(HeadsExchanged)


def head_of(node: str, last: AuditRow, before: SignedHead | None) -> AuditHead:
    """The head that a day's last row makes, behind the one that was signed before it."""
    return AuditHead(
        node=node,
        jurisdiction=last.event.jurisdiction,
        day=last.day,
        rows=last.sequence,
        digest=last.digest,
        previous_day=before.day if before is not None else None,
        previous=before.digest if before is not None else None,
    )


def read_head(payload: bytes, node: str) -> AuditHead:
    """The payload of a signed head of that node's; AuditHeadMalformed."""
    try:
        ijson.loads(payload)
        head = _head.decode(payload)
    except (ijson.NotIJSON, msgspec.ValidationError, msgspec.DecodeError) as exc:
        raise AuditHeadMalformed from exc
    if head.node != node:
        raise AuditHeadMalformed
    return head


def read_heads(body: bytes) -> HeadsExchanged:
    """What one side hands the other; AuditHeadMalformed. What it says is proven by its signatures alone."""
    try:
        ijson.loads(body)
        return _heads.decode(body)
    except (ijson.NotIJSON, msgspec.ValidationError, msgspec.DecodeError) as exc:
        raise AuditHeadMalformed from exc


def write_heads(heads: Sequence[SignedHead], held: Sequence[SignedHead] = ()) -> bytes:
    """The same, to be handed over."""
    return msgspec.json.encode(HeadsExchanged(heads=tuple(head.jws for head in heads), held=tuple(head.jws for head in held)))
