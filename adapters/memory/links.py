"""Links and their batches, and the evidence of what two sides cannot settle, in memory."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from adapters.memory.books import BatchKey, Books, add, save
from adapters.memory.listing import newest_first
from exchange.cursors import evidence_cursor, read_moment_cursor
from exchange.exchanges import Direction, Link, StoredBatch
from exchange.ledger import LedgerBusy, Page
from exchange.settling.evidence import Evidence


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

    def drop_batch(self, batch: StoredBatch) -> None:
        del self._books.batches[_key(batch)]


class MemoryEvidence:
    """`exchange.ledger.Evidences` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def add(self, evidence: Evidence) -> None:
        held = self._books.evidence.get(evidence.id)
        if held is None:
            add(self._books.evidence, [(evidence.id, evidence)])
        elif evidence.settled_at is None:
            save(self._books.evidence, [(held.id, replace(held, settled_at=None))])

    def standing(self, partner: str) -> list[Evidence]:
        found = (each for each in self._books.evidence.values() if each.partner == partner and each.settled_at is None)
        return sorted(found, key=lambda each: (each.at, each.id))

    def settle(self, ids: Iterable[str], at: datetime) -> None:
        for id_ in ids:
            held = self._books.evidence.get(id_)
            if held is not None and held.settled_at is None:
                save(self._books.evidence, [(id_, held.settled(at))])

    def find(self, partner: str | None, page: Page) -> list[Evidence]:
        found = (each for each in self._books.evidence.values() if partner in (None, each.partner))
        return newest_first(found, page, cursor=evidence_cursor, read=read_moment_cursor)


def _key(batch: StoredBatch) -> BatchKey:
    return BatchKey(batch.link, batch.direction, batch.sequence)
