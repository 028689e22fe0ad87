"""The wire API, version 1: what partner nodes call (docs/protocol.md)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request, Response

from adapters.inbox import take_batch, unpack
from adapters.keys import jose, tokens
from adapters.keys.errors import BadSignature, ForbiddenHeader, MalformedJws, UnknownKey, WrongType
from adapters.office import Office, trusted_key
from adapters.reports.taking import open_report
from api.access import LedgerDep, LimiterDep, OfficeDep, PartnerDep, ReadLedgerDep, RenewalsDep, host_of
from api.declared import declared
from api.models.base import NODE
from api.models.partner import ASSERTION_EXAMPLE, BATCH, Jwks, LinkHeads, TokenAnswer, signed
from api.problems import BodyTooSlow, RequestTooLarge, TooManyRequests, Unauthorized
from api.serving.audit import tell_actor
from api.serving.routes import Route
from exchange.auditing.event import NODE_WIDE, Actor, ActorKind
from exchange.errors import Invalid, NotAuthentic, NotFound
from exchange.exchanges import Direction
from exchange.ledger import LedgerBusy
from exchange.node import NotServed
from exchange.partners import Partner, PartnerStatus, PartnerSuspended
from exchange.reporting.frozen.monthly import MalformedReport
from exchange.reporting.frozen.upward import (
    REPORT_TYPE,
    JurisdictionNotConfirmed,
    NotAbove,
    ReportContradicts,
    ReportNotAddressed,
    SignedReport,
)
from exchange.terms.agreement import DECISION_TYPES, PROPOSAL_TYPE, Agreement, AlreadyDecided, Decision, MalformedAgreement
from exchange.terms.rulebook import RulesUnknown
from exchange.terms.rules import RulesRefused
from exchange.verbs import agree
from exchange.verbs.receive import LinkForked, NotYourLink, SequenceGap
from exchange.wire import ijson
from exchange.wire.batch import MAX_UNPACKED, RECEIPT_TYPE, BatchNotAuthentic, BatchTooLarge, Receipt
from exchange.wire.node import NODE_TYPE, NodeDocument

router = APIRouter(tags=["Partner"], route_class=Route)
MAX_DOCUMENT = 1024 * 1024
# More than a batch may have, so that whose it is comes before how large it is, as the protocol's table orders it.
MAX_SENT = 64 * 1024 * 1024
# What can be wrong with a signed document, whatever its type.
_UNSIGNED = (MalformedJws, ForbiddenHeader, UnknownKey, BadSignature)


class JoseResponse(Response):
    """A compact JWS."""

    media_type = "application/jose"


async def batch_body(request: Request) -> bytes:
    """The body as sent; of one that is larger than any batch only the beginning, which tells whose it is."""
    body = bytearray()
    async for part in request.stream():
        if len(body) <= MAX_UNPACKED:
            body += part
    return bytes(body[: MAX_UNPACKED + 1])


async def raw_body(request: Request) -> bytes:
    """The body as it came: its digest is part of what is answered."""
    return await request.body()


RawBodyDep = Annotated[bytes, Depends(raw_body)]


async def document_body(request: Request) -> str:
    """A signed document."""
    body = await request.body()
    if not body.isascii():
        raise MalformedAgreement
    return body.decode("ascii").strip()


async def report_body(request: Request) -> str:
    """A signed report."""
    body = await request.body()
    if not body.isascii():
        raise MalformedReport
    return body.decode("ascii").strip()


@router.get(
    "/.well-known/migrant-exchange",
    response_class=JoseResponse,
    responses={200: signed(NodeDocument, NODE_TYPE), **declared(TooManyRequests)},
    summary="Node document",
)
def node_document(office: OfficeDep) -> Response:
    """Who this node is: its keys, jurisdictions, endpoints and limits, signed (`mx-node+jws`)."""
    return JoseResponse(office.documents.current())


@router.get("/.well-known/jwks.json", responses=declared(TooManyRequests), summary="Public keys for OAuth libraries")
def jwks(office: OfficeDep) -> Jwks:
    """All signing and encryption keys, historic ones included, so that old evidence can be checked."""
    return Jwks.of(office.keyring.public_documents())


@router.post(
    "/oauth/token",
    responses=declared(Unauthorized, TooManyRequests, Invalid, RequestTooLarge, BodyTooSlow, LedgerBusy),
    openapi_extra={"requestBody": {"content": {"application/x-www-form-urlencoded": {"example": ASSERTION_EXAMPLE}}}},
    summary="Access token",
)
def token(
    request: Request,
    office: OfficeDep,
    renewals: RenewalsDep,
    limiter: LimiterDep,
    grant_type: Annotated[str, Form(pattern="^client_credentials$")],
    client_assertion_type: Annotated[str, Form(pattern="^urn:ietf:params:oauth:client-assertion-type:jwt-bearer$")],
    client_assertion: Annotated[str, Form(max_length=8192)],
    scope: Annotated[str, Form(max_length=100)] = tokens.EXCHANGE,
) -> TokenAnswer:
    """OAuth 2.0 client credentials with `private_key_jwt` (RFC 7523); a token of 10 minutes.

    Scopes: `exchange` for batches, agreements and link heads, `reconcile` for figures and registers, `check` for
    certificates. The answer says which were granted.
    """
    now = office.now()
    partner = _claimed_partner(office, client_assertion)

    def check(known: Partner) -> tokens.Assertion:
        return tokens.check_client_assertion(
            client_assertion,
            audience=office.node.name,
            find_key=lambda issuer, kid: trusted_key(known, kid, now) if issuer == known.node else None,
            now=now,
        )

    with limiter.failures(host_of(request), partner.node if partner else None) as over:
        granted = sorted(tokens.SCOPES & frozenset(scope.split()))
        if partner is None or not granted:
            raise Unauthorized
        try:
            # After too many failures the partner is not called any more.
            assertion = check(partner) if over else renewals.trusting(partner, check)
        except NotAuthentic as exc:
            raise Unauthorized from exc
        tell_actor(request, Actor(kind=ActorKind.PARTNER, id=assertion.issuer), NODE_WIDE)
        with office.ledgers.transaction() as ledger:
            if not ledger.partners.use_assertion(assertion.issuer, assertion.jti, assertion.forget_after):
                raise Unauthorized
    access, expires = tokens.access_token(office.node.name, assertion.issuer, granted, now, office.signing_key())
    return TokenAnswer(access_token=access, expires_in=int((expires - now).total_seconds()), scope=" ".join(granted))


@router.post(
    "/v1/batches",
    response_class=JoseResponse,
    responses={
        200: {"description": "the signed receipt", **signed(Receipt, RECEIPT_TYPE)},
        **declared(
            Unauthorized,
            NotYourLink,
            BatchTooLarge,
            RequestTooLarge,
            BodyTooSlow,
            BatchNotAuthentic,
            SequenceGap,
            LinkForked,
            PartnerSuspended,
            LedgerBusy,
        ),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/x-ndjson": BATCH},
        },
        "parameters": [
            {"in": "header", "name": "Content-Encoding", "schema": {"const": "gzip"}, "description": "gzip, or nothing"}
        ],
    },
    summary="Send a batch",
)
def send_batch(
    request: Request,
    office: OfficeDep,
    renewals: RenewalsDep,
    partner: PartnerDep,
    body: Annotated[bytes, Depends(batch_body)],
) -> Response:
    """Take the next batch of the link's log; the answer is the signed receipt (`mx-receipt+jws`), stored before it is sent.

    The same batch again gets the same receipt, byte for byte.
    """
    data = unpack(body, request.headers.get("content-encoding"))
    receipt = renewals.trusting(partner, lambda known: take_batch(office, known, data))
    request.app.state.metrics.took_batch(partner.node, data.count(b"\n") - 1)
    return JoseResponse(receipt)


@router.post(
    "/v1/agreements",
    status_code=202,
    response_class=Response,
    response_description="taken; no body",
    responses={
        200: {"description": "known already; no body"},
        **declared(
            Unauthorized,
            *_UNSIGNED,
            WrongType,
            NotServed,
            RulesUnknown,
            RulesRefused,
            MalformedAgreement,
            PartnerSuspended,
            RequestTooLarge,
            BodyTooSlow,
            LedgerBusy,
        ),
    },
    openapi_extra={"requestBody": {"required": True, **signed(Agreement, PROPOSAL_TYPE)}},
    summary="Propose an agreement",
)
def propose_agreement(
    office: OfficeDep, partner: PartnerDep, jws: Annotated[str, Depends(document_body)], ledger: LedgerDep
) -> Response:
    """A signed proposal (`mx-agreement+jws`) for this side's coordinator to decide on."""
    now = office.now()
    payload = jose.verify(jws, typ=PROPOSAL_TYPE, find_key=lambda kid: trusted_key(partner, kid, now)).payload
    fresh = agree.take_proposal(ledger, office.node, partner, payload, jws, now)
    return Response(status_code=202 if fresh else 200)


