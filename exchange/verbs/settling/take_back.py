"""Take back: one batch of a link's log that this side had and lost, from the other side's proof.

Nothing is judged anew. The receipt says what became of each message, and when: of two receipts for one batch the earlier
stands. So states, facts and rates come out as they were. Both signatures have been checked by the caller.
"""

from dataclasses import replace
from datetime import datetime

from exchange.errors import Refused, Retry
from exchange.exchanges import Direction, Link, StoredBatch
from exchange.ledger import Ledger
from exchange.moments import parse_moment
from exchange.node import Node
from exchange.partners import Partner
from exchange.settling.evidence import Evidence, EvidenceKind
from exchange.settling.heads import Log
from exchange.verbs import deliver
from exchange.verbs.deliver import ReceiptDoesNotFit
from exchange.verbs.receive import LinkForked, NotYourLink, SequenceGap
from exchange.verbs.settling.restoring import Restoring
from exchange.wire.proven import ProvenBatch


class BatchTooEarly(Refused):
    """The batch's sender had seen what this side does not hold yet: that comes first."""

    code = "batch-too-early"
    retry = Retry.CORRECTED
    zh = "该批次的发送方当时已见到本方尚未持有的批次，请先归还那一批。"
    en = "The batch's sender had seen a batch of the other log that is missing here; give that one back first."


def take_back(ledger: Ledger, node: Node, partner: Partner, batch: ProvenBatch, now: datetime) -> bool:
    """Take one batch back into its log; False if it is there already, and then nothing is changed.

    NotYourLink; SequenceGap, LinkForked or BatchTooEarly if it does not come next here; NotAuthentic for a receipt that does
    not fit. Then nothing is stored.
    """
    link = ledger.links.of(partner.node, lock=True)
    manifest = batch.manifest
    if link is None or manifest.link != link.uuid:
        raise NotYourLink
    if (manifest.sender, manifest.receiver) == (node.name, partner.node):
        return _ours(ledger, node, partner, link, batch, now)
    if (manifest.sender, manifest.receiver) == (partner.node, node.name):
        return _theirs(ledger, node, partner, link, batch)
    raise NotYourLink


def _ours(ledger: Ledger, node: Node, partner: Partner, link: Link, batch: ProvenBatch, now: datetime) -> bool:
    sequence = batch.manifest.sequence
    if sequence <= link.receipted:
        return _known(ledger, link, Direction.OUT, batch)
    if sequence <= link.out_sequence:
        under_way = ledger.links.batch(link.id, Direction.OUT, sequence)
        if under_way is not None and under_way.digest == batch.digest:
            receipt = batch.receipt
            deliver.settle(ledger, node, partner.node, receipt, batch.receipt_jws, batch.receipt_digest, now)
            return True
        link = _give_way(ledger, partner, link, batch, now)
    _check_next(ledger, link, Direction.OUT, batch, head=link.out_sequence, digest=link.out_digest)
    if batch.receipt.previous != link.receipt_digest:
        raise ReceiptDoesNotFit
    if batch.manifest.seen > link.in_sequence:
        raise BatchTooEarly
    sent_at, received_at = parse_moment(batch.manifest.sent_at), parse_moment(batch.receipt.received_at)
    if received_at < sent_at - deliver.OLDEST_RECEIPT:
        raise ReceiptDoesNotFit
    stored = _restored(ledger, node, partner, link, Direction.OUT, batch)
    ledger.links.save(
        replace(
            link,
            out_sequence=sequence,
            out_digest=batch.digest,
            out_turn=stored.turn,
            receipted=sequence,
            receipt_digest=batch.receipt_digest,
        )
    )
    return True


