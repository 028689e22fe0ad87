"""An account: a person's name and password for an API key's rights, and how often it was guessed at."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

# After so many wrong passwords or codes in a row nobody signs in for a while, not even with the right ones.
MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Account:
    """Who signs in as `login`, with the role and the jurisdiction of the API key `key`, whose own secret is of no use.

    `password_hash` is None for who signs in elsewhere (OpenID Connect), where `subject` is their name. `totp` is the secret of the
    second factor in base32, None while there is none; a code counts once, by its time step.
    """

    key: str
    login: str
    password_hash: str | None
    must_change: bool = False
    subject: str | None = None
    totp: str | None = None
    totp_step: int = 0
    failures: int = 0
    locked_until: datetime | None = None
    version: int = 1

    def is_locked(self, now: datetime) -> bool:
        """Whether nobody signs in at this moment."""
        return self.locked_until is not None and now < self.locked_until

    def failed(self, now: datetime) -> Self:
        """After one more wrong password or code."""
        failures = self.failures + 1
        locked = failures >= MOST_FAILURES
        return replace(
            self,
            failures=0 if locked else failures,
            locked_until=now + LOCKED_FOR if locked else self.locked_until,
            version=self.version + 1,
        )

    def signed_in(self, step: int | None = None) -> Self:
        """After the right ones; `step` is the time step of the code, where there was one."""
        return replace(
            self,
            failures=0,
            locked_until=None,
            totp_step=self.totp_step if step is None else step,
            version=self.version + 1,
        )
