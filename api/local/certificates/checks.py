"""Checks of certificates (婚育证明验证): ask the issuer, and see who asked."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response

from adapters.certificates.asking import CertificateAsking
from api.access import CallingOutDep, ClerkDep, OfficeDep, ReadLedgerDep, WatcherDep
from api.declared import reading, writing
from api.models.base import Listing
from api.models.certificates.checks import CHECK_EXAMPLE, CheckRow, CheckShown, CheckWanted
from api.models.shapes import Shaped, shown
from api.once import AskedDep
from api.paging import PagingDep
from api.serving import daily
from api.serving.routes import StrictRoute
from exchange.certificates.check import CheckRepeated, TooManyMisses
from exchange.codes import Role
from exchange.cursors import BadCursor, certificate_check_cursor
from exchange.errors import NotFound
from exchange.ledger import Ledger
from exchange.node import NotServed
from exchange.people.register import EntryProtected
from exchange.routing.table import NoRoute
from exchange.routing.today import SeveralSuccessors
from exchange.terms.agreement import ItemNotAgreed, NoAgreement
from exchange.verbs.certificates.ask import Checked, HolderDiffers, days_of_query
from exchange.verbs.submit import NoGround
from exchange.work.daily import DailyLimit

router = APIRouter(prefix="/api/v1", tags=["Certificates"], route_class=StrictRoute)


@router.post(
    "/certificate-checks",
    response_model=CheckShown,
    responses=writing(
        NotFound,
        NotServed,
        NoGround,
        HolderDiffers,
        EntryProtected,
        SeveralSuccessors,
        NoRoute,
        NoAgreement,
        ItemNotAgreed,
        TooManyMisses,
        CheckRepeated,
        DailyLimit,
    ),
    summary="Check a certificate with its issuer",
)
def ask_about_certificate(
    request: Request,
    caller: ClerkDep,
    _: CallingOutDep,
    asked: AskedDep,
    office: OfficeDep,
    body: Annotated[CheckWanted, Shaped(CheckWanted), Body(openapi_examples=shown(CHECK_EXAMPLE))],
) -> Response:
    """Ask the county that issued it whether a certificate is genuine (验证婚育证明).

    `valid`, `not_valid` (revoked or expired), `unknown` (number, document and name do not all fit) or `cannot_say`: then `query`
    is what asks people, ready for `POST /api/v1/exchanges`. What was found counts in the verification rate.
    """
    asking = request.app.state.asking
    if not isinstance(asking, CertificateAsking):
        raise TypeError("the application was made without a node")
    with office.ledgers.transaction(read_only=True) as ledger:
        asked.recall(ledger)

    def told(ledger: Ledger, checked: Checked) -> Response:
        return asked.answer(ledger, CheckShown.told(checked, days_of_query(office.node)))

    draft, begun = body.draft(caller.jurisdiction), partial(daily.asked_of_one, office, caller)
    return asking.ask(draft, f"key {caller.key}", told, begun)


@router.get("/certificate-checks", responses=reading(BadCursor), summary="List checks of certificates")
def list_certificate_checks(
    caller: WatcherDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    role: Annotated[
        Role, Query(description="`asked`: what others asked of these counties; `asker`: what was asked here")
    ] = Role.ASKED,
) -> Listing[CheckRow]:
    """Who asked about certificates, when, on what ground, and what was answered, the newest first; no person, no number."""
    rows, following = paging.rows(
        lambda page: ledger.certificate_checks.find(role, caller.counties, page), certificate_check_cursor
    )
    return Listing[CheckRow](items=[CheckRow.of(row) for row in rows], next=following)