def _theirs(ledger: Ledger, node: Node, partner: Partner, link: Link, batch: ProvenBatch) -> bool:
    sequence = batch.manifest.sequence
    if sequence <= link.in_sequence:
        return _known(ledger, link, Direction.IN, batch)
    _check_next(ledger, link, Direction.IN, batch, head=link.in_sequence, digest=link.in_digest)
    if batch.receipt.previous != link.issued_receipt_digest:
        raise ReceiptDoesNotFit
    # By the last batch with a receipt: one that was cut anew after a restore is not the one that the sender had seen.
    if batch.manifest.seen > link.receipted:
        raise BatchTooEarly
    stored = _restored(ledger, node, partner, link, Direction.IN, batch)
    received_at = parse_moment(batch.receipt.received_at)
    ledger.links.save(
        replace(
            link,
            in_sequence=sequence,
            in_digest=batch.digest,
            in_turn=stored.turn,
            issued_receipt_digest=batch.receipt_digest,
            last_received_at=max(received_at, link.last_received_at or received_at),
        )
    )
    return True


def _known(ledger: Ledger, link: Link, direction: Direction, batch: ProvenBatch) -> bool:
    held = ledger.links.batch(link.id, direction, batch.manifest.sequence)
    if held is None or held.digest != batch.digest:
        raise LinkForked(manifest=held.manifest_jws if held is not None else None)
    return False


def _check_next(ledger: Ledger, link: Link, direction: Direction, batch: ProvenBatch, *, head: int, digest: str | None) -> None:
    if batch.manifest.sequence != head + 1:
        raise SequenceGap(expected=head + 1, got=batch.manifest.sequence)
    if batch.manifest.previous != digest:
        held = ledger.links.batch(link.id, direction, head) if head else None
        raise LinkForked(manifest=held.manifest_jws if held is not None else None)


def _give_way(ledger: Ledger, partner: Partner, link: Link, batch: ProvenBatch, now: datetime) -> Link:
    """Take back our own batch under way, which was cut after a restore under a number that was used before.

    The partner has proven that it took another one under it, so it can take this one never. What was in it is queued again,
    and both manifests are kept: two signatures of this node stand under one number.
    """
    dropped = ledger.links.batch(link.id, Direction.OUT, link.out_sequence)
    if dropped is None:
        raise ValueError("a batch under way is stored before it is sent")
    before = ledger.links.batch(link.id, Direction.OUT, link.receipted) if link.receipted else None
    if batch.manifest.previous != (before.digest if before is not None else None):
        raise LinkForked(manifest=dropped.manifest_jws)
    messages = ledger.messages.in_batch(link.id, Direction.OUT, dropped.sequence)
    ledger.messages.save([replace(each, sequence=None, position=None, turn=None, sent_at=None) for each in messages])
    ledger.links.drop_batch(dropped)
    ledger.evidence.add(
        Evidence.of(
            EvidenceKind.GAVE_WAY,
            Log.OURS,
            partner=partner.node,
            link=link.uuid,
            sequence=dropped.sequence,
            ours=dropped,
            their_manifest=batch.manifest_jws,
            their_receipt=batch.receipt_jws,
            at=now,
        ).settled(now)
    )
    return replace(
        link,
        out_sequence=link.receipted,
        out_digest=before.digest if before is not None else None,
        out_turn=before.turn if before is not None else 0,
    )


def _restored(ledger: Ledger, node: Node, partner: Partner, link: Link, direction: Direction, batch: ProvenBatch) -> StoredBatch:
    manifest = batch.manifest
    across = Direction.IN if direction is Direction.OUT else Direction.OUT
    seen = ledger.links.batch(link.id, across, manifest.seen) if manifest.seen else None
    turn = max(link.out_turn if direction is Direction.OUT else link.in_turn, seen.turn if seen is not None else 0) + 1
    stored = StoredBatch(
        link=link.id,
        direction=direction,
        sequence=manifest.sequence,
        turn=turn,
        digest=batch.digest,
        previous=manifest.previous,
        seen=manifest.seen,
        sent_at=parse_moment(manifest.sent_at),
        messages=len(manifest.digests),
        manifest_jws=batch.manifest_jws,
        received_at=parse_moment(batch.receipt.received_at),
        receipt_jws=batch.receipt_jws,
        receipt_digest=batch.receipt_digest,
    )
    Restoring(ledger, node, partner, link, stored).restore(batch)
    ledger.links.add_batch(stored)
    return stored
