"""Pair an arrived exchange with the local entry of its person.

Exact identity pairs at once; anything less is a clerk's decision. A protected entry is never found.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from exchange.codes import RegisterKind
from exchange.errors import NotFound
from exchange.exchanges import Exchange
from exchange.ledger import Ledger
from exchange.people.register import Entry


def register_asked(exchange: Exchange) -> RegisterKind:
    """The register in which the own side keeps the person: the origin its outflow, the destination its inflow."""
    return RegisterKind.OUTFLOW if exchange.own == exchange.origin else RegisterKind.INFLOW


def match(exchange: Exchange, entries: Sequence[Entry]) -> Entry | None:
    """The one entry of the same person in the right register: an open one first, then a closed one; None if not exactly one."""
    wanted = register_asked(exchange)
    found = [
        entry for entry in entries if entry.register is wanted and entry.jurisdiction == exchange.own and not entry.protected
    ]
    still_open = [entry for entry in found if entry.is_open]
    candidates = still_open or found
    return candidates[0] if len(candidates) == 1 else None


def paired(ledger: Ledger, exchanges: Sequence[Exchange], now: datetime) -> list[Exchange]:
    """The exchanges, each with its local entry where exact identity finds exactly one."""
    if not exchanges:
        return []
    found = ledger.entries.by_person({exchange.own for exchange in exchanges}, {exchange.person_index for exchange in exchanges})
    together = []
    for exchange in exchanges:
        entry = match(exchange, found.get(exchange.person_index, ()))
        together.append(replace(exchange, entry=entry.id, paired_at=now) if entry else exchange)
    return together


def pair(ledger: Ledger, exchange: Exchange, entry_id: str, now: datetime) -> Exchange:
    """A clerk's word on who the person is; NotFound for an entry of another register or jurisdiction."""
    entry = ledger.entries.get(entry_id)
    if entry is None or entry.jurisdiction != exchange.own or entry.register is not register_asked(exchange):
        raise NotFound
    together = replace(exchange, entry=entry.id, paired_at=now, version=exchange.version + 1)
    ledger.exchanges.save([together])
    return together
