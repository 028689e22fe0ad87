"""Refusals: told soon, by a thread of their own, so that who is refused waits for no lock, and a stranger takes none.

Nothing was shown and nothing changed. A process that is killed loses what it was about to write, a moment's worth.
"""

import threading
from collections.abc import Callable
from datetime import datetime

import structlog

from adapters.auditing.flood import Flood
from exchange.auditing.event import AuditEvent
from exchange.errors import WoshouError
from exchange.ledger import Ledgers

# How often it is seen whether a minute of counted refusals is over.
_PAUSE_SECONDS = 5.0
_log = structlog.get_logger("audit")


class Refusals:
    """What waits to be written, and the thread that writes it; it begins with the first refusal."""

    def __init__(self, ledgers: Ledgers, now: Callable[[], datetime]) -> None:
        self._ledgers, self._now = ledgers, now
        self._flood, self._waiting = Flood(), list[AuditEvent]()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False

    @property
    def writing(self) -> bool:
        """Whether the thread is there."""
        return self._thread is not None and self._thread.is_alive()

    def leave(self, event: AuditEvent) -> None:
        """Have it written; of each caller and reason only so many a minute, the others counted."""
        admitted = self._flood.admit(event)
        with self._changed:
            self._waiting += admitted
            if not self.writing:
                self._thread = threading.Thread(target=self._run, name="audit-refusals", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Write all that is left, and end."""
        with self._changed:
            self._closing = True
            self._waiting += self._flood.rest()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        kept = False
        while True:
            with self._changed:
                # What could not be written is not tried again at once.
                if (kept or not self._waiting) and not self._closing:
                    self._changed.wait(_PAUSE_SECONDS)
                events, self._waiting = [*self._waiting, *self._flood.rest(self._now())], []
                closing = self._closing
            kept = bool(events) and not self._written(events)
            if kept and not closing:
                with self._changed:
                    self._waiting = events + self._waiting
            if closing:
                return

    def _written(self, events: list[AuditEvent]) -> bool:
        try:
            with self._ledgers.transaction() as ledger:
                ledger.audit.append(events)
        except WoshouError:
            _log.warning("refusals not written yet", rows=len(events))
            return False
        return True
