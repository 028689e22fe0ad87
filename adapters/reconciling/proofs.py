"""Prove what the other side of a link tells: heads and batches are worth what their signatures say, made there and made here."""

from dataclasses import dataclass
from datetime import datetime

from adapters.keys import jose
from adapters.office import Office, trusted_key
from exchange.exchanges import Direction, Link
from exchange.ledger import Ledger
from exchange.moments import parse_moment
from exchange.partners import Partner
from exchange.settling.heads import Heads, ProvenHead
from exchange.verbs.settling.give_back import last_proven, lines_of
from exchange.verbs.settling.take_back import take_back
from exchange.wire import batch as wire
from exchange.wire import ijson
from exchange.wire.batch import BATCH_TYPE, RECEIPT_TYPE, Manifest, Receipt
from exchange.wire.heads import HeadsDoNotFit, HeadsTold, HeadTold
from exchange.wire.proven import ProofDoesNotHold, ProvenBatch, fitting_lines, join_proven, split_proven


@dataclass(frozen=True, slots=True, kw_only=True)
class Signers:
    """Both ends of a link, by their keys."""

    us: Partner
    them: Partner

    @classmethod
    def of(cls, office: Office, partner: Partner) -> "Signers":
        """This node and a partner."""
        return cls(us=office.myself(), them=partner)

    def prove(self, jws: str, typ: str, signer: str, moment: datetime) -> None:
        """Check a signature of one of the two; NotAuthentic otherwise."""
        side = self.us if signer == self.us.node else self.them
        jose.verify(jws, typ=typ, find_key=lambda kid: trusted_key(side, kid, moment))

    def other(self, signer: str) -> str:
        """The other end."""
        return self.them.node if signer == self.us.node else self.us.node


def prove_heads(signers: Signers, link: Link, told: HeadsTold) -> Heads:
    """Both heads as a partner tells them, checked against their signed lines; HeadsDoNotFit or another NotAuthentic."""
    if told.link != link.uuid:
        raise HeadsDoNotFit
    ours, theirs = signers.us.node, signers.them.node
    return Heads(ours=_head(signers, link, told.received, ours), theirs=_head(signers, link, told.sent, theirs))


def _head(signers: Signers, link: Link, told: HeadTold, sender: str) -> ProvenHead:
    if told.manifest is None or told.digest is None:
        return ProvenHead()
    payload = jose.read_unverified(told.manifest).payload
    manifest = wire.read_manifest(payload)
    about = (manifest.link, manifest.sender, manifest.receiver, manifest.sequence, ijson.digest(payload))
    if about != (link.uuid, sender, signers.other(sender), told.sequence, told.digest):
        raise HeadsDoNotFit
    signers.prove(told.manifest, BATCH_TYPE, sender, parse_moment(manifest.sent_at))
    receipt_digest = None
    if told.receipt is not None:
        payload = jose.read_unverified(told.receipt).payload
        receipt = wire.read_receipt(payload)
        if (receipt.link, receipt.sender, receipt.sequence, receipt.batch) != (link.uuid, sender, told.sequence, told.digest):
            raise HeadsDoNotFit
        signers.prove(told.receipt, RECEIPT_TYPE, signers.other(sender), parse_moment(receipt.received_at))
        receipt_digest = ijson.digest(payload)
    return ProvenHead(
        sequence=told.sequence,
        digest=told.digest,
        manifest_jws=told.manifest,
        receipt_jws=told.receipt,
        receipt_digest=receipt_digest,
    )


def prove_batch(signers: Signers, data: bytes) -> ProvenBatch:
    """A batch that was given back, checked in all that does not need the ledger; NotAuthentic if it does not hold."""
    manifest_jws, receipt_jws, lines = split_proven(data)
    batch = _unproven(manifest_jws, receipt_jws, lines)
    manifest, receipt = batch.manifest, batch.receipt
    if {manifest.sender, manifest.receiver} != {signers.us.node, signers.them.node}:
        raise ProofDoesNotHold
    signers.prove(manifest_jws, BATCH_TYPE, manifest.sender, parse_moment(manifest.sent_at))
    signers.prove(receipt_jws, RECEIPT_TYPE, manifest.receiver, parse_moment(receipt.received_at))
    return batch


def _unproven(manifest_jws: str, receipt_jws: str, lines: list[bytes]) -> ProvenBatch:
    manifest, digest = _manifest(manifest_jws)
    receipt, receipt_digest = _receipt(receipt_jws)
    return ProvenBatch(
        manifest=manifest,
        manifest_jws=manifest_jws,
        digest=digest,
        receipt=receipt,
        receipt_jws=receipt_jws,
        receipt_digest=receipt_digest,
        lines=fitting_lines(manifest, receipt, digest, lines),
    )


def _manifest(jws: str) -> tuple[Manifest, str]:
    payload = jose.read_unverified(jws).payload
    return wire.read_manifest(payload), ijson.digest(payload)


def _receipt(jws: str) -> tuple[Receipt, str]:
    payload = jose.read_unverified(jws).payload
    return wire.read_receipt(payload), ijson.digest(payload)


def held_batch(ledger: Ledger, link: Link, direction: Direction, sequence: int) -> ProvenBatch | None:
    """A batch of this side's own books with its proof; None if there is none, or no receipt for it."""
    stored = ledger.links.batch(link.id, direction, sequence) if sequence <= last_proven(link, direction) else None
    if stored is None or stored.receipt_jws is None or stored.receipt_digest is None:
        return None
    # What stands in the own books was verified before it was stored.
    manifest, digest = _manifest(stored.manifest_jws)
    receipt, receipt_digest = _receipt(stored.receipt_jws)
    return ProvenBatch(
        manifest=manifest,
        manifest_jws=stored.manifest_jws,
        digest=digest,
        receipt=receipt,
        receipt_jws=stored.receipt_jws,
        receipt_digest=receipt_digest,
        lines=tuple(lines_of(ledger, link, direction, manifest, receipt)),
    )


def written(batch: ProvenBatch) -> bytes:
    """The bytes to send."""
    return join_proven(batch.manifest_jws, batch.receipt_jws, batch.lines)


def take_proven(office: Office, partner: Partner, data: bytes) -> bool:
    """Take back a batch that a partner gives back; False if it is there already. Refusals as `prove_batch`, `take_back`."""
    batch = prove_batch(Signers.of(office, partner), data)
    with office.ledgers.transaction() as ledger:
        return take_back(ledger, office.node, partner, batch, office.now())
