"""Coverage (协作到位率): of the partners that a county's open entries name, those with whom it really works together.

A partner is another node: between two counties of one node there is nobody to come to terms with. An entry about a county that no
partner serves names none. Of a higher jurisdiction each county's partners count, so that the parts sum to the whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from exchange.counting.cells import Scope
from exchange.counting.reconciled.handshakes import days_since, reconciled_stamp
from exchange.counting.rows import Compared, Row, Stamp
from exchange.counting.share import Share
from exchange.reconciling.results import RegisterRun
from exchange.terms.agreement import SignedAgreement

RECENT: Final = timedelta(hours=48)
"""A reconciliation that ended longer ago before T no longer shows that two sides work together."""


def is_recent(run: RegisterRun, as_of: datetime) -> bool:
    """Whether a settled run ended in the last 48 hours before T."""
    return run.ended_at is not None and as_of - RECENT <= run.ended_at <= as_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A partner that the open entries of a county name: the agreement in force with it, and the last recent settled run."""

    own: str
    partner: str
    agreement: SignedAgreement | None
    run: RegisterRun | None

    @property
    def covered(self) -> bool:
        """Whether both are there."""
        return self.agreement is not None and self.run is not None

    def row(self, as_of: datetime) -> Row:
        """The row behind the rate."""
        stamps: list[Stamp] = []
        if self.agreement is not None and self.agreement.decided_at is not None:
            decided = self.agreement.decided_at
            stamps.append(Stamp(what="agreed", at=decided, known_at=max(decided, self.agreement.known_at)))
        if self.run is not None:
            stamps += reconciled_stamp(self.run)
        return Row(
            id=self.partner,
            own=self.own,
            other=None,
            stamps=tuple(stamps),
            numerator=int(self.covered),
            denominator=1,
            compared=None if self.run is None else Compared(run=self.run, days=days_since(self.run, as_of)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageCells:
    """The named partners by county."""

    named: Mapping[str, tuple[Named, ...]] = field(default_factory=dict)

    def total(self, scope: Scope) -> Share:
        """How many are covered, of how many."""
        named = self._of(scope)
        return Share(numerator=sum(one.covered for one in named), denominator=len(named))

    def rows_of(self, scope: Scope, as_of: datetime) -> tuple[Row, ...]:
        """The rows behind it, by partner."""
        return tuple(sorted((one.row(as_of) for one in self._of(scope)), key=lambda row: (row.id, row.own)))

    def _of(self, scope: Scope) -> list[Named]:
        return [one for county in scope.counties & self.named.keys() for one in self.named[county]]
