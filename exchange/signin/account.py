"""An account: a person's name and password for an API key's rights, and how often it was guessed at."""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from exchange.signin.refusals import LoginUnfit

# After so many wrong passwords or codes in a row nobody signs in for a while, not even with the right ones.
MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
# What stands where an API key has the hash of its secret: no secret has this one.
NO_SECRET = "account"
# In place of the hash of a password: none is the right one.
NO_PASSWORD = ""
# A letter first, so that nobody takes a document's number; no dot, so that it is no node's name.
_LOGIN = re.compile(r"[a-z][a-z0-9_-]{2,31}", re.ASCII)


class AccountRole(StrEnum):
    """What people do: the roles of API keys but that of a system."""

    CLERK = "clerk"
    COORDINATOR = "coordinator"
    AUDITOR = "auditor"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Account:
    """Who signs in as `login`, with the role and the jurisdiction of the API key `key`, whose own secret is of no use.

    `password_hash` is None for who signs in elsewhere (OpenID Connect), where `subject` is their name. `totp` is the secret of
    the second factor in base32, None while there is none (`exchange.signin.totp`); a code counts once, by its time step.
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

    def is_locked(self, now: datetime) -> bool:
        """Whether nobody signs in at this moment."""
        return self.locked_until is not None and now < self.locked_until

    def failed(self, now: datetime) -> Self:
        """After one more wrong password or code; the last one that is let pass locks it."""
        if self.failures + 1 < MOST_FAILURES:
            return replace(self, failures=self.failures + 1)
        return replace(self, failures=0, locked_until=now + LOCKED_FOR)

    def unlocked(self) -> Self:
        """With nothing counted against it."""
        return replace(self, failures=0, locked_until=None)

    def with_password(self, password_hash: str, *, must_change: bool = False) -> Self:
        """With another password."""
        return replace(self, password_hash=password_hash, must_change=must_change)

    def with_totp(self, secret: str | None, step: int = 0) -> Self:
        """With another second factor or none; `step` is that of the code by which it was confirmed."""
        return replace(self, totp=secret, totp_step=step)


def plain_login(given: str) -> str:
    """A login as it is looked up: however it was typed, full-width letters included."""
    return unicodedata.normalize("NFKC", given).strip().lower()


def checked_login(given: str) -> str:
    """The same for one that is to be new; LoginUnfit."""
    login = plain_login(given)
    if _LOGIN.fullmatch(login) is None:
        raise LoginUnfit
    return login
