"""The notifier: tells own systems what waits to be told, in a thread of its own, so that they never delay a partner.

Each transaction ends before the post and another one begins after it: who is killed in between posts the same id again.
"""

import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog

from adapters.office import Office
from adapters.webhook_http import Trouble, WebhookReceiver
from exchange.announcements import Notification, wait_after
from exchange.errors import WoshouError
from exchange.ledger import Finding
from exchange.moments import civil_day

_log = structlog.get_logger("notifier")
GIVEN_UP = "webhook-given-up"
# After a failure nothing at all is posted for a while, but a receiver that is back is noticed soon.
LONGEST_REST = timedelta(minutes=5)
_AT_ONCE = 100


class Notifier:
    """Posts to one receiver, the oldest first; one that fails waits by itself and lets the others pass."""

    def __init__(
        self,
        office: Office,
        receiver: WebhookReceiver,
        stopping: threading.Event,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._office, self._receiver, self._stopping, self._jitter = office, receiver, stopping, jitter
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="notifier")
        self._under_way: Future[int] | None = None
        self._rests_until: datetime | None = None

    def start(self) -> Future[int]:
        """Begin to post what is due, unless that is under way; how many were taken."""
        if self._under_way is None or self._under_way.done():
            self._under_way = self._pool.submit(self._post_due)
            self._under_way.add_done_callback(_done)
        return self._under_way

    def close(self) -> None:
        """Wait for the post under way; begin no other."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _post_due(self) -> int:
        taken = 0
        try:
            while waiting := self._due():
                for notification in waiting:
                    if self._stopping.is_set() or not self._post(notification):
                        return taken
                    taken += 1
        except WoshouError as refusal:
            _log.warning("notifying waits", refusal=refusal.code)
        return taken

    def _due(self) -> list[Notification]:
        now = self._office.now()
        if self._rests_until is not None and now < self._rests_until:
            return []
        with self._office.ledgers.transaction(read_only=True) as ledger:
            return ledger.notifications.due(now, _AT_ONCE)

    def _post(self, notification: Notification) -> bool:
        trouble = self._receiver.post(notification)
        now = self._office.now()
        if trouble is None:
            with self._office.ledgers.transaction() as ledger:
                ledger.notifications.save(notification.taken(now))
            _log.info("notification taken", id=notification.id, type=notification.type, attempts=notification.attempts + 1)
            return True
        self._put_off(notification, trouble, now)
        return False

    def _put_off(self, notification: Notification, trouble: Trouble, now: datetime) -> None:
        asked = trouble.wait or timedelta()
        wait = wait_after(notification.attempts + 1, self._jitter())
        after = notification.refused(now, max(asked, wait))
        self._rests_until = now + max(asked, min(wait, LONGEST_REST))
        with self._office.ledgers.transaction() as ledger:
            ledger.notifications.save(after)
            if after.retry_at is None:
                ledger.chores.add_findings([_given_up(after, trouble, now)])
        _log.warning(
            "notification given up" if after.retry_at is None else "notification put off",
            id=notification.id,
            type=notification.type,
            trouble=trouble.detail,
            attempts=after.attempts,
        )


def _given_up(notification: Notification, trouble: Trouble, now: datetime) -> Finding:
    """One for each day, named after the first that was given up on it: a receiver that is away for long would flood the list."""
    return Finding(
        id=f"{civil_day(now)}:{GIVEN_UP}",
        kind=GIVEN_UP,
        partner=None,
        subject=f"{notification.type} {notification.id}",
        detail=f"{notification.attempts} attempts, the last one: {trouble.detail}; the log names the others of the day",
        at=now,
    )


def _done(done: Future[int]) -> None:
    fault = None if done.cancelled() else done.exception()
    if fault is not None:
        _log.error("notifying failed", exc_info=fault)
