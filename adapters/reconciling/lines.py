"""What is left to do with each partner, and when: one step at a time for each, several partners at once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from exchange.reconciling.pairs import Pair
from exchange.verbs.reconciling.plan import Plan, Planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many partners at once, and how patiently: times are in seconds.

    One who cannot be reached is asked again after `pause`, `turns` times in all. One who names a time to come back (its tokens
    are being made) is asked then, `longest` at most from now, until `patience` is over.
    """

    partners: int = 8
    turns: int = 3
    pause: float = 30.0
    longest: float = 300.0
    patience: float = 1800.0
    tick: float = 1.0


@dataclass(slots=True, eq=False)
class Task:
    """One step with one partner: its ledgers, or a pair. Not before `due`; `since` is when it was first tried."""

    planned: Planned | None
    due: float = 0.0
    since: float | None = None

    @property
    def pair(self) -> Pair | None:
        """The pair, None for the ledgers of the link."""
        return None if self.planned is None else self.planned.pair


@dataclass(slots=True, eq=False)
class Line:
    """One partner's steps; `turns` counts how often in a row it could not be reached."""

    partner: str
    tasks: list[Task]
    turns: int = 0
    under_way: Task | None = None

    @property
    def due(self) -> float | None:
        """When the next step may begin; None if none is left, or one is under way."""
        return min((task.due for task in self.tasks), default=None) if self.under_way is None else None

    def take_up(self, now: float) -> Task | None:
        """The next step, if one may begin."""
        if self.under_way is None:
            self.under_way = next((task for task in self.tasks if task.due <= now), None)
        return self.under_way

    def put_down(self) -> Task:
        """The step that was under way."""
        task, self.under_way = self.under_way, None
        if task is None:
            raise TypeError("no step was under way")
        return task

    def put_off(self, due: float) -> None:
        """Begin none of the steps before then."""
        for task in self.tasks:
            task.due = max(task.due, due)


def lines_of(plan: Plan) -> list[Line]:
    """A line for each partner: its link's ledgers first, then its pairs."""
    lines = []
    for partner in plan.partners:
        ledgers: Sequence[Task] = [Task(planned=None)] if partner in plan.links else []
        pairs = [Task(planned=planned) for planned in plan.pairs if planned.what.partner == partner]
        lines.append(Line(partner=partner, tasks=[*ledgers, *pairs]))
    return lines


def ready(lines: Sequence[Line], now: float) -> list[Line]:
    """Those of which a step may begin, the longest due first."""
    return sorted((line for line in lines if line.due is not None and line.due <= now), key=lambda line: line.due or 0.0)


def seconds_left(lines: Sequence[Line], pace: Pace) -> float:
    """Until the next step may begin, a tick at most."""
    dues = [at for line in lines if (at := line.due) is not None]
    return min(max(min(dues) - time.monotonic(), 0.0), pace.tick) if dues else pace.tick
