"""Doubles: find each night, once the registers were compared, who is in two inflow registers."""

from exchange.verbs.reconciling.doubles import find_doubles, note_doubles
from jobs.shift import Shift


def find_persons_twice(shift: Shift) -> str:
    """One look at all registers, then one writing transaction."""
    office, now = shift.office, shift.office.now()
    with office.ledgers.transaction(read_only=True) as ledger:
        found = find_doubles(ledger, office.node, now)
    with office.ledgers.transaction() as ledger:
        gone = note_doubles(ledger, office.node, found, now)
    return f"{len(found)} in two inflow registers, {gone} no more"
