"""The call of the wire API by which a partner checks a certificate (docs/protocol.md)."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from adapters.certificates.answering import CertificateAnswering
from adapters.certificates.pacing import Pace
from adapters.keys.errors import BadSignature, ForbiddenHeader, MalformedJws, UnknownKey, WrongType
from api.access import CheckingDep, LimiterDep, RenewalsDep
from api.declared import declared
from api.models.partner import signed
from api.partner import JoseResponse
from api.problems import BodyTooSlow, RequestTooLarge, TooManyRequests, Unauthorized
from api.serving.routes import Route
from exchange.certificates.check import CheckNotFresh, CheckRepeated, TooManyMisses
from exchange.ledger import LedgerBusy
from exchange.partners import PartnerSuspended
from exchange.terms.agreement import ItemNotAgreed, NoAgreement
from exchange.verbs.receive import NotYourLink
from exchange.wire.checks import CHECK_TYPE, CHECKED_TYPE, MAX_CHECK, CertificateAsked, CertificateTold, MalformedCheck
from exchange.wire.ijson import NotIJSON

_PACE = Pace()
router = APIRouter(tags=["Partner"], route_class=Route)


def certificate_answering(request: Request) -> CertificateAnswering:
    """What answers questions about certificates."""
    made = request.app.state.certificates
    if not isinstance(made, CertificateAnswering):
        raise TypeError("the application was made without a node")
    return made


async def place(limiter: LimiterDep, caller: CheckingDep) -> AsyncIterator[None]:
    """One of the few places that a partner has, until the beat on which the answer leaves; no thread waits for either."""
    with limiter.checking(caller.node):
        async with _PACE.steadily():
            yield


async def check_body(request: Request) -> str:
    """A signed question."""
    body = await request.body()
    if len(body) > MAX_CHECK:
        raise RequestTooLarge
    if not body.isascii():
        raise MalformedJws
    return body.decode("ascii").strip()


@router.post(
    "/v1/certificate-checks",
    response_class=JoseResponse,
    responses={
        200: {"description": "the signed answer", **signed(CertificateTold, CHECKED_TYPE)},
        **declared(
            Unauthorized,
            PartnerSuspended,
            NotYourLink,
            RequestTooLarge,
            BodyTooSlow,
            MalformedJws,
            ForbiddenHeader,
            UnknownKey,
            BadSignature,
            WrongType,
            NotIJSON,
            MalformedCheck,
            CheckNotFresh,
            CheckRepeated,
            NoAgreement,
            ItemNotAgreed,
            TooManyMisses,
            TooManyRequests,
            LedgerBusy,
        ),
    },
    openapi_extra={"requestBody": {"required": True, **signed(CertificateAsked, CHECK_TYPE)}},
    summary="Check a certificate",
)
def check_certificate(
    renewals: RenewalsDep,
    caller: CheckingDep,
    _: Annotated[None, Depends(place, scope="function")],  # before the answer goes out
    answering: Annotated[CertificateAnswering, Depends(certificate_answering)],
    jws: Annotated[str, Depends(check_body)],
) -> Response:
    """Whether a certificate (婚育证明) is genuine: `valid`, `not_valid`, `unknown` or `cannot_say`, signed.

    Number, document and name must all fit; of `unknown` no reason is told, and every answer takes the same time. Token scope
    `check`; a question (`mx-check+jws`) is answered once, and its `asked_at` is within five minutes of this node's clock.
    """
    asked = renewals.trusting(caller, lambda known: answering.open(known, jws))
    return JoseResponse(answering.answer(asked, caller))
