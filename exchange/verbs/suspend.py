"""Suspend a partner, and resume: while suspended nothing is sent to it and nothing taken from it."""

from dataclasses import replace
from datetime import datetime

from exchange.errors import Conflict, NotFound
from exchange.ledger import Ledger
from exchange.node import Node
from exchange.partners import Partner, PartnerStatus
from exchange.verbs.onboard import confirm_partner
from exchange.verbs.routing.pin import findings_of


class NotInThisStanding(Conflict):
    """Only an active partner can be suspended, and only a suspended one resumed."""

    code = "not-in-this-standing"
    zh = "只有正常联络的协作方可以暂停，只有已暂停的可以恢复。"
    en = "Only an active partner can be suspended, and only a suspended one resumed."


def suspend(ledger: Ledger, partner: str, now: datetime) -> Partner:
    """Stop all exchange with a partner; NotFound, NotInThisStanding. Routes that are pinned to it become findings."""
    known = _known(ledger, partner, PartnerStatus.ACTIVE)
    then = replace(known, status=PartnerStatus.SUSPENDED)
    ledger.partners.save(then)
    ledger.chores.add_findings(findings_of(ledger.routes.pins(), partner, now))
    return then


def resume(ledger: Ledger, node: Node, partner: str) -> Partner:
    """Go on with what was confirmed; ClaimsOverlap if another partner was confirmed for it in the meantime."""
    known = _known(ledger, partner, PartnerStatus.SUSPENDED)
    link = ledger.links.of(partner)
    if link is None:
        raise NotInThisStanding
    return confirm_partner(ledger, node, known, link.uuid, frozenset(known.confirmed))


def _known(ledger: Ledger, partner: str, status: PartnerStatus) -> Partner:
    known = ledger.partners.get(partner)
    if known is None:
        raise NotFound
    if known.status is not status:
        raise NotInThisStanding
    return known
