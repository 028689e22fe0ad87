"""Renew: look at every trusted partner's node document, so that new keys are known before they are needed."""

import structlog

from exchange.errors import NotAuthentic, PartnerTrouble, Refused
from exchange.partners import PartnerStatus
from jobs.shift import Shift

_log = structlog.get_logger("renew")


def renew_partners(shift: Shift) -> str:
    """Look at each active partner's document; one that cannot be read now is looked at again in an hour."""
    with shift.office.ledgers.transaction(read_only=True) as ledger:
        nodes = [partner.node for partner in ledger.partners.all() if partner.status is PartnerStatus.ACTIVE]
    renewed = 0
    for node in nodes:
        if shift.stopping.is_set():
            break
        try:
            renewed += shift.renewals.renew(node) is not None
        except (PartnerTrouble, NotAuthentic, Refused) as trouble:
            _log.warning("partner not renewed", partner=node, trouble=trouble.code)
    return f"{renewed} of {len(nodes)} renewed"
