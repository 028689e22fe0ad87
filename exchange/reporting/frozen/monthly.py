"""A monthly report as it is frozen: one canonical JSON text with its query, its rules and its figures, without persons.

The bytes are RFC 8785's: members in order of their names, no white space, numbers that are whole. Their SHA-256 names them.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from exchange.errors import Conflict, Invalid
from exchange.jurisdiction import Category
from exchange.moments import day_end, parse_moment
from exchange.people.record import Shape, whole
from exchange.rates import Cohort, RateName
from exchange.terms.agreement import RulesRef
from exchange.wire import ijson
from exchange.wire.batch import NodeName
from exchange.wire.message import CountyCode, Digest, WireMoment

Code = Annotated[str, Meta(pattern=whole("[0-9]{6}"))]
Number = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Days = Annotated[int, Meta(ge=0, le=100_000)]
Month = Annotated[str, Meta(pattern=whole("20[0-9]{2}-(0[1-9]|1[0-2])"))]
Township = Annotated[str, Meta(pattern=whole("[0-9]{9}|unassigned"))]


class MalformedReport(Invalid):
    """A monthly report that does not fit the protocol."""

    code = "malformed-report"
    zh = "月报内容不符合规定格式。"
    en = "The monthly report does not fit the protocol."


class ReportAltered(Conflict):
    """The stored bytes are not those that were frozen."""

    code = "report-altered"
    zh = "所存月报的字节与其摘要不符，可能被改动过，不予提供；请运维人员核查备份与审计。"
    en = "The stored report is not what its digest names: it may have been altered. It is not given out; look at the backups."


class CorrectionReason(StrEnum):
    """Why an edition supersedes the one before."""

    LATE_FACTS = "late_facts"
    DATA_CORRECTED = "data_corrected"
    RULES_CHANGED = "rules_changed"
    DIVISIONS_CHANGED = "divisions_changed"
    DISPUTE_SETTLED = "dispute_settled"


class FrozenBeside(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """What stands beside a feedback rate: counts of its denominator, and of what was withdrawn."""

    median_days: Days | None
    p90_days: Days | None
    not_found: Number
    refused: Number
    lapsed: Number
    challenged: Number
    withdrawn: Number
    withdrawn_apart: Number
    open: Number
    oldest_open_days: Days | None
    overdue: Number
    oldest_overdue_days: Days | None


class FrozenRate(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """One rate: both counts, or the code of the reason for which there are none."""

    rate: RateName
    numerator: Number | None
    denominator: Number | None
    reason: Annotated[str, Meta(pattern=whole("[a-z0-9-]{1,60}"))] | None
    beside: FrozenBeside | None


class FrozenFigures(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """The rates of the jurisdiction or of one of its parts, for migrants or for intra-city movers."""

    category: Category
    jurisdiction: Code
    township: Township | None
    rejected: Number | None
    rates: Annotated[list[FrozenRate], Meta(min_length=1, max_length=100)]


class MonthlyReport(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """The whole report. `counties` are those that it sums, all served by `node`; figures begin with the jurisdiction's own."""

    report: Literal["monthly"]
    node: NodeName
    jurisdiction: Code
    counties: Annotated[list[CountyCode], Meta(min_length=1, max_length=4000)]
    month: Month
    first: date
    last: date
    cohort: Cohort
    as_of: WireMoment
    rules: RulesRef
    divisions: Annotated[str, Meta(max_length=100)]
    edition: Annotated[int, Meta(ge=1, le=1000)]
    supersedes: Digest | None
    correction: CorrectionReason | None
    frozen_at: WireMoment
    figures: Annotated[list[FrozenFigures], Meta(min_length=1, max_length=20_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenHead:
    """Which frozen report it is. `digest` is the SHA-256 of its bytes, `edition` counts from 1 for a jurisdiction's month."""

    digest: str
    jurisdiction: str
    month: str
    edition: int
    supersedes: str | None
    frozen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenReport:
    """A frozen report with its bytes, which never change."""

    head: FrozenHead
    payload: bytes

    def read(self) -> MonthlyReport:
        """What it says; ReportAltered if the bytes are not those that the digest names."""
        if ijson.digest(self.payload) != self.head.digest:
            raise ReportAltered
        return read_monthly(self.payload)


def write_monthly(report: MonthlyReport) -> bytes:
    """The canonical bytes."""
    return msgspec.json.encode(report, order="sorted")


def read_monthly(payload: bytes) -> MonthlyReport:
    """Read such bytes; MalformedReport unless they are the canonical form of a report that can be."""
    try:
        ijson.loads(payload)
        report = msgspec.json.decode(payload, type=MonthlyReport)
        times = [parse_moment(report.as_of), parse_moment(report.frozen_at)]
    except (ijson.NotIJSON, msgspec.ValidationError, ValueError) as exc:
        raise MalformedReport from exc
    if write_monthly(report) != payload:
        raise MalformedReport(zh="月报不是规范的字节形式（RFC 8785）。", en="The bytes are not in canonical form (RFC 8785).")
    fault = _fault(report, times)
    if fault is not None:
        raise MalformedReport(pointer=fault)
    return report


def freeze_as(report: MonthlyReport) -> FrozenReport:
    """The report with its head and its bytes; MalformedReport for one that could not be read again."""
    payload = write_monthly(report)
    read_monthly(payload)
    head = FrozenHead(
        digest=ijson.digest(payload),
        jurisdiction=report.jurisdiction,
        month=report.month,
        edition=report.edition,
        supersedes=report.supersedes,
        frozen_at=parse_moment(report.frozen_at),
    )
    return FrozenReport(head=head, payload=payload)


def _fault(report: MonthlyReport, times: list[datetime]) -> str | None:
    """Where a report contradicts itself."""
    as_of, frozen_at = times
    # On which day a statistical month begins, the rule set says that the report names; it is as long as a month.
    if report.last.isoformat()[:7] != report.month or not 27 <= (report.last - report.first).days <= 30:
        return "/first"
    if not day_end(report.last) <= as_of <= frozen_at:
        return "/as_of"
    if (report.edition > 1) != (report.supersedes is not None) or (report.edition > 1) != (report.correction is not None):
        return "/edition"
    whole = report.figures[0]
    if whole.jurisdiction != report.jurisdiction or whole.township is not None:
        return "/figures/0"
    for n, figures in enumerate(report.figures):
        if not all(_holds(rate) for rate in figures.rates) or {rate.rate for rate in figures.rates} != set(RateName):
            return f"/figures/{n}"
    return None


def _holds(rate: FrozenRate) -> bool:
    numerator, denominator = rate.numerator, rate.denominator
    if numerator is None or denominator is None:
        return numerator is denominator and rate.reason is not None
    return numerator <= denominator and rate.reason is None
