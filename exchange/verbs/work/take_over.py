"""Take over an exchange: of a birth registration, from then on that clerk alone sees the person."""

from dataclasses import replace
from datetime import datetime

from exchange.codes import Role
from exchange.exchanges import Exchange
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.verbs.cases.births import NotYourExchange
from exchange.verbs.cases.reading import NotYourCase, cases_of
from exchange.verbs.cases.settling import clerk_of
from exchange.verbs.pair import identified
from exchange.verbs.work.locked import locked


def take_over(ledger: Ledger, exchange: Exchange, by: str | None, now: datetime, to: str | None = None) -> Exchange:
    """Make it the clerk's who asks, or hand it to another one's key; who sits at the node (`by` None) hands on anybody's.

    One that found nobody yet, for it was nobody's, is paired where exact identity finds exactly one entry.

    NotYourExchange if a clerk has it whose key still works, NotYourCase for what a case opened (the case is handed over),
    NoSuchClerk for a key that is none of a clerk of the county, or of the township that has it.
    """
    held = locked(ledger, [exchange])[exchange.key]
    if cases_of(ledger, [held.key]):
        raise NotYourCase
    anothers = held.clerk is not None and by is not None and held.clerk != by
    holder = ledger.access.api_key(held.clerk or "") if anothers else None
    if holder is not None and holder.revoked_at is None:
        raise NotYourExchange
    clerk = by if to is None else clerk_of(ledger, to, *filter(None, (held.own, held.handled_by)))
    if clerk == held.clerk:
        return held
    then = replace(held, clerk=clerk, version=held.version + 1)
    if then.key.role is Role.ASKED and then.entry is None and then.pairing is None and then.person_index:
        (then,) = identified(ledger, [then], now)
    if then.key.role is Role.ASKED and then.told_as_birth(civil_day(now)):
        # The lists do not tell whether anybody was found: it counts as looked up.
        then = replace(then, paired_at=then.paired_at or now)
    ledger.exchanges.save([then])
    return then
