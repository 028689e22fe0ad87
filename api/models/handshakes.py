"""The handshake as bodies: what stands beside the rate, the run behind a row, and the series."""

from datetime import date, datetime
from typing import Self

from pydantic import Field

from api.models.base import EXAMPLE_ID, Moment, ShareShown, Shown
from exchange.codes import Item
from exchange.counting.reconciled.series import Series
from exchange.counting.rows import Compared
from exchange.counting.share import percent_of
from exchange.reconciling.handshake import Handshakes
from exchange.reconciling.results import Outcome, RegisterRun, Tally


class HandshakesShown(Shown):
    """What stands beside a handshake rate: persons by pair of registers, not distinct people."""

    sides: int = Field(description="compared registers; a pair of which both counties are counted has two")
    over_outflow: ShareShown
    over_inflow: ShareShown
    agreed: int = Field(description="handshaken, and every compared field agrees")
    outflow_only: int
    inflow_only: int
    coarse: int = Field(description="handshaken, of whom the origin knows the destination only coarsely")
    numberless_outflow: int = Field(description="without a number, which take no part")
    numberless_inflow: int
    oldest_at: Moment | None = Field(description="when the earliest of the runs ended")
    newest_at: Moment | None
    oldest_days: int | None = Field(description="whole days from then to the as-of moment")

    @classmethod
    def of(cls, held: Handshakes | None, as_of: datetime) -> Self | None:
        """From the sums."""
        if held is None:
            return None
        return cls(
            sides=held.sides,
            over_outflow=ShareShown.of(held.over_outflow),
            over_inflow=ShareShown.of(held.over_inflow),
            agreed=held.agreed,
            outflow_only=held.outflow_only,
            inflow_only=held.inflow_only,
            coarse=held.coarse,
            numberless_outflow=held.numberless_outflow,
            numberless_inflow=held.numberless_inflow,
            oldest_at=held.oldest_at,
            newest_at=held.newest_at,
            oldest_days=None if held.oldest_at is None else (as_of - held.oldest_at).days,
        )


class FailedRun(Shown):
    """A later run that came to nothing."""

    id: str = Field(examples=[EXAMPLE_ID])
    outcome: Outcome | None
    ended_at: Moment | None
    trouble: str | None = Field(description="the code of what ended it")

    @classmethod
    def of(cls, run: RegisterRun | None) -> Self | None:
        """From the run."""
        return None if run is None else cls(id=run.id, outcome=run.outcome, ended_at=run.ended_at, trouble=run.trouble)


class RunBehind(Shown):
    """The settled run that a row rests on, with its exact counts, which the other side has too."""

    id: str = Field(examples=[EXAMPLE_ID])
    partner: str = Field(examples=["wuchang.example"])
    agreement: str
    origin: str = Field(examples=["110102"])
    destination: str = Field(examples=["420106"])
    items: list[Item]
    as_of: Moment | None = Field(description="of our snapshot")
    ended_at: Moment | None
    age_days: int | None = Field(description="whole days from its end to the report's as-of moment")
    agreeing: int
    differing: int
    coarse: int
    coarse_differing: int
    outflow_only: int
    inflow_only: int
    numberless_outflow: int | None
    numberless_inflow: int | None
    coarse_left: int | None = Field(
        description="the origin's coarse entries that might live in the destination and were not found: outside the union"
    )
    failed: FailedRun | None = Field(description="the last run since that was not settled: the counts are older than it")

    @classmethod
    def of(cls, compared: Compared | None) -> Self | None:
        """From the row."""
        if compared is None:
            return None
        run, tally = compared.run, compared.run.tally or Tally()
        return cls(
            id=run.id,
            partner=run.partner,
            agreement=run.agreement,
            origin=run.pair.origin,
            destination=run.pair.destination,
            items=list(run.items),
            as_of=run.as_of,
            ended_at=run.ended_at,
            age_days=compared.days,
            agreeing=tally.agreeing,
            differing=tally.differing,
            coarse=tally.coarse,
            coarse_differing=tally.coarse_differing,
            outflow_only=tally.outflow_only,
            inflow_only=tally.inflow_only,
            numberless_outflow=run.numberless_outflow,
            numberless_inflow=run.numberless_inflow,
            coarse_left=run.coarse_left,
            failed=FailedRun.of(compared.failed),
        )


class HandshakePoint(Shown):
    """What stood at one moment; before the first reconciliation there is no side, and no quotient."""

    partner: str | None = Field(description="null for all partners together", examples=["wuchang.example"])
    as_of: Moment
    sides: int
    numerator: int = Field(description="handshaken")
    denominator: int = Field(description="known to either register")
    percent: str = Field(examples=["94.12 %"])
    agreed: int
    agreement_percent: str = Field(description="field agreement: agreed / handshaken", examples=["98.00 %"])
    outflow_only: int
    inflow_only: int

    @classmethod
    def of(cls, partner: str | None, as_of: datetime, held: Handshakes) -> Self:
        """From the sums."""
        return cls(
            partner=partner,
            as_of=as_of,
            sides=held.sides,
            numerator=held.handshaken,
            denominator=held.known,
            percent=percent_of(held.handshaken, held.known),
            agreed=held.agreed,
            agreement_percent=percent_of(held.agreed, held.handshaken),
            outflow_only=held.outflow_only,
            inflow_only=held.inflow_only,
        )


class SeriesShown(Shown):
    """A series of handshakes of one jurisdiction; the points of all partners first, then of each one in turn."""

    jurisdiction: str = Field(examples=["110102"])
    from_: date = Field(alias="from", examples=["2026-02-01"])
    until: date = Field(examples=["2026-02-28"])
    rules: str = Field(examples=["woshou-2026.1"])
    divisions: str = Field(description="edition of the division table")
    points: list[HandshakePoint]

    @classmethod
    def of(cls, series: Series, first: date, last: date) -> Self:
        """From the domain's series over these days."""
        moments = series.query.moments
        return cls.model_validate(
            {
                "jurisdiction": series.query.jurisdiction,
                "from": first,
                "until": last,
                "rules": series.rules,
                "divisions": series.divisions,
                "points": [
                    HandshakePoint.of(line.partner, as_of, held)
                    for line in series.lines
                    for as_of, held in zip(moments, line.points, strict=True)
                ],
            }
        )
