"""Frozen monthly reports: freeze, read, count again, sign and send upward."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from adapters.office import Office
from adapters.reports import ReportFormat
from api.access import Caller, CoordinatorDep, LedgerDep, OfficeDep, ReaderDep, ReadLedgerDep
from api.declared import Responses, reading, writing
from api.local.rates import MONTH
from api.local.reporting.reports import DOCUMENT, FormatDep, answer
from api.models.base import DIGEST, NODE, Listing
from api.models.partner import signed
from api.models.reporting.reports import Freezing, FrozenShown, SendingShown, SendingTo, VerificationShown
from api.models.shapes import REFERENCE, Shaped, shown
from api.once import OnceDep
from api.serving.routes import StrictRoute
from exchange.errors import Forbidden, NotFound
from exchange.jurisdiction import Category, UnknownJurisdiction
from exchange.ledger import Ledger
from exchange.node import NotServed
from exchange.reporting.bulletin import monthly_bulletin
from exchange.reporting.feedback import feedback_report
from exchange.reporting.frozen.monthly import FrozenReport, MonthlyReport, ReportAltered
from exchange.reporting.frozen.thawing import report_of
from exchange.reporting.frozen.upward import REPORT_TYPE, ReportTooLarge, SignedReport
from exchange.reporting.table import Document
from exchange.reporting.wanted import ReportName
from exchange.verbs.reporting.freeze import MonthNotOver, NothingToCorrect, correct, freeze
from exchange.verbs.reporting.make_report import maker_of
from exchange.verbs.reporting.send_report import queue_report, sign_report
from exchange.verbs.reporting.verify_report import verify
from exchange.verbs.submit import NoRoute

router = APIRouter(prefix="/api/v1/frozen-reports", tags=["Reports"], route_class=StrictRoute)
DigestPath = Annotated[str, Path(pattern=DIGEST)]
MonthQuery = Annotated[str | None, Query(pattern=MONTH, description="statistical month")]
CategoryQuery = Annotated[Category, Query(description="of a table: migrants and intra-city movers are reported apart")]
ViewQuery = Annotated[
    ReportName | None, Query(description="`feedback` or `bulletin`: as that table; without it JSON is the frozen bytes")
]
# The frozen bytes themselves, or a table of them.
_EITHER = {"schema": {"anyOf": [{"$ref": REFERENCE + "MonthlyReport"}, {"$ref": REFERENCE + "DocumentShown"}]}}
BYTES: Responses = {
    200: {"description": "the report", "content": {**DOCUMENT[200]["content"], "application/json": _EITHER}},
}
SIGNED: Responses = {200: {"description": "the signed report", **signed(SignedReport, REPORT_TYPE)}}


@router.get("", responses=reading(), summary="List frozen reports")
def list_frozen_reports(
    caller: ReaderDep, office: OfficeDep, ledger: ReadLedgerDep, month: MonthQuery = None
) -> Listing[FrozenShown]:
    """All editions of the monthly reports within the caller's jurisdiction, by month, jurisdiction and edition."""
    found = [head for head in ledger.reports.heads(month=month) if _within(office, caller, head.jurisdiction)]
    return Listing[FrozenShown](items=[FrozenShown.of(head) for head in found], next=None)


@router.post(
    "",
    status_code=201,
    response_model=FrozenShown,
    responses={
        200: {"model": FrozenShown, "description": "frozen before: its last edition"},
        **writing(NotServed, UnknownJurisdiction, MonthNotOver, NothingToCorrect),
    },
    summary="Freeze a month's report",
)
def freeze_report(
    caller: CoordinatorDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    body: Annotated[Freezing, Shaped(Freezing), Body(openapi_examples=shown({"month": "2026-03"}))],
) -> Response:
    """Freeze as of the 27th 24:00, once; with a `correction`, a new edition as of now supersedes the last one and both stay."""
    node, now = office.node, office.now()
    code = body.jurisdiction or caller.jurisdiction
    if not _within(office, caller, code):
        raise Forbidden
    if body.correction is not None:
        return _made(once, correct(ledger, node, code, body.month, body.correction, now), fresh=True)
    frozen, fresh = freeze(ledger, node, code, body.month, now)
    return _made(once, frozen, fresh=fresh)


