"""Local callers and remembered answers, in memory."""

from collections.abc import Iterable
from datetime import date

from adapters.memory.books import Books
from exchange.ledger import ApiKey, LedgerBusy, RememberedAnswer
from exchange.work.daily import Deed


class MemoryAccess:
    """`exchange.ledger.Access` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def api_keys(self) -> list[ApiKey]:
        return sorted(self._books.api_keys.values(), key=lambda key: (key.created_at, key.id))

    def api_key(self, key_id: str) -> ApiKey | None:
        return self._books.api_keys.get(key_id)

    def save_api_key(self, key: ApiKey) -> None:
        self._books.api_keys[key.id] = key

    def remembered(self, caller: str, key: str) -> RememberedAnswer | None:
        return self._books.answers.get((caller, key))

    def remember(self, answer: RememberedAnswer) -> None:
        if (answer.caller, answer.key) in self._books.answers:
            raise LedgerBusy
        self._books.answers[answer.caller, answer.key] = answer

    def forget_naming(self, words: Iterable[bytes]) -> int:
        wanted = tuple(words)
        naming = [place for place, answer in self._books.answers.items() if any(word in answer.body for word in wanted)]
        for place in naming:
            del self._books.answers[place]
        return len(naming)

    def count(self, caller: str, day: date, deed: Deed, times: int) -> int:
        total = self._books.deed_counts.get((caller, day, deed), 0) + times
        self._books.deed_counts[caller, day, deed] = total
        return total

    def forget_counts(self, before: date) -> int:
        old = [place for place in self._books.deed_counts if place[1] < before]
        for place in old:
            del self._books.deed_counts[place]
        return len(old)
