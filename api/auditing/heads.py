"""The signed ends of the audit's days, which partners hand each other (docs/protocol.md)."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from adapters.auditing.handing import handed, take
from adapters.keys.errors import BadSignature, ForbiddenHeader, MalformedJws, UnknownKey, WrongType
from api.access import ComparingDep, OfficeDep
from api.declared import declared
from api.models.base import NODE, Day
from api.models.partner import HEADS_EXAMPLE
from api.models.shapes import REFERENCE
from api.partner import RawBodyDep
from api.problems import BodyTooSlow, RequestTooLarge, Unauthorized
from api.serving.routes import Route
from exchange.auditing.heads import AuditHeadMalformed, HeadsExchanged, read_heads
from exchange.errors import Invalid
from exchange.ledger import LedgerBusy
from exchange.partners import PartnerSuspended
from exchange.verbs.receive import NotYourLink

router = APIRouter(tags=["Partner"], route_class=Route)
_BODY = {"application/json": {"schema": {"$ref": REFERENCE + HeadsExchanged.__name__}, "example": HEADS_EXAMPLE}}


@router.post(
    "/v1/links/{node}/audit-heads",
    response_class=Response,
    responses={
        200: {"description": "this node's heads, and those of the caller's that it holds", "content": _BODY},
        **declared(
            Unauthorized,
            PartnerSuspended,
            NotYourLink,
            Invalid,
            AuditHeadMalformed,
            MalformedJws,
            ForbiddenHeader,
            UnknownKey,
            BadSignature,
            WrongType,
            RequestTooLarge,
            BodyTooSlow,
            LedgerBusy,
        ),
    },
    openapi_extra={"requestBody": {"required": True, "content": _BODY}},
    summary="Exchange audit heads",
)
def exchange_audit_heads(
    office: OfficeDep,
    caller: ComparingDep,
    body: RawBodyDep,
    node: Annotated[str, Path(pattern=NODE)],
    request: Request,
    until: Annotated[Day | None, Query(description="what is held of this day and before, the newest first")] = None,
) -> Response:
    """Hand over the latest signed ends of the caller's audit, and get this node's: heads only, never a row.

    Each side keeps the other's, and hands back what it holds: who rewrites its audit cannot rewrite that. Without `until`
    that is what it holds of the last month; with it, of that day and all days before. Token scope `reconcile`; `node` is the
    caller itself.
    """
    if node != caller.node:
        raise NotYourLink
    told = read_heads(body)
    request.app.state.renewals.trusting(caller, lambda known: take(office, known, told))
    with office.ledgers.transaction(read_only=True) as ledger:
        return Response(handed(ledger, caller, office.now(), until), media_type="application/json")
