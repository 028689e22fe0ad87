"""The worklists as pages: what is to be done, filtered, in order, with the person for those who handle people."""

from typing import Annotated, Final

from fastapi import Path, Query, Request, Response

from api.access import OfficeDep, ReaderDep, ReadLedgerDep
from api.local.worklists import Narrowed, WantedDep, count_worklists, everything, read_worklist
from api.pages.facts import known_counties
from api.pages.route import Page, ViewerDep, back_to, page_router, see_other
from api.paging import PagingDep
from exchange.work.worklists import Worklist

router = page_router()
FILTERS: Final = ("kind", "event", "purpose", "urgent", "other", "township", "partner")


@router.get("/worklists")
def show_worklists(viewer: ViewerDep, caller: ReaderDep) -> Response:
    """The list that a clerk works from."""
    return see_other(f"/worklists/{Worklist.TO_ANSWER}")


@router.get("/worklists/{worklist}")
@back_to("/worklists/{worklist}")
def show_worklist(
    request: Request,
    viewer: ViewerDep,
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    wanted: WantedDep,
    worklist: Annotated[Worklist, Path()],
    done: Annotated[str, Query()] = "",
) -> Page:
    """One list, a page at a time, beside the counts of all."""
    rows = read_worklist(caller, office, ledger, paging, wanted, worklist)
    counts = count_worklists(caller, office, ledger, Narrowed(everything(caller, office), None))
    asked = {name: given for name in FILTERS if (given := request.query_params.get(name, ""))}
    clerks = {row.clerk for row in rows.items if row.clerk is not None and viewer.works_here}
    return viewer.page(
        "worklist.html",
        worklist=worklist,
        done=done,
        rows=rows.items,
        clerks={clerk: key.name for clerk in clerks if (key := ledger.access.api_key(clerk)) is not None},
        next=paging.query_after(rows.next),
        counts=counts.items,
        asked=asked,
        given={name: viewer.given.get(name, "") for name in FILTERS} | asked,
        known=known_counties(ledger, office.node.divisions),
        divisions=office.node.divisions,
    )
