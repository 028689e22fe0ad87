"""Make the blind keys that entries lack: those written before there were any, or before the keys of today."""

from typing import NamedTuple

from exchange.ledger import Ledger, Page

AT_ONCE = 500


class Indexed(NamedTuple):
    """How many entries got their keys, and where to go on; nothing more to do where `after` is None."""

    entries: int
    after: str | None


def index_some(ledger: Ledger, after: str = "", limit: int = AT_ONCE) -> Indexed:
    """Give keys to the next entries without them. May be broken off and begun again: what is done is found done."""
    entries = ledger.pairing.without_keys(Page(after=after, limit=limit))
    ledger.pairing.index(entries)
    return Indexed(entries=len(entries), after=entries[-1].id if len(entries) == limit else None)
