"""What one caller may cost the others: failed token requests, comparisons and batches given back are counted, looks are few."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from adapters.office import Office
from adapters.partner_http import PartnerClient
from adapters.renewal import Renewals
from api.problems import TooManyRequests, Unauthorized
from exchange.partners import Partner

_TOKEN_FAILURES = RateLimitItemPerMinute(120)
# A credential that does not hold costs a look-up, and has too many bits to be guessed.
_CREDENTIAL_FAILURES = RateLimitItemPerMinute(600)
# Ten a second for each address: more than every watchdog and every partner asks of what is open to all.
_OPEN = RateLimitItemPerMinute(600)
# The longest comparison takes 65 calls, and each may cost seconds: nodes compare at night, and many at one time.
_COMPARISONS = RateLimitItemPerHour(100)
# As many batches as a link has in years; each is a look-up, or the taking of one batch.
_PROVEN = RateLimitItemPerHour(20_000)
# Three calls a pair of counties, and more where answers are lost; how often a pair may be compared is counted elsewhere.
_REGISTERS = RateLimitItemPerHour(10_000)
_CHECKS = RateLimitItemPerHour(20_000)
# At one time, of one caller and of all. What is asked of a partner holds a thread for as long as that partner takes.
_CHECKS_AT_ONCE, _ALL_CHECKS = 8, 16
_CALLS_AT_ONCE, _ALL_CALLS = 2, 8
_CALL_SECONDS = 10
# A sheet is in memory as it was sent, and once more as it was read, in a process of its own: 150 MiB for the largest.
_SHEETS, _ALL_SHEETS = 2, 4
_SHEET_SECONDS = 30
# Who follows an import holds a connection for some seconds, and no thread: tabs of one clerk, and all.
_FOLLOWERS, _ALL_FOLLOWERS = 4, 32
_AT_ONCE = 4
_WAIT_SECONDS = {"figures": 10, "registers": 2}
# A password costs a twentieth of a second and 64 MiB to look at: so often from one address, and so many at one time.
_PASSWORDS = RateLimitItemPerMinute(60)
_PASSWORDS_AT_ONCE = 4
_LOOKS = 2
TOKEN = "token"


def address_of(client: str) -> str:
    """What an address counts as: an IPv4 address as itself, an IPv6 address as its network of 64 bits, all of it one caller's."""
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))


class ImportsWaiting(TooManyRequests):
    """As many sheets are under way as one process keeps in memory."""

    code = "imports-waiting"
    zh = "正在处理的表格较多，请稍后再试。"
    en = "Several sheets are under way: try again in a little while."


class Limiter:
    """Counts what failed from where, for one process.

    Each address has one count for each known partner that it names, and one for all else: junk from behind the same proxy
    does not use up what a partner has, and only known names are kept.
    """

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._lock = threading.Lock()
        self._passwords = asyncio.Semaphore(_PASSWORDS_AT_ONCE)
        self._under_way: set[tuple[str, str]] = set()
        self._places: dict[str, Counter[str]] = {
            "checks": Counter(),
            "calls": Counter(),
            "followers": Counter(),
            "sheets": Counter(),
        }

    def opened(self, door: str, host: str) -> None:
        """Count one request to what is open to all; TooManyRequests after 600 a minute from one address."""
        if not self._window.hit(_OPEN, "open", door, host):
            raise TooManyRequests(seconds=60)

    @contextmanager
    def failures(self, host: str, partner: str | None, what: str = TOKEN) -> Iterator[bool]:
        """Count the block if it ends in Unauthorized; yields whether as many as may a minute have failed already.

        From then on what fails is TooManyRequests, and what is in order still passes: nobody is shut out by who names him.
        """
        key = (what, host, partner or "")
        rate = _TOKEN_FAILURES if what == TOKEN else _CREDENTIAL_FAILURES
        over = not self._window.test(rate, *key)
        try:
            yield over
        except Unauthorized as refusal:
            if over or not self._window.hit(rate, *key):
                raise TooManyRequests(seconds=60) from refusal
            raise

    def comparing(self, partner: str) -> AbstractContextManager[None]:
        """Let a partner ask for figures: one question at a time, 100 an hour, of all partners four; TooManyRequests beyond."""
        return self._asking("figures", _COMPARISONS, partner)

    def reconciling(self, partner: str) -> AbstractContextManager[None]:
        """The same for questions about registers, 10,000 an hour."""
        return self._asking("registers", _REGISTERS, partner)

    @contextmanager
    def checking(self, partner: str) -> Iterator[None]:
        """Let a partner ask about a certificate: 20,000 an hour, 8 at one time, of all partners 16; TooManyRequests beyond."""
        if not self._window.hit(_CHECKS, "checks", partner):
            raise TooManyRequests(seconds=3600)
        with self._place("checks", partner, _CHECKS_AT_ONCE, _ALL_CHECKS, TooManyRequests(seconds=1)):
            yield

    @asynccontextmanager
    async def trying_password(self, host: str) -> AsyncIterator[None]:
        """Let somebody try a password: TooManyRequests after 60 a minute from one address; of all, four at a time.

        The others wait, and hold no thread meanwhile.
        """
        if not self._window.hit(_PASSWORDS, "passwords", host):
            raise TooManyRequests(seconds=60)
        async with self._passwords:
            yield

    def calling(self, key: str) -> AbstractContextManager[None]:
        """Let a key's request wait for a partner: two at one time, of all keys eight; TooManyRequests beyond.

        Ask for it before a thread is taken: a partner that is silent then holds few of them.
        """
        return self._place("calls", key, _CALLS_AT_ONCE, _ALL_CALLS, TooManyRequests(seconds=_CALL_SECONDS))

    def following(self, key: str) -> AbstractContextManager[None]:
        """Let a key follow an import: four at one time, of all keys 32; TooManyRequests beyond."""
        return self._place("followers", key, _FOLLOWERS, _ALL_FOLLOWERS, TooManyRequests(seconds=_CALL_SECONDS))

    def reading(self, key: str) -> AbstractContextManager[None]:
        """Let a key bring a sheet: two at one time, of all keys four; ImportsWaiting beyond.

        Ask for it before the body is read, and hold it until nothing of the sheet is needed any more.
        """
        return self._place("sheets", key, _SHEETS, _ALL_SHEETS, ImportsWaiting(seconds=_SHEET_SECONDS))

    @contextmanager
    def _place(self, what: str, caller: str, each: int, most: int, refusal: TooManyRequests) -> Iterator[None]:
        taken = self._places[what]
        with self._lock:
            if taken[caller] >= each or taken.total() >= most:
                raise refusal
            taken[caller] += 1
        try:
            yield
        finally:
            with self._lock:
                taken[caller] -= 1
                if not taken[caller]:
                    del taken[caller]

    @contextmanager
    def _asking(self, about: str, rate: RateLimitItem, partner: str) -> Iterator[None]:
        if not self._window.hit(rate, about, partner):
            raise TooManyRequests(seconds=3600)
        with self._lock:
            if (about, partner) in self._under_way or len(self._under_way) >= _AT_ONCE:
                raise TooManyRequests(seconds=_WAIT_SECONDS[about])
            self._under_way.add((about, partner))
        try:
            yield
        finally:
            with self._lock:
                self._under_way.discard((about, partner))

    def proving(self, partner: str) -> None:
        """Count one batch with its proof that a partner asks for or gives back; TooManyRequests after 20,000 an hour."""
        if not self._window.hit(_PROVEN, "proven", partner):
            raise TooManyRequests(seconds=3600)


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
