"""Pairing (配对) where exact identity does not decide: who may be the person, and a pairing that was wrong."""

from fastapi import APIRouter, Response

from api.access import ClerkDep, LedgerDep, OfficeDep, ReadLedgerDep
from api.declared import reading, writing
from api.local.exchanges import RoleQuery
from api.local.visible import AmbiguousExchange, row_for, theirs, visible
from api.models.base import IdPath, NodeQuery
from api.models.exchanges import ExchangeRow
from api.models.registers.pairing import Candidates
from api.once import OnceDep
from api.preconditions import etag
from api.serving.routes import StrictRoute
from exchange.errors import NotFound
from exchange.verbs.cases.births import NotYourExchange
from exchange.verbs.pair import NotPaired, OwnOpening, unpair
from exchange.verbs.pairing.candidates import BodiesErased, candidates
from exchange.work.daily import DailyLimit

router = APIRouter(prefix="/api/v1", tags=["Exchanges"], route_class=StrictRoute)


@router.get(
    "/exchanges/{exchange}/candidates",
    responses=reading(NotFound, AmbiguousExchange, BodiesErased, NotYourExchange, DailyLimit),
    summary="Who may be the person",
)
def list_candidates(
    caller: ClerkDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    exchange: IdPath,
    role: RoleQuery = None,
    partner: NodeQuery = None,
) -> Candidates:
    """The entries of the own register that may be the person's, with a probability and a reason for each field (配对候选).

    A score never decides: pair with `POST …/pairing` after a look at both. Protected entries are never among them.
    """
    held = theirs(ledger, office, caller, visible(ledger, caller, exchange, role=role, partner=partner))
    found = candidates(ledger, office.node, held)
    return Candidates.of(held, found)


@router.post(
    "/exchanges/{exchange}/unpairing",
    response_model=ExchangeRow,
    responses=writing(NotFound, AmbiguousExchange, NotYourExchange, NotPaired, OwnOpening),
    summary="Undo a pairing",
)
def unpair_exchange(
    caller: ClerkDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    exchange: IdPath,
    role: RoleQuery = None,
    partner: NodeQuery = None,
) -> Response:
    """Say that the person is not the entry's (解除配对). Exact identity does not pair it again; a clerk can."""
    held = theirs(ledger, office, caller, visible(ledger, caller, exchange, role=role, partner=partner))
    row = row_for(ledger, office, caller, unpair(ledger, held, office.now()))
    return once.answer(row, headers={"etag": etag(row.version)})
