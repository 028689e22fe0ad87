"""Send reports: what waits to go upward, each report once; what a partner refuses waits for people and holds nothing up."""

from dataclasses import replace

import structlog

from adapters.partner_http import PartnerRefused
from exchange.errors import NotAuthentic, PartnerTrouble
from exchange.ledger import Finding
from exchange.partners import PartnerStatus
from exchange.reporting.frozen.upward import Sending
from jobs.shift import Shift

_log = structlog.get_logger("reports")
REFUSED = "report-refused"


def send_reports(shift: Shift) -> str:
    """Hand over what waits; a partner that cannot be reached is tried again in the next round of the job."""
    with shift.office.ledgers.transaction(read_only=True) as ledger:
        waiting = ledger.reports.waiting()
    away: set[str] = set()
    sent = 0
    for sending in waiting:
        if shift.stopping.is_set():
            break
        if sending.partner in away:
            continue
        try:
            sent += _send(shift, sending)
        except PartnerRefused as refusal:
            _refused(shift, sending, refusal.problem, refusal.status)
        except (PartnerTrouble, NotAuthentic) as trouble:
            away.add(sending.partner)
            _log.warning("report waits", partner=sending.partner, report=sending.digest, trouble=trouble.code)
    return f"{sent} sent" if sent else ""


def _send(shift: Shift, sending: Sending) -> bool:
    office = shift.office
    with office.ledgers.transaction(read_only=True) as ledger:
        partner = ledger.partners.get(sending.partner)
    if partner is None or partner.status is not PartnerStatus.ACTIVE:
        return False
    shift.client.send_report(partner, sending.jws)
    with office.ledgers.transaction() as ledger:
        ledger.reports.put_sending(replace(sending, sent_at=office.now()))
    _log.info("report delivered", partner=sending.partner, report=sending.digest)
    return True


def _refused(shift: Shift, sending: Sending, problem: str, status: int) -> None:
    now = shift.office.now()
    finding = Finding(
        id=f"{sending.digest}:{sending.partner}:{problem}",
        kind=REFUSED,
        partner=sending.partner,
        subject=f"report {sending.digest}",
        detail=f"status {status}, {problem}",
        at=now,
    )
    with shift.office.ledgers.transaction() as ledger:
        ledger.reports.put_sending(replace(sending, refused=problem))
        ledger.chores.add_findings([finding])
    _log.warning("report refused", partner=sending.partner, report=sending.digest, trouble=problem)
