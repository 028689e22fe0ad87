"""The calls on the wire by which two nodes compare a pair's registers (docs/protocol-registers.md).

What is about persons are keyed tokens' short hashes and keyed digests of the fields that the agreement lets be compared.
Bytes are packed without gaps, numbers within them big-endian, the whole in base64url.
"""

from collections.abc import Sequence
from typing import Annotated, TypeVar

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from exchange.errors import Invalid, NotAuthentic
from exchange.moments import parse_moment
from exchange.people.record import Shape, whole
from exchange.reconciling.pairs import MOST_DIFFERENCES
from exchange.reconciling.sketch import NONCE, SKETCH, TABLES, Words, cells_for
from exchange.wire import ijson
from exchange.wire.batch import NodeName
from exchange.wire.message import UUID, CountyCode, Digest, WireMoment

REGISTERS_TYPE = "mx-registers+jws"
CELLS_TYPE = "mx-register-cells+jws"
SETTLED_TYPE = "mx-registers-settled+jws"
# Cells in one answer, which as a JWS stay below 600 KiB; and attempts, each with a salt of its own, to tell what is in a table.
CELLS_AT_ONCE = 24_576
ATTEMPTS = 4
MOST_CELLS = 2 * cells_for(2 * MOST_DIFFERENCES)
ELEMENT = 8
FIELD = 4
_CELLS = np.dtype([("key", ">u8"), ("check", ">u4")])
_MASK = 2
_MOST_ITEMS = 16
_PLACE = 4

Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
# No county has more people; a number beyond would enter lists and rates as it is told.
People = Annotated[int, Meta(ge=0, le=10**9)]
Month = Annotated[str, Meta(pattern=whole("[0-9]{4}-(?:0[1-9]|1[0-2])"))]
Nonce = Annotated[str, Meta(pattern=whole(r"[A-Za-z0-9_-]{21}[AQgw]"))]
Packed = Annotated[str, Meta(pattern=whole("[A-Za-z0-9_-]*"))]


class MalformedRegisterQuestion(Invalid):
    """A question about registers that is not well formed."""

    code = "malformed-comparison"
    zh = "台账比对请求不符合协议。"
    en = "The question about registers does not fit the protocol."


class RegistersDoNotFit(NotAuthentic):
    """An answer about registers that is malformed, or is not about what was asked."""

    code = "registers-do-not-fit"
    zh = "台账比对应答与所问不符。"
    en = "The answer about registers is not well formed, or not about what was asked."


