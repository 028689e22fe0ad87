"""Remind: the partners of what they owe, on the days that the house rules name."""

from exchange.verbs.clocks.remind import remind
from jobs.shift import Shift


def remind_partners(shift: Shift) -> str:
    """Queue the day's reminders, a page a transaction; delivery is the couriers'."""
    office, after, queued = shift.office, "", 0
    while not shift.stopping.is_set():
        with office.ledgers.transaction() as ledger:
            more, after = remind(ledger, office.node, office.now(), after)
        queued += more
        if not after:
            break
    return f"{queued} reminders"
