"""Freeze monthly reports as they stand; a correction is a new edition, and both stay."""

from datetime import datetime

from exchange.errors import Conflict
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.reporting.frozen.monthly import CorrectionReason, FrozenReport, MonthlyReport, freeze_as
from exchange.reporting.frozen.thawing import monthly_of
from exchange.reporting.trend import month_before
from exchange.terms.rules import RuleSet
from exchange.verbs.reporting.count_month import count_month
from exchange.verbs.reporting.make_report import counties_of


class MonthNotOver(Conflict):
    """The month's as-of moment is still to come: its figures can change."""

    code = "month-not-over"
    zh = "该统计月尚未到截止时点（27 日 24:00），数字仍会变化，不能冻结。"
    en = "The month's as-of moment (the 27th 24:00) is still to come; its figures can change, so it cannot be frozen."


class NothingToCorrect(Conflict):
    """There is no edition to supersede, or the figures are those that it has."""

    code = "nothing-to-correct"
    zh = "没有可更正的月报，或重新计算的数字与已冻结的相同。"
    en = "There is no report to correct, or counted again the figures are those that are frozen."


def freeze(ledger: Ledger, node: Node, jurisdiction: str, month: str, now: datetime) -> tuple[FrozenReport, bool]:
    """The frozen report of a month as of its 27th 24:00, and whether it is new; frozen before, its last edition.

    MonthNotOver, NotServed, ValueError for no month.
    """
    code = node.divisions.normalise(jurisdiction)
    counties_of(node, code)
    held = last_edition(ledger, code, month)
    if held is not None:
        return held, False
    (made,) = _freeze(ledger, node, [code], month, now)
    return made, True


def freeze_due(ledger: Ledger, node: Node, now: datetime) -> int:
    """Freeze the last month that is over, of each served county and of what is served whole; how many were new."""
    month = last_month(node.rules, now)
    held = {head.jurisdiction for head in ledger.reports.heads(month=month)}
    return len(list(_freeze(ledger, node, [code for code in served_whole(node) if code not in held], month, now)))


def correct(ledger: Ledger, node: Node, jurisdiction: str, month: str, reason: CorrectionReason, now: datetime) -> FrozenReport:
    """A new edition as of now, which supersedes the last one; both stay. NothingToCorrect."""
    code = node.divisions.normalise(jurisdiction)
    held = last_edition(ledger, code, month)
    if held is None:
        raise NothingToCorrect
    ledger.counting.lock()
    reports = count_month(ledger, node, [code], month, now)[code]
    made = freeze_as(
        monthly_of(
            node=node.name,
            jurisdiction=code,
            counties=counties_of(node, code),
            month=month,
            as_of=now,
            now=now,
            reports=reports,
            supersedes=held.head,
            correction=reason,
        )
    )
    if _counts(made.read()) == _counts(held.read()):
        raise NothingToCorrect
    ledger.reports.freeze([made])
    return made


def _counts(report: MonthlyReport) -> list[tuple[object, ...]]:
    """What a correction must change: the counts of the rates. What waits, and for how long, changes by itself."""
    return [
        (figures.category, figures.jurisdiction, figures.township, rate.rate, rate.numerator, rate.denominator, rate.reason)
        for figures in report.figures
        for rate in figures.rates
    ]


def last_edition(ledger: Ledger, jurisdiction: str, month: str) -> FrozenReport | None:
    """The frozen report of a month that no other supersedes."""
    heads = [head for head in ledger.reports.heads(month=month) if head.jurisdiction == jurisdiction]
    return ledger.reports.frozen(max(heads, key=lambda head: head.edition).digest) if heads else None


def last_month(rules: RuleSet, now: datetime) -> str:
    """The last statistical month whose as-of moment has come."""
    # The moment of a month may lie in the month after it: the last but two has surely come.
    month = rules.month_of(civil_day(now))
    return next(last for last in (month, month_before(month), month_before(month, 2)) if rules.default_as_of(last) <= now)


def served_whole(node: Node) -> list[str]:
    """The served counties, and each division above them of which every county is served, in order."""
    above = {code for county in node.jurisdictions for code in node.divisions.ancestors(county)}
    whole = {code for code in above if frozenset(node.divisions.counties_within(code)) <= node.jurisdictions}
    return sorted(node.jurisdictions | whole)


def _freeze(ledger: Ledger, node: Node, codes: list[str], month: str, now: datetime) -> list[FrozenReport]:
    as_of = node.rules.default_as_of(month)
    if now < as_of:
        raise MonthNotOver
    # A day that is closed between two of the sums would be counted in both or in neither.
    ledger.counting.lock()
    made = [
        freeze_as(
            monthly_of(
                node=node.name,
                jurisdiction=code,
                counties=counties_of(node, code),
                month=month,
                as_of=as_of,
                now=now,
                reports=reports,
            )
        )
        for code, reports in count_month(ledger, node, codes, month, as_of).items()
    ]
    ledger.reports.freeze(made)
    return made
