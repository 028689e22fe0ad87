"""What came of comparing one pair's registers, in the words of both sides."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from exchange.codes import Item
from exchange.reconciling.pairs import Pair


class Outcome(StrEnum):
    """How a run ended. Only a settled one has exact counts and enters a rate."""

    SETTLED = "settled"
    COUNTS_ONLY = "counts_only"
    FAILED = "failed"


class Starter(StrEnum):
    """Who asked."""

    US = "us"
    THEM = "them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Persons, by what both registers hold; equal on both sides of a run that was settled.

    `agreeing` and `differing` are in both with a destination known to the county; of `coarse` ones the origin knows the
    destination only coarsely, `coarse_differing` of them with facts that differ. `outflow_only` and `inflow_only` are in one
    register alone.
    """

    agreeing: int = 0
    differing: int = 0
    coarse: int = 0
    coarse_differing: int = 0
    outflow_only: int = 0
    inflow_only: int = 0

    @property
    def handshaken(self) -> int:
        """In both registers: |outflow ∩ inflow|."""
        return self.agreeing + self.differing + self.coarse

    @property
    def known(self) -> int:
        """In either register: |union|; unmatched coarse ones stand apart and are not in it."""
        return self.handshaken + self.outflow_only + self.inflow_only

    @property
    def agreed(self) -> int:
        """Handshaken, and every compared field agrees."""
        return self.agreeing + self.coarse - self.coarse_differing

    @property
    def differences(self) -> int:
        """Persons of whom something is to be settled, which is what the limit counts."""
        return self.differing + self.outflow_only + self.inflow_only

    @property
    def handshake(self) -> Fraction | None:
        """握手率; None where neither register has anybody."""
        return Fraction(self.handshaken, self.known) if self.known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRun:
    """One comparison of one pair, as either side keeps it. `id` is the run's id on the wire, the same on both sides.

    `reconciliation` names the night's (or operator's) run that it was part of, None where the partner asked. `as_of` is the
    moment of our snapshot. The sizes count those compared; `numberless_*` those without a number, `coarse_left` the origin's
    coarse entries that might live in the destination and were not found there (None on the destination's side, which cannot
    know). `estimate` is about how many elements differed, known before the exact result. `repaired` counts differences of
    earlier runs that this one did not find again. `trouble` is the code of what ended it. `calls` and `bytes` are what
    crossed the wire, both ways. `bound` is what a partner that asks has said and cannot take back within the run.
    """

    id: str
    reconciliation: str | None
    partner: str
    agreement: str
    pair: Pair
    items: tuple[Item, ...]
    started_by: Starter
    began_at: datetime
    ended_at: datetime | None = None
    as_of: datetime | None = None
    outcome: Outcome | None = None
    trouble: str | None = None
    outflow_size: int | None = None
    inflow_size: int | None = None
    numberless_outflow: int | None = None
    numberless_inflow: int | None = None
    coarse_left: int | None = None
    estimate: int | None = None
    tally: Tally | None = None
    repaired: int = 0
    calls: int = 0
    bytes: int = 0
    bound: tuple[str, ...] = ()


class DifferenceKind(StrEnum):
    """What is to be settled about one of our entries."""

    ONE_SIDED = "one_sided"
    DIFFERING = "differing"
    COARSE = "coarse"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterDifference:
    """One of our entries that a run found one-sided, with differing fields, or handshaken with a destination known only coarsely.

    `first_at` is when the first of the runs that found it ended. `fields` are the compared items that differ; empty where
    they changed while the run went on, or the other side keeps them to itself (a coarse match answered by the origin). It
    stands until a run of its pair no longer finds it (`settled_at`).
    """

    entry: str
    own: str
    partner: str
    pair: Pair
    kind: DifferenceKind
    fields: tuple[Item, ...] = ()
    first_at: datetime
    settled_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it still stands."""
        return self.settled_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A person's word that the next runs of a pair may show up to so many differing persons, until a moment."""

    partner: str
    pair: Pair
    limit: int
    by: str
    at: datetime
    until: datetime
