"""Agreements (双向协作协议) seen from inside: list, propose, decide. The partner's routes are /v1/agreements."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response

from adapters.office import Office
from api.access import Caller, CoordinatorDep, HolderDep, LedgerDep, OfficeDep, ReadLedgerDep
from api.declared import reading, writing
from api.models.agreements import PROPOSAL_EXAMPLE, AgreementShown, Deciding, Proposal
from api.models.base import DIGEST, Listing
from api.models.shapes import Shaped, shown
from api.once import OnceDep
from api.serving.routes import StrictRoute
from exchange.errors import Forbidden, NotFound
from exchange.ledger import Ledger
from exchange.node import NotServed
from exchange.terms.agreement import (
    DECISION_TYPES,
    PROPOSAL_TYPE,
    MalformedAgreement,
    SignedAgreement,
    read_agreement,
    write_terms,
)
from exchange.terms.rulebook import RulesNotKnown, RulesUnknown
from exchange.terms.rules import RulesRefused
from exchange.verbs.agree import NotYourDecision, decide, propose
from exchange.verbs.submit import NoRoute

router = APIRouter(prefix="/api/v1", tags=["Agreements"], route_class=StrictRoute)
DigestPath = Annotated[str, Path(pattern=DIGEST)]


@router.get("/agreements", responses=reading(), summary="List agreements")
def list_agreements(caller: HolderDep, office: OfficeDep, ledger: ReadLedgerDep) -> Listing[AgreementShown]:
    """The agreements that concern the caller's jurisdiction: its own, and those of the levels above and below it."""
    now = office.now()
    found = [signed for signed in ledger.agreements.all() if _concerns(office, caller, signed)]
    return Listing[AgreementShown](items=[AgreementShown.of(signed, now) for signed in found], next=None)


@router.get("/agreements/{digest}", responses=reading(NotFound), summary="Read an agreement")
def read_one_agreement(caller: HolderDep, office: OfficeDep, ledger: ReadLedgerDep, digest: DigestPath) -> AgreementShown:
    """One agreement, with its signed texts."""
    return AgreementShown.of(_held(office, caller, ledger.agreements.get(digest)), office.now())


@router.post(
    "/agreements",
    status_code=201,
    response_model=AgreementShown,
    responses=writing(NotServed, NoRoute, MalformedAgreement, RulesNotKnown, RulesRefused),
    summary="Propose an agreement",
)
def propose_terms(
    caller: CoordinatorDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    body: Annotated[Proposal, Shaped(Proposal), Body(openapi_examples=shown(PROPOSAL_EXAMPLE))],
) -> Response:
    """Sign a proposal and send it to the partner, whose coordinator decides. Only for jurisdictions within the caller's."""
    signed = proposed(caller, office, ledger, body)
    return once.answer(AgreementShown.of(signed, office.now()), 201, {"location": f"/api/v1/agreements/{signed.digest}"})


@router.post(
    "/agreements/{digest}/decision",
    response_model=AgreementShown,
    responses=writing(NotFound, NotServed, NotYourDecision, RulesUnknown),
    summary="Accept, decline or end an agreement",
)
def decide_terms(
    caller: CoordinatorDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    digest: DigestPath,
    body: Annotated[Deciding, Shaped(Deciding), Body(openapi_examples=shown({"decision": "accepted"}))],
) -> Response:
    """Say the coordinator's word on a partner's proposal, or end what is in force. What is open can still be answered.

    An own proposal that the other side has not decided on is taken back with `ended`. Between two counties of one node the
    county that did not propose decides.
    """
    return once.answer(AgreementShown.of(decided(caller, office, ledger, digest, body), office.now()))


def proposed(caller: Caller, office: Office, ledger: Ledger, body: Proposal) -> SignedAgreement:
    """The proposal, signed for a jurisdiction within the caller's; Forbidden for another."""
    now, node = office.now(), office.node
    if not node.divisions.contains(caller.jurisdiction, body.jurisdiction):
        raise Forbidden
    if body.partner == node.name and not _serves(office, body.with_):
        raise NotServed(pointer="/with")
    terms = read_agreement(write_terms(body.terms(node, now)))
    return propose(ledger, node, terms, now, office.signer(PROPOSAL_TYPE))


def decided(caller: Caller, office: Office, ledger: Ledger, digest: str, body: Deciding) -> SignedAgreement:
    """The agreement after the caller's word; Forbidden for a party that does not lie within its jurisdiction."""
    now, node = office.now(), office.node
    held = _held(office, caller, ledger.agreements.get(digest))
    own = [party.jurisdiction for party in held.agreement.parties if party.node == node.name]
    within = [code for code in own if node.divisions.contains(caller.jurisdiction, code)]
    spoken_for = within or own
    jurisdiction = body.jurisdiction or (spoken_for[0] if len(spoken_for) == 1 else "")
    if jurisdiction not in own:
        raise NotServed(pointer="/jurisdiction")
    if not node.divisions.contains(caller.jurisdiction, jurisdiction):
        raise Forbidden
    return decide(ledger, node, digest, body.decision, jurisdiction, now, office.signer(DECISION_TYPES[body.decision]))


def _held(office: Office, caller: Caller, signed: SignedAgreement | None) -> SignedAgreement:
    if signed is None or not _concerns(office, caller, signed):
        raise NotFound
    return signed


def _concerns(office: Office, caller: Caller, signed: SignedAgreement) -> bool:
    divisions = office.node.divisions
    own = [party.jurisdiction for party in signed.agreement.parties if party.node == office.node.name]
    return any(
        divisions.contains(caller.jurisdiction, code) or any(divisions.contains(code, county) for county in caller.counties)
        for code in own
    )


def _serves(office: Office, jurisdiction: str) -> bool:
    divisions = office.node.divisions
    return divisions.is_known(jurisdiction) and any(
        divisions.contains(jurisdiction, county) for county in office.node.jurisdictions
    )
