"""Troubles (告警) for operators and coordinators: what is wrong, since when, and what was."""

from fastapi import APIRouter

from api.access import AlertedDep, ReadLedgerDep
from api.declared import reading
from api.models.base import Listing
from api.models.clocks.escalations import TroubleShown
from api.paging import PagingDep
from api.serving.routes import StrictRoute
from exchange.cursors import BadCursor, trouble_cursor

router = APIRouter(prefix="/api/v1", tags=["Troubles"], route_class=StrictRoute)


@router.get("/troubles", responses=reading(BadCursor), summary="List troubles")
def list_troubles(_: AlertedDep, ledger: ReadLedgerDep, paging: PagingDep) -> Listing[TroubleShown]:
    """What is or was wrong, the newest first: `ended_at` is null while it lasts."""
    rows, following = paging.rows(ledger.troubles.find, trouble_cursor)
    return Listing[TroubleShown](items=[TroubleShown.of(row) for row in rows], next=following)
