"""Comparisons of a link's figures with the other side's as pages: whether both count alike, and where they do not."""

from typing import Annotated, Final

from fastapi import Query

from api.access import OfficeDep, OverseerDep, ReadLedgerDep
from api.local.comparisons import list_comparisons, read_comparison
from api.models.base import IdPath
from api.pages.reporting.asking import partner_titles
from api.pages.route import Page, ViewerDep, back_to, page_router
from api.paging import PagingDep

router = page_router()
PATH: Final = "/reports/comparisons"
# What the cells count of each cohort: the name, Chinese, English.
COUNTS: Final = (
    ("all", "全部", "all"),
    ("answered", "已反馈", "answered"),
    ("on_time", "及时", "on time"),
    ("key", "重点", "key"),
    ("key_answered", "重点已反馈", "key answered"),
    ("apart", "另计撤回", "withdrawn, apart"),
)


@router.get(PATH)
@back_to(PATH)
def show_comparisons(
    viewer: ViewerDep,
    caller: OverseerDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    partner: Annotated[str | None, Query(max_length=253)] = None,
) -> Page:
    """The newest first; of one partner, or of all."""
    found = list_comparisons(caller, ledger, paging, partner)
    return viewer.page(
        "report_comparisons.html",
        rows=found.items,
        next=paging.query_after(found.next),
        partner=partner or "",
        names=partner_titles(office, ledger),
    )


@router.get(PATH + "/{comparison}")
@back_to(PATH)
def show_comparison(viewer: ViewerDep, caller: OverseerDep, office: OfficeDep, ledger: ReadLedgerDep, comparison: IdPath) -> Page:
    """Both sides' figures beside each other, those that differ marked."""
    return viewer.page(
        "report_comparison.html",
        whole=read_comparison(caller, ledger, comparison),
        counts=COUNTS,
        names=partner_titles(office, ledger),
        divisions=office.node.divisions,
    )
