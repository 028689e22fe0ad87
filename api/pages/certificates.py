"""Checking a certificate (验证婚育证明) with the county that issued it."""

from functools import partial

from fastapi import Request

from adapters.certificates.asking import CertificateAsking
from adapters.office import Office
from api.access import Caller, CallingOutDep, ClerkDep, OfficeDep
from api.models.certificates.checks import CheckShown, CheckWanted
from api.once import Replayed
from api.pages.facts import known_counties
from api.pages.forms import FieldsDep
from api.pages.once import SentDep
from api.pages.route import Page, Viewer, ViewerDep, back_to, page_router
from api.serving import daily
from exchange.ledger import Ledger, LedgerBusy
from exchange.verbs.certificates.ask import Checked, days_of_query

router = page_router()
PATH = "/certificates"


@router.get(PATH)
def show_check(viewer: ViewerDep, caller: ClerkDep, office: OfficeDep) -> Page:
    """The form: the certificate's number, and whose it is."""
    return _page(viewer, caller, office, None)


@router.post(PATH)
@back_to(PATH)
def check(
    request: Request, viewer: ViewerDep, caller: ClerkDep, _: CallingOutDep, sent: SentDep, office: OfficeDep, fields: FieldsDep
) -> Page:
    """Ask the issuer; the answer is shown on the page that the form is sent to, and the same form asks once."""
    asking = request.app.state.asking
    if not isinstance(asking, CertificateAsking):
        raise TypeError("the application was made without a node")
    wanted = fields.shape(CheckWanted)

    def told(ledger: Ledger, checked: Checked) -> CheckShown:
        answer = CheckShown.told(checked, days_of_query(office.node))
        sent.remember(ledger, answer.model_dump_json(by_alias=True).encode(), 200, "application/json", {})
        return answer

    def ask() -> CheckShown:
        with office.ledgers.transaction(read_only=True) as ledger:
            sent.recall(ledger)
        draft, begun = wanted.draft(caller.jurisdiction), partial(daily.asked_of_one, office, caller)
        return asking.ask(draft, f"key {caller.key}", told, begun)

    try:
        try:
            answer = ask()
        except LedgerBusy:  # the same form, sent twice at one time: the other's answer is there now
            answer = ask()
    except Replayed as replayed:
        answer = CheckShown.model_validate_json(replayed.answer.body)
    return _page(viewer, caller, office, answer)


def _page(viewer: Viewer, caller: Caller, office: Office, told: CheckShown | None) -> Page:
    divisions = office.node.divisions
    with office.ledgers.transaction(read_only=True) as ledger:
        known = known_counties(ledger, divisions)
    return viewer.page("certificate.html", told=told, place=divisions.name(caller.jurisdiction), known=known)
