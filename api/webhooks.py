"""The webhooks section of OpenAPI: what a node tells a jurisdiction's own systems, if an address for it is set."""

from typing import Annotated, Any

from fastapi import Body, FastAPI, Header

from api.models.base import EXAMPLE_ID
from api.models.shapes import Shaped, shown
from exchange.announcements import AgreementAnnouncement, ExchangeAnnouncement

_TOLD = {"exchange": EXAMPLE_ID, "own": "110102", "other": "420106"}
_AT = "2026-03-02T01:00:00.000Z"
_ANSWERS: dict[int | str, dict[str, Any]] = {204: {"description": "taken; after any other answer, or none, it comes again"}}
_RECEIVED = {"type": "exchange.received", "timestamp": _AT, "data": {**_TOLD, "role": "asked"}}
_ANSWERED = {"type": "exchange.answered", "timestamp": _AT, "data": {**_TOLD, "role": "asker"}}
_OVERDUE = {"type": "exchange.overdue", "timestamp": _AT, "data": {**_TOLD, "role": "asked"}}
_PROPOSED = {
    "type": "agreement.proposed",
    "timestamp": _AT,
    "data": {"agreement": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "partner": "wuchang.example"},
}
_Exchange = Annotated[ExchangeAnnouncement, Shaped(ExchangeAnnouncement)]
_Received = Annotated[_Exchange, Body(openapi_examples=shown(_RECEIVED))]
_Answered = Annotated[_Exchange, Body(openapi_examples=shown(_ANSWERED))]
_Overdue = Annotated[_Exchange, Body(openapi_examples=shown(_OVERDUE))]
_Proposed = Annotated[AgreementAnnouncement, Shaped(AgreementAnnouncement), Body(openapi_examples=shown(_PROPOSED))]
Id = Annotated[str, Header(alias="webhook-id", description="the same for every attempt")]
At = Annotated[str, Header(alias="webhook-timestamp", description="seconds since 1970 of the attempt")]
Signature = Annotated[str, Header(alias="webhook-signature", description="`v1,` and base64 of HMAC-SHA-256 of id.timestamp.body")]


def install_webhooks(app: FastAPI) -> None:
    """Describe the webhooks (Standard Webhooks): the id, the time and the signature stand in three headers."""

    @app.webhooks.post("exchange.received", status_code=204, responses=_ANSWERS, tags=["Webhooks"])
    def exchange_received(body: _Received, id: Id, at: At, signed: Signature) -> None:
        """A query or notice of another jurisdiction has come in."""

    @app.webhooks.post("exchange.answered", status_code=204, responses=_ANSWERS, tags=["Webhooks"])
    def exchange_answered(body: _Answered, id: Id, at: At, signed: Signature) -> None:
        """The other side has answered."""

    @app.webhooks.post("exchange.overdue", status_code=204, responses=_ANSWERS, tags=["Webhooks"])
    def exchange_overdue(body: _Overdue, id: Id, at: At, signed: Signature) -> None:
        """An answer is late, ours or theirs."""

    @app.webhooks.post("agreement.proposed", status_code=204, responses=_ANSWERS, tags=["Webhooks"])
    def agreement_proposed(body: _Proposed, id: Id, at: At, signed: Signature) -> None:
        """A partner has proposed an agreement, which waits for the coordinator."""
