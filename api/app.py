"""The application: the wire API for partners and the API of the jurisdiction's own systems, on one node."""

from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi_offline import FastAPIOffline

from adapters.office import Office
from api import partner, problems
from api.local import ROUTERS
from api.once import Replayed, replay
from api.webhooks import install_webhooks

DESCRIPTION = """
握手（Woshou）节点接口 · the interface of a Woshou node.

- **Partner**: what other nodes call, version 1 of the wire contract (docs/protocol.md).
- the other groups: what a jurisdiction's own systems and clerks call, with an API key.

Every refusal is an RFC 9457 problem with a stable `type`, a Chinese `title`, an English `detail` and what to do (`retry`).
"""
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def create_app(office: Office) -> FastAPI:
    """The application of one open node."""
    app = FastAPIOffline(
        title="Woshou 握手",
        version=version("woshou"),
        description=DESCRIPTION,
        separate_input_output_schemas=False,
    )
    app.state.office = office
    problems.install(app, office)
    app.add_exception_handler(Replayed, replay)
    app.include_router(partner.router)
    for router in ROUTERS:
        app.include_router(router)
    install_webhooks(app)

    @app.middleware("http")
    async def headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        # The node's own clock, which a 401 is judged by: uvicorn's would show the machine's in a sandbox.
        response.headers["date"] = format_datetime(office.now(), usegmt=True)
        return response

    return app
