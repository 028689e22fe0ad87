"""A reconciliation (对账): one night's, or one that an operator started, over many partners and pairs; and what it left out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from exchange.jurisdiction import Divisions
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import Outcome, RegisterRun, Starter

# What the partner's own call has settled so lately, the night does not compare again.
SETTLED_LATELY = timedelta(hours=12)


class By(StrEnum):
    """Who started it."""

    NIGHT = "night"
    HAND = "hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an operator narrowed it down to; None does not narrow. A prefecture or province stands for all within."""

    partner: str | None = None
    origin: str | None = None
    destination: str | None = None

    @property
    def by_place(self) -> bool:
        """Whether only some pairs are meant."""
        return self.origin is not None or self.destination is not None

    def holds(self, divisions: Divisions, pair: Pair) -> bool:
        """Whether a pair lies within the named places."""
        both = ((self.origin, pair.origin), (self.destination, pair.destination))
        return all(wanted is None or divisions.contains(wanted, code) for wanted, code in both)


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """One reconciliation. `links` and `pairs` are how many it set out to reconcile.

    `ended_at` is None until it has come to its end: one that was stopped, or whose process died, is gone on with by the next
    start of the same scope on the same business date.
    """

    id: str
    by: By
    scope: Scope
    business_date: date
    began_at: datetime
    ended_at: datetime | None = None
    links: int = 0
    pairs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStep:
    """What reconciling the ledgers of one link came to, within a reconciliation.

    `trouble` is the code of what ended it. `equal` is whether both sides count alike, None where they could not be compared;
    `differ` is how many exchanges do not. `resent` batches were given back to the partner, `adopted` taken back here; `findings`
    wait for people. `settled`: nothing is left to do.
    """

    reconciliation: str
    partner: str
    at: datetime
    trouble: str | None = None
    comparison: str | None = None
    equal: bool | None = None
    differ: int = 0
    resent: int = 0
    adopted: int = 0
    findings: int = 0
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFailed:
    """A pair that could not be compared within a reconciliation, and the code of what ended it; `partner` is whom it was with."""

    reconciliation: str
    partner: str
    pair: Pair
    at: datetime
    trouble: str


class Why(StrEnum):
    """Why something was not reconciled."""

    NOT_ACTIVE = "partner-not-active"
    COARSE = "coarse-destination"
    NO_ROUTE = "no-route"
    NO_AGREEMENT = "no-agreement"
    NOT_ALLOWED = "comparison-not-agreed"
    OFTEN = "compared-often"
    LATELY = "settled-lately"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A link, which has no pair, or a pair that is not reconciled, and why; `partner` is None where none is to be called."""

    partner: str | None
    pair: Pair | None
    why: Why


def settled_by_partner(run: RegisterRun, since: datetime) -> bool:
    """Whether the partner's own call settled it after that moment."""
    return run.started_by is Starter.THEM and run.outcome is Outcome.SETTLED and run.ended_at is not None and run.ended_at > since


def is_done(run: RegisterRun) -> bool:
    """Whether a run need not be made again within its reconciliation: one that failed is."""
    return run.ended_at is not None and run.outcome in (Outcome.SETTLED, Outcome.COUNTS_ONLY)


def latest(runs: Iterable[RegisterRun]) -> Mapping[Pair, RegisterRun]:
    """The last run of each pair that need not be made again, in the order of the pairs."""
    last: dict[Pair, RegisterRun] = {}
    for run in sorted(runs, key=lambda run: (run.began_at, run.id)):
        if is_done(run):
            last[run.pair] = run
    return dict(sorted(last.items()))


def is_settled(run: RegisterRun) -> bool:
    """Whether both registers were compared exactly and nothing differs."""
    return run.outcome is Outcome.SETTLED and (run.tally is None or not run.tally.differences)
