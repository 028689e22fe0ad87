"""The tokens of the registers, in memory."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from adapters.memory.books import Books, HeldToken, add, save
from exchange.people.register import Entry
from exchange.reconciling.keys import Leaf, Register, TokenKey


class MemoryTokens:
    """`exchange.ledger.Tokens` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def lock(self) -> None:
        """There is one writer at a time."""

    def all(self) -> list[TokenKey]:
        return [key for _, key in sorted(self._books.token_keys.items())]

    def get(self, key: int) -> TokenKey | None:
        return self._books.token_keys.get(key)

    def find(self, wanted: TokenKey) -> TokenKey | None:
        return next((key for key in self.all() if key.name == wanted.name), None)

    def add(self, key: TokenKey) -> TokenKey:
        added = replace(key, id=max(self._books.token_keys, default=0) + 1)
        add(self._books.token_keys, [(added.id, added)])
        return added

    def save(self, key: TokenKey) -> None:
        save(self._books.token_keys, [(key.id, key)])

    def drop(self, key: int) -> None:
        del self._books.token_keys[key]
        for place in [place for place in self._books.tokens if place[0] == key]:
            del self._books.tokens[place]

    def queued(self, limit: int) -> list[tuple[int, str]]:
        return sorted(self._books.untokened.items())[:limit]

    def unqueue(self, ids: Iterable[int]) -> None:
        for number in ids:
            self._books.untokened.pop(number, None)

    def standing(self, entries: Iterable[str]) -> Mapping[str, list[tuple[int, Leaf]]]:
        wanted = frozenset(entries)
        found: defaultdict[str, list[tuple[int, Leaf]]] = defaultdict(list)
        for (key, _, _), held in self._books.tokens.items():
            if held.leaf.entry in wanted and held.removed is None:
                found[held.leaf.entry].append((key, held.leaf))
        return dict(found)

    def change(self, key: int, revision: int, gone: Sequence[Leaf], come: Sequence[Leaf]) -> None:
        save(self._books.tokens, (((key, leaf.value, leaf.added), HeldToken(leaf, revision)) for leaf in gone))
        added = [replace(leaf, added=revision) for leaf in come]
        add(self._books.tokens, (((key, leaf.value, revision), HeldToken(leaf, None)) for leaf in added))

    def register(self, key: int, revision: int) -> Register:
        held = list(self._at(key, revision))
        leaves = [leaf.value for leaf in held if leaf.numbered]
        return Register(b"".join(leaves), numberless=len(held) - len(leaves))

    def size(self, key: int, revision: int) -> int:
        return sum(leaf.numbered for leaf in self._at(key, revision))

    def entries_of(self, key: int, leaves: Iterable[bytes]) -> Mapping[bytes, str]:
        wanted = frozenset(leaves)
        held = sorted(self._books.tokens.items(), key=lambda each: each[0])
        return {place[1]: token.leaf.entry for place, token in held if place[0] == key and place[1] in wanted}

    def forget(self, key: int, upto: int, limit: int) -> int:
        held = self._books.tokens.items()
        return self._drop(
            [place for place, token in held if place[0] == key and token.removed is not None and token.removed <= upto][:limit]
        )

    def erase(self, key: int, limit: int) -> int:
        return self._drop([place for place in self._books.tokens if place[0] == key][:limit])

    def _drop(self, places: Sequence[tuple[int, bytes, int]]) -> int:
        for place in places:
            del self._books.tokens[place]
        return len(places)

    def _at(self, key: int, revision: int) -> Iterable[Leaf]:
        for (of, _, added), held in self._books.tokens.items():
            if of == key and added <= revision and (held.removed is None or held.removed > revision):
                yield held.leaf


def queue_tokens(books: Books, entries: Sequence[Entry]) -> None:
    """Have the tokens of these entries made anew."""
    last = max(books.untokened, default=0)
    books.untokened.update((last + place, entry.id) for place, entry in enumerate(entries, 1))


def hide_from_reconciling(books: Books, entries: Sequence[Entry]) -> None:
    """Let no token and no difference of the protected ones among these be left, now and not later."""
    drop_from_reconciling(books, {entry.id for entry in entries if entry.protected})


def drop_from_reconciling(books: Books, entries: Container[str]) -> None:
    """Let no token and no difference of these entries be left."""
    for place in [place for place, held in books.tokens.items() if held.leaf.entry in entries]:
        del books.tokens[place]
    for standing in [standing for standing in books.register_differences if standing[0] in entries]:
        del books.register_differences[standing]
