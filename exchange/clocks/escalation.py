"""Escalation (督办): an exchange whose answer is late goes before the coordinator of the next higher jurisdiction served.

About exchanges and jurisdictions, never about persons, clerks included.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from exchange.conversation import State
from exchange.errors import Conflict
from exchange.exchanges import Exchange, ExchangeKey
from exchange.moments import civil_day
from exchange.terms.house import EscalationRules


class EscalationWhy(StrEnum):
    """Why it was put before a coordinator."""

    OVERDUE = "overdue"
    RAISED = "raised"


class NothingAwaited(Conflict):
    """No answer is awaited in this exchange, so there is nothing to press for."""

    code = "nothing-awaited"
    zh = "该信息交换没有待答复的事项，无需督办。"
    en = "No answer is awaited in this exchange: there is nothing to escalate."


class AlreadyEscalated(Conflict):
    """It lies before the highest coordinator that there is on this node."""

    code = "already-escalated"
    zh = "该事项已提交督办，本节点没有更高一级的协作负责人。"
    en = "It was escalated already, and no higher coordinator has a key on this node."


class NotBeforeYou(Conflict):
    """Only the coordinator before whom it lies acknowledges it, and only once."""

    code = "not-before-you"
    zh = "只有受理督办的一级可以确认，且只确认一次；已办结的无需确认。"
    en = "Only the coordinator before whom it lies acknowledges it, once, and not after it is resolved."


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """One exchange before one jurisdiction's coordinator.

    `level` counts from 1. `stays` says that no higher coordinator has a key on this node, so that it lies before the county's
    own. `due` is what was missed, if it was.
    """

    id: str
    key: ExchangeKey
    own: str
    other: str
    level: int
    to: str
    stays: bool
    why: EscalationWhy
    due: date | None
    raised_at: datetime
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None

    def acknowledged(self, by: str, now: datetime) -> "Escalation":
        """After the word of the coordinator of jurisdiction `by`; NotBeforeYou."""
        if by != self.to or self.acknowledged_at is not None or self.resolved_at is not None:
            raise NotBeforeYou
        return replace(self, acknowledged_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where an exchange goes next."""

    level: int
    to: str
    stays: bool


def is_awaited(exchange: Exchange) -> bool:
    """Whether an answer is awaited."""
    conversation = exchange.conversation
    return conversation is not None and conversation.state in (State.OPEN, State.CHALLENGED)


def next_step(county: str, ancestors: Sequence[str], coordinators: Iterable[str], before: Escalation | None) -> Step | None:
    """Before whom an exchange of a county goes next, `before` being where it lies now.

    `ancestors` are the county's, the nearest first; `coordinators` the jurisdictions to which coordinators' keys are bound.
    The first time it stays with the county where nobody stands above it; None where nobody stands above `before`.
    """
    line = [county, *ancestors]
    above = line[line.index(before.to) + 1 :] if before is not None and before.to in line else list(ancestors)
    served = set(coordinators)
    higher = next((code for code in above if code in served), None)
    level = before.level + 1 if before is not None else 1
    if higher is not None:
        return Step(level=level, to=higher, stays=False)
    return Step(level=level, to=county, stays=True) if before is None else None


def wants_escalation(exchange: Exchange, before: Escalation | None, rules: EscalationRules, today: date) -> bool:
    """Whether an exchange has been late for long enough to go before the first, or the next, coordinator."""
    due = exchange.conversation.due if exchange.conversation is not None else None
    if not is_awaited(exchange) or due is None:
        return False
    if before is None:
        return rules.after_days is not None and today >= due + timedelta(days=rules.after_days)
    raised_on = max(civil_day(before.raised_at), due)
    return rules.next_after_days is not None and today >= raised_on + timedelta(days=rules.next_after_days) and today > due
