"""A flood of refusals: so many a minute get a row each, the others are counted in one."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from exchange.auditing.event import Actor, ActorKind, AuditEvent

# Whoever mistypes a key does so a few times; whoever guesses does so thousands of times, and then the number says it all.
EACH_A_MINUTE = 30
# Of a caller who is known each reason is counted apart, and more is told: it may be somebody's work that goes wrong.
KNOWN_A_MINUTE = 60
_MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class _Window:
    began: datetime
    told: int = 0
    left: AuditEvent | None = None


class Flood:
    """Counts for one process what was refused, by caller and reason. What it has counted is told when its minute is over."""

    def __init__(self) -> None:
        self._windows: dict[tuple[Actor, str, str], _Window] = {}
        self._lock = threading.Lock()

    def admit(self, event: AuditEvent) -> list[AuditEvent]:
        """The rows that are to be written when this was refused: its own, one for those counted before, or none yet."""
        place = (event.actor, event.jurisdiction, event.problem or "")
        most = EACH_A_MINUTE if event.actor.kind is ActorKind.UNKNOWN else KNOWN_A_MINUTE
        with self._lock:
            due = list(self._over(event.at))
            window = self._windows.setdefault(place, _Window(event.at))
            if window.told < most:
                window.told += 1
                return [*due, event]
            counted = window.left.count + event.count if window.left is not None else event.count
            window.left = replace(event, action="many", subjects=(), count=counted)
            return due

    def rest(self, now: datetime | None = None) -> list[AuditEvent]:
        """What was counted in minutes that are over; without a moment all."""
        with self._lock:
            if now is not None:
                return list(self._over(now))
            windows, self._windows = self._windows, {}
            return [window.left for window in windows.values() if window.left is not None]

    def _over(self, now: datetime) -> Iterator[AuditEvent]:
        for place, window in list(self._windows.items()):
            # A simulated clock may be set back.
            if not window.began <= now < window.began + _MINUTE:
                del self._windows[place]
                if window.left is not None:
                    yield window.left
