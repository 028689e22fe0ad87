"""The rows behind a figure: ids and stamps, nothing about a person, enough to count the figure again."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from exchange.codes import Result
from exchange.conversation import Fact
from exchange.reconciling.results import RegisterRun

UNTOLD: Final = "untold"
"""The id of the row that stands for entries which count by a birth registration alone: so many, and not which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """One thing that was counted, with both its times. `round`, `due` and `result` belong to exchanges only."""

    what: str
    at: datetime
    known_at: datetime
    round: int | None = None
    due: date | None = None
    result: Result | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a row that rests on a reconciliation rests on: the run, and the last one that came to nothing since, if one did.

    `days` are those from its end to the as-of moment.
    """

    run: RegisterRun
    days: int
    failed: RegisterRun | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One exchange, entry, file, run or partner, and what it adds to both counts: 0 or 1, of a file its rows, of a run persons.

    `id` is the exchange's, entry's, import's or run's, the partner's name, or `UNTOLD` for several entries at once; `other` the
    jurisdiction on the other side, where there is one. `compared` belongs to the rates that rest on a reconciliation.
    """

    id: str
    own: str
    other: str | None
    stamps: tuple[Stamp, ...]
    numerator: int
    denominator: int
    compared: Compared | None = None


def stamp_of(fact: Fact) -> Stamp:
    """The stamp of a fact about an exchange."""
    return Stamp(
        what=fact.what.value,
        at=fact.happened_at,
        known_at=fact.known_at,
        round=fact.round,
        due=fact.due,
        result=fact.result,
    )
