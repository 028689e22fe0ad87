"""Figures of the past, kept for a while: a report as of a moment that has gone never changes, and pages ask for many of them.

A page that compares a month with the ones before would otherwise count all of them anew each time it is opened.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, Request

from adapters.office import Office
from exchange.counting.figures import Report
from exchange.counting.query import ReportQuery
from exchange.ledger import Ledger
from exchange.reporting.basis import Counting
from exchange.verbs.reporting.by_purpose import shown_report

# What other transactions have begun before the moment may still come in behind it.
SETTLED: Final = timedelta(hours=1)
# After a repair of the counts the pages say the same as the reports again within this time.
KEPT: Final = timedelta(hours=1)
MOST: Final = 5000
_Key: TypeAlias = tuple[ReportQuery, str, str]


class Past:
    """The reports that were made, the latest used last, up to so many places. One for each process; none is about a person."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._places = most, 0
        self._made: OrderedDict[_Key, tuple[datetime, Report]] = OrderedDict()
        self._lock = Lock()

    def counting(self, office: Office, ledger: Ledger) -> Counting:
        """What makes reports as they may be shown, from memory where that is sure; refusals as `shown_report`."""
        now, node = office.now(), office.node

        def count(query: ReportQuery) -> Report:
            if query.as_of > now - SETTLED or query.rows:
                return shown_report(ledger, node, query)
            key = (query, node.rules.digest, node.divisions.edition)
            with self._lock:
                at, held = self._made.get(key, (now, None))
                if held is not None and now - at < KEPT:
                    self._made.move_to_end(key)
                    return held
            made = shown_report(ledger, node, query)
            with self._lock:
                self._keep(key, now, made)
            return made

        return count

    def _keep(self, key: _Key, now: datetime, made: Report) -> None:
        _, before = self._made.pop(key, (now, None))
        self._places += len(made.figures) - (len(before.figures) if before is not None else 0)
        self._made[key] = (now, made)
        while self._places > self._most:
            _, (_, oldest) = self._made.popitem(last=False)
            self._places -= len(oldest.figures)


async def _past_of(request: Request) -> Past:
    state = request.app.state
    if not hasattr(state, "past"):
        state.past = Past()
    past = state.past
    if not isinstance(past, Past):
        raise TypeError("something else is kept where the past is")
    return past


PastDep = Annotated[Past, Depends(_past_of)]
