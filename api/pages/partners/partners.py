"""Partners as pages: their standing, keys and queues; take one on by its fingerprint, suspend, refresh, and try."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import Query, Response

from adapters.calling.trial import Step, Trial, try_partner
from adapters.office import Office
from api.access import CallingOutDep, LedgerDep, OfficeDep, OperatorDep, PartnersDep, ReadLedgerDep, RenewalsDep
from api.local.partners import NodePath, confirmed, known_partner, list_partners, look_at, partner_shown
from api.models.partners import Address, Confirming, PartnerShown
from api.pages.forms import FieldsDep
from api.pages.partners.trials import FAULTS, STEPS
from api.pages.route import Page, Viewer, ViewerDep, back_to, page_router, see_other
from exchange.verbs.onboard import add_partner
from exchange.verbs.suspend import resume, suspend

router = page_router()
PATH: Final = "/partners"
ONE: Final = "/partners/{node}"
DoneQuery = Annotated[str, Query(max_length=20)]


@router.get(PATH)
def show_partners(viewer: ViewerDep, caller: OperatorDep, office: OfficeDep, ledger: ReadLedgerDep) -> Page:
    """All partners, and the form to look at another node; above it what this node's own operator reads out."""
    rows = [(row, keys_until(row, office.now())) for row in list_partners(caller, ledger).items]
    own = office.keyring.fingerprint(office.now())
    return viewer.page("partners.html", rows=rows, own=own, node=office.node, now=office.now())


@router.post(PATH)
@back_to(PATH)
def look_at_partner(
    caller: OperatorDep, _: CallingOutDep, office: OfficeDep, partners: PartnersDep, fields: FieldsDep
) -> Response:
    """Fetch a node's document; nothing is trusted by that."""
    seen = look_at(partners, fields.shape(Address))
    with office.ledgers.transaction() as ledger:
        noted = add_partner(ledger, office.node, seen)
    return see_other(ONE.format(node=noted.node))


@router.get(ONE)
def show_partner(
    viewer: ViewerDep, caller: OperatorDep, office: OfficeDep, ledger: ReadLedgerDep, node: NodePath, done: DoneQuery = ""
) -> Page:
    """One partner, with what can be done about it."""
    row = partner_shown(ledger, known_partner(ledger, node))
    return _page(viewer, office, row, done=done)


@router.post(ONE + "/confirmation")
@back_to(ONE)
def confirm_fingerprint(caller: OperatorDep, office: OfficeDep, ledger: LedgerDep, node: NodePath, fields: FieldsDep) -> Response:
    """Trust it, by the fingerprint that the other operator has read out."""
    codes = [name.removeprefix("jurisdictions.") for name in fields if name.startswith("jurisdictions.")]
    body = fields.shape(Confirming, jurisdictions=codes)
    confirmed(office, ledger, node, body)
    return see_other(ONE.format(node=node) + "?done=confirmed")


@router.post(ONE + "/suspension")
@back_to(ONE)
def suspend_partner(caller: OperatorDep, office: OfficeDep, ledger: LedgerDep, node: NodePath) -> Response:
    """Stop all exchange with it."""
    suspend(ledger, node, office.now())
    return see_other(ONE.format(node=node) + "?done=suspended")


@router.post(ONE + "/resumption")
@back_to(ONE)
def resume_partner(caller: OperatorDep, office: OfficeDep, ledger: LedgerDep, node: NodePath) -> Response:
    """Go on with it."""
    resume(ledger, office.node, node)
    return see_other(ONE.format(node=node) + "?done=resumed")


@router.post(ONE + "/renewal")
@back_to(ONE)
def renew_partner(caller: OperatorDep, _: CallingOutDep, renewals: RenewalsDep, node: NodePath) -> Response:
    """Look at its document anew, for new keys."""
    renewed = renewals.renew(node)
    return see_other(ONE.format(node=node) + ("?done=renewed" if renewed is not None else "?done=same"))


@router.get(ONE + "/trial")
def show_no_trial(caller: OperatorDep, node: NodePath) -> Response:
    """A trial is shown once; its address leads to the partner."""
    return see_other(ONE.format(node=node))


@router.post(ONE + "/trial")
@back_to(ONE)
def try_out_partner(
    viewer: ViewerDep, caller: OperatorDep, _: CallingOutDep, office: OfficeDep, partners: PartnersDep, node: NodePath
) -> Page:
    """Call it, and say what is wrong; nothing is changed by that, so that the answer is the page."""
    with office.ledgers.transaction(read_only=True) as ledger:
        known, link = known_partner(ledger, node), ledger.links.of(node)
        row = partner_shown(ledger, known)
    return _page(viewer, office, row, trial=try_partner(office, partners, known, link))


def keys_until(row: PartnerShown, now: datetime) -> datetime | None:
    """When the last of the keys that count now for a use runs out, the earlier of both uses; None for keys without an end."""
    ends = []
    for use in ("sig", "enc"):
        held = [key for key in row.keys if key.use == use and (key.revoked_from is None or key.revoked_from > now)]
        if held and all(key.not_after is not None for key in held):
            ends.append(max(key.not_after for key in held if key.not_after is not None))
    return min(ends, default=None)


def _page(viewer: Viewer, office: Office, row: PartnerShown, *, done: str = "", trial: Trial | None = None) -> Page:
    return viewer.page(
        "partner.html",
        row=row,
        until=keys_until(row, office.now()),
        own=office.keyring.fingerprint(office.now()),
        myself=row.node == office.node.name,
        divisions=office.node.divisions,
        now=office.now(),
        done=done,
        trial=trial,
        steps=STEPS,
        faults=FAULTS,
        order=tuple(Step),
    )
