"""Compare: each night, hold this node's figures of every link beside the other side's, while no report is final yet."""

from datetime import date, timedelta

import structlog

from exchange.errors import NotAuthentic, PartnerTrouble, Refused
from exchange.moments import Period, civil_day, statistical_month
from exchange.partners import PartnerStatus
from jobs.shift import Shift

NAME = "compare"
_log = structlog.get_logger("compare")


def compare_links(shift: Shift) -> str:
    """Compare each active partner's link, and the local one, as of yesterday; what fails with one holds up no other."""
    office = shift.office
    yesterday = civil_day(office.now()) - timedelta(days=1)
    with office.ledgers.transaction(read_only=True) as ledger:
        active = {partner.node for partner in ledger.partners.all() if partner.status is PartnerStatus.ACTIVE}
        links = [link.partner for link in ledger.links.all() if link.partner in active or link.partner == office.node.name]
    equal = unequal = failed = 0
    for node in links:
        if shift.stopping.is_set():
            break
        try:
            compared = shift.comparer.compare(node, period_of(yesterday), yesterday)
        except (PartnerTrouble, NotAuthentic, Refused) as trouble:
            failed += 1
            _log.warning("link not compared", partner=node, trouble=trouble.code)
            continue
        equal, unequal = equal + compared.equal, unequal + (not compared.equal)
        if not compared.equal:
            _log.warning("link differs", partner=node, exchanges=compared.differ)
    return f"{equal} equal, {unequal} differ, {failed} not compared"


def period_of(day: date) -> Period:
    """The last statistical month that had ended by this day: the one whose report is being made."""
    before = day - timedelta(days=20)
    return statistical_month(f"{before:%Y-%m}")
