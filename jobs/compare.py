"""Compare: each night, settle every link's ledgers with the other side and hold both figures side by side, before reports."""

from collections import Counter

import structlog

from adapters.partner_calls import PartnerUnavailable
from exchange.errors import NotAuthentic, PartnerTrouble, Refused
from exchange.partners import PartnerStatus
from jobs.shift import Shift

NAME = "compare"
_log = structlog.get_logger("compare")
_TURNS = 3
_EQUAL, _DIFFERS, _BUSY, _FAILED = "equal", "differs", "busy", "failed"


def compare_links(shift: Shift, *, pause: float = 30.0) -> str:
    """Reconcile each active partner's ledgers, and the local link's; what fails with one holds up no other.

    All nodes do so at one hour: who is busy is asked again, twice at most.
    """
    office = shift.office
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
            outcome = _compare(shift, node)
            outcomes[outcome] += 1
            if outcome == _BUSY:
                waiting.append(node)
    failed = outcomes[_FAILED] + len(waiting)
    return f"{outcomes[_EQUAL]} equal, {outcomes[_DIFFERS]} differ, {failed} not compared"


def _compare(shift: Shift, node: str) -> str:
    try:
        outcome = shift.ledgers.reconcile(node)
    except PartnerUnavailable as trouble:
        _log.warning("link not compared", partner=node, trouble=trouble.code)
        return _BUSY
    except (PartnerTrouble, NotAuthentic, Refused) as trouble:
        _log.warning("link not compared", partner=node, trouble=trouble.code)
        return _FAILED
    if outcome.comparison is None:
        _log.warning("link not compared", partner=node, findings=outcome.open_findings)
        return _FAILED
    if outcome.comparison.equal:
        return _EQUAL
    _log.warning("link differs", partner=node, exchanges=outcome.comparison.differ)
    return _DIFFERS
