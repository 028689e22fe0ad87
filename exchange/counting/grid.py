"""The grid: one rate of many jurisdictions, over many periods, by the kind of matter; two counts in every cell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from exchange.counting import sorts
from exchange.counting.pages import Cells
from exchange.counting.query import EVERYTHING, Narrowing
from exchange.counting.sorts import SortFilter, event_of, kind_of, page_sorts
from exchange.counting.sums import CountSum
from exchange.moments import Period
from exchange.rates import Cohort, RateName

Matrix = NDArray[np.int64]
_CODES: Final = 1_000_000
_SORTS: Final = sorts.PAGE_MASK + 1
_NOWHERE: Final = -1


class By(StrEnum):
    """What the matters are told apart by."""

    ALL = "all"
    KIND = "kind"
    EVENT = "event"


# What a feedback rate counts of the cells besides the narrowing.
GRID_RATES: Final = {
    RateName.FEEDBACK_GIVEN: SortFilter(0, 0),
    RateName.FEEDBACK_OBTAINED: SortFilter(0, 0),
    RateName.OUTFLOW_FEEDBACK: SortFilter(sorts.OUTFLOW, sorts.OUTFLOW),
    RateName.INFLOW_FEEDBACK: SortFilter(sorts.OUTFLOW, 0),
    RateName.ON_TIME: SortFilter(0, 0),
    RateName.KEY_INFORMATION: SortFilter(sorts.KEY, sorts.KEY),
}


# What rests on the last reconciliation by a moment: each period's own customary one, or the grid's if that is earlier.
HANDSHAKE_RATES: Final = (RateName.HANDSHAKE, RateName.FIELD_AGREEMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridQuery:
    """One grid. `rate` is one of `GRID_RATES`; the narrowing names no purpose, for its cells would be too small.

    Or it is one of `HANDSHAKE_RATES`, whose matters are the two registers.
    """

    rate: RateName
    jurisdictions: tuple[str, ...]
    periods: tuple[Period, ...]
    as_of: datetime
    by: By = By.KIND
    cohort: Cohort = Cohort.DUE
    narrowing: Narrowing = EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The counts: `numerator[j, p, m]` of jurisdiction j, period p and matter m, and the denominators."""

    query: GridQuery
    rules: str
    rules_digest: str
    divisions: str
    matters: tuple[str, ...]
    numerator: Matrix
    denominator: Matrix


def matter_of(sort: int, by: By) -> str:
    """The matter that a sort belongs to: of an event its word, and `query` for a query."""
    match by:
        case By.ALL:
            return "all"
        case By.KIND:
            return kind_of(sort).value
        case By.EVENT:
            return str(event_of(sort) or kind_of(sort).value)


class Cube:
    """Counties by periods by matters, to be filled from pages and from sums."""

    def __init__(self, counties: Sequence[str], periods: int, by: By, wanted: SortFilter, *, on_time: bool) -> None:
        self.matters = _matters(by, wanted)
        self._on_time = on_time
        self._counties = {county: place for place, county in enumerate(counties)}
        shape = (periods, len(counties), len(self.matters))
        self.numerator, self.denominator = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self._county_places = np.full(_CODES, _NOWHERE, np.int32)
        self._county_places[np.array([int(county) for county in counties], np.int64)] = np.arange(len(counties))
        self._sort_places = _sort_places(by, wanted)

    def add_page(self, period: int, cells: Cells) -> None:
        """Take in a page."""
        county, matter = self._county_places[cells.own], self._sort_places[cells.sort]
        places = np.where((county < 0) | (matter < 0), self._size, county * len(self.matters) + matter)
        self._add(self.denominator[period], places, cells.cohort)
        self._add(self.numerator[period], places, cells.on_time if self._on_time else cells.answered)

    def add_sums(self, period: int, sums: Iterable[CountSum], times: int = 1) -> None:
        """Take in sums; with `times=-1`, take them out."""
        for one in sums:
            county, matter = self._counties.get(one.own), self._sort_places[one.sort & sorts.PAGE_MASK]
            if county is not None and matter != _NOWHERE:
                self.denominator[period, county, matter] += times * one.cohort
                self.numerator[period, county, matter] += times * (one.on_time if self._on_time else one.answered)

    def of(self, groups: Sequence[Sequence[str]], counts: Matrix) -> Matrix:
        """Counts by jurisdiction, each the sum over its counties, by period, by matter."""
        members = [[self._counties[county] for county in counties] for counties in groups]
        if all(len(each) == 1 for each in members):
            return np.ascontiguousarray(counts[:, [place for (place,) in members], :].transpose(1, 0, 2))
        return np.stack([counts[:, each, :].sum(axis=1) for each in members])

    @property
    def _size(self) -> int:
        return len(self._counties) * len(self.matters)

    def _add(self, counted: Matrix, places: NDArray[np.int32], counts: NDArray[np.uint32]) -> None:
        # Summed as doubles, which are exact up to 2**53; the last place takes what is not wanted.
        summed = np.bincount(places, weights=counts, minlength=self._size + 1)[: self._size]
        counted += summed.astype(np.int64).reshape(counted.shape)


@lru_cache(maxsize=64)
def _wanted_sorts(by: By, wanted: SortFilter) -> dict[int, str]:
    """The matter of every sort that is wanted."""
    return {sort: matter_of(sort, by) for sort in page_sorts() if wanted.takes(sort)}


@lru_cache(maxsize=64)
def _matters(by: By, wanted: SortFilter) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_wanted_sorts(by, wanted).values()))


@lru_cache(maxsize=64)
def _sort_places(by: By, wanted: SortFilter) -> NDArray[np.int32]:
    """For every sort the place of its matter, or `_NOWHERE`."""
    matters = {matter: place for place, matter in enumerate(_matters(by, wanted))}
    places = np.full(_SORTS, _NOWHERE, np.int32)
    for sort, matter in _wanted_sorts(by, wanted).items():
        places[sort] = matters[matter]
    return places
