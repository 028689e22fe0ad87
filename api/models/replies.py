"""What can be said about an exchange, as bodies: the bodies of the wire messages themselves."""

from typing import Any, Literal, Self, TypeAlias

import msgspec
from pydantic import Field

from api.models.base import EXAMPLE_ID, Moment, Shown
from exchange.codes import Kind
from exchange.exchanges import LoggedMessage
from exchange.people.record import Shape
from exchange.verbs.reply import Body, Said
from exchange.wire.message import UUID, ChallengeBody, EmptyBody, FeedbackBody, InterimBody, WithdrawalBody

SayKind: TypeAlias = Literal["feedback", "interim", "challenge", "confirmation", "reminder", "withdrawal"]
BODIES: dict[Kind, type[Body]] = {
    Kind.FEEDBACK: FeedbackBody,
    Kind.INTERIM: InterimBody,
    Kind.CHALLENGE: ChallengeBody,
    Kind.CONFIRMATION: EmptyBody,
    Kind.REMINDER: EmptyBody,
    Kind.WITHDRAWAL: WithdrawalBody,
}
EXAMPLES: dict[Kind, dict[str, Any]] = {
    Kind.FEEDBACK: {"result": "corrected", "record": {"marital_status": "40"}},
    Kind.INTERIM: {"reason": "archive_search", "expected": "2026-04-10"},
    Kind.CHALLENGE: {"reason": "incomplete", "items": ["children"]},
    Kind.WITHDRAWAL: {"reason": "entered_by_mistake"},
}
REPLY_EXAMPLE = {"exchange": EXAMPLE_ID, "kind": "feedback", "body": {"result": "confirmed"}}


class ReplyLine(Shape, frozen=True, kw_only=True):
    """One reply of a bulk; the form of `body` follows from `kind` (FeedbackBody, InterimBody …)."""

    exchange: UUID
    kind: SayKind
    body: dict[str, Any] = msgspec.field(default_factory=dict)

    def said(self) -> Said:
        """As the verb takes it; msgspec.ValidationError for a body of another form."""
        kind = Kind(self.kind)
        return Said(kind=kind, body=msgspec.convert(self.body, BODIES[kind]))


class Queued(Shown):
    """A message that waits to be sent: it takes effect with the other side's receipt."""

    id: str = Field(examples=[EXAMPLE_ID])
    exchange: str = Field(examples=[EXAMPLE_ID])
    kind: Kind = Field(examples=["feedback"])
    created_at: Moment

    @classmethod
    def of(cls, message: LoggedMessage) -> Self:
        """From the log."""
        return cls(id=message.id, exchange=message.exchange, kind=message.kind, created_at=message.created_at)
