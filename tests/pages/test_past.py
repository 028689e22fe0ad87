"""What pages keep of the past: only what no longer changes, and not for ever."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.office import Office
from api.pages.reporting.past import KEPT, SETTLED, Past
from exchange.counting.query import ReportQuery
from exchange.moments import Period
from exchange.rates import RateName
from tests.builders import WUCHANG, WUCHANG_NODE, a_day
from tests.jobs.offices import HandClock, an_office
from tests.life.two_nodes import a_node
from tests.rates.histories import History, holding, moment

QUERY = ReportQuery(jurisdictions=(WUCHANG,), period=Period(first=a_day(0), last=a_day(60)), as_of=moment(40))


class Counter:
    """A node at a day, which answers how many were due, by way of what is kept."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.clock.move(timedelta(days=50))
        self.office: Office = an_office(folder / "office", a_node(WUCHANG_NODE, WUCHANG), self.clock)
        self.past = Past()

    def due(self, query: ReportQuery = QUERY) -> int | None:
        with self.office.ledgers.transaction(read_only=True) as ledger:
            return self.past.counting(self.office, ledger)(query).figures[0].rate(RateName.FEEDBACK_GIVEN).denominator

    def add(self, n: int) -> None:
        """One more that was due, as if it had been known all the time."""
        holding([History().of(n)], ledgers=self.office.ledgers)


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    made = Counter(tmp_path)
    made.add(1)
    return made


def test_what_was_counted_as_of_the_past_is_not_counted_again_for_a_while(counter: Counter):
    assert counter.due() == 1
    counter.add(2)
    assert counter.due() == 1
    counter.clock.move(KEPT)
    assert counter.due() == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda counter: replace(QUERY, as_of=counter.clock.now()),
        lambda counter: replace(QUERY, as_of=counter.clock.now() - SETTLED + timedelta(seconds=1)),
        lambda counter: replace(QUERY, rows=frozenset({RateName.FEEDBACK_GIVEN})),
    ],
)
def test_what_can_still_change_or_has_its_rows_is_counted_each_time(counter: Counter, change: Callable[[Counter], ReportQuery]):
    query = change(counter)
    assert counter.due(query) == 1
    counter.add(2)
    assert counter.due(query) == 2


def test_each_question_has_its_own_answer(counter: Counter):
    assert counter.due() == 1
    assert counter.due(replace(QUERY, period=Period(first=a_day(31), last=a_day(60)))) == 0
    assert counter.due(replace(QUERY, as_of=moment(20))) == 0


def test_no_more_is_kept_than_there_is_room_for(counter: Counter):
    counter.past = Past(most=1)
    counter.due()
    counter.due(replace(QUERY, as_of=moment(20)))
    counter.add(2)
    assert counter.due() == 2
