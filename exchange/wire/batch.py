"""Batches and receipts: the signed, hash-chained log that a link is.

A batch travels as NDJSON: line 1 a compact JWS over the manifest, then one message a line. The manifest's *payload bytes*
identify the batch; signatures never do, for an ES256 signature has a valid twin.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from exchange.errors import NotAuthentic, Refused, Retry
from exchange.moments import parse_moment
from exchange.people.record import Shape, whole
from exchange.wire import ijson
from exchange.wire.message import UUID, UUID7, Digest, WireMoment

MAX_MESSAGES = 1000
MAX_UNPACKED = 8 * 1024 * 1024
BATCH_TYPE = "mx-batch+jws"
RECEIPT_TYPE = "mx-receipt+jws"
NodeName = Annotated[str, Meta(pattern=whole(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"))]
SequenceNumber = Annotated[int, Meta(ge=1, le=2**53 - 1)]


class BatchNotAuthentic(NotAuthentic):
    """A batch whose signature, digests, number or form of lines does not hold."""

    code = "batch-not-authentic"
    retry = Retry.CORRECTED
    zh = "批次的签名、摘要、行数或格式无效。"
    en = "The batch's signature, digests, number or form of lines does not hold."


class BatchTooLarge(Refused):
    """More than 1,000 messages or 8 MiB unpacked."""

    code = "batch-too-large"
    retry = Retry.CORRECTED
    zh = "批次超过 1000 条或 8 MiB。"
    en = "The batch has more than 1,000 messages or 8 MiB unpacked."


class Manifest(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """What one signature covers: the place of the batch in the link's log and the digest of each line."""

    protocol: Annotated[str, Meta(pattern=whole("1"))]
    link: UUID
    sender: NodeName
    receiver: NodeName
    sequence: SequenceNumber
    previous: Digest | None
    seen: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    sent_at: WireMoment
    digests: Annotated[list[Digest], Meta(min_length=1, max_length=MAX_MESSAGES)]


class Outcome(StrEnum):
    """What became of one message."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class WireProblem(Shape, frozen=True, kw_only=True):
    """Why a message was rejected: RFC 9457 members, and what to do."""

    type: Annotated[str, Meta(max_length=200)]
    title: Annotated[str, Meta(max_length=200)]
    detail: Annotated[str, Meta(max_length=500)]
    retry: Retry
    pointer: Annotated[str, Meta(max_length=200)] | None = None


class Judgement(Shape, frozen=True, kw_only=True):
    """The receiver's word on one message, in the batch's order."""

    digest: Digest
    id: UUID7 | None
    outcome: Outcome
    due: Annotated[str, Meta(pattern=whole("[0-9]{4}-[0-9]{2}-[0-9]{2}"))] | None = None
    problem: WireProblem | None = None


class Receipt(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """The receiver's signed promise about one batch."""

    link: UUID
    sender: NodeName
    receiver: NodeName
    sequence: SequenceNumber
    batch: Digest
    previous: Digest | None
    received_at: WireMoment
    receipts: Annotated[list[Judgement], Meta(min_length=1, max_length=MAX_MESSAGES)]


_manifest = msgspec.json.Decoder(Manifest)
_receipt = msgspec.json.Decoder(Receipt)
_encoder = msgspec.json.Encoder()


def read_manifest(payload: bytes) -> Manifest:
    """Read a manifest's payload bytes; BatchNotAuthentic if they do not form one."""
    try:
        ijson.loads(payload)
        manifest = _manifest.decode(payload)
        parse_moment(manifest.sent_at)
        return manifest
    except (ijson.NotIJSON, msgspec.ValidationError, ValueError) as exc:
        raise BatchNotAuthentic(zh="批次清单格式无效。", en="The manifest is not well formed.") from exc


def read_receipt(payload: bytes) -> Receipt:
    """Read a receipt's payload bytes; NotAuthentic if they do not form one."""
    try:
        ijson.loads(payload)
        receipt = _receipt.decode(payload)
        parse_moment(receipt.received_at)
        for word in receipt.receipts:
            if word.due is not None:
                date.fromisoformat(word.due)
        return receipt
    except (ijson.NotIJSON, msgspec.ValidationError, ValueError) as exc:
        raise NotAuthentic(zh="回执格式无效。", en="The receipt is not well formed.") from exc


def write(value: Manifest | Receipt) -> bytes:
    """The payload bytes to sign and to hash."""
    return _encoder.encode(value)


def join(manifest_jws: str, lines: Sequence[bytes]) -> bytes:
    """The bytes of a batch: the signed manifest and its messages, every line ended by a newline."""
    return b"\n".join([manifest_jws.encode("ascii"), *lines, b""])


def split(data: bytes) -> tuple[str, list[bytes]]:
    """Take a batch's bytes apart into the signed manifest and the message lines.

    BatchTooLarge over 1,000 messages or 8 MiB; BatchNotAuthentic for a byte-order mark, a carriage return, a missing last
    newline or no message at all.
    """
    if len(data) > MAX_UNPACKED:
        raise BatchTooLarge
    if data.count(b"\n") > MAX_MESSAGES + 1:
        raise BatchTooLarge
    if not data.endswith(b"\n") or b"\r" in data or data.startswith(b"\xef\xbb\xbf"):
        raise BatchNotAuthentic(
            zh="批次须为无 BOM 的 UTF-8，每行以 \\n 结尾，不得含 \\r。",
            en="A batch is UTF-8 without BOM; every line ends in \\n; there is no \\r.",
        )
    first, *lines = data[:-1].split(b"\n")
    if not lines or not first.isascii():
        raise BatchNotAuthentic(zh="批次没有消息或清单无效。", en="The batch has no message, or no manifest.")
    return first.decode("ascii"), lines


def check_lines(manifest: Manifest, lines: Sequence[bytes]) -> None:
    """Every line is the one whose digest the manifest names; BatchNotAuthentic otherwise."""
    if [ijson.digest(line) for line in lines] != manifest.digests:
        raise BatchNotAuthentic(zh="消息与清单摘要不符。", en="The lines are not those that the manifest names.")
