"""Exchanges as they are once nobody else can change them."""

from collections.abc import Iterable

from exchange.exchanges import Exchange, ExchangeKey
from exchange.ledger import Ledger


def locked(ledger: Ledger, exchanges: Iterable[Exchange]) -> dict[ExchangeKey, Exchange]:
    """Lock the links of these exchanges and read them again, for a batch may have changed them since; in their order."""
    wanted = list(dict.fromkeys(exchange.key for exchange in exchanges))
    if not wanted:
        return {}
    partners = {link.id: link.partner for link in ledger.links.all()}
    sides = {(key.link, key.role) for key in wanted}
    for link in sorted({link for link, _ in sides}):
        ledger.links.of(partners[link], lock=True)
    found = {
        held.key: held
        for link, role in sides
        for held in ledger.exchanges.load(link, role, [key.exchange for key in wanted if key[::2] == (link, role)]).values()
    }
    return {key: found[key] for key in wanted}
