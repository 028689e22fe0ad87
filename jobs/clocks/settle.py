"""Settle: make firm the due dates whose holidays a newer release has brought; a loaded table does so at once."""

from exchange.verbs.clocks.holidays import settle_due_dates
from jobs.shift import Shift


def settle(shift: Shift) -> str:
    """Look at what is provisional."""
    office = shift.office
    with office.ledgers.transaction() as ledger:
        return f"{settle_due_dates(ledger, office.node, office.now())} due dates became firm"
