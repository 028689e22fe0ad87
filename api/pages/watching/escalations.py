"""Escalations and alerts as pages: what lies before a coordinator, and what is wrong."""

from typing import Annotated

from fastapi import Query, Response

from api.access import CoordinatorDep, LedgerDep, OfficeDep, ReadLedgerDep
from api.local.clocks.escalations import held_by, list_escalations
from api.local.clocks.troubles import list_troubles
from api.models.base import IdPath
from api.pages.route import Page, ViewerDep, back_to, page_router, see_other
from api.paging import Paging, PagingDep
from exchange.ledger import Page as Wanted
from exchange.verbs.clocks.escalate import acknowledge

router = page_router()
PATH = "/escalations"
_ALERTS = 20


@router.get(PATH)
def show_escalations(
    viewer: ViewerDep,
    caller: CoordinatorDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    show: Annotated[str, Query(max_length=20)] = "",
) -> Page:
    """What lies before the viewer and is not resolved; with `show=all` also what was, and what lies elsewhere."""
    all_of_it = show == "all"
    found = list_escalations(caller, ledger, paging, everywhere=all_of_it, resolved=None if all_of_it else False)
    latest = Paging(Wanted(limit=_ALERTS), paging.request, paging.response)
    return viewer.page(
        "escalations.html",
        rows=found.items,
        next=paging.query_after(found.next),
        all_of_it=all_of_it,
        alerts=list_troubles(caller, ledger, latest).items,
        divisions=office.node.divisions,
    )


@router.post("/escalations/{escalation}/acknowledgement")
@back_to(PATH)
def acknowledge_one(caller: CoordinatorDep, office: OfficeDep, ledger: LedgerDep, escalation: IdPath) -> Response:
    """Say that it is in hand."""
    acknowledge(ledger, held_by(ledger, caller, escalation), caller.jurisdiction, office.now())
    return see_other(PATH)
