"""Evidence (存证) of what two sides of a link cannot settle: signed manifests and receipts, never a message or a person."""

from fastapi import APIRouter

from api.access import ReadLedgerDep, WatcherDep
from api.declared import reading
from api.models.base import Listing, NodeQuery
from api.models.partners import EvidenceShown
from api.paging import PagingDep
from api.serving.routes import StrictRoute
from exchange.cursors import BadCursor, evidence_cursor

router = APIRouter(prefix="/api/v1", tags=["Partners"], route_class=StrictRoute)


@router.get("/evidence", responses=reading(BadCursor), summary="List evidence")
def list_evidence(_: WatcherDep, ledger: ReadLedgerDep, paging: PagingDep, partner: NodeQuery = None) -> Listing[EvidenceShown]:
    """Both sides' signed words on forked logs and on receipts given twice, the newest first."""
    rows, following = paging.rows(lambda page: ledger.evidence.find(partner, page), evidence_cursor)
    return Listing[EvidenceShown](items=[EvidenceShown.of(row) for row in rows], next=following)
