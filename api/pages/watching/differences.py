"""Differences between registers, and silent partners, as pages of the worklists."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import Path, Query, Response

from api.access import AnswererDep, LedgerDep, OfficeDep, ReaderDep, ReadLedgerDep
from api.local.reconciling.differences import OtherPath, SoughtDep, destination_set, listed, sent_for
from api.local.worklists import Narrowed, count_worklists, everything, list_silent_partners
from api.models.base import IdPath
from api.models.worklists import SILENT
from api.pages.route import Page, ViewerDep, back_to, page_router, see_other
from api.paging import PagingDep
from api.rights import ANSWERER
from exchange.reconciling.results import DifferenceKind

router = page_router()
_ONE: Final = "/worklists/{kind}/{entry}/{other}"
KindPath = Annotated[DifferenceKind, Path()]
DoneQuery = Annotated[str, Query(max_length=20)]


@router.get(f"/worklists/{SILENT}")
def show_silent_partners(viewer: ViewerDep, caller: ReaderDep, office: OfficeDep, ledger: ReadLedgerDep) -> Page:
    """Partners of which something is expected and nothing was heard."""
    rows = list_silent_partners(caller, office, ledger).items
    counts = count_worklists(caller, office, ledger, Narrowed(everything(caller, office), None)).items
    return viewer.page("silent.html", worklist=SILENT, rows=rows, counts=counts)


def _list_of(kind: DifferenceKind) -> Callable[..., Any]:
    def show_differences(
        viewer: ViewerDep,
        caller: ReaderDep,
        office: OfficeDep,
        ledger: ReadLedgerDep,
        paging: PagingDep,
        wanted: SoughtDep,
        done: DoneQuery = "",
    ) -> Page:
        """One list of differences, each with what would settle it."""
        found = listed(office, ledger, paging, wanted, kind)
        counts = count_worklists(caller, office, ledger, Narrowed(everything(caller, office), None)).items
        return viewer.page(
            "differences.html",
            worklist=kind,
            found=found,
            next=paging.query_after(found.next),
            counts=counts,
            may=viewer.may(ANSWERER),
            done=done,
            divisions=office.node.divisions,
        )

    return show_differences


for _kind in DifferenceKind:
    router.get(f"/worklists/{_kind}")(_list_of(_kind))


@router.post(_ONE + "/send")
@back_to("/worklists/{kind}")
def send_prepared(
    caller: AnswererDep, office: OfficeDep, ledger: LedgerDep, kind: KindPath, entry: IdPath, other: OtherPath
) -> Response:
    """Send the prepared message, and show its exchange."""
    sent = sent_for(caller, office, ledger, entry, other)
    return see_other(f"/exchanges/{sent.exchange.key.exchange}/{sent.exchange.key.role}?done=sent&from=/worklists/{kind}")


@router.post(_ONE + "/destination")
@back_to("/worklists/{kind}")
def set_found_destination(
    caller: AnswererDep, office: OfficeDep, ledger: LedgerDep, kind: KindPath, entry: IdPath, other: OtherPath
) -> Response:
    """Set the destination that was found."""
    destination_set(caller, office, ledger, entry, other)
    return see_other(f"/worklists/{kind}?done=set")
