"""Pages of totals: the plain counts of all counties for one piece of a month, packed so that a year of them is read in a breath.

A *piece* is a span of days from which both calendar months and statistical months are made: with the statistical month from
the 21st on, [1st..20th] and [21st..last]. A page holds what the stored versions add up to at the boundaries from which and
until which it is valid; it is made anew, never changed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exchange.codes import Role
from exchange.counting.sums import CountSum
from exchange.moments import Period
from exchange.rates import Cohort

Counts = NDArray[np.uint32]
_COUNT: Final[np.dtype[np.uint32]] = np.dtype("<u4")
_SORT: Final[np.dtype[np.uint16]] = np.dtype("<u2")


class Piece(NamedTuple):
    """Some days; ordinals, both included."""

    first: int
    last: int


class PageKey(NamedTuple):
    """Which page."""

    cohort: Cohort
    role: Role
    piece: Piece


class Cells(NamedTuple):
    """Columns of one length: for each county and sort, sorted by both, the three counts."""

    own: NDArray[np.uint32]
    sort: NDArray[np.uint16]
    cohort: Counts
    answered: Counts
    on_time: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsPage:
    """One page: valid at the boundaries X with `since < X <= until`."""

    key: PageKey
    since: int
    until: int
    content: bytes

    @property
    def cells(self) -> Cells:
        """What is on it; the columns look into the content, nothing is copied."""
        rows = len(self.content) // (4 * _COUNT.itemsize + _SORT.itemsize)
        own, cohort, answered, on_time = np.frombuffer(self.content, _COUNT, 4 * rows).reshape(4, rows)
        sort = np.frombuffer(self.content, _SORT, rows, 4 * rows * _COUNT.itemsize)
        return Cells(own=own, sort=sort, cohort=cohort, answered=answered, on_time=on_time)


EMPTY: Final = b""


def packed(sums: Iterable[CountSum]) -> bytes:
    """The content of a page. Equal sums give equal bytes."""
    rows = sorted((int(one.own), one.sort, one.cohort, one.answered, one.on_time) for one in sums if one.cohort)
    own, sort, cohort, answered, on_time = np.array(rows, np.int64).reshape(len(rows), 5).T
    return b"".join(column.astype(_COUNT).tobytes() for column in (own, cohort, answered, on_time)) + sort.astype(_SORT).tobytes()


def pieces_between(first: int, last: int, turn: int) -> list[Piece]:
    """The whole pieces that lie within these days, in order; a new one begins on the 1st and on day `turn` of each month."""
    return [piece for piece in _around(first, last, turn) if first <= piece.first and piece.last <= last]


def spans_of(period: Period, pieces: Iterable[Piece]) -> tuple[list[Piece], list[Piece]]:
    """Those of the pieces that lie within a period, and what of it they leave over; none may overlap another."""
    first, last = period.first.toordinal(), period.last.toordinal()
    whole = sorted(piece for piece in pieces if first <= piece.first and piece.last <= last)
    starts = [first, *(piece.last + 1 for piece in whole)]
    ends = [*(piece.first - 1 for piece in whole), last]
    return whole, [Piece(start, end) for start, end in zip(starts, ends, strict=True) if start <= end]


def piece_of(day: int, turn: int) -> Piece:
    """The piece in which a day lies."""
    return next(piece for piece in _around(day, day, turn) if piece.first <= day <= piece.last)


def _around(first: int, last: int, turn: int) -> Iterator[Piece]:
    """All pieces of the months from that of `first` to that of `last`."""
    month = date.fromordinal(first).replace(day=1)
    while month.toordinal() <= last:
        following = (month + timedelta(days=31)).replace(day=1)
        starts: Sequence[int] = sorted({month.toordinal(), month.replace(day=turn).toordinal()})
        for start, end in zip(starts, (*starts[1:], following.toordinal()), strict=True):
            yield Piece(start, end - 1)
        month = following
