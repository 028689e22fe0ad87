"""Rate limits against guessing, per process and caller's address."""

from typing import Annotated

from fastapi import Depends, Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from api.problems import TooManyRequests

_TOKENS = RateLimitItemPerMinute(120)
_limiter = MovingWindowRateLimiter(MemoryStorage())


def limit_tokens(request: Request) -> None:
    """TooManyRequests after 120 token requests a minute from one address."""
    host = request.client.host if request.client else ""
    if not _limiter.hit(_TOKENS, "token", host):
        raise TooManyRequests(seconds=60)


TokenLimit = Annotated[None, Depends(limit_tokens)]
