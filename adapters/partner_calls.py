"""One call to another node, bounded in time and size whatever the other side does.

httpx bounds each read and write, so that one byte a second keeps a caller for ever. Here a call as a whole has its seconds:
every read, write and connect gets what is left of them. The resolver's own limit for a name comes on top. And what a name leads
to is looked at before it is connected to.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

import httpcore
import httpx

from adapters.calling.reach import AddressNotAllowed, Reach
from exchange.errors import PartnerTrouble

# Of an answer as it is read: a receipt for 1,000 messages has some 300 KiB.
MAX_ANSWER = 2 * 1024 * 1024
_CONNECT_SECONDS = 5.0
# Written in pieces, so that a receiver that takes them slowly meets the deadline in between.
_PIECE = 16 * 1024
_ends: ContextVar[float | None] = ContextVar("ends", default=None)


class PartnerUnavailable(PartnerTrouble):
    """The partner could not be reached or is overloaded; `wait` is what it asked for, if it did.

    `passing` is a fault of the network or of its server, which the same question may not meet again; an answer that came and
    cannot be used would only come again.
    """

    code = "partner-unavailable"
    zh = "协作方节点暂时无法连接。"
    en = "The partner's node cannot be reached at the moment."

    def __init__(self, *, detail: str = "", wait: timedelta | None = None, passing: bool = False) -> None:
        self.wait, self.passing = wait, passing
        super().__init__(en=f"{type(self).en} {detail}".strip())


def bound(client: httpx.Client, reach: Reach) -> httpx.Client:
    """The same client, whose connections mind the deadline of the call that they serve, and lead only where they may.

    A proxy of the environment is the operator's choice: it is reached wherever it is, and it decides what is reached through it.
    """
    # httpx takes no network backend, and a transport of our own would lose the proxies of the environment. That this still
    # takes hold is what the tests with slow servers are for.
    for way in (client._transport, *client._mounts.values()):
        if isinstance(way, httpx.HTTPTransport):
            through_proxy = type(way._pool) is not httpcore.ConnectionPool
            way._pool._network_backend = _Backend(None if through_proxy else reach)
    return client


def call(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    seconds: float,
    headers: Mapping[str, str] | None = None,
    most: int = MAX_ANSWER,
    heed: Callable[[httpx.Response], None] = lambda _: None,
    **body: Any,
) -> httpx.Response:
    """The whole answer, read within `seconds` from now; PartnerUnavailable if it does not come, is encoded or is too large.

    `most` is how many bytes it may have. `heed` is given the answer while its connection is open.

    Use its `content`: `text` would follow a charset of the partner's choice, and Python has some that unpack.
    """
    wanted = {"accept-encoding": "identity", **(headers or {})}
    patience = httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
    with _translated(), _within(seconds):
        with client.stream(method, url, headers=wanted, timeout=patience, follow_redirects=False, **body) as answer:
            heed(answer)
            if "content-encoding" in answer.headers:
                raise PartnerUnavailable(detail="the answer is encoded, which was not asked for")
            content = bytearray()
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > most:
                    raise PartnerUnavailable(detail="the answer is too large")
                _left()
        return httpx.Response(answer.status_code, headers=answer.headers, content=bytes(content), request=answer.request)


@contextmanager
def _translated() -> Iterator[None]:
    """Network trouble in our own words, without the address, which may carry more than a host."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise PartnerUnavailable(detail=type(exc).__name__, passing=isinstance(exc, httpx.TransportError)) from exc


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Bound everything that this thread reads and writes in the block."""
    before = _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(before)


def _left(asked: float | None = None) -> float | None:
    """What an operation may take: as asked, but no more than is left of the call; PartnerUnavailable if nothing is."""
    ends = _ends.get()
    if ends is None:
        return asked
    left = ends - time.monotonic()
    if left <= 0:
        raise PartnerUnavailable(detail="the answer took too long", passing=True)
    return left if asked is None else min(asked, left)


class _Stream(httpcore.NetworkStream):
    """A connection whose every operation minds the deadline of the call that it serves at that moment."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[start : start + _PIECE], _left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """Connects within the deadline, however many addresses a name has, to those that may be reached."""

    def __init__(self, reach: Reach | None) -> None:
        self._reach = reach

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as exc:
            raise httpcore.ConnectError("the name has no address") from exc
        trouble: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectError("the name has no address")
        addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
        allowed = [address for address in addresses if self._reach is None or self._reach.allows(address)]
        if addresses and not allowed:
            raise AddressNotAllowed
        # The address and not the name: a second look-up could lead elsewhere. TLS still asks for the name.
        for address in allowed:
            try:
                return _Stream(super().connect_tcp(address, port, _left(timeout), local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                trouble = exc
        raise trouble
