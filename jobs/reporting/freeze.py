"""Freeze: each night, the last statistical month whose as-of moment has come, unless it is frozen already."""

from exchange.verbs.reporting.freeze import freeze_due
from jobs.shift import Shift


def freeze_reports(shift: Shift) -> str:
    """Freeze the month of each served county, and of each division that is served whole."""
    office = shift.office
    with office.ledgers.transaction() as ledger:
        frozen = freeze_due(ledger, office.node, office.now())
    return f"{frozen} frozen"
