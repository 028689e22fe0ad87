"""Escalations (督办) for coordinators: what lies before them, to put forward, to acknowledge; exchanges without persons."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from api.access import Caller, CoordinatorDep, LedgerDep, OfficeDep, ReadLedgerDep
from api.declared import reading, writing
from api.local.visible import AmbiguousExchange, visible
from api.models.base import IdPath, Listing
from api.models.clocks.escalations import RAISING_EXAMPLE, EscalationShown, Raising
from api.models.shapes import Shaped, shown
from api.once import OnceDep
from api.paging import PagingDep
from api.serving.routes import StrictRoute
from exchange.clocks.escalation import AlreadyEscalated, Escalation, NotBeforeYou, NothingAwaited
from exchange.cursors import BadCursor, escalation_cursor
from exchange.errors import NotFound
from exchange.ledger import Ledger
from exchange.verbs.clocks.escalate import acknowledge, raise_escalation

router = APIRouter(prefix="/api/v1", tags=["Escalations"], route_class=StrictRoute)


@router.get("/escalations", responses=reading(BadCursor), summary="List escalations")
def list_escalations(
    caller: CoordinatorDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    everywhere: Annotated[bool, Query(description="also what lies before other levels")] = False,
    resolved: Annotated[bool | None, Query(description="only those that are resolved, or only the others")] = None,
) -> Listing[EscalationShown]:
    """What lies before the caller's jurisdiction, about the counties within it, the newest first."""
    to = None if everywhere else caller.jurisdiction
    rows, following = paging.rows(
        lambda page: ledger.escalations.find(caller.counties, page, to=to, resolved=resolved), escalation_cursor
    )
    return Listing[EscalationShown](items=[EscalationShown.of(row) for row in rows], next=following)


@router.post(
    "/escalations",
    status_code=201,
    response_model=EscalationShown,
    responses=writing(NotFound, AmbiguousExchange, NothingAwaited, AlreadyEscalated),
    summary="Put an exchange before the next higher coordinator",
)
def raise_one(
    caller: CoordinatorDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    body: Annotated[Raising, Shaped(Raising), Body(openapi_examples=shown(RAISING_EXAMPLE))],
) -> Response:
    """Put forward an exchange whose answer is awaited, late or not; where nobody stands higher it stays with the county."""
    exchange = visible(ledger, caller, body.exchange, role=body.role, partner=body.partner)
    made = raise_escalation(ledger, office.node, exchange, office.now())
    return once.answer(EscalationShown.of(made), 201)


@router.post(
    "/escalations/{escalation}/acknowledgement",
    response_model=EscalationShown,
    responses=writing(NotFound, NotBeforeYou),
    summary="Acknowledge an escalation",
)
def acknowledge_one(caller: CoordinatorDep, once: OnceDep, office: OfficeDep, ledger: LedgerDep, escalation: IdPath) -> Response:
    """Say that it is in hand. It is resolved by itself, with the answer or the withdrawal."""
    held = held_by(ledger, caller, escalation)
    return once.answer(EscalationShown.of(acknowledge(ledger, held, caller.jurisdiction, office.now())))


def held_by(ledger: Ledger, caller: Caller, escalation: str) -> Escalation:
    """The escalation, if it is about one of the caller's counties; NotFound."""
    held = ledger.escalations.get(escalation)
    if held is None or held.own not in caller.counties:
        raise NotFound
    return held
