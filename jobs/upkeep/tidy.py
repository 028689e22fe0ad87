"""Tidy: erase what was withdrawn and the notes of what is over, forget answers, assertions, notifications,
sessions and differences.
"""

from datetime import timedelta

from exchange.moments import civil_day
from exchange.verbs.clocks.retain import erase_notes, erase_withdrawn
from jobs.shift import Shift
from jobs.upkeep.retain import in_pieces, in_turn

# Longer than the seven days for which a caller may rely on its idempotency key, so that none is cut short.
KEEP_ANSWERS = timedelta(days=8)
# Long enough to look up what a receiver says that it never got.
KEEP_NOTIFICATIONS = timedelta(days=30)
# What another department's sheet says of a person is settled by then, or checked again; and nobody asks any more for what a
# comparison of registers no longer found.
KEEP_DIFFERENCES = timedelta(days=30)
# As long as bodies are kept: who asked about whose certificate is for auditors, and the rates do not need it.
KEEP_CHECKS = timedelta(days=366)
# Long enough for who asks, some weeks later, when somebody was signed in.
KEEP_SESSIONS = timedelta(days=30)


def tidy(shift: Shift) -> str:
    """Erase and forget in small transactions, so that no clerk waits for it."""
    with in_turn() as turn:
        with turn():
            erased = in_pieces(shift.office, shift.stopping, erase_withdrawn)
        with turn():
            notes = in_pieces(shift.office, shift.stopping, erase_notes)
        with turn():
            forgotten = _forget(shift)
    return f"{erased} withdrawn exchanges erased, {notes} without their notes, {forgotten}"


def _forget(shift: Shift) -> str:
    now = shift.office.now()
    with shift.office.ledgers.transaction() as ledger:
        forgotten = ledger.chores.forget(answers_before=now - KEEP_ANSWERS, assertions_before=now)
        forgotten += ledger.notifications.forget(now - KEEP_NOTIFICATIONS)
        checks = ledger.certificate_checks.forget(now - KEEP_CHECKS)
        forgotten += ledger.access.forget_counts(civil_day(now))
        forgotten += ledger.accounts.forget_sessions(now - KEEP_SESSIONS)
        lapsed = ledger.cross_checks.forget(now - KEEP_DIFFERENCES)
        settled = ledger.register_runs.forget(now - KEEP_DIFFERENCES)
    if shift.office.data_keys is not None:
        # What could not be destroyed when it was erased.
        shift.office.data_keys.destroy_doomed()
    told = f"{forgotten} answers, assertions, notifications and sessions forgotten, {checks} checks of certificates forgotten"
    return f"{told}, {lapsed} differences lapsed, {settled} settled ones forgotten"
