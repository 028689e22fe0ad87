"""Tidy: erase the bodies of what was withdrawn, and forget answers, assertions, notifications and differences in time."""

from datetime import timedelta

from jobs.shift import Shift

# Longer than the seven days for which a caller may rely on its idempotency key, so that none is cut short.
KEEP_ANSWERS = timedelta(days=8)
# Long enough to look up what a receiver says that it never got.
KEEP_NOTIFICATIONS = timedelta(days=30)
# What another department's sheet says of a person is settled by then, or checked again; and nobody asks any more for what a
# comparison of registers no longer found.
KEEP_DIFFERENCES = timedelta(days=30)
# As long as bodies are kept: who asked about whose certificate is for auditors, and the rates do not need it.
KEEP_CHECKS = timedelta(days=366)
_AT_ONCE = 500


def tidy(shift: Shift) -> str:
    """Erase and forget in small transactions, so that no clerk waits for it."""
    erased = 0
    while not shift.stopping.is_set():
        with shift.office.ledgers.transaction() as ledger:
            keys = ledger.exchanges.to_erase(_AT_ONCE)
            for link in sorted({key.link for key in keys}):
                ledger.messages.erase(link, {key.exchange for key in keys if key.link == link})
        erased += len(keys)
        if len(keys) < _AT_ONCE:
            break
    now = shift.office.now()
    with shift.office.ledgers.transaction() as ledger:
        forgotten = ledger.chores.forget(answers_before=now - KEEP_ANSWERS, assertions_before=now)
        forgotten += ledger.notifications.forget(now - KEEP_NOTIFICATIONS)
        checks = ledger.certificate_checks.forget(now - KEEP_CHECKS)
        lapsed = ledger.cross_checks.forget(now - KEEP_DIFFERENCES)
        settled = ledger.register_runs.forget(now - KEEP_DIFFERENCES)
    if shift.office.data_keys is not None:
        # What could not be destroyed when it was erased.
        shift.office.data_keys.destroy_doomed()
    told = f"{erased} withdrawn exchanges erased, {forgotten} answers, assertions and notifications forgotten"
    return f"{told}, {checks} checks of certificates forgotten, {lapsed} differences lapsed, {settled} settled ones forgotten"
