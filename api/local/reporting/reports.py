"""Reports: tables of figures, as JSON, CSV, Excel or a page to be printed; never a person."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from adapters.reports import MEDIA_TYPES, ReportFormat, file_name, write_document
from adapters.reports.page import page_policy
from api.access import OfficeDep, ReaderDep, ReadLedgerDep
from api.declared import Responses, reading
from api.local.rates import MONTH, narrowing, wanted_report
from api.models.base import CODE, Day
from api.models.reporting.reports import DocumentShown
from api.serving.routes import StrictRoute
from exchange.counting.query import Narrowing, ReportQuery
from exchange.errors import NotFound
from exchange.jurisdiction import Level
from exchange.moments import MOMENT_PATTERN, civil_day
from exchange.node import NotServed
from exchange.rates import Cohort, RateName
from exchange.reporting.guarding import NotByPurpose
from exchange.reporting.table import Document
from exchange.reporting.trend import RATES
from exchange.reporting.wanted import NeedsMonth, ReportName, WantedReport
from exchange.verbs.reporting.make_report import make_report

router = APIRouter(prefix="/api/v1/reports", tags=["Reports"], route_class=StrictRoute)
_FILES = {media.partition(";")[0] for form, media in MEDIA_TYPES.items() if form is not ReportFormat.JSON}
DOCUMENT: Responses = {
    200: {
        "model": DocumentShown,
        "description": "the report",
        "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in sorted(_FILES)},
    }
}


def wanted_format(
    format: Annotated[ReportFormat | None, Query(description="instead of `Accept`; CSV is UTF-8 with byte order mark")] = None,
    accept: Annotated[str, Header(description="JSON unless it asks for one of the others", include_in_schema=False)] = "",
) -> ReportFormat:
    """The form in which to answer: what `format` says, else the first that `Accept` likes best, else JSON."""
    if format is not None:
        return format
    liked = sorted((_liked(part) for part in accept.split(",")), key=lambda pair: -pair[1])
    forms = {media.partition(";")[0]: form for form, media in MEDIA_TYPES.items()}
    return next((forms[media] for media, quality in liked if media in forms and quality > 0), ReportFormat.JSON)


FormatDep = Annotated[ReportFormat, Depends(wanted_format)]


def report_query(
    caller: ReaderDep,
    office: OfficeDep,
    narrowed: Annotated[Narrowing, Depends(narrowing)],
    jurisdiction: Annotated[str | None, Query(pattern=CODE, description="the caller's unless given")] = None,
    month: Annotated[str | None, Query(pattern=MONTH, description="statistical month; the present one unless given")] = None,
    first: Annotated[Day | None, Query(alias="from", description="first day; with `to`, instead of `month`")] = None,
    last: Annotated[Day | None, Query(alias="to", description="last day, included")] = None,
    cohort: Annotated[Cohort, Query()] = Cohort.DUE,
    as_of: Annotated[
        str | None, Query(pattern=MOMENT_PATTERN, description="the 27th 24:00 of the month, or now, unless given")
    ] = None,
) -> ReportQuery:
    """As for the rates, but that without a period it is the present statistical month."""
    if month is None and first is None and last is None:
        month = office.node.rules.month_of(civil_day(office.now()))
    return wanted_report(caller, office, narrowed, jurisdiction, month, first, last, cohort, as_of)


@router.get(
    "/{report}",
    response_class=Response,
    responses=DOCUMENT | reading(NotFound, NotServed, NeedsMonth, NotByPurpose),
    summary="A report",
)
def read_report(
    query: Annotated[ReportQuery, Depends(report_query)],
    office: OfficeDep,
    ledger: ReadLedgerDep,
    form: FormatDep,
    report: Annotated[ReportName, Path()],
    rate: Annotated[RateName, Query(description="by which a league table ranks")] = RateName.FEEDBACK_GIVEN,
    rates: Annotated[list[RateName] | None, Query(max_length=6, description="of a trend, repeatable")] = None,
    level: Annotated[
        Level | None,
        Query(description="of a league table's peers, or of a matrix's other side; else directly below, or counties"),
    ] = None,
) -> Response:
    """Feedback report, league table, handshake matrix, overdue list (always as of now), trend or monthly bulletin."""
    if report is ReportName.OVERDUE:
        query = replace(query, as_of=office.now())
    wanted = WantedReport(name=report, query=query, rate=rate, rates=tuple(dict.fromkeys(rates or RATES)), level=level)
    return answer(make_report(ledger, office.node, wanted), form)


def answer(document: Document, form: ReportFormat) -> Response:
    """A document as the response: a page to look at, or a file to keep."""
    headers = {"vary": "accept"}
    if form is ReportFormat.HTML:
        headers["content-security-policy"] = f"{page_policy()}; frame-ancestors 'none'"
    elif form is not ReportFormat.JSON:
        headers["content-disposition"] = f'attachment; filename="{file_name(document, form)}"'
    return Response(write_document(document, form), media_type=MEDIA_TYPES[form], headers=headers)


def _liked(part: str) -> tuple[str, float]:
    """One member of an Accept header, and how much it is liked (RFC 9110, 12.5.1)."""
    media, *parameters = (piece.strip() for piece in part.split(";"))
    quality = next(
        (value for parameter in parameters if (value := parameter.lower().removeprefix("q=")) != parameter.lower()), "1"
    )
    try:
        return media.lower(), float(quality)
    except ValueError:
        return media.lower(), 0.0
