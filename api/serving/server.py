"""How the application is served: by the strictest parser that Uvicorn has, and to nobody who does not come to the point."""

import asyncio
import socket
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from api.serving.door import HEAD_BYTES

HEAD_SECONDS: Final = 10.0


class HeadInTime(H11Protocol):
    """A connection that is closed if no whole head of a request comes in time; Uvicorn itself would wait for one for ever.

    h11 refuses what two servers could read apart: two lengths, a length beside chunks, two hosts, a bare line feed in a name.
    """

    seconds = HEAD_SECONDS
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as Uvicorn has it
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait no longer if a request has begun, and anew for the head of the next one."""
        super().data_received(data)
        cycle: RequestResponseCycle | None = self.cycle  # None at first, whatever Uvicorn's types say
        if cycle is not None and not cycle.response_complete:
            self._wait_no_more()
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.seconds, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there, from which every connection sends what it has at once; OSError if nothing can listen.

    An answer is written head first, body next. Where Nagle's algorithm is left on, the body waits until the caller has confirmed
    the head, which it is in no hurry to do: forty milliseconds for every answer. asyncio switches it off for sockets that name
    their protocol, and those that Python makes for a server do not.
    """
    door = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048)
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return door


def server(app: ASGIApp, *, trusted_proxies: str = "", protocol: type[HeadInTime] = HeadInTime) -> uvicorn.Server:
    """A server for the application that says nothing of itself, and believes proxies only that are named."""
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=10,
        date_header=False,  # the application sends the node's own
        server_header=False,
        # By default Uvicorn believes whatever a caller on loopback says of where it comes from.
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies,
        log_config=None,
    )
    return uvicorn.Server(config)
