"""The assignments, in memory."""

from collections.abc import Iterable, Mapping, Sequence

from adapters.memory.books import Books
from adapters.memory.counting import enqueue
from exchange.counting.version import step_day
from exchange.exchanges import ExchangeKey
from exchange.work.assignment import Assignment


class MemoryAssignments:
    """`exchange.ledger.Assignments` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def add(self, assignments: Sequence[Assignment]) -> None:
        for each in assignments:
            self._books.assignments[each.exchange] = (*self._books.assignments.get(each.exchange, ()), each)
            enqueue(self._books, each.exchange, step_day(each.at))

    def of(self, keys: Iterable[ExchangeKey]) -> Mapping[ExchangeKey, tuple[Assignment, ...]]:
        held = self._books.assignments
        return {key: tuple(sorted(held[key], key=lambda each: each.at)) for key in keys if key in held}

    def current(self, keys: Iterable[ExchangeKey]) -> Mapping[ExchangeKey, Assignment]:
        return {key: steps[-1] for key, steps in self.of(keys).items()}
