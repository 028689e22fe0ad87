"""Assignment (分派): hand exchanges to townships, give them back, read who had them."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from adapters.office import Office
from api.access import AnswererDep, AssignerDep, Caller, LedgerDep, OfficeDep, ReaderDep, ReadLedgerDep
from api.declared import reading, writing
from api.local.exchanges import RoleQuery
from api.local.visible import AmbiguousExchange, row_for, visible, visible_all, visible_for
from api.models.assignments import (
    ASSIGNING_EXAMPLE,
    ASSIGNING_MANY_EXAMPLE,
    RETURN_EXAMPLE,
    AssignedMany,
    AssignedRow,
    Assigning,
    AssigningMany,
    AssignmentShown,
    Returning,
    TakingOver,
)
from api.models.base import IdPath, Listing, NodeQuery
from api.models.exchanges import ExchangeRow
from api.models.shapes import Shaped, shown
from api.once import Once, OnceDep
from api.preconditions import etag
from api.serving.routes import StrictRoute
from exchange.codes import Kind, Role
from exchange.errors import Invalid, NotFound
from exchange.exchanges import Exchange
from exchange.ledger import Ledger
from exchange.verbs.cases.births import NotYourExchange
from exchange.verbs.cases.reading import NotYourCase
from exchange.verbs.cases.settling import NoSuchClerk
from exchange.verbs.reply import NotYourRole
from exchange.verbs.work.assign import assign, assign_all, give_back, townships_of
from exchange.verbs.work.take_over import take_over
from exchange.work.assignment import AlreadyTheirs, InternalLimitRefused, NotAssignable, NotAssigned, NotATownshipHere

router = APIRouter(prefix="/api/v1", tags=["Assignments"], route_class=StrictRoute)


class TownshipOrRule(Invalid):
    """Either a township is named, or the rule by which each exchange finds its own."""

    code = "township-or-rule"
    zh = "township 与 rule 须且只须填写一项。"
    en = "Give `township` or `rule`, and only one of them."


@router.post(
    "/exchanges/{exchange}/assignment",
    response_model=ExchangeRow,
    responses=writing(
        NotFound, AmbiguousExchange, NotYourRole, NotATownshipHere, NotAssignable, AlreadyTheirs, InternalLimitRefused
    ),
    summary="Hand an exchange to a township (分派)",
)
def assign_exchange(
    caller: AssignerDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    exchange: IdPath,
    body: Annotated[Assigning, Shaped(Assigning), Body(openapi_examples=shown(ASSIGNING_EXAMPLE))],
    partner: NodeQuery = None,
) -> Response:
    """Hand what the county was asked to one of its townships, or to another one than before. Each step is kept."""
    found = visible_for(ledger, caller, exchange, Kind.FEEDBACK, partner)
    changed = assign(ledger, office.node, found, body.township, due=body.due, by=caller.key, now=office.now())
    return _row(once, office, ledger, caller, changed)


@router.post(
    "/exchanges/{exchange}/return",
    response_model=ExchangeRow,
    responses=writing(NotFound, AmbiguousExchange, NotYourRole, NotAssigned),
    summary="Give an exchange back to the county",
)
def return_exchange(
    caller: AnswererDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    exchange: IdPath,
    body: Annotated[Returning, Shaped(Returning), Body(openapi_examples=shown(RETURN_EXAMPLE))],
    partner: NodeQuery = None,
) -> Response:
    """Give back what a township has now, with the reason; then its key sees the exchange no more."""
    found = visible_for(ledger, caller, exchange, Kind.FEEDBACK, partner)
    return _row(once, office, ledger, caller, give_back(ledger, found, body.reason, by=caller.key, now=office.now()))


@router.post(
    "/exchanges/{exchange}/clerk",
    response_model=ExchangeRow,
    responses=writing(NotFound, AmbiguousExchange, NotYourExchange, NotYourCase, NoSuchClerk),
    summary="Take an exchange over, or hand it to another clerk",
)
def take_exchange_over(
    caller: AnswererDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    exchange: IdPath,
    body: Annotated[TakingOver, Shaped(TakingOver), Body(openapi_examples=shown({}))],
    role: RoleQuery = None,
    partner: NodeQuery = None,
) -> Response:
    """Become the clerk of an exchange that nobody has (领办), or give one's own to another key.

    Of a birth registration the person is shown to that clerk alone.
    """
    found = visible(ledger, caller, exchange, role=role, partner=partner)
    return _row(once, office, ledger, caller, take_over(ledger, found, caller.key, office.now(), body.clerk))


@router.get(
    "/exchanges/{exchange}/assignments",
    responses=reading(NotFound, AmbiguousExchange, NotYourRole),
    summary="Who had an exchange",
)
def list_assignments(
    caller: ReaderDep, ledger: ReadLedgerDep, exchange: IdPath, partner: NodeQuery = None
) -> Listing[AssignmentShown]:
    """Every step in the order of time; the last one stands."""
    found = visible_for(ledger, caller, exchange, Kind.FEEDBACK, partner)
    steps = ledger.assignments.of([found.key]).get(found.key, ())
    return Listing[AssignmentShown](items=[AssignmentShown.of(step) for step in steps], next=None)


@router.post(
    "/assignments",
    response_model=AssignedMany,
    responses=writing(TownshipOrRule),
    summary="Hand many exchanges to townships",
)
def assign_exchanges(
    caller: AssignerDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    body: Annotated[AssigningMany, Shaped(AssigningMany), Body(openapi_examples=shown(ASSIGNING_MANY_EXAMPLE))],
) -> Response:
    """Hand up to a thousand to one township, or each to its entry's. What is refused holds up no other, and says why."""
    if (body.township is None) == (body.rule is None):
        raise TownshipOrRule(pointer="/township")
    return once.answer(AssignedMany.of(_many(ledger, office, caller, body)))


def _many(ledger: Ledger, office: Office, caller: Caller, body: AssigningMany) -> list[AssignedRow]:
    names = list(dict.fromkeys(body.exchanges))
    found = visible_all(ledger, caller, [(name, Role.ASKED) for name in names])
    held = [one for one in found.values() if isinstance(one, Exchange)]
    done = assign_all(ledger, office.node, held, body.township, due=body.due, by=caller.key, now=office.now())
    steps = townships_of(ledger, [one for one in done.values() if isinstance(one, Exchange)])
    rows = []
    for name in names:
        one = found[name, Role.ASKED]
        outcome = done[one.key] if isinstance(one, Exchange) else one
        rows.append(AssignedRow.of(name, outcome, steps.get(outcome.key) if isinstance(outcome, Exchange) else None))
    return rows


def _row(once: Once, office: Office, ledger: Ledger, caller: Caller, exchange: Exchange) -> Response:
    row = row_for(ledger, office, caller, exchange)
    return once.answer(row, headers={"etag": etag(row.version)})
