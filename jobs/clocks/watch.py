"""Watch: note when trouble begins and when it ends, and tell of each once."""

from exchange.verbs.clocks.watch import watch
from jobs.shift import Shift


def watch_for_trouble(shift: Shift) -> str:
    """One look."""
    office = shift.office
    with office.ledgers.transaction() as ledger:
        began, ended = watch(ledger, office.node, office.now())
    return f"{began} troubles began, {ended} ended" if began or ended else ""
