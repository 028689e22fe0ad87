"""Receive a partner's batch: take the next one of the link's log, judge each message, promise by a signed receipt."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from exchange.errors import Forbidden, Refused, Retry
from exchange.exchanges import Direction, Link, StoredBatch
from exchange.ledger import Finding, Ledger
from exchange.moments import format_moment, parse_moment
from exchange.node import Node
from exchange.partners import Partner, PartnerStatus
from exchange.verbs.intake import Arrival, Intake
from exchange.wire import batch as wire
from exchange.wire import ijson
from exchange.wire.batch import Manifest, Receipt

SKEW = timedelta(minutes=5)


class NotYourLink(Forbidden):
    """The batch names another sender, receiver or link than the caller's, or the partner is suspended."""

    code = "not-your-link"
    zh = "批次与调用方身份或链路不符，或协作方已暂停。"
    en = "The batch does not belong to the caller's link, or the partner is suspended."


class SequenceGap(Refused):
    """A batch above the next one: `expected` says which one is."""

    code = "sequence-gap"
    retry = Retry.CORRECTED
    zh = "批次序号不连续。"
    en = "Batches are missing before this one."

    def __init__(self, *, expected: int, got: int) -> None:
        self.expected, self.got = expected, got
        super().__init__(zh=f"批次序号不连续：应为 {expected}，收到 {got}。", en=f"Batch {expected} comes next, got {got}.")


class LinkForked(Refused):
    """The sequence is known with another digest, or `previous` does not fit: `manifest` is the stored signed one."""

    code = "link-forked"
    retry = Retry.CONTACT
    zh = "链路出现分叉：同一序号已有不同批次，或前序摘要不符。"
    en = "The link has forked: this sequence is held with other contents, or `previous` does not fit."

    def __init__(self, *, manifest: str | None) -> None:
        self.manifest = manifest
        super().__init__()


def check_addressed(node: Node, caller: Partner, link: Link, manifest: Manifest) -> None:
    """The batch belongs to the caller's link; NotYourLink otherwise. Asked before any signature is."""
    ours = (caller.node, node.name, link.uuid)
    if (manifest.sender, manifest.receiver, manifest.link) != ours or caller.status is not PartnerStatus.ACTIVE:
        raise NotYourLink


def receive(
    ledger: Ledger,
    node: Node,
    partner: Partner,
    manifest: Manifest,
    manifest_jws: str,
    manifest_digest: str,
    arrivals: Sequence[Arrival],
    now: datetime,
    sign: Callable[[bytes], str],
) -> str:
    """Take the batch and return its signed receipt, the same bytes whenever the same batch comes again.

    The caller has checked the signature and the lines (`exchange.wire.batch.check_lines`). Raises NotYourLink, SequenceGap
    or LinkForked; then nothing is stored.
    """
    link = ledger.links.of(partner.node, lock=True)
    if link is None:
        raise NotYourLink
    check_addressed(node, partner, link, manifest)
    if manifest.sequence <= link.in_sequence:
        return _repeated(ledger, link, manifest.sequence, manifest_digest)
    if manifest.sequence > link.in_sequence + 1:
        raise SequenceGap(expected=link.in_sequence + 1, got=manifest.sequence)
    if manifest.previous != link.in_digest or manifest.seen > link.out_sequence:
        head = ledger.links.batch(link.id, Direction.IN, link.in_sequence)
        raise LinkForked(manifest=head.manifest_jws if head else None)

    received_at = max(now, link.last_received_at or now)
    seen = ledger.links.batch(link.id, Direction.OUT, manifest.seen) if manifest.seen else None
    turn = max(link.in_turn, seen.turn if seen else 0) + 1
    intake = Intake(ledger, node, partner, link, manifest, turn, received_at)
    intake.load(arrivals)
    judgements = [intake.judge(position, arrival) for position, arrival in enumerate(arrivals)]
    intake.store()

    receipt = wire.write(
        Receipt(
            link=link.uuid,
            sender=manifest.sender,
            receiver=node.name,
            sequence=manifest.sequence,
            batch=manifest_digest,
            previous=link.issued_receipt_digest,
            received_at=format_moment(received_at),
            receipts=judgements,
        )
    )
    receipt_jws, receipt_digest = sign(receipt), ijson.digest(receipt)
    sent_at = parse_moment(manifest.sent_at)
    ledger.links.add_batch(
        StoredBatch(
            link=link.id,
            direction=Direction.IN,
            sequence=manifest.sequence,
            turn=turn,
            digest=manifest_digest,
            previous=manifest.previous,
            seen=manifest.seen,
            sent_at=sent_at,
            messages=len(arrivals),
            manifest_jws=manifest_jws,
            received_at=received_at,
            receipt_jws=receipt_jws,
            receipt_digest=receipt_digest,
        )
    )
    if abs(received_at - sent_at) > SKEW:
        ledger.chores.add_findings([_skew(partner, manifest, received_at, sent_at)])
    ledger.links.save(
        replace(
            link,
            in_sequence=manifest.sequence,
            in_digest=manifest_digest,
            in_turn=turn,
            issued_receipt_digest=receipt_digest,
            last_received_at=received_at,
            last_contact_at=received_at,
        )
    )
    return receipt_jws


def _repeated(ledger: Ledger, link: Link, sequence: int, digest: str) -> str:
    stored = ledger.links.batch(link.id, Direction.IN, sequence)
    if stored is None or stored.digest != digest or stored.receipt_jws is None:
        raise LinkForked(manifest=stored.manifest_jws if stored else None)
    return stored.receipt_jws


def _skew(partner: Partner, manifest: Manifest, received_at: datetime, sent_at: datetime) -> Finding:
    return Finding(
        id=f"{manifest.link}:{manifest.sequence}:clock-skew",
        kind="clock-skew",
        partner=partner.node,
        subject=f"batch {manifest.sequence}",
        detail=f"sent_at and received_at differ by {(received_at - sent_at).total_seconds():.0f} s",
        at=received_at,
    )
