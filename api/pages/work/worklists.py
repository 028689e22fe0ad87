"""The worklists as pages: what is to be done, filtered, in order, with the person for those who handle people."""

from typing import Annotated, Final

from fastapi import Path, Request, Response

from api.access import OfficeDep, ReaderDep, ReadLedgerDep
from api.local.worklists import Narrowed, WantedDep, count_worklists, everything, read_worklist
from api.pages.facts import known_counties
from api.pages.route import Page, ViewerDep, page_router, see_other
from api.paging import PagingDep
from exchange.work.worklists import Worklist

router = page_router()
FILTERS: Final = ("kind", "event", "purpose", "urgent", "other", "township", "partner")


@router.get("/worklists")
def show_worklists(viewer: ViewerDep, caller: ReaderDep) -> Response:
    """The list that a clerk works from."""
    return see_other(f"/worklists/{Worklist.TO_ANSWER}")


@router.get("/worklists/{worklist}")
def show_worklist(
    request: Request,
    viewer: ViewerDep,
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    wanted: WantedDep,
    worklist: Annotated[Worklist, Path()],
) -> Page:
    """One list, a page at a time, beside the counts of all."""
    rows = read_worklist(caller, office, ledger, paging, wanted, worklist)
    counts = count_worklists(caller, office, ledger, Narrowed(everything(caller, office), None))
    given = {name: request.query_params.get(name, "") for name in FILTERS}
    return viewer.page(
        "worklist.html",
        worklist=worklist,
        rows=rows.items,
        next=paging.query_after(rows.next),
        counts=counts.items,
        given=given,
        known=known_counties(ledger, office.node.divisions),
        divisions=office.node.divisions,
    )
