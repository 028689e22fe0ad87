"""Checking a certificate (验证婚育证明) with the county that issued it."""

from functools import partial

from fastapi import Request

from adapters.certificates.asking import CertificateAsking
from adapters.office import Office
from api.access import Caller, CallingOutDep, ClerkDep, OfficeDep
from api.models.certificates.checks import CheckShown, CheckWanted
from api.pages.facts import known_counties
from api.pages.forms import FieldsDep
from api.pages.route import Page, Viewer, ViewerDep, back_to, page_router
from api.serving import daily
from exchange.ledger import Ledger
from exchange.verbs.certificates.ask import Checked, days_of_query

router = page_router()
PATH = "/certificates"


@router.get(PATH)
def show_check(viewer: ViewerDep, caller: ClerkDep, office: OfficeDep) -> Page:
    """The form: the certificate's number, and whose it is."""
    return _page(viewer, caller, office, None)


@router.post(PATH)
@back_to(PATH)
def check(request: Request, viewer: ViewerDep, caller: ClerkDep, _: CallingOutDep, office: OfficeDep, fields: FieldsDep) -> Page:
    """Ask the issuer; the answer is shown once, on the page that the form is sent to."""
    asking = request.app.state.asking
    if not isinstance(asking, CertificateAsking):
        raise TypeError("the application was made without a node")
    wanted = fields.shape(CheckWanted)

    def told(_: Ledger, checked: Checked) -> CheckShown:
        return CheckShown.told(checked, days_of_query(office.node))

    answer = asking.ask(wanted.draft(caller.jurisdiction), f"key {caller.key}", told, partial(daily.asked_of_one, office, caller))
    return _page(viewer, caller, office, answer)


def _page(viewer: Viewer, caller: Caller, office: Office, told: CheckShown | None) -> Page:
    divisions = office.node.divisions
    with office.ledgers.transaction(read_only=True) as ledger:
        known = known_counties(ledger, divisions)
    return viewer.page("certificate.html", told=told, place=divisions.name(caller.jurisdiction), known=known)
