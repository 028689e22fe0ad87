"""Compare: each night, hold this node's figures of every link beside the other side's, while no report is final yet."""

from collections import Counter
from datetime import date, timedelta

import structlog

from adapters.partner_calls import PartnerUnavailable
from exchange.errors import NotAuthentic, PartnerTrouble, Refused
from exchange.moments import Period, civil_day, statistical_month
from exchange.partners import PartnerStatus
from jobs.shift import Shift

NAME = "compare"
_log = structlog.get_logger("compare")
_TURNS = 3
_EQUAL, _DIFFERS, _BUSY, _FAILED = "equal", "differs", "busy", "failed"


def compare_links(shift: Shift, *, pause: float = 30.0) -> str:
    """Compare each active partner's link, and the local one, as of yesterday; what fails with one holds up no other.

    All nodes do so at one hour: who is busy is asked again, twice at most.
    """
    office = shift.office
    yesterday = civil_day(office.now()) - timedelta(days=1)
    with office.ledgers.transaction(read_only=True) as ledger:
        active = {partner.node for partner in ledger.partners.all() if partner.status is PartnerStatus.ACTIVE}
        waiting = [link.partner for link in ledger.links.all() if link.partner in active or link.partner == office.node.name]
    outcomes: Counter[str] = Counter()
    for turn in range(_TURNS):
        if turn and waiting:
            shift.stopping.wait(pause)
        asked, waiting = waiting, []
        for node in asked:
            if shift.stopping.is_set():
                break
            outcome = _compare(shift, node, yesterday)
            outcomes[outcome] += 1
            if outcome == _BUSY:
                waiting.append(node)
    failed = outcomes[_FAILED] + len(waiting)
    return f"{outcomes[_EQUAL]} equal, {outcomes[_DIFFERS]} differ, {failed} not compared"


def _compare(shift: Shift, node: str, day: date) -> str:
    try:
        compared = shift.comparer.compare(node, period_of(day), day)
    except PartnerUnavailable as trouble:
        _log.warning("link not compared", partner=node, trouble=trouble.code)
        return _BUSY
    except (PartnerTrouble, NotAuthentic, Refused) as trouble:
        _log.warning("link not compared", partner=node, trouble=trouble.code)
        return _FAILED
    if compared.equal:
        return _EQUAL
    _log.warning("link differs", partner=node, exchanges=compared.differ)
    return _DIFFERS


def period_of(day: date) -> Period:
    """The last statistical month that had ended by this day: the one whose report is being made."""
    before = day - timedelta(days=20)
    return statistical_month(f"{before:%Y-%m}")
