"""Two sides' heads of one link, held side by side: who lacks what, and what does not fit together.

A digest at a sequence stands for all that came before it, for each manifest holds the digest of the one before. So two heads
are judged by one digest, at the lower of both.
"""

from dataclasses import dataclass
from enum import StrEnum

from exchange.exchanges import Link, StoredBatch


class Stand(StrEnum):
    """How one log stands on both sides.

    UNDER_WAY: the last batch or its receipt is on its way, and normal delivery will do. LOST_THERE, LOST_HERE: that side has
    not what it had, as after restoring a backup. FORKED: both sides hold something else under one sequence.
    """

    EQUAL = "equal"
    UNDER_WAY = "under-way"
    LOST_THERE = "lost-there"
    LOST_HERE = "lost-here"
    FORKED = "forked"


class Log(StrEnum):
    """Which of a link's two logs."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenHead:
    """A head as the other side tells it, its signatures checked. `receipt_digest` is None while the receipt is missing."""

    sequence: int = 0
    digest: str | None = None
    manifest_jws: str | None = None
    receipt_jws: str | None = None
    receipt_digest: str | None = None

    @property
    def receipted(self) -> int:
        """The last sequence that this side holds a receipt for: one batch is under way at a time."""
        return self.sequence if self.receipt_digest is not None else max(self.sequence - 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Both heads of the other side: of our log as it was received there, and of its own."""

    ours: ProvenHead
    theirs: ProvenHead


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How both logs stand. A receipt that differs was given twice for one batch: the earlier stands, and people are told."""

    ours: Stand
    theirs: Stand
    receipts_differ: tuple[Log, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether neither side lacks anything that delivery will not bring."""
        return {self.ours, self.theirs} <= {Stand.EQUAL, Stand.UNDER_WAY} and not self.receipts_differ

    @property
    def forked(self) -> tuple[Log, ...]:
        """The logs that have forked."""
        return tuple(log for log, stand in ((Log.OURS, self.ours), (Log.THEIRS, self.theirs)) if stand is Stand.FORKED)


def judge(link: Link, heads: Heads, ours: StoredBatch | None, theirs: StoredBatch | None) -> Judgement:
    """Judge both heads. `ours` and `theirs` are what this side holds at the told sequences, None beyond its own heads."""
    return Judgement(
        ours=judge_ours(link, heads.ours, ours),
        theirs=judge_theirs(link, heads.theirs, theirs),
        receipts_differ=tuple(
            log
            for log, told, held in ((Log.OURS, heads.ours, ours), (Log.THEIRS, heads.theirs, theirs))
            if held is not None and held.digest == told.digest and _twice(told, held)
        ),
    )


def judge_ours(link: Link, told: ProvenHead, held: StoredBatch | None) -> Stand:
    """How our log stands there. A batch of ours that has no receipt yet gives way to one that was taken under its number."""
    if told.sequence > link.out_sequence:
        return Stand.LOST_HERE
    if told.sequence and (held is None or held.digest != told.digest):
        return Stand.LOST_HERE if told.sequence > link.receipted else Stand.FORKED
    if told.sequence < link.receipted:
        return Stand.LOST_THERE
    return Stand.EQUAL if link.out_sequence == link.receipted else Stand.UNDER_WAY


def judge_theirs(link: Link, told: ProvenHead, held: StoredBatch | None) -> Stand:
    """How the other side's log stands here; the same rule, seen from the other end."""
    if told.sequence > link.in_sequence:
        return Stand.UNDER_WAY if told.receipted <= link.in_sequence else Stand.LOST_HERE
    if told.sequence and (held is None or held.digest != told.digest):
        return Stand.LOST_THERE if told.sequence > told.receipted else Stand.FORKED
    if told.sequence < link.in_sequence:
        return Stand.LOST_THERE
    return Stand.EQUAL if told.receipted == told.sequence else Stand.UNDER_WAY


def _twice(told: ProvenHead, held: StoredBatch) -> bool:
    return None not in (told.receipt_digest, held.receipt_digest) and told.receipt_digest != held.receipt_digest