@router.put(
    "/v1/agreements/{agreement_id}/decision",
    status_code=202,
    response_class=Response,
    response_description="taken; no body",
    responses={
        200: {"description": "known already; no body"},
        **declared(
            Unauthorized,
            *_UNSIGNED,
            MalformedAgreement,
            Invalid,
            NotFound,
            agree.NotYourDecision,
            AlreadyDecided,
            PartnerSuspended,
            RequestTooLarge,
            BodyTooSlow,
            LedgerBusy,
        ),
    },
    openapi_extra={"requestBody": {"required": True, **signed(Decision, *DECISION_TYPES.values())}},
    summary="Tell a decision on an agreement",
)
def decide_agreement(
    office: OfficeDep,
    partner: PartnerDep,
    agreement_id: Annotated[str, Path(pattern="^[0-9a-f-]{36}$")],
    jws: Annotated[str, Depends(document_body)],
    ledger: LedgerDep,
) -> Response:
    """A signed acceptance, decline or end (`mx-agreement-acceptance+jws`, `-decline+jws`, `-end+jws`)."""
    now = office.now()
    typ = jose.read_header(jws).typ
    word = next((word for word, known in DECISION_TYPES.items() if known == typ), None)
    if word is None:
        raise MalformedAgreement(zh="签名类型不是协议决定。", en="The signature's type is not that of a decision.")
    payload = jose.verify(jws, typ=typ, find_key=lambda kid: trusted_key(partner, kid, now)).payload
    fresh = agree.take_decision(ledger, partner, agreement_id, word, payload, jws)
    return Response(status_code=202 if fresh else 200)


