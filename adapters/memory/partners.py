"""The partners, their keys and the assertions that they have used, in memory."""

from datetime import datetime

from adapters.memory.books import Books
from exchange.partners import Partner


class MemoryPartners:
    """`exchange.ledger.Partners` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def all(self) -> list[Partner]:
        return [self._books.partners[node] for node in sorted(self._books.partners)]

    def get(self, node: str) -> Partner | None:
        return self._books.partners.get(node)

    def save(self, partner: Partner) -> None:
        self._books.partners[partner.node] = partner

    def use_assertion(self, issuer: str, jti: str, expires: datetime) -> bool:
        if (issuer, jti) in self._books.assertions:
            return False
        self._books.assertions[issuer, jti] = expires
        return True
