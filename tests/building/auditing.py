"""Builders for the audit."""

from datetime import timedelta
from typing import Any

from exchange.auditing.chain import AuditRow, ChainHead, extend
from exchange.auditing.event import Actor, ActorKind, AuditEvent, of_entry
from tests.builders import XICHENG, a_moment, an_id

CLERK = Actor(kind=ActorKind.KEY, id="k1", role="clerk")


def an_event(n: int = 1, *, day: int = 0, **changes: Any) -> AuditEvent:
    """A clerk of Xicheng reads entry `n`, in minute `n` of a day."""
    told: dict[str, Any] = {
        "at": a_moment(n) + timedelta(days=day),
        "jurisdiction": XICHENG,
        "actor": CLERK,
        "action": "read_entry",
        "subjects": (of_entry(an_id(n)),),
        "shown": ("person",),
    }
    return AuditEvent(**{**told, **changes})


def a_chain(*days: int, jurisdiction: str = XICHENG) -> tuple[ChainHead, list[AuditRow]]:
    """A chain with so many rows on each of the days."""
    events = [an_event(n, day=day, jurisdiction=jurisdiction) for day, count in enumerate(days) for n in range(1, count + 1)]
    return extend(ChainHead(jurisdiction=jurisdiction), events)
