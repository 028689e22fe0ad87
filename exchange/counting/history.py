"""All that the ledger ever held of one exchange, so that it can be judged as of any moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from exchange.conversation import Fact, FactKind
from exchange.counting.verdict import Verdict, judge
from exchange.exchanges import Acceptance, Exchange
from exchange.work.assignment import Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFact:
    """A fact, and since when it no longer holds."""

    fact: Fact
    voided_at: datetime | None = None

    def stood_at(self, as_of: datetime) -> bool:
        """Whether the ledger knew the fact at that moment, and had not voided it."""
        return self.fact.known_at <= as_of and (self.voided_at is None or self.voided_at > as_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One side of an exchange with every fact, those that were voided too, and every assignment, in the order of time."""

    exchange: Exchange
    facts: tuple[KeptFact, ...]
    assignments: Sequence[Assignment] = ()

    @property
    def counts(self) -> bool:
        """Whether it can ever count in a feedback rate: it was accepted, and its receipt named a due date."""
        opened = (kept.fact for kept in self.facts if kept.fact.what is FactKind.OPENED)
        return self.exchange.acceptance is Acceptance.ACCEPTED and any(fact.due is not None for fact in opened)

    def verdict_at(self, as_of: datetime, *, lapse_days: int) -> Verdict | None:
        """The verdict as of a moment; None while the opening was not known."""
        if self.exchange.acceptance is not Acceptance.ACCEPTED:
            return None
        return judge((kept.fact for kept in self.facts if kept.stood_at(as_of)), as_of, lapse_days=lapse_days)

    def township_at(self, as_of: datetime) -> str | None:
        """The township that had it at a moment. Without any assignment, the one that the exchange names, at all times."""
        if not self.assignments:
            return self.exchange.handled_by
        return next((step.township for step in reversed(self.assignments) if step.at <= as_of), None)
