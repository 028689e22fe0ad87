"""A batch's bytes in, its signed receipt out: everything between the wire and the verb `receive`.

Reading, checking signatures and digests, decoding and indexing all happen before the transaction begins, so that one batch
does not block every clerk.
"""

import zlib

from adapters.auditing.trail import concerning
from adapters.keys import jose
from adapters.office import Office, trusted_key
from exchange.errors import NotAuthentic
from exchange.moments import parse_moment
from exchange.partners import Partner
from exchange.verbs.intake import read_arrivals
from exchange.verbs.receive import NotYourLink, check_addressed, receive
from exchange.wire import batch as wire
from exchange.wire import ijson
from exchange.wire.batch import BATCH_TYPE, MAX_UNPACKED, RECEIPT_TYPE, BatchNotAuthentic


def unpack(data: bytes, encoding: str | None) -> bytes:
    """The body without its gzip coding, cut off just above 8 MiB; BatchNotAuthentic for other codings and damage."""
    if encoding in (None, "", "identity"):
        return data
    if encoding != "gzip":
        raise BatchNotAuthentic(zh="只接受 gzip 压缩。", en="Only gzip is accepted as content coding.")
    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(data, MAX_UNPACKED + 1)
    except zlib.error as exc:
        raise BatchNotAuthentic(zh="gzip 数据损坏。", en="The gzip data is damaged.") from exc
    if len(plain) <= MAX_UNPACKED and (not unzip.eof or unzip.unused_data):
        raise BatchNotAuthentic(zh="gzip 数据不完整或有多余内容。", en="The gzip data is cut short or has something behind it.")
    return plain


def take_batch(office: Office, caller: Partner, data: bytes) -> str:
    """Take the batch that an authenticated partner sent; its receipt, signed and already stored.

    Raises, in the order of the protocol's table: NotYourLink, BatchTooLarge, BatchNotAuthentic, SequenceGap, LinkForked. Of
    a batch that is too large it is enough to hand over the beginning.
    """
    with office.ledgers.transaction(read_only=True) as ledger:
        link = ledger.links.of(caller.node)
    if link is None:
        raise NotYourLink
    try:
        unverified = jose.read_unverified(_first_line(data))
        manifest = wire.read_manifest(unverified.payload)
    except NotAuthentic as exc:
        wire.split(data)  # too large comes before not authentic
        raise BatchNotAuthentic(zh=exc.zh, en=exc.en) from exc
    check_addressed(office.node, caller, link, manifest)
    manifest_jws, lines = wire.split(data)
    sent_at = parse_moment(manifest.sent_at)
    try:
        unverified.verify(typ=BATCH_TYPE, find_key=lambda kid: trusted_key(caller, kid, sent_at))
    except NotAuthentic as exc:
        raise BatchNotAuthentic(zh=exc.zh, en=exc.en) from exc
    wire.check_lines(manifest, lines)
    digest = ijson.digest(unverified.payload)
    concerning([f"batch:{digest}"], count=len(lines))
    arrivals = read_arrivals(office.node, manifest, lines)
    sign = office.signer(RECEIPT_TYPE)
    with office.ledgers.transaction() as ledger:
        return receive(
            ledger,
            office.node,
            caller,
            manifest,
            manifest_jws,
            digest,
            arrivals,
            office.now(),
            sign,
        )


def _first_line(data: bytes) -> str:
    """The manifest's line; whatever is not ASCII in it makes it no manifest."""
    end = data.find(b"\n")
    return data[: end if end >= 0 else len(data)].decode("ascii", errors="replace")
