"""What holds for every request: the door, how large and how slow its body may be, the node's clock, and a count of it."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import Answering, BodyTooSlow, RequestTooLarge
from api.serving.door import Door
from exchange.errors import Refused, WoshouError

USUAL_BODY = 256 * 1024
# A body may take this long, and longer only while more of it comes at this rate.
BODY_SECONDS = 30.0
_BYTES_A_SECOND = 256 * 1024


class Edge:
    """The outermost layer of the application; `limits` are the routes' paths whose bodies may be larger than the usual.

    Starlette's own limit answers in plain text, and FastAPI counts a body only where a route reads it; here it is a refusal
    like any other, which `answering` answers and `refused` is told of. `seconds` is how long a body may take, before what
    its size adds.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        door: Door,
        limits: Mapping[str, int],
        now: Callable[[], datetime] | None,
        refused: Callable[[WoshouError], None],
        answering: Answering,
        seconds: float = BODY_SECONDS,
    ) -> None:
        self._refused, self._answering = refused, answering
        self._app, self._metrics, self._door = app, metrics, door
        self._limits = [(compile_path(path)[0], limit) for path, limit in limits.items()]
        self._now, self._seconds = now, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._door.headers.items():
                    headers.setdefault(name, value)
                # The node's own clock, which a 401 is judged by: uvicorn's would show the machine's in a sandbox.
                if self._now is not None:
                    headers["date"] = format_datetime(self._now(), usegmt=True)
            await send(message)

        try:
            limit = next((limit for path, limit in self._limits if path.match(scope["path"])), USUAL_BODY)
            try:
                self._door.check(scope)
                if _announced(scope) > limit:
                    raise RequestTooLarge
            except Refused as refusal:
                self._metrics.refused(refusal.code)
                self._refused(refusal)
                await self._answering(scope, refusal)(scope, receive, sending)
            else:
                # Nothing here is so large that it is asked for in parts, and Starlette refuses a bad range in words of its own.
                scope["headers"] = [header for header in scope["headers"] if header[0] != b"range"]
                await self._app(scope, _bounded(receive, limit, self._seconds), sending)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            self._metrics.answered(scope["method"], route, status, perf_counter() - begun)


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _bounded(receive: Receive, limit: int, seconds: float) -> Receive:
    """The same messages; RequestTooLarge or BodyTooSlow as soon as the body is larger or takes longer than allowed."""
    size, begun, more = 0, 0.0, True

    async def receiving() -> Message:
        nonlocal size, begun, more
        if not more:  # what comes now is only that the caller has gone, however late
            return await receive()
        begun = begun or asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(begun + seconds + size / _BYTES_A_SECOND):
                message = await receive()
        except TimeoutError:
            raise BodyTooSlow from None
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
        if size > limit:
            raise RequestTooLarge
        return message

    return receiving
