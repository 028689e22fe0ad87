"""Pair an arrived exchange with the local entry of its person.

Exact identity pairs at once; anything less is a clerk's decision (`exchange.verbs.pairing.candidates` helps with it). A protected
entry is never found. What a clerk has undone, exact identity does not do again.

A birth registration is paired by its clerk alone, by exact identity as it is taken over, or by hand: others see that it is there,
and would learn whom it is about by entering somebody and looking whether that paired it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from exchange.codes import RegisterKind, Role
from exchange.conversation import State
from exchange.errors import Conflict, NotFound
from exchange.exchanges import Exchange, PairedBy
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.people.register import Entry, EntryProtected
from exchange.verbs.work.locked import locked


class NotPaired(Conflict):
    """The exchange is not paired with an entry."""

    code = "not-paired"
    zh = "该交换尚未与个案配对。"
    en = "The exchange is not paired with an entry."


class OwnOpening(Conflict):
    """The own side opened the exchange about this entry: that is its ground, and not a pairing."""

    code = "own-opening"
    zh = "本方就该个案发起的交换不能解除配对。"
    en = "The own side opened this exchange about its entry; that is no pairing to be undone."


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
    """The exchanges, each with its entry where exact identity finds exactly one; a birth registration waits for its clerk."""
    today = civil_day(now)
    found = {each.key: each for each in identified(ledger, [one for one in exchanges if not one.told_as_birth(today)], now)}
    return [found.get(exchange.key, exchange) for exchange in exchanges]


def identified(ledger: Ledger, exchanges: Sequence[Exchange], now: datetime) -> list[Exchange]:
    """The same whatever they are for."""
    if not exchanges:
        return []
    found = ledger.entries.by_person({exchange.own for exchange in exchanges}, {exchange.person_index for exchange in exchanges})
    together = []
    for exchange in exchanges:
        entry = match(exchange, found.get(exchange.person_index, ()))
        together.append(_together(exchange, entry, now, PairedBy.EXACT) if entry else exchange)
    return together


def pair(ledger: Ledger, exchange: Exchange, entry_id: str, now: datetime) -> Exchange:
    """A clerk's word on who the person is; NotFound for an entry of another register or jurisdiction, EntryProtected."""
    entry = ledger.entries.get(entry_id)
    if entry is None or entry.jurisdiction != exchange.own or entry.register is not register_asked(exchange):
        raise NotFound
    if entry.protected:
        raise EntryProtected(pointer="/entry")
    held = locked(ledger, [exchange])[exchange.key]
    together = replace(_together(held, entry, now, PairedBy.CLERK), version=_next(held, now))
    ledger.exchanges.save([together])
    ledger.pairing.forget(held.key)
    return together


def unpair(ledger: Ledger, exchange: Exchange, now: datetime) -> Exchange:
    """A clerk's word that the person is not the entry's. NotPaired; OwnOpening for what the own side opened about its entry."""
    held = locked(ledger, [exchange])[exchange.key]
    if held.entry is None:
        raise NotPaired
    if held.pairing is None and held.key.role is Role.ASKER:
        raise OwnOpening
    looked_up = held.paired_at if held.told_as_birth(civil_day(now)) else None
    apart = replace(held, entry=None, paired_at=looked_up, pairing=PairedBy.UNDONE, version=_next(held, now))
    ledger.exchanges.save([apart])
    return apart


def pair_waiting(ledger: Ledger, entries: Iterable[Entry], now: datetime) -> list[Exchange]:
    """Try exact identity again for exchanges that found nobody, now that these entries are there or say something else."""
    fitting = [entry for entry in entries if not entry.protected]
    if not fitting:
        return []
    own, indexes = {entry.jurisdiction for entry in fitting}, {entry.person_index for entry in fitting}
    waiting = [held for held in locked(ledger, ledger.exchanges.unpaired(own, indexes)).values() if _waits(held)]
    found = [replace(then, version=then.version + 1) for then in paired(ledger, waiting, now) if then.entry is not None]
    ledger.exchanges.save(found)
    for exchange in found:
        ledger.pairing.forget(exchange.key)
    return found


def _waits(exchange: Exchange) -> bool:
    """Whether it still finds nobody, and was not withdrawn, since it was looked up."""
    state = exchange.conversation.state if exchange.conversation is not None else None
    return exchange.entry is None and exchange.pairing is None and state is not State.WITHDRAWN


def _next(held: Exchange, now: datetime) -> int:
    """The version after a pairing: others are shown that of a birth registration, and not whether it is paired."""
    return held.version if held.told_as_birth(civil_day(now)) else held.version + 1


def _together(exchange: Exchange, entry: Entry, now: datetime, by: PairedBy) -> Exchange:
    return replace(exchange, entry=entry.id, paired_at=now, pairing=by)
