"""Frozen monthly reports as pages: which there are, each as its tables, and its files."""

from typing import Annotated

from fastapi import Query, Response

from adapters.reports import ReportFormat
from api.access import OfficeDep, ReaderDep, ReadLedgerDep
from api.local.rates import MONTH
from api.local.reporting.frozen_reports import (
    DigestPath,
    held_report,
    list_frozen_reports,
    monthly_document,
    read_frozen_report,
)
from api.pages.reporting.asking import Asked
from api.pages.reporting.tables import shown_tables
from api.pages.route import FIGURES, Page, ViewerDep, back_to, page_router
from exchange.counting.query import ReportQuery
from exchange.errors import NotFound
from exchange.jurisdiction import Category
from exchange.rates import RateName
from exchange.reporting.wanted import ReportName

router = page_router()
ViewQuery = Annotated[ReportName, Query()]
CategoryQuery = Annotated[Category, Query()]


@router.get("/reports/frozen")
@back_to("/reports/frozen")
def list_frozen(
    viewer: ViewerDep,
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    month: Annotated[str | None, Query(pattern=MONTH)] = None,
) -> Page:
    """All editions within the viewer's jurisdiction, the newest month first."""
    if not viewer.may(FIGURES):
        raise NotFound
    found = list_frozen_reports(caller, office, ledger, month).items
    return viewer.page("report_frozen_list.html", rows=found[::-1], month=month, divisions=office.node.divisions)


@router.get("/reports/frozen/{digest}")
@back_to("/reports/frozen")
def show_frozen(
    viewer: ViewerDep,
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    digest: DigestPath,
    view: ViewQuery = ReportName.BULLETIN,
    category: CategoryQuery = Category.MIGRANT,
) -> Page:
    """The figures as they were frozen; nothing is counted anew."""
    held = held_report(office, caller, ledger, digest)
    document = monthly_document(office, held.read(), view, category)
    basis = document.basis
    query = ReportQuery(jurisdictions=(held.head.jurisdiction,), period=basis.period, as_of=basis.as_of)
    asked = Asked(query=query, given={"month": held.head.month}, month=held.head.month)
    return viewer.page(
        "report_frozen.html",
        head=held.head,
        document=document,
        tables=shown_tables(document, viewer.language, asked, (RateName.FEEDBACK_GIVEN,)),
        view=view,
        category=category,
        files=f"/reports/frozen/{digest}/file?view={view}&category={category}",
    )


@router.get("/reports/frozen/{digest}/file")
@back_to("/reports/frozen")
def take_frozen(
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    digest: DigestPath,
    format: Annotated[ReportFormat, Query()] = ReportFormat.XLSX,
    view: Annotated[ReportName | None, Query()] = None,
    category: CategoryQuery = Category.MIGRANT,
) -> Response:
    """The frozen bytes, or one of its tables as a file or a page to be printed."""
    return read_frozen_report(caller, office, ledger, digest, format, view, category)
