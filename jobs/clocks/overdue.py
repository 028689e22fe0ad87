"""Overdue: say each morning how many answers are owed and awaited beyond their limits, and tell own systems of the new ones.

Whether an exchange is overdue follows from its due date and the clock, so nothing is marked: this is the announcement.
"""

from datetime import date, timedelta

from exchange.announcements import about_exchange, notification
from exchange.codes import Role
from exchange.cursors import exchange_cursor
from exchange.exchanges import Acceptance, Exchange
from exchange.ledger import ExchangeFilter, Ledger, Page
from exchange.moments import civil_day, day_start
from exchange.node import Node
from jobs.shift import Shift

NAME = "overdue"
_PAGE = 1000


def announce_overdue(shift: Shift) -> str:
    """Count what is overdue on both sides, and how much of it became so since the last announcement."""
    now, node = shift.office.now(), shift.office.node
    today = civil_day(now)
    with shift.office.ledgers.transaction(read_only=True) as ledger:
        # A day on which no process ran, or on which this failed, is made up for.
        since = ledger.chores.last_run(NAME, today) or today - timedelta(days=1)
        owed, owed_new = _count(ledger, node, Role.ASKED, since, today)
        awaited, awaited_new = _count(ledger, node, Role.ASKER, since, today)
    if node.webhooks:
        with shift.office.ledgers.transaction() as ledger:
            ledger.notifications.add(
                [
                    notification(about_exchange("exchange.overdue", exchange, day_start(due + timedelta(days=1))), now)
                    for exchange, due in (*owed_new, *awaited_new)
                ]
            )
    return f"owed {owed}, {len(owed_new)} of them new; awaited {awaited}, {len(awaited_new)} of them new"


def _count(ledger: Ledger, node: Node, role: Role, since: date, today: date) -> tuple[int, list[tuple[Exchange, date]]]:
    """How many are overdue, and which of them, with their limits, were not when it was last announced."""
    wanted = ExchangeFilter(own=node.jurisdictions, role=role, acceptance=Acceptance.ACCEPTED, overdue_on=today)
    page, overdue, fresh = Page(limit=_PAGE), 0, []
    while rows := ledger.exchanges.find(wanted, page):
        overdue += len(rows)
        for row in rows:
            due = row.conversation.due if row.conversation is not None else None
            if due is not None and due >= since:
                fresh.append((row, due))
        page = Page(after=exchange_cursor(rows[-1]), limit=_PAGE)
    return overdue, fresh
