"""A session: what a browser's cookie stands for, until it has been idle too long, is old, or is closed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
# How much may pass before it is written down that a session is in use.
NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Session:
    """A person signed in by an account.

    `id` is the SHA-256 of the token in the cookie, in hex: the token itself is stored nowhere. `csrf` is what every form of the
    session carries.
    """

    id: str
    key: str
    csrf: str
    opened_at: datetime
    seen_at: datetime
    closed_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is still good."""
        return self.closed_at is None and now - self.seen_at < IDLE and now - self.opened_at < LONGEST
