"""The handshake (握手) between places: what the last settled runs of their pairs add up to.

A run belongs to both counties of its pair: to the origin's outflow and to the destination's inflow register. So a place is told
by its *sides*, and a whole in which both counties lie has both, as it has both entries of a person who moved within it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import NamedTuple

from exchange.codes import RegisterKind
from exchange.counting.share import Share
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import RegisterRun, Tally


class Side(NamedTuple):
    """A county's side of a run: its register of the pair, and the run."""

    own: str
    register: RegisterKind
    run: RegisterRun

    @property
    def other(self) -> str:
        """The county on the other side."""
        return self.run.pair.other(self.own)


class Step(NamedTuple):
    """What was found of a pair last by one moment of a series (`place`), since the moment before."""

    place: int
    pair: Pair
    partner: str
    ended_at: datetime
    counts: tuple[int, ...]


def last_of_pairs(runs: Iterable[RegisterRun]) -> dict[Pair, RegisterRun]:
    """The last run of each pair that has exact counts, whichever partner it was with: a county may change its node."""
    last: dict[Pair, RegisterRun] = {}
    for run in runs:
        if run.tally is None or run.ended_at is None:
            continue
        held = last.get(run.pair)
        if held is None or _place(held) < _place(run):
            last[run.pair] = run
    return last


def sides_of(run: RegisterRun, own: frozenset[str]) -> Iterator[Side]:
    """The sides of a run that these counties have: one, or of two counties of ours both."""
    for county, register in ((run.pair.origin, RegisterKind.OUTFLOW), (run.pair.destination, RegisterKind.INFLOW)):
        if county in own:
            yield Side(county, register, run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshakes:
    """What several sides add up to: counts of persons by pair, never of distinct people.

    `sides` counts them. Matched coarse destinations (`coarse`) are among the handshaken ones. People without a number take no
    part, and are counted beside. `oldest_at` and `newest_at` are when the first and the last of the runs ended.
    """

    sides: int = 0
    handshaken: int = 0
    agreed: int = 0
    outflow_only: int = 0
    inflow_only: int = 0
    coarse: int = 0
    numberless_outflow: int = 0
    numberless_inflow: int = 0
    oldest_at: datetime | None = None
    newest_at: datetime | None = None

    @property
    def known(self) -> int:
        """In either register: the union."""
        return self.handshaken + self.outflow_only + self.inflow_only

    @property
    def over_outflow(self) -> Share:
        """Handshaken, of those in the outflow registers."""
        return Share(numerator=self.handshaken, denominator=self.handshaken + self.outflow_only)

    @property
    def over_inflow(self) -> Share:
        """Handshaken, of those in the inflow registers."""
        return Share(numerator=self.handshaken, denominator=self.handshaken + self.inflow_only)


COUNTS = tuple(field.name for field in fields(Handshakes) if not field.name.endswith("_at"))
"""The names of its counts, in order: all that sums of sides are made of."""


def sum_of(sides: Iterable[Side]) -> Handshakes:
    """What these sides add up to."""
    totals, moments = [0] * len(COUNTS), list[datetime]()
    for side in sides:
        for n, count in enumerate(counts_of(side.run)):
            totals[n] += count
        if side.run.ended_at is not None:
            moments.append(side.run.ended_at)
    counted = dict(zip(COUNTS, totals, strict=True))
    return Handshakes(**counted, oldest_at=min(moments, default=None), newest_at=max(moments, default=None))


def counts_of(run: RegisterRun) -> tuple[int, ...]:
    """What one side of a run adds to each of `COUNTS`; both sides add the same."""
    return (*tally_counts(run.tally or Tally()), run.numberless_outflow or 0, run.numberless_inflow or 0)


def tally_counts(tally: Tally) -> tuple[int, ...]:
    """Of these what the tally tells."""
    return 1, tally.handshaken, tally.agreed, tally.outflow_only, tally.inflow_only, tally.coarse


def _place(run: RegisterRun) -> tuple[datetime, str]:
    if run.ended_at is None:
        raise ValueError("a run that goes on has no place among those that ended")
    return run.ended_at, run.id
