"""Handshake and field agreement: the sides of the last runs, by county, and the rows that they are."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from exchange.counting.cells import Scope
from exchange.counting.rows import Compared, Row, Stamp
from exchange.rates import RateName
from exchange.reconciling.handshake import Handshakes, Side, sum_of
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import RegisterRun, Tally

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class SideCells:
    """The sides by county, and of each pair the last run that came to nothing since, where rows are asked for."""

    sides: defaultdict[str, list[Side]] = field(default_factory=lambda: defaultdict(list))
    failed: Mapping[Pair, RegisterRun] = field(default_factory=dict)

    def take(self, side: Side) -> None:
        """Count one side."""
        self.sides[side.own].append(side)

    def total(self, scope: Scope) -> Handshakes:
        """The sum over the sides of a scope."""
        return sum_of(self._of(scope))

    def rows_of(self, scope: Scope, name: RateName, as_of: datetime) -> tuple[Row, ...]:
        """The rows behind such a sum, by the run's id: one for each side."""
        found = (self._row(side, name, as_of) for side in self._of(scope))
        return tuple(sorted(found, key=lambda row: (row.id, row.own)))

    def _of(self, scope: Scope) -> Iterator[Side]:
        for county in scope.counties & self.sides.keys():
            yield from self.sides[county]

    def _row(self, side: Side, name: RateName, as_of: datetime) -> Row:
        run, tally = side.run, side.run.tally or Tally()
        numerator, denominator = two_counts(name, tally.handshaken, tally.known, tally.agreed)
        return Row(
            id=run.id,
            own=side.own,
            other=side.other,
            stamps=reconciled_stamp(run),
            numerator=numerator,
            denominator=denominator,
            compared=Compared(run=run, days=days_since(run, as_of), failed=self.failed.get(run.pair)),
        )


def two_counts(name: RateName, handshaken: T, known: T, agreed: T) -> tuple[T, T]:
    """Numerator and denominator of the handshake rate or of field agreement."""
    return (agreed, handshaken) if name is RateName.FIELD_AGREEMENT else (handshaken, known)


def days_since(run: RegisterRun, as_of: datetime) -> int:
    """How many whole days a run's end lies back."""
    return 0 if run.ended_at is None else (as_of - run.ended_at).days


def reconciled_stamp(run: RegisterRun) -> tuple[Stamp, ...]:
    """When a run ended, which is when its result was known here."""
    return () if run.ended_at is None else (Stamp(what="reconciled", at=run.ended_at, known_at=run.ended_at),)
