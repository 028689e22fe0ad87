"""What every route does before its own work: who calls, then the body, as I-JSON where it is JSON, and last the ledger."""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack
from typing import Any, ClassVar

from fastapi import Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIRouter
from starlette.formparsers import MultiPartParser

from adapters.auditing.trail import leaving
from api.access import Caller, Having, PartnerCalling, identify, limiter_of
from api.once import Replayed
from api.rights import PUBLIC, PartnerRight, Right
from api.serving.audit import begin_trail
from api.serving.books import transacted
from exchange.wire import ijson

# A file that is sent is about people. It stays in memory, whole: Starlette would put what is above a MiB into a file in /tmp.
MultiPartParser.spool_max_size = 64 * 2**20


def operation_id(route: APIRoute) -> str:
    """What an operation is called in the description: as its function is, which is unique."""
    return route.name


class NoRight(TypeError):
    """A route must name the one right that opens it, by a type such as `ClerkDep` in its signature, or be among the public ones.

    The rights, and the list of what is public, stand in api/rights.py.
    """


class Route(APIRoute):
    """A route that asks who calls before it reads a body, and opens its transaction when it has read it.

    `right` is what its caller needs, and None for the public ones.
    """

    public: ClassVar[Mapping[str, object]] = PUBLIC

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, self.prepared(endpoint), **{**options, "generate_unique_id_function": operation_id})
        rights = {call.right for call in _calls(self.dependant) if isinstance(call, Having | PartnerCalling)}
        methods = self.methods or set()
        public = all(f"{method} {path}" in self.public for method in methods)
        if len(rights) != (0 if public else 1):
            raise NoRight(f"{', '.join(methods)} {path} names {sorted(right.name for right in rights) or 'no right'}")
        self.right: Right | PartnerRight | None = next(iter(rights), None)
        self.takes_sheet = UploadFile in _bodies(self.dependant)

    @property
    def leaves_trail(self) -> bool:
        """Whether a request is told in the audit."""
        return self.right is not None or self.methods == {"POST"}

    @staticmethod
    def prepared(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is called: in its transaction, and telling the trail whom it shows."""
        return transacted(endpoint)

    async def identify(self, request: Request, right: Right | PartnerRight) -> None:
        """Find out who calls."""
        await identify(request, right)
        await self.seat(request, request.state.known)

    async def seat(self, request: Request, known: object) -> None:
        """Before a sheet is sent: one of the few places for them, which the request has until it is answered or hands it on."""
        if self.takes_sheet and isinstance(known, Caller):
            request.state.place.enter_context((await limiter_of(request)).reading(known.key))

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, which reads the body first, behind the caller's identification."""
        handle = super().get_route_handler()

        async def identified(request: Request) -> Response:
            trail = begin_trail(request, self) if self.leaves_trail else None
            with leaving(trail), ExitStack() as request.state.place:
                if self.right is not None:
                    await self.identify(request, self.right)
                try:
                    return await handle(request)
                except Replayed:
                    if trail is not None:
                        await run_in_threadpool(trail.settle)
                    raise

        return identified


def ruled(router: APIRouter) -> APIRouter:
    """The same router; NoRight for a route of another class, which would ask nobody who calls."""
    for route in router.routes:
        if not isinstance(route, Route):
            raise NoRight(f"{route} is no {Route.__name__}: give its router `route_class`")
    return router


class _StrictRequest(Request):
    async def json(self) -> Any:
        return ijson.loads(await self.body())


class StrictRoute(Route):
    """A route whose JSON bodies are I-JSON (RFC 7493), at most eight levels deep.

    What two readers could understand differently is refused before it is validated.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The usual handler, given the stricter request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strictly


def _bodies(dependant: Dependant) -> list[object]:
    """What a route takes from a body, and whatever it depends on."""
    found = [each for part in dependant.dependencies for each in _bodies(part)]
    return [*found, *(field.field_info.annotation for field in dependant.body_params)]


def _calls(dependant: Dependant) -> list[Callable[..., Any]]:
    """All functions that a route depends on, however deep."""
    found = [call for part in dependant.dependencies for call in _calls(part)]
    return found if dependant.call is None else [dependant.call, *found]
