"""Remind (催办): the other side of what it owes, and our own clerks of what comes near or has passed.

Which days, the house rules say. At most one reminder goes out for an exchange and day however many days were missed, and own
systems are told once of each date.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from exchange.announcements import ExchangeEvent, about_exchange, notification
from exchange.codes import Kind, Role
from exchange.conversation import Conversation, State
from exchange.cursors import exchange_cursor
from exchange.errors import Refused
from exchange.exchanges import Acceptance, Exchange
from exchange.ledger import ExchangeFilter, Ledger, Page
from exchange.moments import Period, civil_day, day_end
from exchange.node import Node
from exchange.partners import PartnerStatus
from exchange.terms.house import ReminderRules
from exchange.verbs.reply import Said, reply

AT_ONCE = 200
_AWAITED = frozenset({State.OPEN, State.CHALLENGED})


def wants_reminder(exchange: Exchange, today: date, rules: ReminderRules) -> bool:
    """Whether the other side should be reminded today of an exchange that we opened.

    - the limit has passed: at once, then again after some days
    - the date that its interim answer named has passed, if the rules say so: once
    - the limit comes near, if the rules say so: once
    """
    conversation = exchange.conversation
    if conversation is None or conversation.state not in _AWAITED or conversation.due is None:
        return False
    due, expected, reminded = conversation.due, conversation.expected, conversation.reminded_on
    if reminded is not None and reminded >= today:
        return False
    if rules.after_expected_date and expected is not None and expected < today and _not_since(reminded, expected):
        return True
    if due < today:
        return reminded is None or reminded <= due or today - reminded >= timedelta(days=rules.again_after_days)
    if rules.partner_before_days is None:
        return False
    near = due - timedelta(days=rules.partner_before_days)
    return near <= today and _not_since(reminded, near - timedelta(days=1))


def _not_since(reminded: date | None, day: date) -> bool:
    return reminded is None or reminded <= day


def remind(ledger: Ledger, node: Node, now: datetime, after: str = "") -> tuple[int, str]:
    """Queue reminders for one page of what is awaited; how many, and where the next page begins (empty: nowhere).

    None goes to a partner that is suspended. What cannot be reminded of now, because a reminder is still on its way, is left out.
    """
    today, rules = civil_day(now), node.house.reminders
    active = _active(ledger, node)
    before = timedelta(days=rules.partner_before_days or 0)
    # An interim answer may name a day before the limit, so that all that is awaited is looked at while the rules care for it.
    until = date.max if rules.after_expected_date else today + before + timedelta(days=1)
    awaited = ExchangeFilter(own=node.jurisdictions, role=Role.ASKER, acceptance=Acceptance.ACCEPTED, overdue_on=until)
    page = ledger.exchanges.find(awaited, Page(after=after, limit=AT_ONCE))
    wanted = [exchange for exchange in page if exchange.key.link in active and wants_reminder(exchange, today, rules)]
    queued = sum(_queued(ledger, node, exchange, now) for exchange in wanted)
    return queued, exchange_cursor(page[-1]) if len(page) == AT_ONCE else ""


def _active(ledger: Ledger, node: Node) -> frozenset[int]:
    active = {partner.node for partner in ledger.partners.all() if partner.status is PartnerStatus.ACTIVE} | {node.name}
    return frozenset(link.id for link in ledger.links.all() if link.partner in active)


def _queued(ledger: Ledger, node: Node, exchange: Exchange, now: datetime) -> bool:
    try:
        reply(ledger, node, exchange, Said(kind=Kind.REMINDER), now)
    except Refused:
        return False
    return True


def tell_clerks(ledger: Ledger, node: Node, now: datetime) -> int:
    """Tell own systems of what is due soon, of named dates that have passed, and of answers that lapse soon; how many."""
    if not node.webhooks:
        return 0
    today, house = civil_day(now), node.house
    told = 0
    if house.reminders.clerks_before_days is not None:
        until = today + timedelta(days=house.reminders.clerks_before_days + 1)
        near = ExchangeFilter(own=node.jurisdictions, role=Role.ASKED, acceptance=Acceptance.ACCEPTED, overdue_on=until)
        told += _tell(ledger, near, "exchange.due_soon", lambda talk: talk.due if talk.due and talk.due >= today else None, now)
    passed = ExchangeFilter(own=node.jurisdictions, role=Role.ASKER, acceptance=Acceptance.ACCEPTED, expected_before=today)
    told += _tell(ledger, passed, "exchange.expected_passed", lambda talk: talk.expected, now)
    if house.lapsing.notice_days is not None:
        soon = Period(first=today, last=today + timedelta(days=house.lapsing.notice_days))
        lapsing = ExchangeFilter(own=node.jurisdictions, role=Role.ASKER, lapsing=soon)
        told += _tell(ledger, lapsing, "exchange.lapsing", lambda talk: talk.lapses_on, now)
    return told


def _tell(
    ledger: Ledger,
    wanted: ExchangeFilter,
    event: ExchangeEvent,
    day_of: Callable[[Conversation], date | None],
    now: datetime,
) -> int:
    """Tell of each exchange once for the day that it is about."""
    told, page = 0, Page(limit=AT_ONCE)
    while rows := ledger.exchanges.find(wanted, page):
        days = [(row, day_of(row.conversation)) for row in rows if row.conversation is not None]
        fresh = [(row, day) for row, day in days if day is not None and ledger.notifications.claim(event, row.key, day)]
        # What has passed happened at the end of its day, what comes near is told as of now.
        ledger.notifications.add([notification(about_exchange(event, row, min(day_end(day), now)), now) for row, day in fresh])
        told += len(fresh)
        page = Page(after=exchange_cursor(rows[-1]), limit=AT_ONCE)
    return told
