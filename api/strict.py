"""Bodies read as I-JSON: what two readers could understand differently is refused before it is validated."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from exchange.wire import ijson


class _StrictRequest(Request):
    async def json(self) -> Any:
        return ijson.loads(await self.body())


class StrictRoute(APIRoute):
    """A route whose JSON bodies are I-JSON (RFC 7493), at most eight levels deep."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, given the stricter request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strictly
