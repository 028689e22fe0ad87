"""Comparisons (双方比对) of a link's figures with the other side's: figures, never a person."""

from fastapi import APIRouter

from api.access import OverseerDep, ReadLedgerDep
from api.declared import reading
from api.models.base import IdPath, Listing, NodeQuery
from api.models.comparisons import ComparisonShown, ComparisonWhole
from api.paging import PagingDep
from api.serving.routes import StrictRoute
from exchange.cursors import BadCursor, comparison_cursor
from exchange.errors import NotFound

router = APIRouter(prefix="/api/v1", tags=["Rates"], route_class=StrictRoute)


@router.get("/comparisons", responses=reading(BadCursor), summary="List comparisons with partners")
def list_comparisons(
    _: OverseerDep, ledger: ReadLedgerDep, paging: PagingDep, partner: NodeQuery = None
) -> Listing[ComparisonShown]:
    """Whether both sides count alike, the newest comparison first. Each exchange that differs is among the findings."""
    rows, following = paging.rows(lambda page: ledger.comparisons.find(partner, page), comparison_cursor)
    return Listing[ComparisonShown](items=[ComparisonShown.of(row) for row in rows], next=following)


@router.get("/comparisons/{comparison}", responses=reading(NotFound), summary="Read a comparison")
def read_comparison(caller: OverseerDep, ledger: ReadLedgerDep, comparison: IdPath) -> ComparisonWhole:
    """Both sides' figures, cell by cell where one of the caller's counties has a part, and the partner's signed answer."""
    found = ledger.comparisons.get(comparison)
    if found is None:
        raise NotFound
    return ComparisonWhole.within(found, caller.counties)
