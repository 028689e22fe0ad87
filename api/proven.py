"""The wire API after a restore: batches with their proofs, asked for by who lost them, or given back (docs/protocol.md)."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from adapters.office import Office
from adapters.reconciling.proofs import held_batch, take_proven, written
from api.access import ComparingDep, LimiterDep, OfficeDep, RenewalsDep
from api.declared import Responses, declared
from api.models.base import NODE
from api.models.partner import PROVEN
from api.partner import RawBodyDep
from api.problems import BodyTooSlow, RequestTooLarge, TooManyRequests, Unauthorized
from api.serving.limiting import Limiter
from api.serving.routes import Route
from exchange.errors import Invalid
from exchange.exchanges import Direction
from exchange.ledger import LedgerBusy
from exchange.partners import Partner, PartnerSuspended
from exchange.verbs.deliver import ReceiptDoesNotFit
from exchange.verbs.receive import LinkForked, NotYourLink, SequenceGap
from exchange.verbs.settling.take_back import BatchTooEarly
from exchange.wire.batch import BatchNotAuthentic
from exchange.wire.proven import ProofDoesNotHold

router = APIRouter(tags=["Partner"], route_class=Route)
NodePath = Annotated[str, Path(pattern=NODE)]
AfterQuery = Annotated[int, Query(ge=0, le=2**53 - 1, description="the last batch that the caller holds, 0 for none")]
MEDIA = "application/x-ndjson"


class ProvenResponse(Response):
    """A batch with its proof."""

    media_type = MEDIA


_GIVEN: Responses = {
    200: {"description": "the next batch after that one, with its proof", "content": {MEDIA: PROVEN}},
    204: {"description": "there is none; no body"},
    **declared(Unauthorized, NotYourLink, PartnerSuspended, Invalid, TooManyRequests, LedgerBusy),
}


@router.get(
    "/v1/links/{node}/sent", response_class=ProvenResponse, responses=_GIVEN, summary="The caller's own batches that it lost"
)
def give_sent(limiter: LimiterDep, office: OfficeDep, caller: ComparingDep, node: NodePath, after: AfterQuery) -> Response:
    """The next batch of the caller's own log after `after`, as it was taken here, with the receipt that was given for it.

    `node` is the caller itself; the token has the scope `reconcile`. One batch a call. Erased bodies come as digests.
    """
    return _given(limiter, office, caller, node, Direction.IN, after)


@router.get(
    "/v1/links/{node}/received",
    response_class=ProvenResponse,
    responses=_GIVEN,
    summary="Batches that the caller took and lost",
)
def give_received(limiter: LimiterDep, office: OfficeDep, caller: ComparingDep, node: NodePath, after: AfterQuery) -> Response:
    """The next batch of this node's log after `after`, with the receipt that the caller gave for it; as `sent` otherwise."""
    return _given(limiter, office, caller, node, Direction.OUT, after)


@router.post(
    "/v1/batches/proven",
    status_code=204,
    response_class=Response,
    response_description="taken back, or there already; no body",
    responses=declared(
        Unauthorized,
        NotYourLink,
        PartnerSuspended,
        RequestTooLarge,
        BodyTooSlow,
        ProofDoesNotHold,
        BatchNotAuthentic,
        ReceiptDoesNotFit,
        SequenceGap,
        BatchTooEarly,
        LinkForked,
        TooManyRequests,
        LedgerBusy,
    ),
    openapi_extra={"requestBody": {"required": True, "content": {MEDIA: PROVEN}}},
    summary="Give back a batch that this node lost",
)
def take_lost(limiter: LimiterDep, office: OfficeDep, renewals: RenewalsDep, caller: ComparingDep, body: RawBodyDep) -> Response:
    """A batch of either log of the link that this node held before, with its receipt: nothing is judged anew.

    The token has the scope `reconcile`. The same batch again changes nothing.
    """
    limiter.proving(caller.node)
    renewals.trusting(caller, lambda known: take_proven(office, known, body))
    return Response(status_code=204)


def _given(limiter: Limiter, office: Office, caller: Partner, node: str, direction: Direction, after: int) -> Response:
    if caller.node != node:
        raise NotYourLink
    limiter.proving(caller.node)
    with office.ledgers.transaction(read_only=True) as ledger:
        link = ledger.links.of(caller.node)
        if link is None:
            raise NotYourLink
        batch = held_batch(ledger, link, direction, after + 1)
    return Response(status_code=204) if batch is None else ProvenResponse(written(batch))
