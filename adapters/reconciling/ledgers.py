"""Reconcile the ledgers of one link with the other side: heads, what either side lost, then both sides' figures.

Each transaction ends before the partner is called, and another begins after it. Every batch that is given or taken back is
whole by itself, so a run can be broken off anywhere, and the next one goes on from there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import structlog

from adapters.auditing.handing import hand_over
from adapters.comparing import Comparer
from adapters.office import Office
from adapters.partner_http import PartnerClient, PartnerRefused
from adapters.reconciling.proofs import Signers, held_batch, prove_batch, prove_heads, written
from adapters.renewal import Renewals
from exchange.comparing.comparison import Comparison
from exchange.comparing.frame import period_of
from exchange.errors import NotAuthentic, PartnerTrouble, Refused, WoshouError
from exchange.exchanges import Direction, Link
from exchange.moments import civil_day
from exchange.partners import Partner
from exchange.settling.evidence import FALSE_HEADS, UNSETTLED, Evidence, EvidenceKind
from exchange.settling.heads import Heads, Judgement, Log, Stand
from exchange.settling.order import Lost, in_order
from exchange.settling.outcome import LedgerOutcome
from exchange.verbs import compare_figures
from exchange.verbs.receive import LinkForked
from exchange.verbs.settling import noting
from exchange.verbs.settling.take_back import take_back
from exchange.wire.heads import HeadsDoNotFit
from exchange.wire.proven import ProvenBatch

Step = Callable[[int, int], None]
_log = structlog.get_logger("ledgers")
# A run that gives back more than this is broken off and goes on the next time: whatever a partner says, it ends.
MOST_BATCHES = 5000
FALSE_AUDIT_HEADS = "audit-heads-false"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Met:
    """A partner, the link with it, and where both logs stand."""

    partner: Partner
    link: Link
    heads: Heads
    judgement: Judgement


@dataclass(slots=True)
class _Done:
    """How many batches were taken back and given back so far."""

    adopted: int = 0
    resent: int = 0


class LedgerReconciler:
    """Reconciles the ledgers of this node's links, one partner at a time."""

    def __init__(self, office: Office, client: PartnerClient, renewals: Renewals, comparer: Comparer) -> None:
        self._office, self._client, self._renewals, self._comparer = office, client, renewals, comparer

    def reconcile(self, node: str, step: Step = lambda done, of: None) -> LedgerOutcome:
        """Reconcile with one partner, or a local link with itself; `step` is told how much is done, of how much.

        NotFound or PartnerSuspended for a partner that is none, PartnerTrouble if it cannot be reached, TooMuchToCompare. What
        a partner says falsely is a finding, and never ends in an exception.
        """
        if node == self._office.node.name:
            return self._outcome(node, None, comparison=self._compare(node, step))
        self._hand_over_audit(node)
        try:
            met = self._meet(node)
        except NotAuthentic as trouble:
            return self._not_believed(node, trouble)
        done = _Done()
        forked = bool(met.judgement.forked) or self._repair(met, done, step)
        if done.adopted or done.resent:
            _log.info("ledgers repaired", partner=node, adopted=done.adopted, resent=done.resent)
            try:
                met = self._meet(node)
            except NotAuthentic as trouble:
                return self._not_believed(node, trouble, done)
        if forked or met.judgement.forked:
            return self._outcome(node, met.judgement, done)
        if met.judgement.settled:
            with self._office.ledgers.transaction() as ledger:
                noting.note_settled(ledger, met.link, self._office.now())
        return self._outcome(node, met.judgement, done, comparison=self._compare(node, step))

    def _hand_over_audit(self, node: str) -> None:
        """Exchange audit heads. A partner that hands over false ones is a finding, and stands in the way of nothing else."""
        office = self._office
        with office.ledgers.transaction(read_only=True) as ledger:
            partner, link = compare_figures.active_partner(ledger, node), compare_figures.link_with(ledger, node)
        try:
            hand_over(office, self._client, partner)
        except PartnerTrouble as trouble:  # which the comparison that follows meets too, and tells of
            _log.info("audit heads not exchanged", partner=node, trouble=trouble.code)
        except NotAuthentic as trouble:
            self._note(link, FALSE_AUDIT_HEADS, _told(trouble))

    def _meet(self, node: str) -> _Met:
        office = self._office
        with office.ledgers.transaction(read_only=True) as ledger:
            partner = compare_figures.active_partner(ledger, node)
            link = compare_figures.link_with(ledger, node)
        told = self._client.link_heads(partner)
        heads = self._renewals.trusting(partner, lambda known: prove_heads(Signers.of(office, known), link, told))
        with office.ledgers.transaction() as ledger:
            # Anew: batches may have come and gone since.
            link = compare_figures.link_with(ledger, node)
            judgement = noting.note_judgement(ledger, link, heads, office.now())
        _log.info("heads compared", partner=node, ours=judgement.ours.value, theirs=judgement.theirs.value)
        return _Met(partner=partner, link=link, heads=heads, judgement=judgement)

    def _repair(self, met: _Met, done: _Done, step: Step) -> bool:
        """Take back what this side lost, then give back what the other side did; whether the logs turned out to have forked."""
        try:
            return self._take_and_give(met, done, step)
        except (PartnerRefused, NotAuthentic, Refused) as trouble:
            self._note(met.link, UNSETTLED, _told(trouble))
            return False

    def _take_and_give(self, met: _Met, done: _Done, step: Step) -> bool:
        stands = {met.judgement.ours, met.judgement.theirs}
        try:
            if Stand.LOST_HERE in stands:
                for batch in self._bounded(self._lost_here(met), step):
                    done.adopted += self._adopt(met, batch)
        except LinkForked:
            if not self._lay_fork(met):
                raise
            return True
        if Stand.LOST_THERE in stands:
            for batch in self._bounded(self._lost_there(met), step):
                self._client.give_back(met.partner, written(batch))
                done.resent += 1
        return False

    def _bounded(self, logs: tuple[Lost, Lost], step: Step) -> Iterator[ProvenBatch]:
        of = sum(max(log.upto - log.head, 0) for log in logs)
        for done, batch in enumerate(in_order(*logs), start=1):
            if done > MOST_BATCHES:
                return
            yield batch
            step(done, of)

    def _lost_here(self, met: _Met) -> tuple[Lost, Lost]:
        link, heads = met.link, met.heads

        def asking(log: str) -> Callable[[int], ProvenBatch | None]:
            return lambda sequence: self._fetch(met, log, sequence)

        ours = Lost(head=link.receipted, upto=heads.ours.sequence, read=asking("sent"))
        theirs = Lost(head=link.in_sequence, upto=heads.theirs.receipted, read=asking("received"))
        return ours, theirs

    def _lost_there(self, met: _Met) -> tuple[Lost, Lost]:
        office = self._office
        with office.ledgers.transaction(read_only=True) as ledger:
            link = compare_figures.link_with(ledger, met.link.partner)

        def holding(direction: Direction) -> Callable[[int], ProvenBatch | None]:
            def read(sequence: int) -> ProvenBatch | None:
                with office.ledgers.transaction(read_only=True) as ledger:
                    return held_batch(ledger, link, direction, sequence)

            return read

        ours = Lost(head=met.heads.ours.sequence, upto=link.receipted, read=holding(Direction.OUT))
        theirs = Lost(head=met.heads.theirs.receipted, upto=link.in_sequence, read=holding(Direction.IN))
        return ours, theirs

    def _fetch(self, met: _Met, log: str, sequence: int) -> ProvenBatch | None:
        data = self._client.lost_batch(met.partner, log, sequence - 1)
        if data is None:
            return None
        batch = self._renewals.trusting(met.partner, lambda known: prove_batch(Signers.of(self._office, known), data))
        sender = self._office.node.name if log == "sent" else met.partner.node
        if (batch.manifest.sender, batch.manifest.sequence) != (sender, sequence):
            raise HeadsDoNotFit
        return batch

    def _adopt(self, met: _Met, batch: ProvenBatch) -> bool:
        with self._office.ledgers.transaction() as ledger:
            return take_back(ledger, self._office.node, met.partner, batch, self._office.now())

    def _lay_fork(self, met: _Met) -> bool:
        """Keep both words on the batch at our own head, if the partner proves another one under its number; whether it does."""
        office, link = self._office, met.link
        with office.ledgers.transaction(read_only=True) as ledger:
            link = compare_figures.link_with(ledger, link.partner)
        found: list[Evidence] = []
        for log, name, direction, head in (
            (Log.OURS, "sent", Direction.OUT, link.receipted),
            (Log.THEIRS, "received", Direction.IN, link.in_sequence),
        ):
            theirs = self._fetch(met, name, head) if head else None
            with office.ledgers.transaction(read_only=True) as ledger:
                held = ledger.links.batch(link.id, direction, head) if head else None
            if theirs is None or held is None or held.digest == theirs.digest:
                continue
            found.append(
                Evidence.of(
                    EvidenceKind.FORK,
                    log,
                    partner=link.partner,
                    link=link.uuid,
                    sequence=head,
                    ours=held,
                    their_manifest=theirs.manifest_jws,
                    their_receipt=theirs.receipt_jws,
                    at=office.now(),
                )
            )
        with office.ledgers.transaction() as ledger:
            noting.lay_before(ledger, found, office.now())
        return bool(found)

    def _not_believed(self, node: str, trouble: NotAuthentic, done: _Done | None = None) -> LedgerOutcome:
        with self._office.ledgers.transaction(read_only=True) as ledger:
            link = compare_figures.link_with(ledger, node)
        self._note(link, FALSE_HEADS, _told(trouble))
        return self._outcome(node, None, done)

    def _note(self, link: Link, kind: str, detail: str) -> None:
        _log.warning("ledgers not settled", partner=link.partner, kind=kind, trouble=detail)
        with self._office.ledgers.transaction() as ledger:
            noting.note(ledger, link, kind, detail, self._office.now())

    def _compare(self, node: str, step: Step) -> Comparison:
        yesterday = civil_day(self._office.now()) - timedelta(days=1)
        return self._comparer.compare(node, period_of(yesterday), yesterday, step)

    def _outcome(
        self,
        node: str,
        heads: Judgement | None,
        done: _Done | None = None,
        *,
        comparison: Comparison | None = None,
    ) -> LedgerOutcome:
        done = done or _Done()
        local = node == self._office.node.name
        with self._office.ledgers.transaction(read_only=True) as ledger:
            waiting = noting.open_findings(ledger, node)
        whole = local or (heads is not None and heads.settled)
        return LedgerOutcome(
            partner=node,
            at=self._office.now(),
            heads=heads,
            resent=done.resent,
            adopted=done.adopted,
            comparison=comparison,
            open_findings=waiting,
            settled=whole and comparison is not None and comparison.equal,
        )


def _told(trouble: WoshouError) -> str:
    """What helps an operator, without what a partner wrote in prose."""
    if isinstance(trouble, PartnerRefused):
        return f"the partner refused: {trouble.status} {trouble.problem}"
    return f"{trouble.code}: {trouble.en}"
