"""What own systems are to be told, in memory."""

from collections.abc import Sequence
from datetime import date, datetime

from adapters.memory.books import Books, add, save
from exchange.announcements import Notification
from exchange.exchanges import ExchangeKey


class MemoryNotifications:
    """`exchange.ledger.Notifications` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def add(self, notifications: Sequence[Notification]) -> None:
        add(self._books.notifications, ((each.id, each) for each in notifications))

    def due(self, now: datetime, limit: int) -> list[Notification]:
        waiting = (each for each in self._books.notifications.values() if each.retry_at is not None and each.retry_at <= now)
        return sorted(waiting, key=lambda each: each.id)[:limit]

    def save(self, notification: Notification) -> None:
        save(self._books.notifications, [(notification.id, notification)])

    def forget(self, before: datetime) -> int:
        kept = self._books.notifications
        done = [each.id for each in kept.values() if each.retry_at is None and each.created_at < before]
        for id in done:
            del kept[id]
        return len(done)

    def claim(self, what: str, key: ExchangeKey, day: date) -> bool:
        if (what, key, day) in self._books.tellings:
            return False
        self._books.tellings[what, key, day] = True
        return True
