"""What two sides cannot settle by themselves, with the signed word of both, for an operator to lay before the other one."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from exchange.comparing.standing import short_digest
from exchange.exchanges import StoredBatch
from exchange.settling.heads import Heads, Judgement, Log

FORKED = "ledger-forked"
RECEIPTS_DIFFER = "receipts-differ"
LOST_HERE = "batches-lost-here"
FALSE_HEADS = "heads-do-not-fit"
UNSETTLED = "ledger-unsettled"
# What a run that finds both logs whole takes back.
KINDS = (FORKED, RECEIPTS_DIFFER, LOST_HERE, FALSE_HEADS, UNSETTLED)


class EvidenceKind(StrEnum):
    """What stands against what: two batches under one sequence, two receipts for one batch, or our batch that gave way.

    A batch gives way that was cut anew after a restore and taken by nobody, to the one that was taken under its number before.
    """

    FORK = "fork"
    RECEIPTS = "receipts"
    GAVE_WAY = "gave-way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Two signed words on one sequence of one log. `settled_at` is since when nothing is left to be done about it."""

    id: str
    partner: str
    link: str
    kind: EvidenceKind
    log: Log
    sequence: int
    our_manifest: str | None
    their_manifest: str | None
    our_receipt: str | None
    their_receipt: str | None
    at: datetime
    settled_at: datetime | None = None

    @classmethod
    def of(
        cls,
        kind: EvidenceKind,
        log: Log,
        *,
        partner: str,
        link: str,
        sequence: int,
        ours: StoredBatch | None,
        their_manifest: str | None,
        their_receipt: str | None,
        at: datetime,
    ) -> Self:
        """By what it is about: the same found again is the same evidence."""
        digest = ours.digest if ours is not None else ""
        return cls(
            id=f"evidence.{short_digest('|'.join((link, kind, log, str(sequence), digest)))}",
            partner=partner,
            link=link,
            kind=kind,
            log=log,
            sequence=sequence,
            our_manifest=ours.manifest_jws if ours is not None else None,
            their_manifest=their_manifest,
            our_receipt=ours.receipt_jws if ours is not None else None,
            their_receipt=their_receipt,
            at=at,
        )

    def settled(self, at: datetime) -> Self:
        """The same, with nothing left to be done."""
        return replace(self, settled_at=at)


def evidence_of(
    judgement: Judgement,
    heads: Heads,
    *,
    partner: str,
    link: str,
    ours: StoredBatch | None,
    theirs: StoredBatch | None,
    at: datetime,
) -> list[Evidence]:
    """What a judgement cannot settle."""
    told = {Log.OURS: heads.ours, Log.THEIRS: heads.theirs}
    held = {Log.OURS: ours, Log.THEIRS: theirs}
    found = [(EvidenceKind.FORK, log) for log in judgement.forked]
    found += [(EvidenceKind.RECEIPTS, log) for log in judgement.receipts_differ]
    return [
        Evidence.of(
            kind,
            log,
            partner=partner,
            link=link,
            sequence=told[log].sequence,
            ours=held[log],
            their_manifest=told[log].manifest_jws,
            their_receipt=told[log].receipt_jws,
            at=at,
        )
        for kind, log in found
    ]
