"""The agreements, in memory."""

from adapters.memory.books import Books, add, save
from exchange.terms.agreement import SignedAgreement


class MemoryAgreements:
    """`exchange.ledger.Agreements` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def all(self, partner: str | None = None) -> list[SignedAgreement]:
        held = (signed for signed in self._books.agreements.values() if partner is None or signed.partner == partner)
        return sorted(held, key=lambda signed: (signed.known_at, signed.digest))

    def get(self, digest: str) -> SignedAgreement | None:
        return self._books.agreements.get(digest)

    def add(self, agreement: SignedAgreement) -> None:
        add(self._books.agreements, [(agreement.digest, agreement)])

    def save(self, agreement: SignedAgreement) -> None:
        save(self._books.agreements, [(agreement.digest, agreement)])
