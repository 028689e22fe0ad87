"""What register entries count for, in memory."""

from collections.abc import Iterable, Mapping

from adapters.memory.books import Books
from exchange.counting.registers.standing import Standing


def unsettle(books: Books, entries: Iterable[str]) -> None:
    """Queue entries of which something changed."""
    for entry in entries:
        books.unsettled[next(reversed(books.unsettled), 0) + 1] = entry


class MemoryStandings:
    """`exchange.ledger.Standings` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def queue(self, entries: Iterable[str]) -> None:
        unsettle(self._books, entries)

    def queued(self, limit: int) -> list[tuple[int, str]]:
        return sorted(self._books.unsettled.items())[:limit]

    def in_queue(self, entries: Iterable[str]) -> frozenset[str]:
        return frozenset(entries) & frozenset(self._books.unsettled.values())

    def unqueue(self, ids: Iterable[int]) -> None:
        for number in ids:
            del self._books.unsettled[number]

    def load(self, entries: Iterable[str]) -> Mapping[str, Standing]:
        return {entry: self._books.standings[entry] for entry in entries if entry in self._books.standings}

    def replace(self, standings: Mapping[str, Standing | None]) -> None:
        for entry, standing in standings.items():
            self._books.standings.pop(entry, None)
            if standing is not None:
                self._books.standings[entry] = standing

    def strays(self, limit: int) -> list[str]:
        held = self._books
        return sorted(each for each in held.standings if each not in held.entries and each not in held.erased_entries)[:limit]
