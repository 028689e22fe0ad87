"""The blind keys of the entries and what a linkage suggested, in memory."""

from collections.abc import Collection, Container, Mapping, Sequence

from adapters.memory.books import Books
from exchange.exchanges import ExchangeKey
from exchange.ledger import Page
from exchange.pairing.keys import KEYS_VERSION, PASSES, Blinding, Looked, Pass
from exchange.pairing.suggesting import Suggestion
from exchange.people.register import Entry


class MemoryPairing:
    """`exchange.ledger.Pairing` on dictionaries; without a `blinding` there are no keys to write."""

    def __init__(self, books: Books, blinding: Blinding | None) -> None:
        self._books, self._blinding = books, blinding

    def sharing(self, looked: Looked, most: int) -> Mapping[Pass, list[str]]:
        found: dict[Pass, list[str]] = {}
        for each, wanted in looked.keys.items():
            place = PASSES.index(each)
            sharing = [entry for entry, (_, keys) in self._books.pairing_keys.items() if keys[place] in wanted]
            if sharing:
                found[each] = sharing[:most]
        return found

    def bearing(self, what: Pass, key: int, most: int) -> int:
        place = PASSES.index(what)
        return min(most, sum(keys[place] == key for _, keys in self._books.pairing_keys.values()))

    def without_keys(self, page: Page) -> list[Entry]:
        found = (
            entry
            for id_, entry in sorted(self._books.entries.items())
            if id_ > page.after and not entry.protected and self._books.pairing_keys.get(id_, (0, ()))[0] != KEYS_VERSION
        )
        return [entry for entry, _ in zip(found, range(page.limit), strict=False)]

    def index(self, entries: Sequence[Entry]) -> None:
        keep_keys(self._books, self._blinding, entries)

    def suggest(self, suggestions: Sequence[Suggestion]) -> None:
        for key in {suggestion.exchange for suggestion in suggestions}:
            self.forget(key)
        for suggestion in suggestions:
            self._books.suggestions[suggestion.exchange, suggestion.entry] = suggestion

    def suggested(self, exchange: ExchangeKey) -> list[Suggestion]:
        held = (suggestion for (key, _), suggestion in self._books.suggestions.items() if key == exchange)
        return sorted(held, key=_best_first)

    def suggestions(self, own: frozenset[str], limit: int) -> list[Suggestion]:
        held = [
            suggestion
            for (key, _), suggestion in self._books.suggestions.items()
            if key in self._books.exchanges and self._books.exchanges[key].own in own and self._books.exchanges[key].entry is None
        ]
        held.sort(key=lambda each: (-each.probability, each.exchange.exchange, *each.exchange, each.entry))
        return held[:limit]

    def forget(self, exchange: ExchangeKey) -> None:
        for held in [held for held in self._books.suggestions if held[0] == exchange]:
            del self._books.suggestions[held]


def keep_keys(books: Books, blinding: Blinding | None, entries: Sequence[Entry]) -> None:
    """The keys of these entries as they now are; of protected ones nothing is left, suggestions neither."""
    for entry in entries:
        books.pairing_keys.pop(entry.id, None)
        if blinding is not None and (keys := blinding.keys(entry)) is not None:
            books.pairing_keys[entry.id] = (KEYS_VERSION, keys)
        books.certificate_keys.pop(entry.id, None)
        if blinding is not None and (number := blinding.certificate(entry)) is not None:
            books.certificate_keys[entry.id] = (entry.jurisdiction, number)
    _drop_suggestions(books, {entry.id for entry in entries if entry.protected})


def drop_keys(books: Books, entries: Collection[str]) -> None:
    """Let nothing be left by which these entries, or their certificates, would be found."""
    for entry in entries:
        books.pairing_keys.pop(entry, None)
        books.certificate_keys.pop(entry, None)
    _drop_suggestions(books, entries)


def _drop_suggestions(books: Books, entries: Container[str]) -> None:
    for held in [held for held in books.suggestions if held[1] in entries]:
        del books.suggestions[held]


def _best_first(suggestion: Suggestion) -> tuple[float, str]:
    return -suggestion.probability, suggestion.entry
