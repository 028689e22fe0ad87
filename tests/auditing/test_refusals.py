"""Refusals are written when they can be, and lost by no trouble with the ledger; nor does waiting for it take a processor."""

import time
from datetime import datetime

import pytest

from adapters.auditing.refusals import Refusals
from adapters.memory import MemoryLedgers
from exchange.ledger import LedgerAway
from tests.builders import XICHENG, a_moment
from tests.building.auditing import an_event
from tests.building.waiting import until


class Coming(MemoryLedgers):
    """Books that are away until they are said to be there; each time somebody comes is counted."""

    def __init__(self, trouble: type[Exception]) -> None:
        super().__init__()
        self.trouble, self.there, self.asked = trouble, False, 0

    def transaction(self, *, read_only=False, within=None):
        self.asked += 1
        if not self.there:
            raise self.trouble
        return super().transaction(read_only=read_only)


def now() -> datetime:
    return a_moment()


def rows(ledgers: Coming) -> list[str]:
    with ledgers.transaction(read_only=True) as ledger:
        return [row.event.problem or "" for row in ledger.audit.rows(XICHENG)]


def test_what_could_not_be_written_is_written_at_the_end_and_not_tried_again_and_again():
    ledgers = Coming(LedgerAway)
    refusals = Refusals(ledgers, now)
    refusals.leave(an_event(1, problem="forbidden"))
    until(lambda: ledgers.asked == 1)
    time.sleep(0.3)
    assert ledgers.asked == 1
    ledgers.there = True
    refusals.close()
    assert rows(ledgers) == ["forbidden"]


# It ends here on purpose.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ended_is_begun_anew():
    ledgers = Coming(MemoryError)
    refusals = Refusals(ledgers, now)
    refusals.leave(an_event(1, problem="forbidden"))
    until(lambda: not refusals.writing)
    ledgers.there = True
    refusals.leave(an_event(2, problem="not-found"))
    until(lambda: rows(ledgers) != [])
    refusals.close()
    assert rows(ledgers) == ["not-found"]
