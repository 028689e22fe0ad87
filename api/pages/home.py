"""The first page: what is to be done today, by role."""

from api.access import HolderDep, OfficeDep, ReadLedgerDep
from api.local.worklists import Narrowed, count_worklists, everything
from api.pages.route import Page, ViewerDep, page_router
from api.rights import READER
from exchange.moments import civil_day

router = page_router()


@router.get("/")
def show_home(viewer: ViewerDep, caller: HolderDep, office: OfficeDep, ledger: ReadLedgerDep) -> Page:
    """How much stands on each worklist."""
    wanted = Narrowed(everything(caller, office), None)
    counts = count_worklists(caller, office, ledger, wanted) if viewer.may(READER) else None
    place = office.node.divisions.name(caller.jurisdiction)
    return viewer.page("home.html", counts=counts, today=civil_day(office.now()), place=place)
