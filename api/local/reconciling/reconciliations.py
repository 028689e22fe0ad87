"""Reconciliations (对账): what each came to, partner by partner and pair by pair; counts, never a person."""

from fastapi import APIRouter

from api.access import OfficeDep, OverseerDep, ReadLedgerDep
from api.declared import reading
from api.models.base import IdPath, Listing
from api.models.reconciling.reconciliations import ReconciliationShown, ReconciliationWhole
from api.paging import PagingDep
from api.serving.routes import StrictRoute
from exchange.cursors import BadCursor, reconciliation_cursor
from exchange.errors import NotFound
from exchange.verbs.reconciling.review import review

router = APIRouter(prefix="/api/v1", tags=["Reconciliation"], route_class=StrictRoute)


@router.get("/reconciliations", responses=reading(BadCursor), summary="List reconciliations")
def list_reconciliations(_: OverseerDep, ledger: ReadLedgerDep, paging: PagingDep) -> Listing[ReconciliationShown]:
    """The nightly reconciliations and those that operators started, the newest first."""
    rows, following = paging.rows(ledger.reconciliations.find, reconciliation_cursor)
    return Listing[ReconciliationShown](items=[ReconciliationShown.of(row) for row in rows], next=following)


@router.get("/reconciliations/{reconciliation}", responses=reading(NotFound), summary="Read a reconciliation")
def read_reconciliation(
    caller: OverseerDep, office: OfficeDep, ledger: ReadLedgerDep, reconciliation: IdPath
) -> ReconciliationWhole:
    """Every link, and every pair that one of the caller's counties has a part in: counted, repaired, failed or left out.

    Each pair stands beside its last settled run before, so that one sees what a day has mended.
    """
    return ReconciliationWhole.whole(review(ledger, office.node, caller.counties, reconciliation))
