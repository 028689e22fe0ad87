"""Rate limits against guessing, for each process and each caller's address."""

from typing import Annotated

from fastapi import Depends, Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from api.problems import TooManyRequests

_TOKENS = RateLimitItemPerMinute(120)


class Limiter:
    """Counts what comes from where, for one application."""

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def count_token(self, host: str) -> None:
        """TooManyRequests after 120 token requests a minute from one address."""
        if not self._window.hit(_TOKENS, "token", host):
            raise TooManyRequests(seconds=60)


def limit_tokens(request: Request) -> None:
    """Count a token request."""
    request.app.state.limiter.count_token(request.client.host if request.client else "")


TokenLimit = Annotated[None, Depends(limit_tokens)]
