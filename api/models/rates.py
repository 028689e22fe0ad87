"""Rates as bodies: both counts, the quotient, and what they rest on."""

from dataclasses import asdict
from datetime import date
from typing import Self

from pydantic import Field

from api.models.base import EXAMPLE_ID, Cause, Moment, ShareShown, Shown
from api.models.handshakes import HandshakesShown, RunBehind
from exchange.codes import Result
from exchange.counting.figures import Figures, Report
from exchange.counting.rows import Row, Stamp
from exchange.counting.share import Beside
from exchange.rates import NOT_RECONCILED, Cohort, Rate, RateName


class BesideShown(Shown):
    """What stands beside a feedback rate; days are civil days."""

    median_days: int | None
    p90_days: int | None
    not_found: ShareShown
    refused: ShareShown
    lapsed: ShareShown
    challenged: ShareShown
    withdrawn: ShareShown
    withdrawn_apart: int
    open: int
    oldest_open_days: int | None
    overdue: int
    oldest_overdue_days: int | None

    @classmethod
    def of(cls, beside: Beside | None) -> Self | None:
        """From the tally."""
        if beside is None:
            return None
        return cls(
            median_days=beside.median_days,
            p90_days=beside.p90_days,
            not_found=ShareShown.of(beside.not_found),
            refused=ShareShown.of(beside.refused),
            lapsed=ShareShown.of(beside.lapsed),
            challenged=ShareShown.of(beside.challenged),
            withdrawn=ShareShown.of(beside.withdrawn),
            withdrawn_apart=beside.withdrawn_apart,
            open=beside.open,
            oldest_open_days=beside.oldest_open_days,
            overdue=beside.overdue,
            oldest_overdue_days=beside.oldest_overdue_days,
        )


class RateShown(Shown):
    """One figure."""

    rate: RateName
    jurisdiction: str = Field(examples=["110102"])
    township: str | None
    cohort: Cohort
    from_: date = Field(alias="from", examples=["2026-01-21"])
    to: date = Field(examples=["2026-02-20"])
    as_of: Moment
    rules: str = Field(description="version of the rule set", examples=["woshou-2026.1"])
    numerator: int | None = Field(examples=[2330])
    denominator: int | None = Field(examples=[3260])
    value: str | None = Field(description="the exact fraction; null without one", examples=["233/326"])
    percent: str = Field(description="as it is shown, half up", examples=["71.47 %"])
    reason: Cause | None = Field(description="why there are no counts", examples=[asdict(NOT_RECONCILED)])
    beside: BesideShown | None
    handshakes: HandshakesShown | None = Field(description="beside the handshake rate only")

    @classmethod
    def of(cls, rate: Rate) -> Self:
        """From the rate."""
        return cls.model_validate(
            {
                "rate": rate.name,
                "jurisdiction": rate.jurisdiction,
                "township": rate.township,
                "cohort": rate.cohort,
                "from": rate.period.first,
                "to": rate.period.last,
                "as_of": rate.as_of,
                "rules": rate.rules,
                "numerator": rate.numerator,
                "denominator": rate.denominator,
                "value": str(rate.ratio) if rate.ratio is not None else None,
                "percent": rate.percent(),
                "reason": Cause.of(rate.reason),
                "beside": BesideShown.of(rate.beside),
                "handshakes": HandshakesShown.of(rate.handshakes, rate.as_of),
            }
        )


class PlaceFigures(Shown):
    """The thirteen rates of a jurisdiction or a township."""

    jurisdiction: str = Field(examples=["110102"])
    township: str | None
    rejected: int | None = Field(description="openings that the other side rejected; out of all rates")
    rates: list[RateShown]

    @classmethod
    def of(cls, figures: Figures) -> Self:
        """From the report."""
        return cls(
            jurisdiction=figures.jurisdiction,
            township=figures.township,
            rejected=figures.rejected,
            rates=[RateShown.of(rate) for rate in figures.rates],
        )


class ReportShown(Shown):
    """A report: what it rests on, and the figures of each place."""

    rules: str = Field(examples=["woshou-2026.1"])
    rules_digest: str
    divisions: str = Field(description="edition of the division table")
    as_of: Moment
    figures: list[PlaceFigures]

    @classmethod
    def of(cls, report: Report) -> Self:
        """From the domain's report."""
        return cls(
            rules=report.rules,
            rules_digest=report.rules_digest,
            divisions=report.divisions,
            as_of=report.query.as_of,
            figures=[PlaceFigures.of(figures) for figures in report.figures],
        )


class StampShown(Shown):
    """One thing that was counted, with both its times."""

    what: str = Field(examples=["answered"])
    at: Moment
    known_at: Moment
    round: int | None
    due: date | None
    result: Result | None

    @classmethod
    def of(cls, stamp: Stamp) -> Self:
        """From the row."""
        return cls(what=stamp.what, at=stamp.at, known_at=stamp.known_at, round=stamp.round, due=stamp.due, result=stamp.result)


class RowShown(Shown):
    """One exchange, entry, file, run or partner behind a rate, and what it adds to the two counts."""

    id: str = Field(description="of a partner its node name; `untold` of entries that are only counted", examples=[EXAMPLE_ID])
    own: str = Field(examples=["110102"])
    other: str | None = Field(examples=["420106"])
    numerator: int
    denominator: int
    stamps: list[StampShown]
    run: RunBehind | None = Field(description="of a rate that rests on a reconciliation")

    @classmethod
    def of(cls, row: Row) -> Self:
        """From the count."""
        return cls(
            id=row.id,
            own=row.own,
            other=row.other,
            numerator=row.numerator,
            denominator=row.denominator,
            stamps=[StampShown.of(stamp) for stamp in row.stamps],
            run=RunBehind.of(row.compared),
        )
