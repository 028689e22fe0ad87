"""The messages of the logs, in memory."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from adapters.memory.books import Books, MessageKey, add, save
from exchange.errors import Retry
from exchange.exchanges import Direction, LoggedMessage


class MemoryMessages:
    """`exchange.ledger.Messages` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def known(self, link: int, direction: Direction, ids: Iterable[str]) -> Mapping[str, LoggedMessage]:
        messages = self._books.messages
        return {id: messages[key] for id in ids if (key := MessageKey(link, direction, id)) in messages}

    def add(self, messages: Sequence[LoggedMessage]) -> None:
        add(self._books.messages, ((_key(message), message) for message in messages))

    def queued(self, link: int, limit: int) -> list[LoggedMessage]:
        waiting = (message for message in self._books.messages.values() if message.link == link and _queued(message))
        # UUIDv7: the order of the ids is the order in which they were written.
        return sorted(waiting, key=lambda message: message.id)[:limit]

    def queue_lengths(self) -> Mapping[int, int]:
        return dict(Counter(message.link for message in self._books.messages.values() if _queued(message)))

    def drop(self, messages: Sequence[LoggedMessage]) -> None:
        for message in messages:
            if _queued(self._books.messages[_key(message)]):
                del self._books.messages[_key(message)]

    def in_batch(self, link: int, direction: Direction, sequence: int) -> list[LoggedMessage]:
        within = (
            message
            for message in self._books.messages.values()
            if (message.link, message.direction, message.sequence) == (link, direction, sequence)
        )
        return sorted(within, key=lambda message: message.position or 0)

    def save(self, messages: Sequence[LoggedMessage]) -> None:
        save(self._books.messages, ((_key(message), message) for message in messages))

    def shorten(self, messages: Sequence[LoggedMessage]) -> None:
        self.save(messages)

    def of_exchanges(self, link: int, exchanges: Iterable[str]) -> Mapping[str, list[LoggedMessage]]:
        wanted = frozenset(exchanges)
        found: defaultdict[str, list[LoggedMessage]] = defaultdict(list)
        for message in sorted(self._books.messages.values(), key=lambda message: (message.id, message.direction)):
            if message.link == link and message.exchange in wanted:
                found[message.exchange].append(message)
        return dict(found)

    def erase(self, link: int, exchanges: Iterable[str]) -> None:
        wanted = frozenset(exchanges)
        erased = [
            replace(message, line=None, note=None)
            for message in self._books.messages.values()
            if message.link == link and message.exchange in wanted and erasable(message)
        ]
        self.save(erased)

    def kept(self) -> Iterable[LoggedMessage]:
        return [message for _, message in sorted(self._books.messages.items()) if message.line is not None]

    def to_retry(self, before: datetime, limit: int) -> list[LoggedMessage]:
        freed = (
            message
            for message in self._books.messages.values()
            if message.direction is Direction.OUT
            and message.problem is not None
            and message.problem.retry is Retry.LATER
            and message.known_at is not None
            and message.known_at < before
            and message.travelled is not None
        )
        return sorted(freed, key=lambda message: message.id)[:limit]


def erasable(message: LoggedMessage) -> bool:
    """Whether there is a line that the partner is known to have judged: one under way must still be sent as it was signed."""
    return message.line is not None and message.outcome is not None


def _queued(message: LoggedMessage) -> bool:
    return message.direction is Direction.OUT and message.sequence is None


def _key(message: LoggedMessage) -> MessageKey:
    return MessageKey(message.link, message.direction, message.id)
