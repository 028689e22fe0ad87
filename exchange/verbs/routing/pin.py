"""Pin a code or a prefix to a partner, and take the pin out again; see to it that a pin to a suspended partner is seen."""

from collections.abc import Iterable
from datetime import datetime

from exchange.errors import Conflict, NotFound
from exchange.jurisdiction import UnknownJurisdiction
from exchange.ledger import Finding, Ledger
from exchange.node import Node
from exchange.partners import PartnerStatus
from exchange.routing.table import Pin, prefix_of


class NotToBePinned(Conflict):
    """A pin leads to an active partner that claims the place or some of it, and never away from an own county."""

    code = "not-to-be-pinned"
    zh = "只能指定给声明服务该地区（或其一部分）的正常联络的协作方，且不得改动本节点自己的地区。"
    en = "A pin leads to an active partner that claims the place or a part of it, and never away from an own county."


def pin(ledger: Ledger, node: Node, code: str, partner: str, now: datetime) -> Pin:
    """Let a code, or all codes that begin with its digits, go to a partner; NotFound, UnknownJurisdiction, NotToBePinned."""
    prefix = prefix_of(code)
    if not node.divisions.begins_any(prefix):
        raise UnknownJurisdiction(pointer="/code")
    known = ledger.partners.get(partner)
    if known is None:
        raise NotFound(pointer="/partner")
    claims = [prefix_of(claim) for claim in known.claimed]
    claimed = any(claim.startswith(prefix) or prefix.startswith(claim) for claim in claims)
    if known.status is not PartnerStatus.ACTIVE or not claimed or prefix in node.jurisdictions:
        raise NotToBePinned
    made = Pin(prefix=prefix, partner=partner, at=now)
    ledger.routes.pin(made)
    return made


def unpin(ledger: Ledger, code: str) -> None:
    """Take a pin out; NotFound if there is none."""
    if not ledger.routes.unpin(prefix_of(code)):
        raise NotFound


def findings_of(pins: Iterable[Pin], partner: str, now: datetime) -> list[Finding]:
    """What an operator should look at once a partner is suspended: the pins that lead to it now lead nowhere."""
    return [
        Finding(
            id=f"pin-to-inactive.{pin.prefix}.{now:%Y%m%dT%H%M%S}",
            kind="pin-to-inactive",
            partner=partner,
            subject=f"route {pin.prefix}",
            detail="the route is pinned to a partner that is suspended; nothing is sent there",
            at=now,
        )
        for pin in pins
        if pin.partner == partner
    ]
