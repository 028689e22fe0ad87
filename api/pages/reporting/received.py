"""Monthly reports that came from below as pages: which there are, each as its tables, their sum, and the files of all that."""

from typing import Annotated, Any

from fastapi import Query, Response

from adapters.reports import ReportFormat
from api.access import OfficeDep, ReaderDep, ReadLedgerDep
from api.local.rates import MONTH
from api.local.reporting.frozen_reports import DigestPath, monthly_document, shown_monthly
from api.local.reporting.received_reports import held_received, list_received_reports, read_received_signature, summed
from api.local.reporting.reports import answer
from api.models.base import CODE
from api.pages.reporting.asking import Asked
from api.pages.reporting.frozen import CategoryQuery, ViewQuery
from api.pages.reporting.tables import shown_tables
from api.pages.route import FIGURES, Page, Viewer, ViewerDep, back_to, page_router
from exchange.counting.query import ReportQuery
from exchange.errors import NotFound
from exchange.jurisdiction import Category
from exchange.rates import RateName
from exchange.reporting.table import Document
from exchange.reporting.wanted import ReportName

router = page_router()
PATH = "/reports/received"
MonthQuery = Annotated[str, Query(pattern=MONTH)]
PlaceQuery = Annotated[str | None, Query(pattern=CODE)]


@router.get(PATH)
@back_to(PATH)
def list_received(viewer: ViewerDep, caller: ReaderDep, office: OfficeDep, ledger: ReadLedgerDep) -> Page:
    """All editions within the viewer's jurisdiction, the newest month first."""
    _of_counties(viewer)
    found = sorted(list_received_reports(caller, office, ledger).items, key=lambda row: row.received_at, reverse=True)
    months = sorted({row.month for row in found}, reverse=True)
    return viewer.page("report_received_list.html", rows=found, months=months, divisions=office.node.divisions)


@router.get(f"{PATH}/sum")
@back_to(PATH)
def show_sum(
    viewer: ViewerDep,
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    month: MonthQuery,
    jurisdiction: PlaceQuery = None,
    category: CategoryQuery = Category.MIGRANT,
) -> Page:
    """Numerators and denominators of the reports received and of those frozen here, added up."""
    _of_counties(viewer)
    document = summed(caller, office, ledger, month, jurisdiction, category)
    query = f"month={month}&category={category}" + (f"&jurisdiction={jurisdiction}" if jurisdiction else "")
    shown = _shown(viewer, document, jurisdiction or caller.jurisdiction, month)
    return viewer.page(
        "report_received.html", **shown, head=None, view=None, month=month, category=category, files=f"{PATH}/sum/file?{query}"
    )


@router.get(f"{PATH}/sum/file")
@back_to(PATH)
def take_sum(
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    month: MonthQuery,
    jurisdiction: PlaceQuery = None,
    category: CategoryQuery = Category.MIGRANT,
    format: Annotated[ReportFormat, Query()] = ReportFormat.XLSX,
) -> Response:
    """The sum as a file, or as a page to be printed."""
    return answer(summed(caller, office, ledger, month, jurisdiction, category), format)


@router.get(PATH + "/{digest}")
@back_to(PATH)
def show_received(
    viewer: ViewerDep,
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    digest: DigestPath,
    view: ViewQuery = ReportName.BULLETIN,
    category: CategoryQuery = Category.MIGRANT,
) -> Page:
    """One of them, as its sender has signed it."""
    held = held_received(office, caller, ledger, digest)
    document = monthly_document(office, held.read(), view, category)
    return viewer.page(
        "report_received.html",
        **_shown(viewer, document, held.head.jurisdiction, held.head.month),
        head=held.head,
        view=view,
        month=held.head.month,
        category=category,
        files=f"{PATH}/{digest}/file?view={view}&category={category}",
    )


@router.get(PATH + "/{digest}/file")
@back_to(PATH)
def take_received(
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    digest: DigestPath,
    format: Annotated[ReportFormat, Query()] = ReportFormat.XLSX,
    view: Annotated[ReportName | None, Query()] = None,
    category: CategoryQuery = Category.MIGRANT,
) -> Response:
    """The very bytes that were signed, or one of its tables as a file or a page to be printed."""
    received = held_received(office, caller, ledger, digest)
    return shown_monthly(office, received.read(), received.payload, format, view, category)


@router.get(PATH + "/{digest}/signed/file")
@back_to(PATH)
def take_received_signed(caller: ReaderDep, office: OfficeDep, ledger: ReadLedgerDep, digest: DigestPath) -> Response:
    """The signed text, so that anybody who has the sender's keys can check it."""
    response = read_received_signature(caller, office, ledger, digest)
    response.headers["content-disposition"] = f'attachment; filename="{digest[:12]}.jws"'
    return response


def _of_counties(viewer: Viewer) -> None:
    """NotFound for who reads no figures."""
    if not viewer.may(FIGURES):
        raise NotFound


def _shown(viewer: Viewer, document: Document, place: str, month: str) -> dict[str, Any]:
    """A document with its tables made ready; its places lead to their own figures."""
    basis = document.basis
    query = ReportQuery(jurisdictions=(place,), period=basis.period, as_of=basis.as_of)
    asked = Asked(query=query, given={"month": month}, month=month)
    return {"document": document, "tables": shown_tables(document, viewer.language, asked, (RateName.FEEDBACK_GIVEN,))}
