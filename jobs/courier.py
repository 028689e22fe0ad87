"""The courier: takes one partner everything that waits for it, in the log's order, until nothing waits or trouble comes.

Each transaction ends before the partner is called and another one begins after it.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from adapters.inbox import take_batch
from adapters.keys import jose
from adapters.office import Office
from adapters.partner_calls import PartnerUnavailable
from adapters.partner_http import PartnerClient, PartnerRefused
from adapters.renewal import Renewals, wants_key
from exchange.errors import NotAuthentic, PartnerTrouble, WoshouError
from exchange.ids import new_id
from exchange.ledger import Finding, LedgerBusy
from exchange.moments import civil_day
from exchange.partners import Partner, PartnerStatus
from exchange.terms.agreement import SignedAgreement
from exchange.verbs import agree
from exchange.verbs import deliver as log
from exchange.verbs.deliver import Outgoing
from exchange.verbs.receive import LinkForked, SequenceGap
from exchange.wire import ijson
from exchange.wire.batch import BATCH_TYPE, Receipt, read_receipt

_log = structlog.get_logger("courier")
# A partner that refuses a batch does so again until people act: often enough to go on soon after, seldom enough for its log.
STUCK = timedelta(minutes=15)
_NEED_PEOPLE = (400, 409, 413)
JOB = "deliver"
BROKE_DOWN = "delivery-broke-down"


class Courier:
    """Delivers to partners, one call of `deliver_to` for each; several may run at once for different partners."""

    def __init__(
        self,
        office: Office,
        client: PartnerClient,
        renewals: Renewals,
        stopping: threading.Event,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._office, self._client, self._renewals = office, client, renewals
        self._stopping, self._jitter = stopping, jitter
        # Documents that a partner refused, and when to try again: they hold up neither its batches nor each other.
        self._refused: dict[tuple[str, str], datetime] = {}

    def deliver_to(self, node: str) -> int:
        """Deliver until nothing waits; how many batches got their receipt. Trouble is noted on the link, with when to go on."""
        batches = 0
        try:
            try:
                self._send_agreements(node)
                while not self._stopping.is_set() and self._send_next(node):
                    batches += 1
            except LedgerBusy:
                raise
            except WoshouError as trouble:
                self._put_off(node, trouble)
        except LedgerBusy:
            _log.warning("delivery waits for the ledger", partner=node)
        return batches

    def broke_down(self, node: str, fault: BaseException) -> None:
        """Put a partner off whose delivery ended in what nobody foresaw: a fault of the program, and not to be met every round.

        It stands on the link, as a finding, and as a failure among the day's runs of the job. Only its type is told.
        """
        now, name = self._office.now(), type(fault).__name__
        _log.error("delivery failed", partner=node, fault=name, exc_info=fault)
        with self._office.ledgers.transaction() as ledger:
            ledger.chores.claim_run(JOB, civil_day(now), now)
            ledger.chores.finish_run(JOB, civil_day(now), now, f"failed for {node}: {name}")
            link = ledger.links.of(node, lock=True)
            if link is None:
                return
            if link.trouble != BROKE_DOWN:
                detail = f"{name}; the log says where"
                finding = Finding(
                    id=new_id(now), kind=BROKE_DOWN, partner=node, subject=f"batch {link.out_sequence}", detail=detail, at=now
                )
                ledger.chores.add_findings([finding])
            log.put_off(ledger, node, now, log.retry_after(link.attempts, self._jitter()), BROKE_DOWN)

    def _send_next(self, node: str) -> bool:
        office, began = self._office, time.monotonic()
        sign = office.signer(BATCH_TYPE)
        with office.ledgers.transaction() as ledger:
            partner = self._active(ledger.partners.get(node), node)
            outgoing = log.cut(ledger, office.node, node, office.now(), sign) if partner else None
        if partner is None or outgoing is None:
            return False
        receipt, jws, digest = self._hand_over(partner, outgoing)
        with office.ledgers.transaction() as ledger:
            log.settle(ledger, office.node, node, receipt, jws, digest, office.now())
        _log.info(
            "batch delivered",
            partner=node,
            sequence=outgoing.sequence,
            messages=len(receipt.receipts),
            bytes=len(outgoing.data),
            seconds=round(time.monotonic() - began, 3),
        )
        return True

    def _hand_over(self, partner: Partner, outgoing: Outgoing) -> tuple[Receipt, str, str]:
        if partner.node == self._office.node.name:
            jws = take_batch(self._office, partner, outgoing.data)
            payload = jose.read_unverified(jws).payload  # made by the line above: there is nothing to verify
            return read_receipt(payload), jws, ijson.digest(payload)
        return self._renewals.trusting(partner, lambda known: self._client.send_batch(known, outgoing.data))

    def _send_agreements(self, node: str) -> None:
        with self._office.ledgers.transaction(read_only=True) as ledger:
            partner = self._active(ledger.partners.get(node), node)
            waiting = [signed for signed in ledger.agreements.all(node) if signed.unsent] if partner else []
        for signed in waiting:
            for document in signed.unsent:
                if partner is None or self._stopping.is_set():
                    return
                again = self._refused.get((signed.digest, document))
                if again is not None and self._office.now() < again:
                    continue
                try:
                    self._send_document(partner, signed, document)
                except PartnerRefused as refusal:
                    if not needs_people(refusal):
                        raise
                    self._set_aside(partner, signed, document, refusal)

    def _set_aside(self, partner: Partner, signed: SignedAgreement, document: str, refusal: PartnerRefused) -> None:
        now = self._office.now()
        self._refused[signed.digest, document] = now + STUCK
        finding = Finding(
            id=f"{signed.digest}:{document}:{refusal.problem}",
            kind=refusal.problem,
            partner=partner.node,
            subject=f"agreement {signed.digest}",
            detail=f"{document}: {_detail(refusal)}",
            at=now,
        )
        with self._office.ledgers.transaction() as ledger:
            ledger.chores.add_findings([finding])
        _log.warning("agreement document refused", partner=partner.node, agreement=signed.digest, trouble=refusal.problem)

    def _send_document(self, partner: Partner, signed: SignedAgreement, document: str) -> None:
        if document == "proposal":
            self._client.send_proposal(partner, signed.proposal_jws)
        elif signed.decision_jws is not None:
            self._client.send_decision(partner, signed.agreement.id, signed.decision_jws)
        with self._office.ledgers.transaction() as ledger:
            agree.sent(ledger, signed.digest, document)
            link = ledger.links.of(partner.node, lock=True)
            if link is not None:
                reached = self._office.now()
                ledger.links.save(replace(link, attempts=0, retry_at=None, trouble=None, last_contact_at=reached))
        _log.info("agreement document delivered", partner=partner.node, agreement=signed.digest, document=document)

    def _active(self, partner: Partner | None, node: str) -> Partner | None:
        if node == self._office.node.name:
            return self._office.myself()
        return partner if partner is not None and partner.status is PartnerStatus.ACTIVE else None

    def _put_off(self, node: str, trouble: WoshouError) -> None:
        name = trouble.problem if isinstance(trouble, PartnerRefused) else trouble.code
        now = self._office.now()
        with self._office.ledgers.transaction() as ledger:
            link = ledger.links.of(node, lock=True)
            if link is None:
                return
            wait = self._wait(trouble, link.attempts)
            if needs_people(trouble) and link.trouble != name:
                ledger.chores.add_findings(
                    [
                        Finding(
                            id=new_id(now),
                            kind=name,
                            partner=node,
                            subject=f"batch {link.out_sequence}",
                            detail=_detail(trouble),
                            at=now,
                        )
                    ]
                )
            log.put_off(ledger, node, now, wait, name)
        _log.warning("delivery put off", partner=node, trouble=name, attempts=link.attempts + 1, seconds=wait.total_seconds())

    def _wait(self, trouble: WoshouError, attempts: int) -> timedelta:
        if needs_people(trouble):
            return STUCK
        if isinstance(trouble, PartnerUnavailable) and trouble.wait is not None:
            return trouble.wait
        return log.retry_after(attempts, self._jitter())


def needs_people(trouble: WoshouError) -> bool:
    """Whether the same batch will be refused again however often it is sent."""
    if isinstance(trouble, PartnerRefused):
        return trouble.status in _NEED_PEOPLE
    if isinstance(trouble, NotAuthentic):
        return not wants_key(trouble)
    return not isinstance(trouble, PartnerTrouble) or isinstance(trouble, LinkForked | SequenceGap)


def _detail(trouble: WoshouError) -> str:
    """What helps an operator, without what a partner wrote in prose."""
    if isinstance(trouble, PartnerRefused):
        return f"status {trouble.status}" + (f", batch {trouble.expected} expected" if trouble.expected else "")
    return trouble.en
