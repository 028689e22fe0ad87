"""Settle a difference: send the message that was prepared for it, or set the destination that was known only coarsely.

Whether something was sent already is read from the entry's exchanges under the entry's lock, so that two clerks, or one clerk
twice, send one message.
"""

from dataclasses import dataclass
from datetime import datetime

from exchange.codes import Role
from exchange.errors import NotFound
from exchange.exchanges import Exchange
from exchange.ledger import Ledger
from exchange.node import Node
from exchange.people.register import Entry, EntryDraft
from exchange.reconciling.results import RegisterDifference
from exchange.reconciling.settling import Means, NotCoarse, NothingToSend, OtherSideActs, place_set
from exchange.verbs.keep_entry import change_entry
from exchange.verbs.reconciling.differences import DifferenceItem, described
from exchange.verbs.submit import submit


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The exchange that is to settle the difference, and whether it was opened just now."""

    exchange: Exchange
    fresh: bool


def send(ledger: Ledger, node: Node, difference: RegisterDifference, now: datetime) -> Sent:
    """Send the prepared message, once; a Refused leaf where the item says that there is none.

    The difference was found with its entry locked. What was told or asked before is given back as it is.
    """
    item = _item(ledger, node, difference, now)
    if item.draft is not None:
        return Sent(exchange=submit(ledger, node, item.draft, now), fresh=True)
    if item.settling.obstacle is not None:
        raise item.settling.obstacle
    if item.settling.means is Means.DESTINATION:
        raise NothingToSend
    said = [exchange for exchange in item.settling.exchanges if exchange.key.role is Role.ASKER]
    if not said:
        raise OtherSideActs
    return Sent(exchange=said[-1], fresh=False)


def set_destination(ledger: Ledger, node: Node, difference: RegisterDifference, now: datetime) -> Entry:
    """The entry with its destination set to the county that was found; as it is if that was done before. NotCoarse.

    All else that the entry says stays, whoever has changed it since.
    """
    item = _item(ledger, node, difference, now)
    entry, settling = item.entry, item.settling
    if settling.means is not Means.DESTINATION:
        raise NotCoarse
    if settling.obstacle is not None:
        raise settling.obstacle
    if place_set(difference, entry):
        return entry
    draft = EntryDraft(
        register=entry.register,
        origin=entry.origin,
        destination=difference.pair.destination,
        township=entry.township,
        person=entry.person,
        record=entry.record,
    )
    return change_entry(ledger, node, frozenset({entry.jurisdiction}), entry.id, draft, now).entry


def _item(ledger: Ledger, node: Node, difference: RegisterDifference, now: datetime) -> DifferenceItem:
    if ledger.entries.get(difference.entry, lock=True) is None:
        raise NotFound
    (item,) = described(ledger, node, [difference], now)
    return item
