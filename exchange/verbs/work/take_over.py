"""Take over an exchange: of a birth registration, from then on that clerk alone sees the person."""

from dataclasses import replace

from exchange.errors import Forbidden
from exchange.exchanges import Exchange
from exchange.ledger import Ledger
from exchange.verbs.cases.reading import NotYourCase, cases_of
from exchange.verbs.cases.settling import clerk_of
from exchange.verbs.work.locked import locked


class NotYourExchange(Forbidden):
    """The exchange is another clerk's, or nobody's yet."""

    code = "not-your-exchange"
    zh = "该信息交换由其他经办人办理或尚未领办：未领办的可直接领办，已领办的可由其移交。"
    en = "The exchange is another clerk's, who can hand it over; one that is nobody's yet can be taken over."


def take_over(ledger: Ledger, exchange: Exchange, by: str, to: str | None = None) -> Exchange:
    """Make it the clerk's who asks, or hand it to another one's key.

    NotYourExchange if a clerk has it whose key still works, NotYourCase for what a case opened (the case is handed over),
    NoSuchClerk for a key that is none of a clerk of the county, or of the township that has it.
    """
    held = locked(ledger, [exchange])[exchange.key]
    if cases_of(ledger, [held.key]):
        raise NotYourCase
    holder = ledger.access.api_key(held.clerk) if held.clerk is not None and held.clerk != by else None
    if holder is not None and holder.revoked_at is None:
        raise NotYourExchange
    clerk = by if to is None else clerk_of(ledger, to, *filter(None, (held.own, held.handled_by)))
    if clerk == held.clerk:
        return held
    then = replace(held, clerk=clerk, version=held.version + 1)
    ledger.exchanges.save([then])
    return then
