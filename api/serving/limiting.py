"""What one caller may cost the others: failed token requests are counted, and looks at partners are few at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from adapters.office import Office
from adapters.partner_http import PartnerClient
from adapters.renewal import Renewals
from api.problems import TooManyRequests, Unauthorized
from exchange.partners import Partner

_FAILURES = RateLimitItemPerMinute(120)
_LOOKS = 2


class Limiter:
    """Counts what failed from where, for one process.

    Each address has one count for each known partner that it names, and one for all else: junk from behind the same proxy
    does not use up what a partner has, and only known names are kept.
    """

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())

    @contextmanager
    def failures(self, host: str, partner: str | None) -> Iterator[bool]:
        """Count the block if it ends in Unauthorized; yields whether 120 a minute have failed already.

        From then on what fails is TooManyRequests, and what is in order still passes: nobody is shut out by who names him.
        """
        key = ("token", host, partner or "")
        over = not self._window.test(_FAILURES, *key)
        try:
            yield over
        except Unauthorized as refusal:
            if over or not self._window.hit(_FAILURES, *key):
                raise TooManyRequests(seconds=60) from refusal
            raise


class FewLooks(Renewals):
    """Renewals that hold no more than two threads of the process: without a place the partner stays as it is known."""

    def __init__(self, office: Office, client: PartnerClient) -> None:
        super().__init__(office, client)
        self._places = threading.BoundedSemaphore(_LOOKS)

    def renew(self, node: str) -> Partner | None:
        """As Renewals; None at once while two others are looked at."""
        if not self._places.acquire(blocking=False):
            return None
        try:
            return super().renew(node)
        finally:
            self._places.release()
