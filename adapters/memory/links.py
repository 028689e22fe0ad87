"""Links and their batches, in memory."""

from dataclasses import replace

from adapters.memory.books import BatchKey, Books, add, save
from exchange.exchanges import Direction, Link, StoredBatch
from exchange.ledger import LedgerBusy


class MemoryLinks:
    """`exchange.ledger.Links` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def all(self) -> list[Link]:
        return [self._books.links[number] for number in sorted(self._books.links)]

    def of(self, partner: str, *, lock: bool = False) -> Link | None:
        # There is one writer at a time: the lock that is asked for is held already.
        return next((link for link in self._books.links.values() if link.partner == partner), None)

    def add(self, uuid: str, partner: str) -> Link:
        for link in self._books.links.values():
            if link.uuid == uuid or link.partner == partner:
                raise LedgerBusy
        made = Link(id=max(self._books.links, default=0) + 1, uuid=uuid, partner=partner)
        add(self._books.links, [(made.id, made)])
        return made

    def save(self, link: Link) -> None:
        save(self._books.links, [(link.id, link)])

    def batch(self, link: int, direction: Direction, sequence: int) -> StoredBatch | None:
        return self._books.batches.get(BatchKey(link, direction, sequence))

    def add_batch(self, batch: StoredBatch) -> None:
        add(self._books.batches, [(_key(batch), batch)])

    def save_receipt(self, batch: StoredBatch) -> None:
        kept = self._books.batches[_key(batch)]
        receipted = replace(
            kept,
            received_at=batch.received_at,
            receipt_jws=batch.receipt_jws,
            receipt_digest=batch.receipt_digest,
        )
        save(self._books.batches, [(_key(batch), receipted)])


def _key(batch: StoredBatch) -> BatchKey:
    return BatchKey(batch.link, batch.direction, batch.sequence)
