"""The same time for every answer (docs/decisions/certificate-checks.md)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

# Ten times what an answer takes on a small machine, and less than a clerk notices.
SECONDS = 0.25


class Pace:
    """Lets a block end a whole number of beats after it began: what it took within a beat is not seen from outside."""

    def __init__(
        self,
        seconds: float = SECONDS,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._seconds, self._clock, self._sleep, self._rest = seconds, clock, sleep, rest

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Wait for the beat after the block. A refusal passes at once: it depends on nothing that was looked at."""
        began = self._clock()
        yield
        self._sleep(self._left(began))

    @asynccontextmanager
    async def steadily(self) -> AsyncIterator[None]:
        """The same, and no thread waits."""
        began = self._clock()
        yield
        await self._rest(self._left(began))

    def _left(self, began: float) -> float:
        return self._seconds - (self._clock() - began) % self._seconds
