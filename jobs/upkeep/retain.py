"""Retain: erase what has been kept long enough, in small transactions, so that no clerk waits for it."""

import threading

from adapters.office import Office
from exchange.verbs.clocks.retain import NIGHTLY, Piece, note_held_up
from jobs.shift import Shift

NAME = "retain"
AT_ONCE = 200
# A finding that says "very many" is as good as the number.
MOST = 10_000


def retain(shift: Shift) -> str:
    """Erase what is due tonight."""
    erased = retain_all(shift.office, shift.stopping)
    return ", ".join(f"{count} {what}" for what, count in erased.items())


def retain_all(office: Office, stopping: threading.Event) -> dict[str, int]:
    """Erase what is due, and say how much; `held_up` is what could not go."""
    erased = {what: in_pieces(office, stopping, piece) for what, piece in NIGHTLY.items()}
    with office.ledgers.transaction() as ledger:
        erased["held_up"] = note_held_up(ledger, office.node, office.now(), MOST)
    return erased


def in_pieces(office: Office, stopping: threading.Event, piece: Piece) -> int:
    """Repeat a piece until nothing is left, each in a transaction of its own."""
    done = 0
    while not stopping.is_set():
        with office.ledgers.transaction() as ledger:
            some = piece(ledger, office.node, office.now(), AT_ONCE)
        done += some
        if not some:
            break
    return done
