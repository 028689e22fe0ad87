"""What is asked of the stored versions, and the sums that come back."""

from dataclasses import dataclass
from typing import NamedTuple

from exchange.codes import Role
from exchange.counting.sorts import SortFilter
from exchange.exchanges import ExchangeKey
from exchange.rates import Cohort


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which versions to add up: of these counties in one role, at one boundary; days are ordinals.

    `beyond` is whether the as-of moment lies beyond the boundary: then what happened on that day is touched too. `first` to
    `last` are the days of the cohort. `answered_before` is the day before which an answer was given that has lapsed.
    `by_township` and `by_other` are what the sums are divided by, besides the county and the sort's bits in `sort_bits`.
    """

    own: frozenset[str]
    role: Role
    boundary: int
    beyond: bool
    cohort: Cohort
    first: int
    last: int
    answered_before: int
    sorts: SortFilter
    sort_bits: int
    links: frozenset[int] | None = None
    township: str | None = None
    by_township: bool = False
    by_other: bool = False

    @property
    def last_counted(self) -> int:
        """The last day of the cohort that counts at the boundary: a due date must have passed."""
        return min(self.last, self.boundary - 1) if self.cohort is Cohort.DUE else self.last


class CohortSum(NamedTuple):
    """So many of the cohort that are alike; `other` and `township` are None where the sums are not divided by them."""

    own: str
    township: str | None
    other: str | None
    sort: int
    marks: int
    days: int
    lapsed: bool
    number: int


class WaitingSum(NamedTuple):
    """So many from which an answer is being waited for, whatever their period; the earliest days among them."""

    own: str
    township: str | None
    other: str | None
    sort: int
    overdue: bool
    number: int
    received: int
    due: int


class CountSum(NamedTuple):
    """The plain counts of the cohort in a county and sort."""

    own: str
    other: str | None
    sort: int
    cohort: int
    answered: int
    on_time: int


class RejectedSum(NamedTuple):
    """So many openings of a county that were rejected."""

    own: str
    other: str
    link: int
    sort: int
    number: int


class Queued(NamedTuple):
    """Something happened to an exchange on a day, and is not in its stored versions yet."""

    id: int
    key: ExchangeKey
    day: int
