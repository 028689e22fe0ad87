"""Overdue: say each morning how many answers are owed and awaited beyond their limits.

Whether an exchange is overdue follows from its due date and the clock, so nothing is marked: this is the announcement.
"""

from datetime import date, timedelta

from exchange.codes import Role
from exchange.cursors import exchange_cursor
from exchange.exchanges import Acceptance
from exchange.ledger import ExchangeFilter, Ledger, Page
from exchange.moments import civil_day
from exchange.node import Node
from jobs.shift import Shift

_PAGE = 1000


def announce_overdue(shift: Shift) -> str:
    """Count what is overdue on both sides, and how much of it became so yesterday."""
    today = civil_day(shift.office.now())
    with shift.office.ledgers.transaction(read_only=True) as ledger:
        owed, owed_new = _count(ledger, shift.office.node, Role.ASKED, today)
        awaited, awaited_new = _count(ledger, shift.office.node, Role.ASKER, today)
    return f"owed {owed}, {owed_new} of them since yesterday; awaited {awaited}, {awaited_new} of them since yesterday"


def _count(ledger: Ledger, node: Node, role: Role, today: date) -> tuple[int, int]:
    wanted = ExchangeFilter(own=node.jurisdictions, role=role, acceptance=Acceptance.ACCEPTED, overdue_on=today)
    yesterday, page, overdue, fresh = today - timedelta(days=1), Page(limit=_PAGE), 0, 0
    while rows := ledger.exchanges.find(wanted, page):
        overdue += len(rows)
        fresh += sum(row.conversation is not None and row.conversation.due == yesterday for row in rows)
        page = Page(after=exchange_cursor(rows[-1]), limit=_PAGE)
    return overdue, fresh
