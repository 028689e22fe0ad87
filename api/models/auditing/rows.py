"""Rows and signed ends of the audit as bodies."""

from datetime import date
from typing import Any, Self

from pydantic import Field

from api.models.base import Moment, Shown
from exchange.auditing.chain import AuditRow
from exchange.auditing.event import ActorKind
from exchange.auditing.heads import SignedHead
from exchange.codes import Purpose

_DIGEST = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"


class ActorShown(Shown):
    """Who acted: a key by its id, a partner by its node, who ran a command by their account, a job by its name."""

    kind: ActorKind
    id: str = Field(description="empty for a caller who is nobody", examples=["a1b2c3d4e5f6"])
    role: str = Field(examples=["clerk"])


class _AuditRow(Shown):
    """What every reader is told of a row."""

    id: str = Field(description="jurisdiction, day and number in the day", examples=["110102.2026-03-02.000000017"])
    jurisdiction: str = Field(description="the county; empty for what concerns the whole node", examples=["110102"])
    day: date
    sequence: int = Field(examples=[17])
    at: Moment
    actor: ActorShown
    action: str = Field(description="the operation, command or job", examples=["read_entry"])
    purpose: Purpose | None
    outcome: str = Field(description="`done` or `refused`", examples=["done"])
    problem: str | None = Field(description="the code with which it was refused")
    subjects: list[str] = Field(examples=[["entry:019cae2f-5c00-7000-8000-000000000001"]])
    shown: list[str] = Field(description="the fields of persons that were shown", examples=[["children", "person"]])
    masked: bool = Field(description="whether fields of persons were withheld")
    count: int = Field(description="how many persons, messages or refusals it was about", examples=[1])


class AuditRowShown(_AuditRow):
    """One row as an auditor is told it (docs/audit.md). It names no person: subjects are ids, a person's the node's blind index.

    It has no digest, which holds what the auditor may not be told: whole chains are verified at the machine (`woshou audit`).
    """

    withheld: int = Field(description="how many subjects are not told to this auditor", examples=[0])

    @classmethod
    def of(cls, row: AuditRow, withheld: int) -> Self:
        """From what is told of a row."""
        return cls(**_members(row), withheld=withheld)


class AuditRowStored(_AuditRow):
    """One row of a chain as it was written, for the operator at the machine, with what verifies it."""

    previous: str | None = Field(description="digest of the row before; null for the first of a chain", examples=[_DIGEST])
    digest: str = Field(examples=[_DIGEST])

    @classmethod
    def of(cls, row: AuditRow) -> Self:
        """From the chain."""
        return cls(**_members(row), previous=row.previous, digest=row.digest)


def _members(row: AuditRow) -> dict[str, Any]:
    event = row.event
    return {
        "id": row.id,
        "jurisdiction": event.jurisdiction,
        "day": row.day,
        "sequence": row.sequence,
        "at": event.at,
        "actor": ActorShown(kind=event.actor.kind, id=event.actor.id, role=event.actor.role),
        "action": event.action,
        "purpose": event.purpose,
        "outcome": "done" if event.problem is None else "refused",
        "problem": event.problem,
        "subjects": list(event.subjects),
        "shown": list(event.shown),
        "masked": event.masked,
        "count": event.count,
    }


class AuditHeadShown(Shown):
    """The signed end of a day."""

    jurisdiction: str = Field(examples=["110102"])
    day: date
    rows: int = Field(examples=[412])
    digest: str = Field(examples=[_DIGEST])
    jws: str = Field(description="compact JWS (mx-audit-head+jws)")
    at: Moment = Field(description="when it was signed")

    @classmethod
    def of(cls, head: SignedHead) -> Self:
        """From the ledger."""
        return cls(jurisdiction=head.jurisdiction, day=head.day, rows=head.rows, digest=head.digest, jws=head.jws, at=head.at)
