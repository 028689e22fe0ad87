"""The wire API, version 1: what partner nodes call (docs/protocol.md)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Header, Path, Request, Response

from adapters.inbox import take_batch, unpack
from adapters.keys import jose, tokens
from adapters.office import trusted_key
from api.access import LedgerDep, OfficeDep, PartnerDep, ReadLedgerDep
from api.limiting import TokenLimit
from api.models.partner import Jwks, LinkHeads, TokenAnswer
from api.problems import RequestTooLarge, TooManyRequests, Unauthorized, declared
from exchange.errors import NotAuthentic, NotFound
from exchange.exchanges import Direction
from exchange.partners import PartnerStatus, PartnerSuspended
from exchange.terms.agreement import DECISION_TYPES, PROPOSAL_TYPE, AlreadyDecided, MalformedAgreement
from exchange.verbs import agree
from exchange.verbs.receive import LinkForked, NotYourLink, SequenceGap
from exchange.wire.batch import MAX_UNPACKED, BatchNotAuthentic, BatchTooLarge

router = APIRouter(tags=["Partner"])
MAX_DOCUMENT = 1024 * 1024
SCOPE = "exchange"
_JOSE: dict[str, Any] = {"content": {"application/jose": {"schema": {"type": "string", "description": "compact JWS"}}}}


class JoseResponse(Response):
    """A compact JWS."""

    media_type = "application/jose"


async def batch_body(request: Request) -> bytes:
    """The body as sent, cut off as soon as it is larger than any batch."""
    return await _body(request, MAX_UNPACKED, BatchTooLarge)


async def document_body(request: Request) -> str:
    """A signed document."""
    body = await _body(request, MAX_DOCUMENT, RequestTooLarge)
    if not body.isascii():
        raise MalformedAgreement
    return body.decode("ascii").strip()


async def _body(request: Request, limit: int, refusal: type[BatchTooLarge | RequestTooLarge]) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise refusal
        parts.append(part)
    return b"".join(parts)


@router.get("/.well-known/migrant-exchange", response_class=JoseResponse, responses={200: _JOSE}, summary="Node document")
def node_document(office: OfficeDep) -> Response:
    """Who this node is: its keys, jurisdictions, endpoints and limits, signed (`mx-node+jws`)."""
    return JoseResponse(office.documents.current())


@router.get("/.well-known/jwks.json", summary="Public keys for OAuth libraries")
def jwks(office: OfficeDep) -> Jwks:
    """All signing and encryption keys, historic ones included, so that old evidence can be checked."""
    return Jwks.of(office.keyring.public_documents())


@router.post("/oauth/token", responses=declared(Unauthorized, TooManyRequests), summary="Access token")
def token(
    office: OfficeDep,
    ledger: LedgerDep,
    _: TokenLimit,
    grant_type: Annotated[str, Form(pattern="^client_credentials$")],
    client_assertion_type: Annotated[str, Form(pattern="^urn:ietf:params:oauth:client-assertion-type:jwt-bearer$")],
    client_assertion: Annotated[str, Form(max_length=8192)],
    scope: Annotated[str, Form(max_length=100)] = SCOPE,
) -> TokenAnswer:
    """OAuth 2.0 client credentials with `private_key_jwt` (RFC 7523); a token of 10 minutes."""
    now = office.now()

    def find_key(issuer: str, kid: str) -> jose.PublicKey | None:
        partner = ledger.partners.get(issuer)
        return trusted_key(partner, kid, now) if partner and partner.status is PartnerStatus.ACTIVE else None

    try:
        assertion = tokens.check_client_assertion(client_assertion, audience=office.node.name, find_key=find_key, now=now)
    except NotAuthentic as exc:
        raise Unauthorized from exc
    if SCOPE not in scope.split() or not ledger.partners.use_assertion(assertion.issuer, assertion.jti, assertion.forget_after):
        raise Unauthorized
    access, expires = tokens.access_token(office.node.name, assertion.issuer, [SCOPE], now, office.signing_key())
    return TokenAnswer(access_token=access, expires_in=int((expires - now).total_seconds()), scope=SCOPE)


@router.post(
    "/v1/batches",
    response_class=JoseResponse,
    responses={
        200: _JOSE,
        **declared(
            Unauthorized,
            NotYourLink,
            BatchTooLarge,
            BatchNotAuthentic,
            SequenceGap,
            LinkForked,
            PartnerSuspended,
            TooManyRequests,
        ),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-ndjson": {
                    "schema": {
                        "type": "string",
                        "description": "line 1: compact JWS (mx-batch+jws) over the manifest; lines 2…: 1 to 1,000 messages",
                    }
                }
            },
        }
    },
    summary="Send a batch",
)
def send_batch(
    office: OfficeDep,
    partner: PartnerDep,
    body: Annotated[bytes, Depends(batch_body)],
    content_encoding: Annotated[str | None, Header(description="gzip, or nothing")] = None,
) -> Response:
    """Take the next batch of the link's log; the answer is the signed receipt (`mx-receipt+jws`), stored before it is sent.

    The same batch again gets the same receipt, byte for byte.
    """
    return JoseResponse(take_batch(office, partner, unpack(body, content_encoding)))


@router.post(
    "/v1/agreements",
    status_code=202,
    response_class=Response,
    responses={
        200: {"description": "known already"},
        **declared(Unauthorized, MalformedAgreement, PartnerSuspended, RequestTooLarge),
    },
    openapi_extra={"requestBody": {"required": True, **_JOSE}},
    summary="Propose an agreement",
)
def propose_agreement(
    office: OfficeDep, ledger: LedgerDep, partner: PartnerDep, jws: Annotated[str, Depends(document_body)]
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
    responses={
        200: {"description": "known already"},
        **declared(Unauthorized, MalformedAgreement, NotFound, AlreadyDecided, PartnerSuspended, RequestTooLarge),
    },
    openapi_extra={"requestBody": {"required": True, **_JOSE}},
    summary="Tell a decision on an agreement",
)
def decide_agreement(
    office: OfficeDep,
    ledger: LedgerDep,
    partner: PartnerDep,
    agreement_id: Annotated[str, Path(pattern="^[0-9a-f-]{36}$")],
    jws: Annotated[str, Depends(document_body)],
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


@router.get("/v1/links/{node}", responses=declared(Unauthorized, PartnerSuspended, NotYourLink), summary="Both heads of a link")
def link_heads(ledger: ReadLedgerDep, partner: PartnerDep, node: str) -> LinkHeads:
    """Where both logs of the caller's link stand, each with its signed manifest and receipt; `node` is the caller itself."""
    link = ledger.links.of(partner.node)
    if node != partner.node or link is None:
        raise NotYourLink
    return LinkHeads.of(
        link,
        received=ledger.links.batch(link.id, Direction.IN, link.in_sequence),
        sent=ledger.links.batch(link.id, Direction.OUT, link.out_sequence),
    )
