"""Partners (协作方) for the operator: look at a node, confirm its fingerprint, suspend, resume; and findings."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import structlog
from fastapi import APIRouter, Body, Path, Response

from adapters.keys.fingerprint import link_id, same_fingerprint
from adapters.office import Office
from adapters.partner_http import PartnerClient
from api.access import CallingOutDep, LedgerDep, OfficeDep, OperatorDep, PartnersDep, ReadLedgerDep, WatcherDep, WithinDep
from api.declared import reading, writing
from api.models.base import NODE, Listing
from api.models.partners import CONFIRMATION_EXAMPLE, Address, Confirming, FindingShown, PartnerShown
from api.models.shapes import Shaped, shown
from api.once import AskedDep, OnceDep
from api.paging import PagingDep
from api.rights import TRACER, LocalRole
from api.serving.books import in_transaction
from api.serving.routes import StrictRoute
from exchange.cursors import BadCursor, finding_cursor
from exchange.errors import Conflict, Invalid, NotFound, PartnerTrouble, WoshouError
from exchange.ledger import Ledger
from exchange.partners import EnvironmentsDiffer, FingerprintDiffers, Partner
from exchange.verbs.auditing.findings import findings_told
from exchange.verbs.onboard import ClaimsOverlap, add_partner, confirm_partner
from exchange.verbs.suspend import NotInThisStanding, resume, suspend
from exchange.wire.node import NodeDocumentRefused

router = APIRouter(prefix="/api/v1", tags=["Partners"], route_class=StrictRoute)
_log = structlog.get_logger("partners")
NodePath = Annotated[str, Path(pattern=NODE, examples=["wuchang.example"])]


class NoNodeThere(PartnerTrouble):
    """No node document was found at the address.

    Whether nothing listens there, or something else does, is told to the log alone: from here any host and port within this
    node's reach could be asked.
    """

    code = "no-node-there"
    zh = "该地址没有取到节点文件；原因见节点日志。"
    en = "No node document was found at that address; the node's log says why."


@router.get("/partners", responses=reading(), summary="List partners")
def list_partners(_: OperatorDep, ledger: ReadLedgerDep) -> Listing[PartnerShown]:
    """All partners, with what their operators confirmed and where the links stand."""
    queues = ledger.messages.queue_lengths()
    return Listing[PartnerShown](items=[partner_shown(ledger, partner, queues) for partner in ledger.partners.all()], next=None)


@router.post(
    "/partners",
    status_code=201,
    response_model=PartnerShown,
    responses=writing(NodeDocumentRefused, NoNodeThere, EnvironmentsDiffer, Conflict),
    summary="Look at another node",
)
def look_at_partner(
    _: OperatorDep,
    __: CallingOutDep,
    asked: AskedDep,
    office: OfficeDep,
    within: WithinDep,
    partners: PartnersDep,
    body: Annotated[Address, Shaped(Address), Body(openapi_examples=shown({"url": "https://wuchang.example"}))],
) -> Response:
    """Fetch a node's document and note it as pending; nothing is trusted before its fingerprint is confirmed."""
    with office.ledgers.transaction(read_only=True, within=within) as ledger:
        asked.recall(ledger)
    # No transaction is open while the other node is called.
    seen = look_at(partners, body)

    def note(ledger: Ledger) -> Response:
        asked.recall(ledger)
        noted = add_partner(ledger, office.node, seen)
        return asked.answer(ledger, partner_shown(ledger, noted), 201, {"location": f"/api/v1/partners/{noted.node}"})

    return in_transaction(office.ledgers, note, within)


@router.get("/partners/{node}", responses=reading(NotFound), summary="Read a partner")
def read_partner(_: OperatorDep, ledger: ReadLedgerDep, node: NodePath) -> PartnerShown:
    """One partner."""
    return partner_shown(ledger, known_partner(ledger, node))


