"""Note what a run found: evidence and findings where people must act, and what is settled where it no longer holds."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from exchange.comparing.comparison import KINDS as FIGURES
from exchange.exchanges import Direction, Link, StoredBatch
from exchange.ledger import Finding, Ledger
from exchange.settling.evidence import FORKED, KINDS, LOST_HERE, RECEIPTS_DIFFER, Evidence, EvidenceKind, evidence_of
from exchange.settling.heads import Heads, Judgement, Stand, judge

# What the courier was refused for while the sides did not hold the same.
_REFUSED = ("sequence-gap", "link-forked", "batch-too-early")
_KIND = {EvidenceKind.FORK: FORKED, EvidenceKind.RECEIPTS: RECEIPTS_DIFFER}
_TOLD = {
    EvidenceKind.FORK: "both sides hold something else under this number",
    EvidenceKind.RECEIPTS: "two receipts were given for this batch; the earlier stands",
}


def look(ledger: Ledger, link: Link, heads: Heads) -> tuple[Judgement, StoredBatch | None, StoredBatch | None]:
    """How both logs stand, and what this side holds at the told heads."""
    ours = ledger.links.batch(link.id, Direction.OUT, heads.ours.sequence) if heads.ours.sequence else None
    theirs = ledger.links.batch(link.id, Direction.IN, heads.theirs.sequence) if heads.theirs.sequence else None
    return judge(link, heads, ours, theirs), ours, theirs


def note_judgement(ledger: Ledger, link: Link, heads: Heads, now: datetime) -> Judgement:
    """Judge, and lay before an operator what cannot be settled."""
    judgement, ours, theirs = look(ledger, link, heads)
    found = evidence_of(judgement, heads, partner=link.partner, link=link.uuid, ours=ours, theirs=theirs, at=now)
    lay_before(ledger, found, now)
    if judgement.ours is Stand.LOST_HERE or judgement.theirs is Stand.LOST_HERE:
        note(ledger, link, LOST_HERE, f"batch {link.out_sequence + 1} comes next here; {_expected(heads)}", now)
    return judgement


def lay_before(ledger: Ledger, found: Sequence[Evidence], now: datetime) -> None:
    """Keep evidence, with a finding each that leads to it."""
    for each in found:
        ledger.evidence.add(each)
    ledger.chores.add_findings(
        [
            Finding(
                id=f"finding.{each.id}",
                kind=_KIND[each.kind],
                partner=each.partner,
                subject=f"batch {each.sequence} of {'our' if each.log == 'ours' else 'their'} log",
                detail=f"{_TOLD[each.kind]}; {each.id}",
                at=now,
            )
            for each in found
            if each.kind in _KIND
        ]
    )


def note(ledger: Ledger, link: Link, kind: str, detail: str, now: datetime) -> None:
    """One finding about a link's ledgers; the same again is the same."""
    finding = Finding(
        id=f"{link.uuid}:{kind}", kind=kind, partner=link.partner, subject=f"link {link.uuid}", detail=detail, at=now
    )
    ledger.chores.add_findings([finding])


def note_settled(ledger: Ledger, link: Link, now: datetime) -> None:
    """Both sides hold the same: what stood in the way is settled, and delivery need not wait any longer."""
    standing = ledger.chores.open_findings((*KINDS, *_REFUSED), link.partner)
    ledger.chores.settle_findings([finding.id for finding in standing], now)
    ledger.evidence.settle([each.id for each in ledger.evidence.standing(link.partner)], now)
    held = ledger.links.of(link.partner, lock=True)
    if held is not None and held.trouble in _REFUSED:
        ledger.links.save(replace(held, attempts=0, retry_at=None, trouble=None))


def open_findings(ledger: Ledger, partner: str) -> int:
    """How many findings on this link's ledgers and figures wait for people."""
    return len(ledger.chores.open_findings((*KINDS, *FIGURES, *_REFUSED), partner))


def _expected(heads: Heads) -> str:
    return f"the partner holds {heads.ours.sequence} of ours and receipts for {heads.theirs.receipted} of its own"
