"""The cases of couples, in memory."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from adapters.memory.books import Books, add, save
from adapters.memory.listing import newest_first
from exchange.cases.case import Case
from exchange.cursors import case_cursor, read_entry_cursor
from exchange.exchanges import GIVEN_UP, ExchangeKey
from exchange.ledger import CaseFilter, Page


class MemoryCases:
    """`exchange.ledger.Cases` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def get(self, case: str, *, lock: bool = False) -> Case | None:
        return self._books.cases.get(case)

    def add(self, case: Case) -> None:
        add(self._books.cases, [(case.id, case)])

    def save(self, case: Case) -> None:
        save(self._books.cases, [(case.id, case)])

    def find(self, wanted: CaseFilter, page: Page) -> list[Case]:
        found = (case for case in self._books.cases.values() if _fits(case, wanted))
        return newest_first(found, page, cursor=case_cursor, read=read_entry_cursor)

    def of_exchanges(self, exchanges: Iterable[str]) -> Mapping[ExchangeKey, str]:
        wanted = set(exchanges)
        opened = ((key, case.id) for case in self._books.cases.values() for key in case.exchanges())
        return {key: case for key, case in opened if key.exchange in wanted}

    def following(self, page: Page) -> list[Case]:
        found = (case for case in self._books.cases.values() if case.following)
        return newest_first(found, page, cursor=case_cursor, read=read_entry_cursor)

    def finished_before(self, moment: datetime, limit: int, *, lock: bool = False) -> list[Case]:
        named = (case for case in self._books.cases.values() if case.names_couple)
        finished = sorted((case.finished_at or case.opened_at + GIVEN_UP, case.id, case) for case in named)
        return [case for at, _, case in finished if at < moment][:limit]


def _fits(case: Case, wanted: CaseFilter) -> bool:
    return (
        case.jurisdiction in wanted.own
        and wanted.open in (None, case.is_open)
        and wanted.owner in (None, case.owner)
        and wanted.contradicted in (None, case.contradicted_at is not None)
    )
