"""The comparison call of the wire API: a link's figures at one pair of positions (docs/protocol.md)."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from adapters.comparing import answer_figures, answer_rows
from adapters.office import Office
from api.access import ComparingDep, LimiterDep, OfficeDep
from api.declared import Responses, declared
from api.models.base import NODE
from api.models.figures import FIGURES_EXAMPLE, ROWS_EXAMPLE, question
from api.models.partner import signed
from api.partner import JoseResponse, RawBodyDep
from api.problems import BodyTooSlow, RequestTooLarge, TooManyRequests, Unauthorized
from api.serving.limiting import Limiter
from api.serving.routes import Route
from exchange.errors import Invalid
from exchange.ledger import LedgerBusy
from exchange.partners import Partner, PartnerSuspended
from exchange.verbs.compare_figures import PositionsNotHeld, TooMuchToCompare
from exchange.verbs.receive import NotYourLink
from exchange.wire.figures import FIGURES_TYPE, ROWS_TYPE, FiguresAsked, FiguresTold, MalformedComparison, RowsAsked, RowsTold

router = APIRouter(tags=["Partner"], route_class=Route)
NodePath = Annotated[str, Path(pattern=NODE)]
_REFUSALS = (
    Unauthorized,
    NotYourLink,
    PartnerSuspended,
    RequestTooLarge,
    BodyTooSlow,
    Invalid,
    MalformedComparison,
    TooMuchToCompare,
    TooManyRequests,
    LedgerBusy,
)


def _answers(shape: type[Any], typ: str, *more: type[Any]) -> Responses:
    return {200: {"description": "the signed answer", **signed(shape, typ)}, **declared(*_REFUSALS, *more)}


@router.post(
    "/v1/links/{node}/figures",
    response_class=JoseResponse,
    responses=_answers(FiguresTold, FIGURES_TYPE),
    openapi_extra={"requestBody": question(FiguresAsked, FIGURES_EXAMPLE)},
    summary="A link's figures at a pair of positions",
)
def tell_figures(limiter: LimiterDep, office: OfficeDep, caller: ComparingDep, node: NodePath, body: RawBodyDep) -> Response:
    """Counts of a period, and one digest for each of 256 buckets of exchanges, at the positions that both sides hold.

    `node` is the caller itself; the token has the scope `reconcile`. Nothing is kept of the call.
    """
    return _told(limiter, office, caller, node, body, answer_figures)


@router.post(
    "/v1/links/{node}/figures/rows",
    response_class=JoseResponse,
    responses=_answers(RowsTold, ROWS_TYPE, PositionsNotHeld),
    openapi_extra={"requestBody": question(RowsAsked, ROWS_EXAMPLE)},
    summary="The rows of buckets that differ",
)
def tell_figure_rows(limiter: LimiterDep, office: OfficeDep, caller: ComparingDep, node: NodePath, body: RawBodyDep) -> Response:
    """Of the buckets asked about, the rows that the caller does not hold alike, and which of those that it holds are not here."""
    return _told(limiter, office, caller, node, body, answer_rows)


def _told(
    limiter: Limiter, office: Office, caller: Partner, node: str, body: bytes, answer: Callable[[Office, Partner, bytes], str]
) -> Response:
    if caller.node != node:
        raise NotYourLink
    with limiter.comparing(caller.node):
        return JoseResponse(answer(office, caller, body))
