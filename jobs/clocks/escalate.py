"""Escalate: put what has been late for long before the next higher coordinator."""

from exchange.codes import Role
from exchange.verbs.clocks.escalate import escalate_overdue
from jobs.shift import Shift


def escalate(shift: Shift) -> str:
    """What we owe and what we wait for, a page a transaction."""
    office, made = shift.office, 0
    for role in (Role.ASKED, Role.ASKER):
        after = ""
        while not shift.stopping.is_set():
            with office.ledgers.transaction() as ledger:
                more, after = escalate_overdue(ledger, office.node, office.now(), role, after)
            made += more
            if not after:
                break
    return f"{made} escalated"
