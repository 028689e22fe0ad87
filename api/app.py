"""The application: the wire API for partners and the API of the jurisdiction's own systems, on one node."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline

from adapters.office import Office
from adapters.partner_http import PartnerClient
from api import health, partner, problems
from api.edge import Edge
from api.local import ROUTERS
from api.metrics import Metrics
from api.once import Replayed, replay
from api.openapi import describe
from api.webhooks import install_webhooks

API_VERSION = "1.0"
DESCRIPTION = """
握手（Woshou）节点接口 · the interface of a Woshou node.

- **Partner**: what other nodes call, version 1 of the wire contract (docs/protocol.md).
- the other groups: what a jurisdiction's own systems and clerks call, with an API key.

Every refusal is an RFC 9457 problem with a stable `type`, a Chinese `title`, an English `detail` and what to do (`retry`).
"""
MAX_BODY = 256 * 1024
PARTNER_SECONDS = 15.0


def create_app(office: Office | None = None, *, client: httpx.Client | None = None) -> FastAPI:
    """The application of one open node; without one it can only describe itself.

    `client` is what partners are looked at with; without one the application makes and closes its own.
    """
    calling = client or httpx.Client(timeout=PARTNER_SECONDS, trust_env=False, follow_redirects=False)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        if client is None:
            calling.close()

    app = FastAPIOffline(
        title="Woshou 握手",
        version=API_VERSION,
        description=DESCRIPTION,
        separate_input_output_schemas=False,
        generate_unique_id_function=_operation,
        max_body_size=MAX_BODY,
        lifespan=life,
    )
    metrics = Metrics()
    app.state.office, app.state.metrics = office, metrics
    app.state.partners = PartnerClient(office, calling) if office is not None else None
    app.openapi = lambda: describe(app)  # type: ignore[method-assign] # FastAPI's documented way to describe oneself
    problems.install(app)
    app.add_exception_handler(Replayed, replay)
    app.add_middleware(Edge, metrics=metrics, now=office.now if office is not None else None)
    for router in (health.router, partner.router, *ROUTERS):
        app.include_router(router)
    install_webhooks(app)
    return app


def _operation(route: APIRoute) -> str:
    return route.name
