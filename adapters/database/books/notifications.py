"""What own systems are to be told."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select

from adapters.database.tables import NotificationRow, TellingRow
from adapters.database.values import moment_of, number_of
from adapters.database.work import AnyRow, Values, Work, table_of
from exchange.announcements import Notification
from exchange.exchanges import ExchangeKey
from exchange.moments import from_milliseconds, to_milliseconds

_NOTIFICATIONS = table_of(NotificationRow)


class SqlNotifications:
    """`exchange.ledger.Notifications` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, notifications: Sequence[Notification]) -> None:
        self._work.insert(NotificationRow, [_row(each) for each in notifications])

    def due(self, now: datetime, limit: int) -> list[Notification]:
        rows = _NOTIFICATIONS.c
        waiting = select(_NOTIFICATIONS).where(rows.retry_at.is_not(None), rows.retry_at <= to_milliseconds(now))
        return [_notification(row) for row in self._work.rows(waiting.order_by(rows.id).limit(limit))]

    def save(self, notification: Notification) -> None:
        self._work.update(NotificationRow, [_row(notification)])

    def forget(self, before: datetime) -> int:
        rows = _NOTIFICATIONS.c
        done = _NOTIFICATIONS.delete().where(rows.retry_at.is_(None), rows.created_at < to_milliseconds(before))
        return self._work.change(done)

    def claim(self, what: str, key: ExchangeKey, day: date) -> bool:
        told = {"exchange": key.exchange, "link": key.link, "role": key.role.value, "what": what, "day": day.isoformat()}
        return self._work.claim(TellingRow, told)


def _row(each: Notification) -> Values:
    created_at = to_milliseconds(each.created_at)
    return each.id, each.type, each.body, created_at, each.attempts, number_of(each.retry_at), number_of(each.sent_at)


def _notification(row: AnyRow) -> Notification:
    return Notification(
        id=row.id,
        type=row.type,
        body=row.body,
        created_at=from_milliseconds(row.created_at),
        attempts=row.attempts,
        retry_at=moment_of(row.retry_at),
        sent_at=moment_of(row.sent_at),
    )
