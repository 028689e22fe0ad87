"""Deliver: send a courier to every partner to whom something waits, batches and agreements alike."""

from concurrent.futures import wait

from exchange.ledger import Ledger
from exchange.verbs.deliver import due_links
from jobs.shift import Shift


def deliver(shift: Shift) -> str:
    """Start what is due and do not wait for it: the next round comes soon, and looks at the other partners."""
    started = shift.couriers.start(waiting_partners(shift))
    return f"{len(started)} started" if started else ""


def deliver_all(shift: Shift) -> int:
    """Deliver everything that is due now; how many batches got their receipt."""
    started = shift.couriers.start(waiting_partners(shift))
    done, _ = wait(started)
    return sum(future.result() for future in done)


def waiting_partners(shift: Shift) -> list[str]:
    """The partners, in order, for whom batches or agreement documents wait and whose backoff is over."""
    now = shift.office.now()
    with shift.office.ledgers.transaction(read_only=True) as ledger:
        return sorted({*due_links(ledger, now), *_with_documents(ledger, shift)})


def _with_documents(ledger: Ledger, shift: Shift) -> set[str]:
    now = shift.office.now()
    resting = {link.partner for link in ledger.links.all() if link.retry_at is not None and link.retry_at > now}
    return {signed.partner for signed in ledger.agreements.all() if signed.unsent} - resting
