"""A batch with its proof: what either side of a link gives back to the other when that one has lost it.

NDJSON like a batch: the signed manifest, the signed receipt, then one line for each digest of the manifest. A line is the
message as it travelled; where the giver has erased it or never kept it, what both sides keep of an erased message.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from exchange.codes import Event, Item, Kind, Purpose, Result, UrgentReason
from exchange.errors import NotAuthentic
from exchange.moments import parse_moment
from exchange.people.record import Shape
from exchange.wire import ijson
from exchange.wire.batch import MAX_MESSAGES, MAX_UNPACKED, Manifest, Receipt
from exchange.wire.message import UUID, UUID7, CountyCode, Digest, WireMoment

# The lines of a batch, and beside them its two signatures, each at most 1 MiB.
MAX_PROVEN = MAX_UNPACKED + 2 * 1024 * 1024


class ProofDoesNotHold(NotAuthentic):
    """A batch given back whose signatures, receipt or lines do not belong together."""

    code = "proof-does-not-hold"
    zh = "归还的批次与其清单、回执或各行摘要不符。"
    en = "The batch given back does not fit its manifest, its receipt or its digests."


class ErasedOpening(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """Of an erased query or notice: between whom and about what kind of matter; nothing of the person."""

    from_: CountyCode = msgspec.field(name="from")
    to: CountyCode
    origin: CountyCode
    destination: CountyCode
    purpose: Purpose
    urgent: UrgentReason | None
    event: Event | None
    items: list[Item]


class ErasedMessage(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """What is kept of an erased message: its id, kind, exchange, stamp and, of a feedback, the result."""

    id: UUID7
    kind: Kind
    exchange: UUID
    in_reply_to: UUID7 | None
    created_at: WireMoment
    result: Result | None
    opening: ErasedOpening | None


class ErasedLine(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """The line of an erased message: the digest of what it was; `message` is null where nothing else was ever kept."""

    erased: Digest
    message: ErasedMessage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenBatch:
    """A batch, the receipt for it, and its lines, each as it travelled or as what is left of it."""

    manifest: Manifest
    manifest_jws: str
    digest: str
    receipt: Receipt
    receipt_jws: str
    receipt_digest: str
    lines: tuple[bytes | ErasedLine, ...]


_erased = msgspec.json.Decoder(ErasedLine)
_encoder = msgspec.json.Encoder()


def join_proven(manifest_jws: str, receipt_jws: str, lines: Sequence[bytes | ErasedLine]) -> bytes:
    """The bytes of a batch with its proof."""
    written = [line if isinstance(line, bytes) else _encoder.encode(line) for line in lines]
    return b"\n".join([manifest_jws.encode("ascii"), receipt_jws.encode("ascii"), *written, b""])


def split_proven(data: bytes) -> tuple[str, str, list[bytes]]:
    """Take the bytes apart into manifest, receipt and lines; ProofDoesNotHold for anything that has not this form."""
    if len(data) > MAX_PROVEN or not data.endswith(b"\n") or data.count(b"\n") > MAX_MESSAGES + 2:
        raise ProofDoesNotHold
    manifest, *rest = data[:-1].split(b"\n")
    if len(rest) < 2 or not manifest.isascii() or not rest[0].isascii():
        raise ProofDoesNotHold
    return manifest.decode("ascii"), rest[0].decode("ascii"), rest[1:]


def fitting_lines(manifest: Manifest, receipt: Receipt, digest: str, lines: Sequence[bytes]) -> tuple[bytes | ErasedLine, ...]:
    """The lines, read where they are what is left of an erased message; ProofDoesNotHold unless all three belong together."""
    about = (manifest.link, manifest.sender, manifest.receiver, manifest.sequence, digest, manifest.digests)
    told = [word.digest for word in receipt.receipts]
    if about != (receipt.link, receipt.sender, receipt.receiver, receipt.sequence, receipt.batch, told):
        raise ProofDoesNotHold
    if len(lines) != len(manifest.digests):
        raise ProofDoesNotHold
    words = zip(lines, manifest.digests, receipt.receipts, strict=True)
    return tuple(line if ijson.digest(line) == wanted else _left(line, wanted, word.id) for line, wanted, word in words)


def _left(line: bytes, digest: str, id_: str | None) -> ErasedLine:
    try:
        ijson.loads(line)
        left = _erased.decode(line)
        if left.message is not None:
            parse_moment(left.message.created_at)
    except (ijson.NotIJSON, msgspec.ValidationError, ValueError) as exc:
        raise ProofDoesNotHold from exc
    if left.erased != digest or (left.message is not None and left.message.id != id_):
        raise ProofDoesNotHold
    return left
