"""The webhooks section of OpenAPI: what a node tells a jurisdiction's own systems, if an address for it is set."""

from typing import Annotated, Any

from fastapi import Body, FastAPI, Header

from api.models.base import EXAMPLE_ID
from api.models.shapes import Shaped, shown
from exchange.announcements import AgreementAnnouncement, ExchangeAnnouncement, ExchangeEvent

_AT = "2026-03-02T01:00:00.000Z"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    204: {"description": "taken, as by any 2xx; after another answer, or none within ten seconds, it comes again, id unchanged"}
}
_PROPOSED = {
    "type": "agreement.proposed",
    "timestamp": _AT,
    "data": {"agreement": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "partner": "wuchang.example"},
}


def _example(event: ExchangeEvent, role: str) -> Any:
    told = {"exchange": EXAMPLE_ID, "role": role, "own": "110102", "other": "420106"}
    return Body(openapi_examples=shown({"type": event, "timestamp": _AT, "data": told}))


_Exchange = Annotated[ExchangeAnnouncement, Shaped(ExchangeAnnouncement)]
_Received = Annotated[_Exchange, _example("exchange.received", "asked")]
_Answered = Annotated[_Exchange, _example("exchange.answered", "asker")]
_Challenged = Annotated[_Exchange, _example("exchange.challenged", "asked")]
_Confirmed = Annotated[_Exchange, _example("exchange.confirmed", "asked")]
_Withdrawn = Annotated[_Exchange, _example("exchange.withdrawn", "asked")]
_Overdue = Annotated[_Exchange, _example("exchange.overdue", "asked")]
_Proposed = Annotated[AgreementAnnouncement, Shaped(AgreementAnnouncement), Body(openapi_examples=shown(_PROPOSED))]
Id = Annotated[str, Header(alias="webhook-id", description="UUIDv7, the same for every attempt: take each id once")]
At = Annotated[
    str, Header(alias="webhook-timestamp", description="seconds since 1970 of the attempt; refuse what is minutes old")
]
Signature = Annotated[
    str, Header(alias="webhook-signature", description="`v1,` and base64 of HMAC-SHA-256 over `id.timestamp.body`")
]
_DESCRIBED: dict[str, Any] = {"status_code": 204, "responses": _ANSWERS, "tags": ["Webhooks"]}


def install_webhooks(app: FastAPI) -> None:
    """Describe the webhooks (Standard Webhooks): the id, the time and the signature stand in three headers."""

    @app.webhooks.post("exchange.received", **_DESCRIBED)
    def exchange_received(body: _Received, id: Id, at: At, signed: Signature) -> None:
        """A query or notice of another jurisdiction has come in."""

    @app.webhooks.post("exchange.answered", **_DESCRIBED)
    def exchange_answered(body: _Answered, id: Id, at: At, signed: Signature) -> None:
        """The other side has answered, first or after a challenge. A correction in the same round is not told of."""

    @app.webhooks.post("exchange.challenged", **_DESCRIBED)
    def exchange_challenged(body: _Challenged, id: Id, at: At, signed: Signature) -> None:
        """The asking side has challenged our answer: another one is due."""

    @app.webhooks.post("exchange.confirmed", **_DESCRIBED)
    def exchange_confirmed(body: _Confirmed, id: Id, at: At, signed: Signature) -> None:
        """The asking side has confirmed our answer."""

    @app.webhooks.post("exchange.withdrawn", **_DESCRIBED)
    def exchange_withdrawn(body: _Withdrawn, id: Id, at: At, signed: Signature) -> None:
        """The asking side has withdrawn the exchange; what it said will be erased here within a day."""

    @app.webhooks.post("exchange.overdue", **_DESCRIBED)
    def exchange_overdue(body: _Overdue, id: Id, at: At, signed: Signature) -> None:
        """An answer is late, ours or theirs; told once for each due date, in the morning after it."""

    @app.webhooks.post("agreement.proposed", **_DESCRIBED)
    def agreement_proposed(body: _Proposed, id: Id, at: At, signed: Signature) -> None:
        """A partner has proposed an agreement, which waits for the coordinator."""
