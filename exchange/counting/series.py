"""The handshake as a series: what stood at each of several moments, of many places at once, two counts and what is beside."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from exchange.codes import RegisterKind
from exchange.counting.handshakes import two_counts
from exchange.counting.query import EVERYTHING, Narrowing
from exchange.rates import RateName
from exchange.reconciling.handshake import COUNTS, Handshakes, Step

K = TypeVar("K")
Totals = NDArray[np.int64]
"""Counts by key, by moment, in the order of `COUNTS`."""
MOST_POINTS: Final = 400
SIDES: Final = (RegisterKind.OUTFLOW, RegisterKind.INFLOW)
_COUNTED: Final = ("handshaken", "agreed", "outflow_only", "inflow_only")


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
