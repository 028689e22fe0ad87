"""Remind the other side of what it owes: once when a limit has passed, then once a week until the answer comes."""

from datetime import date, datetime, timedelta

from exchange.codes import Kind, Role
from exchange.cursors import exchange_cursor
from exchange.errors import Refused
from exchange.exchanges import Acceptance, Exchange
from exchange.ledger import ExchangeFilter, Ledger, Page
from exchange.moments import civil_day
from exchange.node import Node
from exchange.verbs.reply import Said, reply

AGAIN = timedelta(days=7)
AT_ONCE = 200


def wants_reminder(exchange: Exchange, today: date) -> bool:
    """Whether an exchange that we opened is overdue and the other side has not been reminded since, or not for a week."""
    conversation = exchange.conversation
    if conversation is None or conversation.due is None or conversation.due >= today:
        return False
    reminded = conversation.reminded_on
    return reminded is None or reminded <= conversation.due or today - reminded >= AGAIN


def remind(ledger: Ledger, node: Node, now: datetime, after: str = "") -> tuple[int, str]:
    """Queue reminders for one page of what is overdue; how many, and where the next page begins (empty: nowhere).

    What cannot be reminded of now, because a reminder is still on its way, is left out.
    """
    today = civil_day(now)
    overdue = ExchangeFilter(own=node.jurisdictions, role=Role.ASKER, acceptance=Acceptance.ACCEPTED, overdue_on=today)
    page = ledger.exchanges.find(overdue, Page(after=after, limit=AT_ONCE))
    queued = sum(_queued(ledger, node, exchange, now) for exchange in page if wants_reminder(exchange, today))
    return queued, exchange_cursor(page[-1]) if len(page) == AT_ONCE else ""


def _queued(ledger: Ledger, node: Node, exchange: Exchange, now: datetime) -> bool:
    try:
        reply(ledger, node, exchange, Said(kind=Kind.REMINDER), now)
    except Refused:
        return False
    return True
