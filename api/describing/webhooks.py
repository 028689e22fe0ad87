"""The webhooks section of OpenAPI: what a node tells a jurisdiction's own systems, if an address for it is set."""

from typing import Annotated, Any

from fastapi import Body, FastAPI, Header

from api.models.base import EXAMPLE_ID
from api.models.shapes import Shaped, shown
from exchange.announcements import (
    AgreementAnnouncement,
    EscalationAnnouncement,
    ExchangeAnnouncement,
    ExchangeEvent,
    TroubleAnnouncement,
)

_AT = "2026-03-02T01:00:00.000Z"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    204: {"description": "taken, as by any 2xx; after another answer, or none within ten seconds, it comes again, id unchanged"}
}
_PROPOSED = {
    "type": "agreement.proposed",
    "timestamp": _AT,
    "data": {"agreement": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "partner": "wuchang.example"},
}
_ESCALATED = {
    "type": "escalation.raised",
    "timestamp": _AT,
    "data": {
        "escalation": EXAMPLE_ID,
        "exchange": EXAMPLE_ID,
        "role": "asked",
        "own": "110102",
        "other": "420106",
        "to": "110000",
        "level": 1,
    },
}
_TROUBLE = {"trouble": EXAMPLE_ID, "kind": "partner-unreachable", "subject": "wuchang.example"}


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
_DueSoon = Annotated[_Exchange, _example("exchange.due_soon", "asked")]
_Expected = Annotated[_Exchange, _example("exchange.expected_passed", "asker")]
_Lapsing = Annotated[_Exchange, _example("exchange.lapsing", "asker")]
_Reminded = Annotated[_Exchange, _example("exchange.reminded", "asked")]
_Escalated = Annotated[EscalationAnnouncement, Shaped(EscalationAnnouncement), Body(openapi_examples=shown(_ESCALATED))]
_Trouble = Annotated[TroubleAnnouncement, Shaped(TroubleAnnouncement)]
_Began = Annotated[_Trouble, Body(openapi_examples=shown({"type": "trouble.began", "timestamp": _AT, "data": _TROUBLE}))]
_Ended = Annotated[_Trouble, Body(openapi_examples=shown({"type": "trouble.ended", "timestamp": _AT, "data": _TROUBLE}))]
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

    _describe_clocks(app)

    @app.webhooks.post("agreement.proposed", **_DESCRIBED)
    def agreement_proposed(body: _Proposed, id: Id, at: At, signed: Signature) -> None:
        """A partner has proposed an agreement, which waits for the coordinator."""


def _describe_clocks(app: FastAPI) -> None:
    @app.webhooks.post("exchange.due_soon", **_DESCRIBED)
    def exchange_due_soon(body: _DueSoon, id: Id, at: At, signed: Signature) -> None:
        """An answer that we owe is due in some days (house rules); told once for each due date."""

    @app.webhooks.post("exchange.expected_passed", **_DESCRIBED)
    def exchange_expected_passed(body: _Expected, id: Id, at: At, signed: Signature) -> None:
        """The date that an interim answer had named has passed without an answer; told once for each such date."""

    @app.webhooks.post("exchange.lapsing", **_DESCRIBED)
    def exchange_lapsing(body: _Lapsing, id: Id, at: At, signed: Signature) -> None:
        """An answer that we got will lapse in some days (house rules) unless it is confirmed or challenged; told once."""

    @app.webhooks.post("exchange.reminded", **_DESCRIBED)
    def exchange_reminded(body: _Reminded, id: Id, at: At, signed: Signature) -> None:
        """The asking side has sent a reminder of an answer that we owe."""

    @app.webhooks.post("escalation.raised", **_DESCRIBED)
    def escalation_raised(body: _Escalated, id: Id, at: At, signed: Signature) -> None:
        """An exchange lies before a coordinator, because its answer is late or because one put it forward."""

    @app.webhooks.post("trouble.began", **_DESCRIBED)
    def trouble_began(body: _Began, id: Id, at: At, signed: Signature) -> None:
        """Something keeps the node from its work; told once, however long it lasts."""

    @app.webhooks.post("trouble.ended", **_DESCRIBED)
    def trouble_ended(body: _Ended, id: Id, at: At, signed: Signature) -> None:
        """It is over."""
