"""Foresee: tell own systems what is due soon, what was expected and did not come, and what lapses soon."""

from exchange.verbs.clocks.remind import tell_clerks
from jobs.shift import Shift


def foresee(shift: Shift) -> str:
    """Tell of each once, however many days were missed."""
    office = shift.office
    with office.ledgers.transaction() as ledger:
        return f"{tell_clerks(ledger, office.node, office.now())} told"
