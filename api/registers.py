"""The questions of the wire API by which partners compare a pair's registers with ours (docs/protocol-registers.md)."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from adapters.reconciling.answering import Answering
from api.access import ComparingDep, LimiterDep
from api.declared import Responses, declared
from api.models.figures import question
from api.models.partner import signed
from api.models.register_questions import CELLS_EXAMPLE, OPEN_EXAMPLE, SETTLE_EXAMPLE
from api.partner import JoseResponse, RawBodyDep
from api.problems import BodyTooSlow, RequestTooLarge, TooManyRequests, Unauthorized
from api.serving.limiting import Limiter
from api.serving.routes import Route
from exchange.ledger import LedgerBusy
from exchange.partners import Partner, PartnerSuspended
from exchange.reconciling.keys import KidNotTrusted, TokenKeyGone
from exchange.reconciling.pairs import ComparisonNotAgreed
from exchange.verbs.receive import NotYourLink
from exchange.verbs.reconciling.answer import DoesNotSettle, MonthNotAnswered, TokensNotReady
from exchange.verbs.reconciling.asked import RunUnknown, TooManyDifferences, TooManyRuns
from exchange.wire.registers import (
    CELLS_TYPE,
    REGISTERS_TYPE,
    SETTLED_TYPE,
    CellsAsked,
    CellsTold,
    MalformedRegisterQuestion,
    RegistersAsked,
    RegistersTold,
    SettleAsked,
    SettledTold,
)

router = APIRouter(tags=["Partner"], route_class=Route)
# The most that may be settled in one run, 100,000 persons with 16 compared items each, takes some 10 MB.
MAX_SETTLEMENT = 12 * 1024 * 1024
_REFUSALS = (
    Unauthorized,
    NotYourLink,
    PartnerSuspended,
    ComparisonNotAgreed,
    MonthNotAnswered,
    KidNotTrusted,
    TokenKeyGone,
    RequestTooLarge,
    BodyTooSlow,
    MalformedRegisterQuestion,
    RunUnknown,
    TooManyRuns,
    TooManyRequests,
    LedgerBusy,
)


def answering(request: Request) -> Answering:
    """What answers questions about registers."""
    made = request.app.state.answering
    if not isinstance(made, Answering):
        raise TypeError("the application was made without a node")
    return made


AnsweringDep = Annotated[Answering, Depends(answering)]


def _answers(shape: type[Any], typ: str, *more: type[Any]) -> Responses:
    return {200: {"description": "the signed answer", **signed(shape, typ)}, **declared(*_REFUSALS, *more)}


@router.post(
    "/v1/registers",
    response_class=JoseResponse,
    responses=_answers(RegistersTold, REGISTERS_TYPE, TokensNotReady),
    openapi_extra={"requestBody": question(RegistersAsked, OPEN_EXAMPLE)},
    summary="Open a comparison of two registers",
)
def open_registers(limiter: LimiterDep, answering: AnsweringDep, caller: ComparingDep, body: RawBodyDep) -> Response:
    """What this node holds of the pair, and where that is not what the caller holds, a sketch of it.

    The outflow register of `origin` towards `destination` is compared with that county's inflow register from `origin`; the
    agreement must allow it. Token scope `reconcile`; at most four runs a day for each pair.
    """
    return _told(limiter, caller, body, answering.open)


@router.post(
    "/v1/registers/cells",
    response_class=JoseResponse,
    responses=_answers(CellsTold, CELLS_TYPE, TooManyDifferences, DoesNotSettle),
    openapi_extra={"requestBody": question(CellsAsked, CELLS_EXAMPLE)},
    summary="Cells from which the differences come out",
)
def register_cells(limiter: LimiterDep, answering: AnsweringDep, caller: ComparingDep, body: RawBodyDep) -> Response:
    """A part of this node's table for an opened run, at the snapshot that was told."""
    return _told(limiter, caller, body, answering.cells)


@router.post(
    "/v1/registers/settlement",
    response_class=JoseResponse,
    responses=_answers(SettledTold, SETTLED_TYPE, TooManyDifferences, DoesNotSettle),
    openapi_extra={"requestBody": question(SettleAsked, SETTLE_EXAMPLE)},
    summary="Tell what differs, and end the run",
)
def settle_registers(limiter: LimiterDep, answering: AnsweringDep, caller: ComparingDep, body: RawBodyDep) -> Response:
    """What differs, told to this node; it answers which fields, and that all the rest is equal on both sides."""
    return _told(limiter, caller, body, answering.settle)


def _told(limiter: Limiter, caller: Partner, body: bytes, answer: Callable[[Partner, bytes], str]) -> Response:
    with limiter.reconciling(caller.node):
        return JoseResponse(answer(caller, body))
