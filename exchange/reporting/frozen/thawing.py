"""From the figures of a report to what is frozen of them, and back."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from exchange.counting.figures import Figures, Report
from exchange.counting.query import Narrowing, ReportQuery
from exchange.counting.share import Beside, Share
from exchange.jurisdiction import Category
from exchange.moments import Period, format_moment, parse_moment
from exchange.rates import NO_CERTIFICATE_CHECKS, NOT_DIVIDED, NOT_RECONCILED, TOO_FEW, Rate, Reason
from exchange.reporting.frozen.monthly import CorrectionReason, FrozenBeside, FrozenFigures, FrozenHead, FrozenRate, MonthlyReport
from exchange.terms.agreement import RulesRef

_REASONS: Final = {reason.code: reason for reason in (NOT_RECONCILED, NO_CERTIFICATE_CHECKS, NOT_DIVIDED, TOO_FEW)}


def monthly_of(
    *,
    node: str,
    jurisdiction: str,
    counties: Iterable[str],
    month: str,
    as_of: datetime,
    now: datetime,
    reports: Mapping[Category, Report],
    supersedes: FrozenHead | None = None,
    correction: CorrectionReason | None = None,
) -> MonthlyReport:
    """The report of a month from its figures, as the edition after the one that it supersedes."""
    any_of = next(iter(reports.values()))
    period = any_of.query.period
    return MonthlyReport(
        report="monthly",
        node=node,
        jurisdiction=jurisdiction,
        counties=sorted(counties),
        month=month,
        first=period.first,
        last=period.last,
        cohort=any_of.query.cohort,
        as_of=format_moment(as_of),
        rules=RulesRef(version=any_of.rules, digest=any_of.rules_digest),
        divisions=any_of.divisions,
        edition=supersedes.edition + 1 if supersedes else 1,
        supersedes=supersedes.digest if supersedes else None,
        correction=correction,
        frozen_at=format_moment(now),
        figures=[figures for category, report in reports.items() for figures in frozen_figures(report, category)],
    )


def frozen_figures(report: Report, category: Category) -> list[FrozenFigures]:
    """The figures of a report as they are frozen."""
    return [
        FrozenFigures(
            category=category,
            jurisdiction=figures.jurisdiction,
            township=figures.township,
            rejected=figures.rejected,
            rates=[_frozen(rate) for rate in figures.rates],
        )
        for figures in report.figures
    ]


def report_of(monthly: MonthlyReport, category: Category) -> Report:
    """The figures of one category as a report; without figures if there are none of it."""
    moment, period = parse_moment(monthly.as_of), Period(first=monthly.first, last=monthly.last)
    query = ReportQuery(
        jurisdictions=(monthly.jurisdiction,),
        period=period,
        as_of=moment,
        cohort=monthly.cohort,
        narrowing=Narrowing(category=category),
        parts=True,
    )
    return Report(
        query=query,
        rules=monthly.rules.version,
        rules_digest=monthly.rules.digest,
        divisions=monthly.divisions,
        figures=tuple(
            _thawed(figures, query, monthly.rules.version) for figures in monthly.figures if figures.category is category
        ),
    )


def _frozen(rate: Rate) -> FrozenRate:
    return FrozenRate(
        rate=rate.name,
        numerator=rate.numerator,
        denominator=rate.denominator,
        reason=rate.reason.code if rate.reason else None,
        beside=_beside(rate.beside) if rate.beside else None,
    )


def _beside(beside: Beside) -> FrozenBeside:
    return FrozenBeside(
        median_days=beside.median_days,
        p90_days=beside.p90_days,
        not_found=beside.not_found.numerator,
        refused=beside.refused.numerator,
        lapsed=beside.lapsed.numerator,
        challenged=beside.challenged.numerator,
        withdrawn=beside.withdrawn.numerator,
        withdrawn_apart=beside.withdrawn_apart,
        open=beside.open,
        oldest_open_days=beside.oldest_open_days,
        overdue=beside.overdue,
        oldest_overdue_days=beside.oldest_overdue_days,
    )


def _thawed(figures: FrozenFigures, query: ReportQuery, rules: str) -> Figures:
    return Figures(
        jurisdiction=figures.jurisdiction,
        township=figures.township,
        rejected=figures.rejected,
        rates=tuple(
            Rate(
                name=rate.rate,
                jurisdiction=figures.jurisdiction,
                township=figures.township,
                cohort=query.cohort,
                period=query.period,
                as_of=query.as_of,
                numerator=rate.numerator,
                denominator=rate.denominator,
                reason=_reason(rate.reason),
                rules=rules,
                beside=_beside_again(rate),
            )
            for rate in figures.rates
        ),
    )


def _reason(code: str | None) -> Reason | None:
    return None if code is None else _REASONS.get(code, Reason(code=code, zh=code, en=code))


def _beside_again(rate: FrozenRate) -> Beside | None:
    held, of = rate.beside, rate.denominator
    if held is None or of is None:
        return None
    return Beside(
        median_days=held.median_days,
        p90_days=held.p90_days,
        not_found=Share(numerator=held.not_found, denominator=of),
        refused=Share(numerator=held.refused, denominator=of),
        lapsed=Share(numerator=held.lapsed, denominator=of),
        challenged=Share(numerator=held.challenged, denominator=of),
        withdrawn=Share(numerator=held.withdrawn, denominator=of + held.withdrawn_apart),
        withdrawn_apart=held.withdrawn_apart,
        open=held.open,
        oldest_open_days=held.oldest_open_days,
        overdue=held.overdue,
        oldest_overdue_days=held.oldest_overdue_days,
    )