@router.get("/{digest}", response_class=Response, responses=BYTES | reading(NotFound, ReportAltered), summary="A frozen report")
def read_frozen_report(
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    digest: DigestPath,
    form: FormatDep,
    view: ViewQuery = None,
    category: CategoryQuery = Category.MIGRANT,
) -> Response:
    """The very bytes that were frozen, or a table of their figures."""
    frozen = held_report(office, caller, ledger, digest)
    return shown_monthly(office, frozen.read(), frozen.payload, form, view, category)


@router.post(
    "/{digest}/verification",
    response_model=VerificationShown,
    responses=writing(NotFound, NotServed),
    summary="Count a frozen report again",
)
def verify_report(caller: ReaderDep, once: OnceDep, office: OfficeDep, ledger: LedgerDep, digest: DigestPath) -> Response:
    """Count as of the report's own moment; whether all is equal, and where not. A difference becomes a finding."""
    held_report(office, caller, ledger, digest)
    return once.answer(VerificationShown.of(verify(ledger, office.node, digest, office.now())))


@router.get(
    "/{digest}/signed",
    response_class=Response,
    responses=SIGNED | reading(NotFound, ReportAltered, ReportTooLarge),
    summary="A frozen report as a signed file",
)
def sign_frozen_report(
    caller: CoordinatorDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    digest: DigestPath,
    receiver: Annotated[str, Query(pattern=NODE, description="the node that is to take it")],
) -> Response:
    """For a node that no network reaches: what it takes in with `woshou report take`."""
    held_report(office, caller, ledger, digest)
    jws = sign_report(ledger, office.node, digest, receiver, office.now(), office.signer(REPORT_TYPE))
    return Response(jws, media_type="application/jose")


@router.get("/{digest}/sendings", responses=reading(NotFound), summary="Where a frozen report went")
def list_report_sendings(
    caller: ReaderDep, office: OfficeDep, ledger: ReadLedgerDep, digest: DigestPath
) -> Listing[SendingShown]:
    """To which partners it is to go or went, and which of them refused it."""
    held_report(office, caller, ledger, digest)
    return Listing[SendingShown](items=[SendingShown.of(one) for one in ledger.reports.sendings(digest)], next=None)


@router.post(
    "/{digest}/sendings",
    status_code=202,
    response_model=SendingShown,
    responses=writing(NotFound, NoRoute, ReportAltered, ReportTooLarge),
    summary="Send a frozen report upward",
)
def send_frozen_report(
    caller: CoordinatorDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    digest: DigestPath,
    body: Annotated[SendingTo, Shaped(SendingTo), Body(openapi_examples=shown({"partner": "hubei.example"}))],
) -> Response:
    """Sign it for a partner that serves the higher level, and let it wait for delivery. One that went or waits stays so."""
    held_report(office, caller, ledger, digest)
    sending = queue_report(ledger, office.node, digest, body.partner, office.now(), office.signer(REPORT_TYPE))
    return once.answer(SendingShown.of(sending), 202)


def shown_monthly(
    office: Office, report: MonthlyReport, payload: bytes, form: ReportFormat, view: ReportName | None, category: Category
) -> Response:
    """A monthly report as its own bytes, or as a table of one category."""
    if view is None and form is ReportFormat.JSON:
        return Response(payload, media_type="application/json", headers={"vary": "accept"})
    return answer(monthly_document(office, report, view, category), form)


def monthly_document(office: Office, report: MonthlyReport, view: ReportName | None, category: Category) -> Document:
    """A monthly report as a table of one category; NotFound for what it does not hold."""
    made, maker = report_of(report, category), maker_of(office.node)
    if not made.figures or view not in (None, ReportName.FEEDBACK, ReportName.BULLETIN):
        raise NotFound
    return monthly_bulletin(made, maker) if view is ReportName.BULLETIN else feedback_report(made, maker)


def _made(once: OnceDep, frozen: FrozenReport, *, fresh: bool) -> Response:
    location = {"location": f"/api/v1/frozen-reports/{frozen.head.digest}"}
    return once.answer(FrozenShown.of(frozen.head), 201 if fresh else 200, location)


def held_report(office: Office, caller: Caller, ledger: Ledger, digest: str) -> FrozenReport:
    """The frozen report, if it is of the caller's jurisdiction; else NotFound."""
    frozen = ledger.reports.frozen(digest)
    if frozen is None or not _within(office, caller, frozen.head.jurisdiction):
        raise NotFound
    return frozen


def _within(office: Office, caller: Caller, code: str) -> bool:
    return office.node.divisions.contains(caller.jurisdiction, code)
