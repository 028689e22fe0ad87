"""Monthly reports that came from below: list, read, take in from a file, and sum."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from adapters.keys.errors import BadSignature, ForbiddenHeader, MalformedJws, UnknownKey, WrongType
from adapters.office import Office
from adapters.reports.taking import open_report_file
from api.access import Caller, CoordinatorDep, OfficeDep, ReaderDep, ReadLedgerDep, RenewalsDep, WithinDep
from api.declared import reading, writing
from api.local.rates import MONTH
from api.local.reporting.frozen_reports import BYTES, SIGNED, CategoryQuery, DigestPath, MonthQuery, ViewQuery, shown_monthly
from api.local.reporting.reports import DOCUMENT, FormatDep, answer
from api.models.base import CODE, Listing
from api.models.partner import signed
from api.models.reporting.reports import ReceivedShown
from api.once import AskedDep
from api.partner import report_body
from api.serving.books import in_transaction
from api.serving.routes import Route
from exchange.errors import NotFound
from exchange.jurisdiction import Category
from exchange.ledger import Ledger
from exchange.partners import PartnerSuspended
from exchange.reporting.frozen.monthly import MalformedReport
from exchange.reporting.frozen.summing import summed_report
from exchange.reporting.frozen.upward import (
    REPORT_TYPE,
    JurisdictionNotConfirmed,
    NotAbove,
    ReceivedReport,
    ReportContradicts,
    ReportNotAddressed,
    SignedReport,
)
from exchange.reporting.table import Document
from exchange.verbs.reporting.make_report import maker_of
from exchange.verbs.reporting.send_report import gather_parts

router = APIRouter(prefix="/api/v1/received-reports", tags=["Reports"], route_class=Route)


@router.get("", responses=reading(), summary="List received reports")
def list_received_reports(
    caller: ReaderDep, office: OfficeDep, ledger: ReadLedgerDep, month: MonthQuery = None
) -> Listing[ReceivedShown]:
    """The reports of jurisdictions within the caller's that partners have sent, all editions."""
    found = [head for head in ledger.reports.received_heads(month=month) if _within(office, caller, head.jurisdiction)]
    return Listing[ReceivedShown](items=[ReceivedShown.of(head) for head in found], next=None)


@router.post(
    "",
    status_code=202,
    response_model=ReceivedShown,
    responses={
        200: {"model": ReceivedShown, "description": "known already"},
        **writing(
            *(MalformedJws, ForbiddenHeader, WrongType, UnknownKey, BadSignature),
            *(MalformedReport, ReportNotAddressed, JurisdictionNotConfirmed, NotAbove, ReportContradicts),
            *(NotFound, PartnerSuspended),
        ),
    },
    openapi_extra={"requestBody": {"required": True, **signed(SignedReport, REPORT_TYPE)}},
    summary="Take in a signed report that came as a file",
)
def take_report_file(
    _: CoordinatorDep,
    asked: AskedDep,
    office: OfficeDep,
    within: WithinDep,
    renewals: RenewalsDep,
    jws: Annotated[str, Depends(report_body)],
) -> Response:
    """Judged as if its sender had posted it; the same file again changes nothing."""
    # Before the transaction: a partner may have to be asked for its newer keys.
    opened = open_report_file(office, jws, renewals.trusting)

    def take(ledger: Ledger) -> Response:
        asked.recall(ledger)
        head, fresh = opened.take(ledger, office)
        return asked.answer(ledger, ReceivedShown.of(head), 202 if fresh else 200)

    return in_transaction(office.ledgers, take, within)


@router.get("/sum", response_class=Response, responses=DOCUMENT | reading(NotFound), summary="The sum of the parts")
def sum_received_reports(
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    form: FormatDep,
    month: Annotated[str, Query(pattern=MONTH, description="statistical month")],
    jurisdiction: Annotated[str | None, Query(pattern=CODE, description="the caller's unless given")] = None,
    category: CategoryQuery = Category.MIGRANT,
) -> Response:
    """Numerators and denominators of the reports received and of those frozen here, added up; missing counties are named."""
    return answer(summed(caller, office, ledger, month, jurisdiction, category), form)


@router.get("/{digest}", response_class=Response, responses=BYTES | reading(NotFound), summary="A received report")
def read_received_report(
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    digest: DigestPath,
    form: FormatDep,
    view: ViewQuery = None,
    category: CategoryQuery = Category.MIGRANT,
) -> Response:
    """The very bytes that were signed, or a table of their figures."""
    received = held_received(office, caller, ledger, digest)
    return shown_monthly(office, received.read(), received.payload, form, view, category)


@router.get(
    "/{digest}/signed",
    response_class=Response,
    responses=SIGNED | reading(NotFound),
    summary="A received report with its signature",
)
def read_received_signature(caller: ReaderDep, office: OfficeDep, ledger: ReadLedgerDep, digest: DigestPath) -> Response:
    """The signed text, so that anybody who has the sender's keys can check it."""
    return Response(held_received(office, caller, ledger, digest).jws, media_type="application/jose")


def summed(caller: Caller, office: Office, ledger: Ledger, month: str, jurisdiction: str | None, category: Category) -> Document:
    """The sum of the parts of a jurisdiction, the caller's unless given; NotFound beyond it, and where there are no parts."""
    code = jurisdiction or caller.jurisdiction
    if not office.node.divisions.is_known(code) or not _within(office, caller, code):
        raise NotFound
    return summed_report(gather_parts(ledger, office.node, code, month), code, category, maker_of(office.node))


def held_received(office: Office, caller: Caller, ledger: Ledger, digest: str) -> ReceivedReport:
    """The received report, if it is of the caller's jurisdiction; else NotFound."""
    received = ledger.reports.received(digest)
    if received is None or not _within(office, caller, received.head.jurisdiction):
        raise NotFound
    return received


def _within(office: Office, caller: Caller, code: str) -> bool:
    return office.node.divisions.contains(caller.jurisdiction, code)