@router.post(
    "/partners/{node}/confirmation",
    response_model=PartnerShown,
    responses=writing(NotFound, FingerprintDiffers, ClaimsOverlap, EnvironmentsDiffer),
    summary="Confirm a partner's fingerprint and jurisdictions",
)
def confirm_fingerprint(
    _: OperatorDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    node: NodePath,
    body: Annotated[Confirming, Shaped(Confirming), Body(openapi_examples=shown(CONFIRMATION_EXAMPLE))],
) -> Response:
    """Trust a partner: the fingerprint is what the other operator read out, the jurisdictions are those to be routed to it."""
    return once.answer(partner_shown(ledger, confirmed(office, ledger, node, body)))


@router.post(
    "/partners/{node}/suspension",
    response_model=PartnerShown,
    responses=writing(NotFound, NotInThisStanding),
    summary="Suspend a partner",
)
def suspend_partner(_: OperatorDep, once: OnceDep, office: OfficeDep, ledger: LedgerDep, node: NodePath) -> Response:
    """Stop all exchange with a partner until it is resumed; its standing counts from the next request on."""
    return once.answer(partner_shown(ledger, suspend(ledger, node, office.now())))


@router.post(
    "/partners/{node}/resumption",
    response_model=PartnerShown,
    responses=writing(NotFound, NotInThisStanding, ClaimsOverlap),
    summary="Resume a partner",
)
def resume_partner(_: OperatorDep, once: OnceDep, office: OfficeDep, ledger: LedgerDep, node: NodePath) -> Response:
    """Go on where it was suspended."""
    return once.answer(partner_shown(ledger, resume(ledger, office.node, node)))


@router.get("/findings", responses=reading(BadCursor), summary="List findings")
def list_findings(caller: WatcherDep, office: OfficeDep, ledger: ReadLedgerDep, paging: PagingDep) -> Listing[FindingShown]:
    """What somebody should look at, the newest first: clocks that differ, changed claims, differing due dates.

    An auditor is told of the own counties' matters and of the node's own; who was read too often, by the county's own alone.
    """
    counties = None if caller.role is LocalRole.OPERATOR else caller.counties
    persons = TRACER.covers(caller.role, caller.place)
    rows, following = paging.rows(
        lambda page: findings_told(ledger, office.node, page, counties=counties, persons=persons), finding_cursor
    )
    return Listing[FindingShown](items=[FindingShown.of(row) for row in rows], next=following)


def confirmed(office: Office, ledger: Ledger, node: str, body: Confirming) -> Partner:
    """The partner, trusted from now on; FingerprintDiffers if another fingerprint was read out."""
    known = known_partner(ledger, node)
    if not same_fingerprint(known.fingerprint, body.fingerprint):
        raise FingerprintDiffers
    ours = office.keyring.fingerprint(office.now())
    link = body.link or link_id(office.node.name, ours, known.node, known.fingerprint)
    return confirm_partner(ledger, office.node, known, link, frozenset(body.jurisdictions))


def look_at(partners: PartnerClient, body: Address) -> Partner:
    """The node at an address, which nobody trusts yet; no transaction may be open, for it is called."""
    url = _address(body.url)
    try:
        return partners.look(url)
    except NodeDocumentRefused:
        raise
    except WoshouError as trouble:
        _log.warning("no node document", trouble=trouble.code, reason=trouble.en)
        raise NoNodeThere from trouble


def _address(url: str) -> str:
    try:
        httpx.URL(url)
        urlsplit(url).port  # noqa: B018 # reading it is what checks it
    except (ValueError, httpx.InvalidURL):
        raise Invalid(zh="节点地址无效。", en="That is no node address.", pointer="/url") from None
    return url.rstrip("/")


def known_partner(ledger: Ledger, node: str) -> Partner:
    """The partner of that name; NotFound."""
    known = ledger.partners.get(node)
    if known is None:
        raise NotFound
    return known


def partner_shown(ledger: Ledger, partner: Partner, queues: Mapping[int, int] | None = None) -> PartnerShown:
    """A partner with its link; `queues` are how many messages wait on each, where that was counted already."""
    link = ledger.links.of(partner.node)
    waiting = ledger.messages.queue_lengths() if queues is None else queues
    return PartnerShown.of(partner, link, waiting.get(link.id, 0) if link is not None else 0)
