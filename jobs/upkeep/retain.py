"""Retain: erase what has been kept long enough, in small transactions, so that no clerk waits for it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from adapters.office import Office
from exchange.errors import WoshouError
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
    """Erase what is due, and say how much; `held_up` is what could not go.

    A piece that is refused keeps none from its turn; the first refusal is raised after the last.
    """
    erased: dict[str, int] = {}
    with in_turn() as turn:
        for what, piece in NIGHTLY.items():
            with turn():
                erased[what] = in_pieces(office, stopping, piece)
        with office.ledgers.transaction() as ledger:
            erased["held_up"] = note_held_up(ledger, office.node, office.now(), MOST)
    return erased


@contextmanager
def in_turn() -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """For steps of which none waits for the others' luck: a refusal within one is raised once all have had their turn."""
    refusals: list[WoshouError] = []

    @contextmanager
    def turn() -> Iterator[None]:
        try:
            yield
        except WoshouError as refusal:
            refusals.append(refusal)

    yield turn
    if refusals:
        raise refusals[0]


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