@router.post(
    "/v1/reports",
    status_code=202,
    response_class=Response,
    response_description="taken; no body",
    responses={
        200: {"description": "known already; no body"},
        **declared(
            Unauthorized,
            *_UNSIGNED,
            WrongType,
            MalformedReport,
            ReportNotAddressed,
            JurisdictionNotConfirmed,
            NotAbove,
            ReportContradicts,
            PartnerSuspended,
            RequestTooLarge,
            BodyTooSlow,
            LedgerBusy,
        ),
    },
    openapi_extra={"requestBody": {"required": True, **signed(SignedReport, REPORT_TYPE)}},
    summary="Send a monthly report upward",
)
def send_monthly_report(
    office: OfficeDep, renewals: RenewalsDep, partner: PartnerDep, jws: Annotated[str, Depends(report_body)]
) -> Response:
    """A frozen monthly report, signed (`mx-report+jws`), of jurisdictions that were confirmed to be the caller's.

    The same report again changes nothing.
    """
    opened = renewals.trusting(partner, lambda known: open_report(known, jws))
    with office.ledgers.transaction() as ledger:
        _, fresh = opened.take(ledger, office)
    return Response(status_code=202 if fresh else 200)


@router.get(
    "/v1/links/{node}",
    responses=declared(Unauthorized, PartnerSuspended, NotYourLink, Invalid, LedgerBusy),
    summary="Both heads of a link",
)
def link_heads(partner: PartnerDep, ledger: ReadLedgerDep, node: Annotated[str, Path(pattern=NODE)]) -> LinkHeads:
    """Where both logs of the caller's link stand, each with its signed manifest and receipt; `node` is the caller itself."""
    link = ledger.links.of(partner.node)
    if node != partner.node or link is None:
        raise NotYourLink
    return LinkHeads.of(
        link,
        received=ledger.links.batch(link.id, Direction.IN, link.in_sequence),
        sent=ledger.links.batch(link.id, Direction.OUT, link.out_sequence),
    )


def _claimed_partner(office: Office, jws: str) -> Partner | None:
    """The active partner that an assertion says it is from, if there is one. Nothing is proven by it."""
    try:
        claims = ijson.loads(jose.read_unverified(jws).payload)
    except (NotAuthentic, ijson.NotIJSON):
        return None
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    if not isinstance(issuer, str):
        return None
    with office.ledgers.transaction(read_only=True) as ledger:
        partner = ledger.partners.get(issuer)
    return partner if partner is not None and partner.status is PartnerStatus.ACTIVE else None
