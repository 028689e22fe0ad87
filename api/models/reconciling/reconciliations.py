"""Reconciliations as bodies: counts and codes, never a person."""

from datetime import date
from typing import Self

from pydantic import Field

from api.models.base import EXAMPLE_ID, Moment, Shown
from exchange.reconciling.reconciliation import LeftOut, LinkStep, PairFailed, Reconciliation
from exchange.reconciling.results import Outcome, Tally
from exchange.verbs.reconciling.review import PairSeen, Review

_NODE = "wuchang.example"


class ReconciliationShown(Shown):
    """One reconciliation: a night's, or one that an operator started."""

    id: str = Field(examples=[EXAMPLE_ID])
    by: str = Field(description="`night`, or `hand` for an operator's", examples=["night"])
    partner: str | None = Field(description="what it was narrowed down to, if it was", examples=[None])
    origin: str | None = Field(examples=[None])
    destination: str | None = Field(examples=[None])
    business_date: date
    began_at: Moment
    ended_at: Moment | None = Field(description="null while it is under way, or where it was stopped and not gone on with")
    links: int = Field(description="links whose ledgers it set out to reconcile", examples=[3])
    pairs: int = Field(description="pairs of registers that it set out to compare", examples=[12])

    @classmethod
    def of(cls, held: Reconciliation) -> Self:
        """From the ledger."""
        return cls(
            id=held.id,
            by=held.by.value,
            partner=held.scope.partner,
            origin=held.scope.origin,
            destination=held.scope.destination,
            business_date=held.business_date,
            began_at=held.began_at,
            ended_at=held.ended_at,
            links=held.links,
            pairs=held.pairs,
        )


class LinkReconciled(Shown):
    """What reconciling the ledgers of one link came to."""

    partner: str = Field(examples=[_NODE])
    at: Moment
    trouble: str | None = Field(description="code of what ended it", examples=["partner-unavailable"])
    settled: bool = Field(description="nothing is left to do")
    equal: bool | None = Field(description="both sides count alike; null where they could not be compared")
    differ: int = Field(description="exchanges that differ")
    resent: int = Field(description="batches given back to the partner")
    adopted: int = Field(description="batches taken back from it")
    findings: int = Field(description="what waits for people")
    comparison: str | None = Field(description="the comparison of figures", examples=[EXAMPLE_ID])

    @classmethod
    def of(cls, step: LinkStep) -> Self:
        """From the ledger."""
        return cls(**{name: getattr(step, name) for name in cls.model_fields})


class TallyShown(Shown):
    """Persons of both registers; the handshake rate is `handshaken` of `known`."""

    handshaken: int = Field(description="in both registers")
    known: int = Field(description="in either")
    agreeing: int = Field(description="in both, and every compared item agrees")
    differing: int = Field(description="in both, with items that differ")
    coarse: int = Field(description="in both, the origin knowing only prefecture or province")
    outflow_only: int
    inflow_only: int
    differences: int = Field(description="persons of whom something is to be settled")

    @classmethod
    def of(cls, tally: Tally | None) -> Self | None:
        """From a run; null where nothing was counted exactly."""
        return None if tally is None else cls(**{name: getattr(tally, name) for name in cls.model_fields})


class PairCompared(Shown):
    """What comparing one pair's registers came to, beside the last settled run before."""

    partner: str = Field(examples=[_NODE])
    origin: str = Field(examples=["110102"])
    destination: str = Field(examples=["420106"])
    run: str | None = Field(description="the run's id, the same on both sides; null where it came to none", examples=[EXAMPLE_ID])
    outcome: Outcome = Field(description="`counts_only` above the limit", examples=["settled"])
    trouble: str | None = Field(description="code of what ended it", examples=["partner-unavailable"])
    ended_at: Moment | None
    outflow_size: int | None
    inflow_size: int | None
    estimate: int | None = Field(
        description="about how many entries of either register have no equal in the other; a person whose items differ is two."
        " All that is known of a run in counts only; null where nothing differed, or where the partner began"
    )
    tally: TallyShown | None
    repaired: int = Field(description="differences of earlier runs that this one did not find again")
    before: TallyShown | None = Field(description="the counts of the last settled run before")
    before_at: Moment | None
    calls: int
    bytes: int = Field(description="what crossed the wire, both ways")

    @classmethod
    def of(cls, seen: PairSeen) -> Self:
        """From a run."""
        run, before = seen.run, seen.before
        return cls(
            partner=run.partner,
            origin=run.pair.origin,
            destination=run.pair.destination,
            run=run.id,
            outcome=run.outcome or Outcome.FAILED,
            trouble=run.trouble,
            ended_at=run.ended_at,
            outflow_size=run.outflow_size,
            inflow_size=run.inflow_size,
            estimate=run.estimate,
            tally=TallyShown.of(run.tally),
            repaired=run.repaired,
            before=TallyShown.of(before.tally) if before is not None else None,
            before_at=before.ended_at if before is not None else None,
            calls=run.calls,
            bytes=run.bytes,
        )

    @classmethod
    def failed(cls, failed: PairFailed) -> Self:
        """From a failure."""
        return cls(
            partner=failed.partner,
            origin=failed.pair.origin,
            destination=failed.pair.destination,
            run=None,
            outcome=Outcome.FAILED,
            trouble=failed.trouble,
            ended_at=failed.at,
            outflow_size=None,
            inflow_size=None,
            estimate=None,
            tally=None,
            repaired=0,
            before=None,
            before_at=None,
            calls=0,
            bytes=0,
        )


class LeftOutShown(Shown):
    """A link, which has no pair, or a pair that was not reconciled."""

    partner: str | None = Field(examples=[_NODE])
    origin: str | None = Field(examples=["110102"])
    destination: str | None = Field(examples=["420106"])
    why: str = Field(examples=["no-agreement"])

    @classmethod
    def of(cls, left: LeftOut) -> Self:
        """From the ledger."""
        pair = left.pair
        origin, destination = (None, None) if pair is None else (pair.origin, pair.destination)
        return cls(partner=left.partner, origin=origin, destination=destination, why=left.why.value)


class ReconciliationWhole(ReconciliationShown):
    """A reconciliation with all that came of it."""

    link_steps: list[LinkReconciled]
    pair_steps: list[PairCompared]
    left_out: list[LeftOutShown]

    @classmethod
    def whole(cls, review: Review) -> Self:
        """From what a verb has put together."""
        return cls(
            **dict(ReconciliationShown.of(review.reconciliation)),
            link_steps=[LinkReconciled.of(step) for step in review.links],
            pair_steps=pairs_shown(review.pairs, review.failed),
            left_out=[LeftOutShown.of(left) for left in review.left_out],
        )


def pairs_shown(seen: tuple[PairSeen, ...], failed: tuple[PairFailed, ...]) -> list[PairCompared]:
    """What was compared and what failed, in the order of the pairs."""
    rows = [*map(PairCompared.of, seen), *map(PairCompared.failed, failed)]
    return sorted(rows, key=lambda row: (row.origin, row.destination))
