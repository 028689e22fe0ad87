"""What comparing a link's figures reads, and what came of it, in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from adapters.memory.books import Books, add
from adapters.memory.exchanges import MemoryExchanges
from adapters.memory.listing import newest_first
from adapters.memory.messages import MemoryMessages
from exchange.codes import Role
from exchange.comparing.comparison import Comparison
from exchange.cursors import comparison_cursor, read_moment_cursor
from exchange.exchanges import Acceptance, Direction
from exchange.ledger import ComparedExchange, Page
from exchange.moments import Period, civil_day
from exchange.wire.batch import Outcome
from exchange.wire.figures import LogLines


class MemoryComparisons:
    """`exchange.ledger.Comparisons` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def names(self, link: int, received: Period, limit: int) -> list[str]:
        within = {
            key.exchange
            for key, exchange in self._books.exchanges.items()
            if key.link == link
            and exchange.acceptance is Acceptance.ACCEPTED
            and exchange.received_at is not None
            and civil_day(exchange.received_at) in received
        }
        return sorted(within)[:limit]

    def exchanges(self, link: int, role: Role | None, names: Sequence[str]) -> Iterable[ComparedExchange]:
        books, wanted = self._books, frozenset(names)
        log = MemoryMessages(books).of_exchanges(link, wanted)
        for key in sorted(books.exchanges):
            if key.link == link and key.exchange in wanted and role in (None, key.role):
                exchange = books.exchanges[key]
                if exchange.acceptance is Acceptance.ACCEPTED:
                    delivered = (each for each in log.get(key.exchange, ()) if each.sequence is not None)
                    yield ComparedExchange(
                        exchange=exchange,
                        facts=tuple(MemoryExchanges(books).facts(key)),
                        messages=tuple(replace(each, line=None) for each in delivered),
                    )

    def lines(self, link: int, direction: Direction, upto: int) -> LogLines:
        way = (link, direction)
        lines = (batch.messages for key, batch in self._books.batches.items() if key[:2] == way and key.sequence <= upto)
        accepted = (
            message
            for key, message in self._books.messages.items()
            if key[:2] == way
            and message.outcome is Outcome.ACCEPTED
            and message.sequence is not None
            and message.sequence <= upto
        )
        return LogLines(lines=sum(lines), accepted=sum(1 for _ in accepted))

    def add(self, comparison: Comparison) -> None:
        add(self._books.comparisons, [(comparison.id, comparison)])

    def get(self, comparison_id: str) -> Comparison | None:
        return self._books.comparisons.get(comparison_id)

    def find(self, partner: str | None, page: Page) -> list[Comparison]:
        found = (each for each in self._books.comparisons.values() if partner in (None, each.partner))
        return newest_first(found, page, cursor=comparison_cursor, read=read_moment_cursor)
