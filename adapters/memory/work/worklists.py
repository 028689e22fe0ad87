"""The worklists, in memory."""

from collections import Counter
from collections.abc import Iterator, Mapping

from adapters.memory.books import Books
from exchange.codes import Role
from exchange.cursors import read_work_cursor, work_cursor
from exchange.exchanges import Exchange
from exchange.ledger import Page
from exchange.work.worklists import BELONGS, WorkFilter, Worklist, belongs, matter_of


class MemoryWorklists:
    """`exchange.ledger.Worklists` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def page(self, worklist: Worklist, wanted: WorkFilter, page: Page) -> list[Exchange]:
        if page.after:
            read_work_cursor(worklist, page.after)
        placed = sorted(((work_cursor(worklist, each), each) for each in self._on(worklist, wanted)), key=lambda one: one[0])
        return [each for place, each in placed if place > page.after][: page.limit]

    def counts(self, wanted: WorkFilter) -> Mapping[Worklist, int]:
        return {worklist: sum(1 for _ in self._on(worklist, wanted)) for worklist in Worklist}

    def late_by_link(self, wanted: WorkFilter) -> Mapping[int, int]:
        return Counter(each.key.link for each in self._on(Worklist.AWAITED, wanted))

    def _on(self, worklist: Worklist, wanted: WorkFilter) -> Iterator[Exchange]:
        for each in self._books.exchanges.values():
            if not wanted.fits(each) or not belongs(worklist, each, wanted.today):
                continue
            if not (BELONGS[worklist].rejected and self._submitted_again(each)):
                yield each

    def _submitted_again(self, exchange: Exchange) -> bool:
        return any(
            other.key.role is Role.ASKER
            and other.submitted_at > exchange.submitted_at
            and matter_of(other) == matter_of(exchange)
            for other in self._books.exchanges.values()
        )
