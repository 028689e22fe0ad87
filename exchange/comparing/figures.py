"""What one side counts on a link, added up from how its exchanges stand."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from exchange.codes import Event, Kind
from exchange.comparing.standing import Standing
from exchange.counting.sorts import KEY_EVENTS
from exchange.counting.verdict import Verdict
from exchange.jurisdiction import Category
from exchange.moments import Period
from exchange.wire.figures import MAX_CELLS, FigureCell, FigureCounts, FigureRow, LinkFigures, LogLines, StateCounts


class Logs(NamedTuple):
    """Both logs up to their positions, as the asker calls them."""

    sent: LogLines
    received: LogLines


class _Sort(NamedTuple):
    asked: str
    asking: str
    kind: Kind
    event: Event | None
    category: Category


@dataclass(slots=True)
class _Cohort:
    all: int = 0
    answered: int = 0
    on_time: int = 0
    key: int = 0
    key_answered: int = 0
    apart: int = 0

    def count(self, verdict: Verdict, key: bool) -> None:
        if verdict.withdrawn_apart:
            self.apart += 1
            return
        self.all += 1
        self.answered += verdict.answered
        self.on_time += verdict.on_time
        self.key += key
        self.key_answered += key and verdict.answered

    def told(self) -> FigureCounts:
        return FigureCounts(
            all=self.all,
            answered=self.answered,
            on_time=self.on_time,
            key=self.key,
            key_answered=self.key_answered,
            apart=self.apart,
        )


def figures_of(standings: Iterable[Standing], period: Period, logs: Logs) -> LinkFigures:
    """The figures of a period, by county pair and matter, and where all compared exchanges stand."""
    due: defaultdict[_Sort, _Cohort] = defaultdict(_Cohort)
    submitted: defaultdict[_Sort, _Cohort] = defaultdict(_Cohort)
    states: Counter[str] = Counter()
    for standing in standings:
        row, verdict = standing.row, standing.verdict
        states[row.state.value] += 1
        sort = _Sort(row.asked, row.asking, row.kind, row.event, row.category)
        if verdict.due_in(period):
            due[sort].count(verdict, _is_key(row))
        if verdict.submitted_in(period):
            submitted[sort].count(verdict, _is_key(row))
    sorts = sorted(due.keys() | submitted.keys(), key=lambda sort: tuple(word or "" for word in sort))
    cells = [
        FigureCell(
            asked=sort.asked,
            asking=sort.asking,
            kind=sort.kind,
            event=sort.event,
            category=sort.category,
            due=due[sort].told(),
            submitted=submitted[sort].told(),
        )
        for sort in sorts[:MAX_CELLS]
    ]
    return LinkFigures(
        sent=logs.sent,
        received=logs.received,
        exchanges=sum(states.values()),
        states=StateCounts(**states),
        cells=cells,
        cells_left=len(sorts) - len(cells),
    )


def _is_key(row: FigureRow) -> bool:
    """Key information (重点信息), as `exchange.counting.cells.is_key_information` has it of an exchange."""
    return row.urgent if row.kind is Kind.QUERY else row.event in KEY_EVENTS
