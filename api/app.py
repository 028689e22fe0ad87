"""The application: the wire API for partners and the API of the jurisdiction's own systems, on one node."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from functools import partial

import httpx
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from adapters.auditing.refusals import Refusals
from adapters.calling.reach import Reach
from adapters.certificates.answering import CertificateAnswering
from adapters.certificates.asking import CertificateAsking
from adapters.office import Office
from adapters.partner_http import PartnerClient, http_client
from adapters.reconciling.answering import Answering
from adapters.reconciling.tokens import TokenKeeper
from adapters.signin.oidc import OpenIdConnect
from adapters.signin.signing_in import SigningIn
from api import figures, health, ndjson, pages, partner, problems, proven, registers
from api.auditing import heads
from api.describing.openapi import describe
from api.describing.pages import install_pages
from api.describing.webhooks import install_webhooks
from api.local import ROUTERS, imports
from api.metrics import Metrics
from api.once import Replayed, replay
from api.pages.refused import answer
from api.serving import audit
from api.serving.door import Door
from api.serving.edge import BODY_SECONDS, Edge
from api.serving.importing import QUICK_SECONDS, Importing
from api.serving.limiting import FewLooks, Limiter
from api.serving.routes import Route, operation_id, ruled
from api.wire import certificates
from exchange.wire.proven import MAX_PROVEN

API_VERSION = "1.0"
DESCRIPTION = """
握手（Woshou）节点接口 · the interface of a Woshou node.

- **Partner**: what other nodes call, version 1 of the wire contract (docs/protocol.md).
- the other groups: what a jurisdiction's own systems and clerks call, with an API key.

Every refusal is an RFC 9457 problem with a stable `type`, a Chinese `title`, an English `detail` and what to do (`retry`).
"""
_ROUTERS = (
    health.router,
    partner.router,
    figures.router,
    proven.router,
    registers.router,
    certificates.router,
    heads.router,
    *ROUTERS,
)
# What a body may hold where it is more than what one person or one matter needs, by the path of the route.
BODY_LIMITS = {
    "/v1/batches": partner.MAX_SENT,
    "/v1/batches/proven": MAX_PROVEN,
    "/v1/agreements": partner.MAX_DOCUMENT,
    "/v1/reports": partner.MAX_DOCUMENT,
    "/v1/registers/settlement": registers.MAX_SETTLEMENT,
    "/api/v1/received-reports": partner.MAX_DOCUMENT,
    "/api/v1/imports": imports.MAX_FORM,
    "/api/v1/imports/{id}/annotated": imports.MAX_FORM,
    "/api/v1/cross-checks": imports.MAX_FORM,
    "/api/v1/cross-checks/settlement-sheets": imports.MAX_FORM,
    "/imports": imports.MAX_FORM,
    "/imports/{id}/annotated": imports.MAX_FORM,
    "/api/v1/entries/bulk": ndjson.MAX_BYTES,
    "/api/v1/exchanges/bulk-replies": ndjson.MAX_BYTES,
}


def create_app(
    office: Office | None = None,
    *,
    client: httpx.Client | None = None,
    body_seconds: float = BODY_SECONDS,
    quick_seconds: float = QUICK_SECONDS,
    host_names: Collection[str] = (),
    security_contact: str = "",
) -> FastAPI:
    """The application of one open node; without one it can only describe itself.

    `client` is what partners are looked at with; without one the application makes and closes its own. A body that takes
    longer than `body_seconds` is refused; an import by page that takes longer than `quick_seconds` is told of while it goes on.
    `host_names` are further names under which the node is called, and `security_contact` is whom to tell of a weakness.
    """
    calling = client or http_client(reach=office.reach if office is not None else Reach())

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        if office is not None:
            app.state.importing.close()
            app.state.refusals.close()
        if client is None:
            calling.close()

    app = FastAPIOffline(
        docs_url=None,
        redoc_url=None,
        # A redirect would lead to whatever host the request names.
        redirect_slashes=False,
        title="Woshou 握手",
        version=API_VERSION,
        description=DESCRIPTION,
        separate_input_output_schemas=False,
        generate_unique_id_function=operation_id,
        lifespan=life,
    )
    metrics = Metrics()
    app.state.office, app.state.metrics, app.state.limiter = office, metrics, Limiter()
    app.state.security_contact = security_contact
    if office is not None:
        app.state.refusals = Refusals(office.ledgers, office.now)
        app.state.partners = PartnerClient(office, calling)
        app.state.renewals = FewLooks(office, app.state.partners)
        app.state.answering = Answering(office, TokenKeeper(office))
        app.state.certificates = CertificateAnswering(office)
        app.state.importing = Importing(office, quick_seconds=quick_seconds)
        app.state.signing_in = SigningIn(office)
        app.state.oidc = OpenIdConnect(office, office.provider, calling) if office.provider is not None else None
        app.state.asking = CertificateAsking(office, app.state.partners, app.state.renewals)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign] # FastAPI's documented way to describe oneself
    app.add_exception_handler(Replayed, replay)
    now = office.now if office is not None else None
    door = Door(url=office.documents.url if office is not None else "", names=host_names, limiter=app.state.limiter)
    problems.install(app, answer, door.headers)
    refused = partial(audit.leave_unrouted, app)
    app.add_middleware(
        Edge, metrics=metrics, door=door, limits=BODY_LIMITS, now=now, refused=refused, answering=answer, seconds=body_seconds
    )
    for router in (*_ROUTERS, *pages.ROUTERS):
        # As they are: `include_router` makes each route anew for each application, a quarter of a second at its first request.
        app.router.routes.extend(ruled(router).routes)
    install_webhooks(app)
    install_pages(app)
    return app


def operations() -> dict[str, Route]:
    """Every operation by its method and path, with the right that opens it."""
    served = [route for router in _ROUTERS for route in router.routes if isinstance(route, Route)]
    return {f"{method} {route.path}": route for route in served for method in sorted(route.methods or ())}
