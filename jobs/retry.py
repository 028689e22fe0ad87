"""Retry: what a partner rejected "for now" is queued again an hour later, the same bytes under the same id."""

from datetime import timedelta

from exchange.verbs.deliver import requeue
from jobs.shift import Shift

PAUSE = timedelta(hours=1)
_AT_ONCE = 500


def retry_rejected(shift: Shift) -> str:
    """Queue again in small transactions; delivery is the couriers'."""
    queued, before = 0, shift.office.now() - PAUSE
    while not shift.stopping.is_set():
        with shift.office.ledgers.transaction() as ledger:
            more = requeue(ledger, before, _AT_ONCE)
        queued += more
        if more < _AT_ONCE:
            break
    return f"{queued} rejected messages queued again"
