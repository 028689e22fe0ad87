"""Which exchanges a caller may know of: its counties', or its township's; of others it is not told that they exist.

Of a birth registration of another clerk it is not told whom it is about, and can do nothing with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from adapters.office import Office
from api.access import Caller
from api.models.exchanges import ExchangeRow
from exchange.codes import Kind, Role
from exchange.conversation import SENDER
from exchange.errors import Conflict, NotFound, Refused, Retry
from exchange.exchanges import Exchange, ExchangeKey
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.verbs.cases.births import NotYourExchange, hidden_from
from exchange.verbs.reply import NotYourRole

Name = TypeVar("Name")


class AmbiguousExchange(Conflict):
    """Both sides of the exchange, or two exchanges of one id, are visible: `role` or `partner` says which is meant."""

    code = "ambiguous-exchange"
    retry = Retry.CORRECTED
    zh = "该编号对应多条可见记录，请用 role 或 partner 指明。"
    en = "More than one exchange of this id is visible; say which with `role` or `partner`."


def said_by(kind: Kind | str) -> Role:
    """The role that says messages of a kind."""
    return SENDER[Kind(kind)]


def visible(ledger: Ledger, caller: Caller, exchange: str, *, role: Role | None = None, partner: str | None = None) -> Exchange:
    """The caller's exchange of that id; NotFound, or AmbiguousExchange if `role` and `partner` leave a choice."""
    partners = partner_names(ledger)
    found = [
        held
        for held in ledger.exchanges.named(exchange)
        if caller.knows(held)
        and (role is None or held.key.role is role)
        and (partner is None or partners.get(held.key.link) == partner)
    ]
    return _only(found)


def visible_for(ledger: Ledger, caller: Caller, exchange: str, kind: Kind, partner: str | None = None) -> Exchange:
    """The caller's side of an exchange that says messages of this kind; NotYourRole if the caller has only the other one."""
    try:
        return visible(ledger, caller, exchange, role=said_by(kind), partner=partner)
    except NotFound:
        visible(ledger, caller, exchange, partner=partner)
        raise NotYourRole from None


def visible_all(ledger: Ledger, caller: Caller, wanted: Iterable[tuple[str, Role]]) -> dict[tuple[str, Role], Exchange | Refused]:
    """Many at once, each the exchange or the refusal: one look-up a link and role, and one more for each not found there."""
    wanted = set(wanted)
    found: dict[tuple[str, Role], list[Exchange]] = {one: [] for one in wanted}
    for link in ledger.links.all():
        for role in Role:
            names = {name for name, wanted_role in wanted if wanted_role is role}
            for name, held in (ledger.exchanges.load(link.id, role, names) if names else {}).items():
                if caller.knows(held):
                    found[name, role].append(held)
    return {one: _settled(ledger, caller, one, held) for one, held in found.items()}


def hidden(ledger: Ledger, office: Office, caller: Caller, exchanges: Iterable[Exchange]) -> frozenset[ExchangeKey]:
    """Which of these the caller is not told of whom they are: birth registrations that are not its own."""
    return hidden_from(ledger, exchanges, caller.key, civil_day(office.now()))


def unnamed(
    ledger: Ledger, caller: Caller, exchanges: Sequence[Exchange], others: frozenset[ExchangeKey]
) -> frozenset[ExchangeKey]:
    """Of which of these the entry is not shown: `others`, the hidden; to who sees no people also those of protected entries."""
    if caller.sees_people:
        return others
    entries = ledger.entries.load({one.entry for one in exchanges if one.entry is not None})
    protected = {entry.id for entry in entries.values() if entry.protected}
    return others | {one.key for one in exchanges if one.entry in protected}


def theirs(ledger: Ledger, office: Office, caller: Caller, exchange: Exchange) -> Exchange:
    """The exchange for one who does something with it; NotYourExchange for another clerk's birth registration."""
    if hidden(ledger, office, caller, [exchange]):
        raise NotYourExchange
    return exchange


def theirs_of(
    ledger: Ledger, office: Office, caller: Caller, found: Mapping[Name, Exchange | Refused]
) -> dict[Name, Exchange | Refused]:
    """The same of many, each the exchange or the refusal."""
    others = hidden(ledger, office, caller, [one for one in found.values() if isinstance(one, Exchange)])
    return {name: NotYourExchange() if isinstance(one, Exchange) and one.key in others else one for name, one in found.items()}


def row_for(ledger: Ledger, office: Office, caller: Caller, exchange: Exchange) -> ExchangeRow:
    """An exchange as the caller is shown it."""
    (row,) = rows_for(ledger, office, caller, [exchange])
    return row


def rows_for(ledger: Ledger, office: Office, caller: Caller, exchanges: Sequence[Exchange]) -> list[ExchangeRow]:
    """Some exchanges as the caller is shown them."""
    partners, now, lapse = partner_names(ledger), office.now(), office.node.rules.lapse_days
    nameless = unnamed(ledger, caller, exchanges, hidden(ledger, office, caller, exchanges))
    return [ExchangeRow.of(one, partners[one.key.link], now, lapse, of_whom=one.key not in nameless) for one in exchanges]


def partner_names(ledger: Ledger) -> dict[int, str]:
    """The partner of each link."""
    return {link.id: link.partner for link in ledger.links.all()}


def _settled(ledger: Ledger, caller: Caller, wanted: tuple[str, Role], found: Sequence[Exchange]) -> Exchange | Refused:
    try:
        return _only(found)
    except NotFound as refusal:
        others = [held for held in ledger.exchanges.named(wanted[0]) if caller.knows(held)]
        return NotYourRole() if others else refusal
    except Refused as refusal:
        return refusal


def _only(found: Sequence[Exchange]) -> Exchange:
    if not found:
        raise NotFound
    if len(found) > 1:
        raise AmbiguousExchange
    return found[0]
