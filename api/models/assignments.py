"""Assignments as bodies."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from msgspec import Meta
from pydantic import Field

from api.models.base import EXAMPLE_ID, TOWNSHIP, Moment, Shown
from api.problems import body_of
from exchange.errors import Refused
from exchange.exchanges import Exchange
from exchange.people.record import Shape, whole
from exchange.wire.message import UUID
from exchange.work.assignment import Assignment, ReturnReason

ASSIGNING_EXAMPLE: dict[str, Any] = {"township": "420106001", "due": "2026-03-20"}
ASSIGNING_MANY_EXAMPLE: dict[str, Any] = {"exchanges": [EXAMPLE_ID], "rule": "entry_township"}
RETURN_EXAMPLE: dict[str, Any] = {"reason": "not_ours"}
TownshipCode = Annotated[str, Meta(pattern=whole(TOWNSHIP[1:-1]))]


class Assigning(Shape, frozen=True, kw_only=True):
    """A township of the own county; without `due` the internal limit is worked out."""

    township: TownshipCode
    due: date | None = None


class AssigningMany(Shape, frozen=True, kw_only=True):
    """Many exchanges: to one `township`, or with `rule` each to the township of its paired entry; one of the two."""

    exchanges: Annotated[tuple[UUID, ...], Meta(min_length=1, max_length=1000)]
    township: TownshipCode | None = None
    rule: Literal["entry_township"] | None = None
    due: date | None = None


class Returning(Shape, frozen=True, kw_only=True):
    """Why the township gives it back."""

    reason: ReturnReason


class TakingOver(Shape, frozen=True, kw_only=True):
    """The key of another clerk to whom it goes; the caller's own without one."""

    clerk: Annotated[str, Meta(min_length=1, max_length=40, pattern="^[0-9A-Za-z-]+$")] | None = None


class AssignmentShown(Shown):
    """One step. `township` is null where it went back to the county; `by` is the id of the key that did it."""

    township: str | None = Field(examples=["420106001"])
    at: Moment
    due: date | None = Field(description="the internal limit")
    reason: ReturnReason | None
    by: str

    @classmethod
    def of(cls, step: Assignment) -> Self:
        """From the ledger."""
        return cls(township=step.township, at=step.at, due=step.due, reason=step.reason, by=step.by)


class AssignedRow(Shown):
    """What became of one exchange; `problem` is there exactly if it was refused."""

    exchange: str = Field(examples=[EXAMPLE_ID])
    outcome: Literal["assigned", "refused"]
    township: str | None = Field(examples=["420106001"])
    due: date | None = Field(description="the internal limit")
    problem: dict[str, Any] | None = None

    @classmethod
    def of(cls, exchange: str, outcome: Exchange | Refused, step: Assignment | None) -> Self:
        """From the verb's word."""
        if isinstance(outcome, Refused):
            return cls(exchange=exchange, outcome="refused", township=None, due=None, problem=body_of(outcome))
        return cls(exchange=exchange, outcome="assigned", township=outcome.handled_by, due=step.due if step else None)


class AssignedMany(Shown):
    """What became of each exchange, in the order in which they were named."""

    assigned: int
    refused: int
    items: list[AssignedRow]

    @classmethod
    def of(cls, rows: list[AssignedRow]) -> Self:
        """With their counts."""
        assigned = sum(row.outcome == "assigned" for row in rows)
        return cls(assigned=assigned, refused=len(rows) - assigned, items=rows)
