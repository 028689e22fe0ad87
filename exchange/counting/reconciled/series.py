"""The handshake as a series: what stood at each of several moments, of many places at once, two counts and what is beside."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from exchange.codes import RegisterKind
from exchange.counting.query import EVERYTHING, Narrowing
from exchange.counting.reconciled.handshakes import two_counts
from exchange.moments import civil_day, day_end
from exchange.rates import RateName
from exchange.reconciling.handshake import COUNTS, Handshakes, Step
from exchange.terms.rules import RuleSet

K = TypeVar("K")
Totals = NDArray[np.int64]
"""Counts by key, by moment, in the order of `COUNTS`."""
MOST_POINTS: Final = 400
SIDES: Final = (RegisterKind.OUTFLOW, RegisterKind.INFLOW)
_COUNTED: Final = ("handshaken", "agreed", "outflow_only", "inflow_only")


class Every(StrEnum):
    """How far the points of a series lie apart."""

    DAY = "day"
    MONTH = "month"

    def before(self, last: date) -> date:
        """Where a series begins that is only told its last day: some thirty points, or a year."""
        return last - (timedelta(days=29) if self is Every.DAY else timedelta(days=334))


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days of a series, both included, and its moments."""

    first: date
    last: date
    moments: tuple[datetime, ...]


def span_of(first: date | None, last: date | None, every: Every, rules: RuleSet, now: datetime) -> Span:
    """The days asked for, up to today unless told and no later; ValueError or OverflowError for days that make no series."""
    until = min(last or civil_day(now), civil_day(now))
    begin = first or every.before(until)
    return Span(first=begin, last=until, moments=moments_between(begin, until, every, rules, now))


def moments_between(first: date, last: date, every: Every, rules: RuleSet, now: datetime) -> tuple[datetime, ...]:
    """The ends of the days, or the customary moments of the statistical months, none later than now; ValueError for too many."""
    if first > last or first > civil_day(now) or (last - first).days > MOST_POINTS * 31:
        raise ValueError("a series begins before it ends, and before now")
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if every is Every.DAY:
        moments = [min(day_end(day), now) for day in days]
    else:
        moments = [min(rules.default_as_of(month), now) for month in dict.fromkeys(map(rules.month_of, days))]
    if len(moments) > MOST_POINTS:
        raise ValueError("too many points")
    return tuple(dict.fromkeys(moments))


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesQuery:
    """One series of a jurisdiction, at moments in order; `by_partner` tells the partners apart."""

    jurisdiction: str
    moments: tuple[datetime, ...]
    narrowing: Narrowing = EVERYTHING
    by_partner: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a series: of all partners, or of one; a point for each moment, without `oldest_at`."""

    partner: str | None
    points: tuple[Handshakes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The lines: the whole, and where they are told apart each partner."""

    query: SeriesQuery
    rules: str
    divisions: str
    lines: tuple[Line, ...]


def totals_of(steps: Iterable[Step], moments: int, keys: Sequence[K], keys_of: Callable[[Step], Iterable[K]]) -> Totals:
    """What stands at each moment under each key: a step takes the place of the one before of its pair, and stays.

    The steps come by pair and then by time. A key that is not one of `keys` counts for nothing.
    """
    rows = {key: row for row, key in enumerate(keys)}
    counts, places, sources, signs = list[tuple[int, ...]](), list[int](), list[int](), list[int]()
    before: Step | None = None
    standing: list[int] = []
    for source, step in enumerate(steps):
        if before is not None and before.pair == step.pair:
            places += [row * moments + step.place for row in standing]
            sources += [source - 1] * len(standing)
            signs += [-1] * len(standing)
        standing = [rows[key] for key in keys_of(step) if key in rows]
        places += [row * moments + step.place for row in standing]
        sources += [source] * len(standing)
        signs += [1] * len(standing)
        counts.append(step.counts)
        before = step
    held = np.array(counts, np.int64).reshape(len(counts), len(COUNTS))[np.array(sources, np.int64)]
    signed = held * np.array(signs, np.int64)[:, None]
    changes = np.zeros((len(keys) * moments, len(COUNTS)), np.int64)
    np.add.at(changes, np.array(places, np.int64), signed)
    return np.cumsum(changes.reshape(len(keys), moments, len(COUNTS)), axis=1)


def handshakes_at(counts: NDArray[np.int64]) -> Handshakes:
    """The counts of one place at one moment."""
    return Handshakes(**dict(zip(COUNTS, counts.tolist(), strict=True)))


def rate_of(name: RateName, totals: Totals) -> tuple[Totals, Totals]:
    """Numerators and denominators of the handshake rate or of field agreement."""
    handshaken, agreed, outflow, inflow = (totals[..., COUNTS.index(name)] for name in _COUNTED)
    return two_counts(name, handshaken, handshaken + outflow + inflow, agreed)
