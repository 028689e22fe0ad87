"""Both heads of a link on the wire, as the other side tells them; the signatures are within."""

from typing import Annotated

import msgspec
from msgspec import Meta

from exchange.errors import NotAuthentic
from exchange.people.record import Shape
from exchange.wire import ijson
from exchange.wire.message import UUID, Digest


class HeadsDoNotFit(NotAuthentic):
    """Heads that are malformed, of another link, or not what their signed lines say."""

    code = "heads-do-not-fit"
    zh = "对方所报的链路末端格式有误，或与其签名内容不符。"
    en = "The heads that the partner tells are malformed, of another link, or not what their signed lines say."


class HeadTold(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """The last batch of one log; of an empty one `sequence` is 0 and all else null."""

    sequence: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    digest: Digest | None
    manifest: str | None
    receipt: str | None


class HeadsTold(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """`received` is the asker's log, `sent` the answering side's."""

    link: UUID
    received: HeadTold
    sent: HeadTold


_heads = msgspec.json.Decoder(HeadsTold)


def read_heads(body: bytes) -> HeadsTold:
    """Read an answer; HeadsDoNotFit if it does not form one. What it claims is proven by its signatures alone."""
    try:
        ijson.loads(body)
        told = _heads.decode(body)
    except (ijson.NotIJSON, msgspec.ValidationError) as exc:
        raise HeadsDoNotFit from exc
    for head in (told.received, told.sent):
        empty = head.sequence == 0
        if (head.digest is None) is not empty or (head.manifest is None) is not empty or (empty and head.receipt is not None):
            raise HeadsDoNotFit
    if told.received.sequence and told.received.receipt is None:
        raise HeadsDoNotFit  # a batch is never kept without the receipt that was given for it
    return told