class RegistersAsked(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """Open a run: which pair, under which agreement and key, and what the asking side holds.

    `run` is the asker's id of the run, the same in every call and repetition. `agreement` is the digest of the proposal;
    `month` and both `kid`s name the key. `size` counts the leaves compared, `digest` is SHA-256 over them in ascending order,
    `numberless` counts people without a number, who are not compared.
    """

    run: UUID
    link: UUID
    sender: NodeName
    receiver: NodeName
    asked_at: WireMoment
    agreement: Digest
    origin: CountyCode
    destination: CountyCode
    month: Month
    origin_kid: Digest
    destination_kid: Digest
    nonce: Nonce
    size: People
    digest: Digest
    numberless: People


class RegisterAnswer(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """What every answer says first: to which request. The digest of its bytes binds the answer to run, pair and both nodes."""

    request: Digest
    told_at: WireMoment


class RegistersTold(RegisterAnswer, frozen=True, kw_only=True, omit_defaults=True):
    """What the answering side holds, as of `as_of`; `snapshot` is handed back in the calls that follow.

    Where the digests are equal the run is over, and neither `sketch` nor `nonce` is there. `limit` is how many differing
    persons it tells.
    """

    as_of: WireMoment
    snapshot: Count
    size: People
    digest: Digest
    numberless: People
    limit: Count
    nonce: Nonce | None = None
    sketch: Packed | None = None


class CellsAsked(RegistersAsked, frozen=True, kw_only=True, omit_defaults=False):
    """Ask for the cells from `first` on, at most as many as one answer holds, of a table of `cells` for this `attempt`."""

    snapshot: Count
    attempt: Annotated[int, Meta(ge=0, lt=ATTEMPTS)]
    cells: Annotated[int, Meta(ge=TABLES, le=MOST_CELLS, multiple_of=TABLES)]
    first: Annotated[int, Meta(ge=0, lt=MOST_CELLS)]


class CellsTold(RegisterAnswer, frozen=True, kw_only=True, omit_defaults=False):
    """The cells: for each 8 bytes of key and 4 of check."""

    cells: Packed


class SettleAsked(RegistersAsked, frozen=True, kw_only=True, omit_defaults=False):
    """Tell what differs, so that both sides know it.

    `mine` are elements of persons whom only the asking side holds, `yours` of those whom only the answering side does (8
    bytes each). `changed` and `coarse` hold, for each, the answering side's element and the asking side's field digests (4
    bytes for each item of the agreement, in its order): `changed` of persons in both registers, `coarse` of those whom the
    origin, asking, knows with a coarse destination. `agreeing` counts the leaves that both hold alike, `matched` is SHA-256
    over them in ascending order.
    """

    snapshot: Count
    attempt: Annotated[int, Meta(ge=0, lt=ATTEMPTS)]
    mine: Packed
    yours: Packed
    changed: Packed
    coarse: Packed
    agreeing: People
    matched: Digest


class SettledTold(RegisterAnswer, frozen=True, kw_only=True, omit_defaults=False):
    """The answering side's word that it holds the same leaves but for these, and which fields differ.

    `changed` and `coarse` have two bytes for each one asked about: bit n is set where item n differs. `found` is told by an
    origin: of which `mine` it knows with a coarse destination, each with its place (4 bytes) and the origin's field digests.
    """

    matched: Digest
    changed: Packed
    coarse: Packed
    found: Packed
    coarse_differing: People


Question = TypeVar("Question", RegistersAsked, CellsAsked, SettleAsked)
Answer = TypeVar("Answer", RegistersTold, CellsTold, SettledTold)
_encoder = msgspec.json.Encoder()


def read_question(body: bytes, kind: type[Question]) -> Question:
    """Read a request's body; MalformedRegisterQuestion if it does not fit."""
    try:
        ijson.loads(body)
        asked = msgspec.json.decode(body, type=kind)
        parse_moment(asked.asked_at)
    except (ijson.NotIJSON, msgspec.ValidationError, ValueError) as exc:
        raise MalformedRegisterQuestion from exc
    return asked


def read_answer(payload: bytes, kind: type[Answer]) -> Answer:
    """Read a verified answer's payload; RegistersDoNotFit if it does not fit."""
    try:
        ijson.loads(payload)
        told = msgspec.json.decode(payload, type=kind)
        parse_moment(told.told_at)
        if isinstance(told, RegistersTold):
            parse_moment(told.as_of)
    except (ijson.NotIJSON, msgspec.ValidationError, ValueError) as exc:
        raise RegistersDoNotFit from exc
    return told


def check_answer(request: bytes, told: RegisterAnswer) -> None:
    """The answer is to this very request; RegistersDoNotFit otherwise."""
    if told.request != ijson.digest(request):
        raise RegistersDoNotFit


def write(value: RegistersAsked | RegisterAnswer) -> bytes:
    """The bytes to send or to sign."""
    return _encoder.encode(value)


def pack(rows: Words | NDArray[np.uint32] | NDArray[np.uint16] | NDArray[np.int16]) -> str:
    """An array of numbers, big-endian, in base64url."""
    return ijson.b64url_encode(rows.astype(rows.dtype.newbyteorder(">")).tobytes())


def unpack_elements(text: str) -> Words:
    """Elements, 8 bytes each; ValueError for a part of one."""
    return np.frombuffer(_bytes(text, ELEMENT), ">u8").astype(np.uint64)


def unpack_sketch(text: str) -> NDArray[np.int16]:
    """The counters of a sketch; ValueError for any other number of them."""
    counters = np.frombuffer(_bytes(text, 2), ">i2").astype(np.int16)
    if counters.size != SKETCH:
        raise ValueError("a sketch has 512 counters")
    return counters


def pack_cells(keys: Words, checks: NDArray[np.uint32]) -> str:
    """Cells, key and check in turn."""
    cells = np.empty(keys.size, _CELLS)
    cells["key"], cells["check"] = keys, checks
    return ijson.b64url_encode(cells.tobytes())


def unpack_cells(text: str) -> tuple[Words, NDArray[np.uint32]]:
    """Keys and checks; ValueError for a part of a cell."""
    cells = np.frombuffer(_bytes(text, _CELLS.itemsize), _CELLS)
    return cells["key"].astype(np.uint64), cells["check"].astype(np.uint32)


def pack_rows(elements: Words, fields: Sequence[bytes]) -> str:
    """Elements, each with field digests behind it."""
    return _packed(elements.tolist(), ELEMENT, fields)


def unpack_rows(text: str, items: int) -> tuple[Words, list[bytes]]:
    """Elements with the field digests of so many items; ValueError for a part of a row."""
    return _rows(text, ELEMENT, items)


def unpack_found(text: str, items: int) -> tuple[Words, list[bytes]]:
    """Places with the field digests of so many items; ValueError for a part of a row."""
    return _rows(text, _PLACE, items)


def pack_found(found: Sequence[tuple[int, bytes]]) -> str:
    """The reverse."""
    return _packed([place for place, _ in found], _PLACE, [fields for _, fields in found])


def unpack_masks(text: str) -> list[int]:
    """For each person the items that differ, as bits; ValueError for half of one."""
    return [int(mask) for mask in np.frombuffer(_bytes(text, _MASK), ">u2")]


def pack_masks(masks: list[int]) -> str:
    """The reverse."""
    return pack(np.array(masks, np.uint16))


def mask_of(ours: bytes, theirs: bytes) -> int:
    """Which field digests differ: bit n for the item n."""
    items = range(min(len(ours), len(theirs)) // FIELD)
    return sum(1 << item for item in items if ours[item * FIELD :][:FIELD] != theirs[item * FIELD :][:FIELD])


def nonce_bytes(text: str) -> bytes:
    """The 16 bytes of a nonce."""
    return _bytes(text, NONCE)


def _packed(heads: Sequence[int], width: int, fields: Sequence[bytes]) -> str:
    return ijson.b64url_encode(b"".join(head.to_bytes(width, "big") + more for head, more in zip(heads, fields, strict=True)))


def _rows(text: str, head: int, items: int) -> tuple[Words, list[bytes]]:
    if items > _MOST_ITEMS:
        raise ValueError("a mask has no place for so many items")
    width = head + FIELD * items
    packed = _bytes(text, width)
    rows = [packed[place : place + width] for place in range(0, len(packed), width)]
    heads = np.array([int.from_bytes(row[:head], "big") for row in rows], np.uint64)
    return heads, [row[head:] for row in rows]


def _bytes(text: str, width: int) -> bytes:
    packed = ijson.b64url_decode(text)
    if len(packed) % width:
        raise ValueError("there is a part of a row at the end")
    return packed
