"""Let entries be found as candidates that were written before there were keys for it."""

from exchange.verbs.pairing.index import index_some
from jobs.shift import Shift


def index_pairing(shift: Shift) -> str:
    """Give keys to entries that have none, some hundreds in each transaction, so that no clerk waits for it."""
    made = 0
    after: str | None = ""
    while after is not None and not shift.stopping.is_set():
        with shift.office.ledgers.transaction() as ledger:
            done = index_some(ledger, after)
        made, after = made + done.entries, done.after
    return f"{made} entries got the keys by which candidates are found"
