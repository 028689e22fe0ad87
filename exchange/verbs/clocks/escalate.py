"""Escalate (督办): put late exchanges before the next higher coordinator, again after more days, and let it be resolved.

It is resolved with the answer or the withdrawal, where these take effect (`exchange.verbs.absorb`).
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from exchange.announcements import about_escalation, notification
from exchange.clocks.escalation import (
    AlreadyEscalated,
    Escalation,
    EscalationWhy,
    NothingAwaited,
    is_awaited,
    next_step,
    wants_escalation,
)
from exchange.codes import Role
from exchange.cursors import exchange_cursor
from exchange.exchanges import Acceptance, Exchange
from exchange.ids import new_id
from exchange.ledger import ExchangeFilter, Ledger, Page
from exchange.moments import civil_day
from exchange.node import Node

AT_ONCE = 200
_COORDINATOR = "coordinator"


def escalate_overdue(ledger: Ledger, node: Node, now: datetime, role: Role, after: str = "") -> tuple[int, str]:
    """Escalate what is late in one page; how many, and where the next page begins (empty: nowhere).

    One step at most for each exchange, however many days were missed.
    """
    today, rules = civil_day(now), node.house.escalation
    if rules.after_days is None and rules.next_after_days is None:
        return 0, ""
    late = ExchangeFilter(own=node.jurisdictions, role=role, acceptance=Acceptance.ACCEPTED, overdue_on=today)
    page = ledger.exchanges.find(late, Page(after=after, limit=AT_ONCE))
    standing = ledger.escalations.standing({exchange.key.exchange for exchange in page})
    wanted = [exchange for exchange in page if wants_escalation(exchange, standing.get(exchange.key), rules, today)]
    coordinators = _coordinators(ledger) if wanted else frozenset()
    made = [
        escalation
        for exchange in wanted
        if (escalation := _step(node, exchange, coordinators, standing.get(exchange.key), EscalationWhy.OVERDUE, now))
    ]
    _store(ledger, node, made, now)
    return len(made), exchange_cursor(page[-1]) if len(page) == AT_ONCE else ""


def raise_escalation(ledger: Ledger, node: Node, exchange: Exchange, now: datetime) -> Escalation:
    """A coordinator's word to put an exchange before the next higher one; NothingAwaited, AlreadyEscalated."""
    if not is_awaited(exchange):
        raise NothingAwaited
    before = ledger.escalations.standing([exchange.key.exchange]).get(exchange.key)
    made = _step(node, exchange, _coordinators(ledger), before, EscalationWhy.RAISED, now)
    if made is None:
        raise AlreadyEscalated
    _store(ledger, node, [made], now)
    return made


def acknowledge(ledger: Ledger, escalation: Escalation, by: str, now: datetime) -> Escalation:
    """The word of the coordinator of jurisdiction `by` that it is in hand; NotBeforeYou."""
    acknowledged = escalation.acknowledged(by, now)
    ledger.escalations.save(acknowledged)
    return acknowledged


def _coordinators(ledger: Ledger) -> frozenset[str]:
    """The jurisdictions to which a coordinator's key is bound."""
    keys = ledger.access.api_keys()
    return frozenset(key.jurisdiction for key in keys if key.role == _COORDINATOR and key.revoked_at is None)


def _step(
    node: Node,
    exchange: Exchange,
    coordinators: Iterable[str],
    before: Escalation | None,
    why: EscalationWhy,
    now: datetime,
) -> Escalation | None:
    step = next_step(exchange.own, node.divisions.ancestors(exchange.own), coordinators, before)
    if step is None:
        return None
    return Escalation(
        id=new_id(now),
        key=exchange.key,
        own=exchange.own,
        other=exchange.other,
        level=step.level,
        to=step.to,
        stays=step.stays,
        why=why,
        due=_missed(exchange, civil_day(now)),
        raised_at=now,
    )


def _missed(exchange: Exchange, today: date) -> date | None:
    due = exchange.conversation.due if exchange.conversation is not None else None
    return due if due is not None and due + timedelta(days=1) <= today else None


def _store(ledger: Ledger, node: Node, made: list[Escalation], now: datetime) -> None:
    ledger.escalations.add(made)
    if node.webhooks:
        ledger.notifications.add([notification(about_escalation(each), now) for each in made])
