"""How the audit's values look in their tables, and back."""

from datetime import date

from adapters.database.values import json_of, list_of
from adapters.database.work import AnyRow, Values
from exchange.auditing.chain import AuditRow, read_row_id
from exchange.auditing.event import Actor, ActorKind, AuditEvent
from exchange.auditing.heads import SignedHead, WitnessedHead
from exchange.codes import Purpose
from exchange.moments import from_milliseconds, to_milliseconds


def columns_of(row: AuditRow) -> Values:
    """In the order of the table's columns."""
    event = row.event
    return (
        row.id,
        event.jurisdiction,
        to_milliseconds(event.at),
        event.actor.kind.value,
        event.actor.id,
        event.actor.role,
        event.action,
        event.purpose.value if event.purpose is not None else None,
        event.problem,
        json_of(event.subjects),
        json_of(event.shown),
        event.masked,
        event.count,
        row.previous,
        row.digest,
    )


def audit_row(row: AnyRow) -> AuditRow:
    """The row in its place."""
    _, day, sequence = read_row_id(row.id)
    event = AuditEvent(
        at=from_milliseconds(row.at),
        jurisdiction=row.jurisdiction,
        actor=Actor(kind=ActorKind(row.actor_kind), id=row.actor, role=row.role),
        action=row.action,
        purpose=Purpose(row.purpose) if row.purpose is not None else None,
        problem=row.problem,
        subjects=list_of(row.subjects, str),
        shown=list_of(row.shown, str),
        masked=row.masked,
        count=row._mapping["count"],
    )
    return AuditRow(event=event, day=day, sequence=sequence, previous=row.previous, digest=row.digest)


def signed_head(row: AnyRow) -> SignedHead:
    """A signed head, by the columns that it has in two tables."""
    return SignedHead(
        jurisdiction=row.jurisdiction,
        day=date.fromisoformat(row.day),
        rows=row.rows,
        digest=row.digest,
        jws=row.jws,
        at=from_milliseconds(row.at),
    )


def witnessed_head(row: AnyRow) -> WitnessedHead:
    """A head that a partner has to do with."""
    return WitnessedHead(partner=row.partner, ours=row.ours, head=signed_head(row))
