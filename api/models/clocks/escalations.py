"""Escalations and troubles as bodies."""

from datetime import date
from typing import Any, Self

from pydantic import Field

from api.models.base import EXAMPLE_ID, Moment, Shown
from exchange.clocks.escalation import Escalation, EscalationWhy
from exchange.clocks.troubles import Trouble, TroubleKind
from exchange.codes import Role
from exchange.people.record import Shape
from exchange.wire.batch import NodeName
from exchange.wire.message import UUID

RAISING_EXAMPLE: dict[str, Any] = {"exchange": EXAMPLE_ID}


class Raising(Shape, frozen=True, kw_only=True):
    """Which exchange to put forward; `role` or `partner` where the id alone leaves a choice."""

    exchange: UUID
    role: Role | None = None
    partner: NodeName | None = None


class EscalationShown(Shown):
    """An exchange before a coordinator, without a person."""

    id: str = Field(examples=[EXAMPLE_ID])
    exchange: str = Field(examples=[EXAMPLE_ID])
    role: Role = Field(description="asked: we owe the answer; asker: we wait for it")
    own: str = Field(examples=["110102"])
    other: str = Field(examples=["420106"])
    level: int
    to: str = Field(description="the jurisdiction before whose coordinator it lies", examples=["110000"])
    stays: bool = Field(description="no higher coordinator has a key on this node: it lies before the county's own")
    why: EscalationWhy
    due: date | None = Field(description="the due date that was missed")
    raised_at: Moment
    acknowledged_at: Moment | None
    resolved_at: Moment | None = Field(description="by the answer or the withdrawal")

    @classmethod
    def of(cls, escalation: Escalation) -> Self:
        """From the ledger."""
        return cls(
            id=escalation.id,
            exchange=escalation.key.exchange,
            role=escalation.key.role,
            own=escalation.own,
            other=escalation.other,
            level=escalation.level,
            to=escalation.to,
            stays=escalation.stays,
            why=escalation.why,
            due=escalation.due,
            raised_at=escalation.raised_at,
            acknowledged_at=escalation.acknowledged_at,
            resolved_at=escalation.resolved_at,
        )


class TroubleShown(Shown):
    """One stretch of trouble."""

    id: str = Field(examples=[EXAMPLE_ID])
    kind: TroubleKind
    subject: str = Field(description="a partner's node, a job, `owed` or `awaited`", examples=["wuchang.example"])
    began_at: Moment
    ended_at: Moment | None = Field(description="null while it lasts")

    @classmethod
    def of(cls, trouble: Trouble) -> Self:
        """From the ledger."""
        return cls(
            id=trouble.id, kind=trouble.kind, subject=trouble.subject, began_at=trouble.began_at, ended_at=trouble.ended_at
        )
