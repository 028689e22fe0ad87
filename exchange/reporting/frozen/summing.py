"""The sum of reports that came from below: numerators and denominators added up, never an average, missing parts named."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from exchange.counting.figures import Figures, Report
from exchange.counting.share import Beside, Share
from exchange.jurisdiction import Category
from exchange.moments import parse_moment
from exchange.rates import Rate, RateName, Reason
from exchange.reporting.basis import Maker, heading
from exchange.reporting.feedback import feedback_table
from exchange.reporting.frozen.thawing import report_of
from exchange.reporting.frozen.upward import Summed
from exchange.reporting.table import Document, Text

PARTS_WITHOUT: Final = Reason(
    code="parts-without-counts", zh="有下级地区没有该项数字。", en="Some of the parts have no counts of this rate."
)
_NO_DAYS: Final = Text(
    "合计不含天数的中位数和百分位数：不能由各部分的相应数字得出。",
    "The totals have no median and no percentile of days: they do not follow from those of the parts.",
)


def summed_report(summed: Summed, jurisdiction: str, category: Category, maker: Maker) -> Document:
    """The feedback report of a jurisdiction whose rows are the reports of its parts, of which there is at least one."""
    reports = [report_of(part.report, category) for part in summed.parts]
    like = reports[0]
    parts = [report.figures[0] for report in reports if report.figures]
    latest = max(parse_moment(part.report.as_of) for part in summed.parts)
    rules = " / ".join(sorted({report.rules for report in reports}))
    basis = replace(maker.basis(like, jurisdiction), rules=rules, as_of=latest)
    title = heading(basis, "上报汇总表", "Sum of the reports received")
    table = feedback_table(title, sum_of(jurisdiction, parts, like), parts, maker, *_notes(summed, maker, latest))
    return Document(name="sum", title=title, basis=basis, tables=(table,))


def sum_of(jurisdiction: str, parts: Sequence[Figures], like: Report) -> Figures:
    """The figures of the whole: each count the sum of the parts'; none of a rate that one of the parts has none of."""
    rejected = [figures.rejected for figures in parts if figures.rejected is not None]
    return Figures(
        jurisdiction=jurisdiction,
        township=None,
        rates=tuple(_sum(name, jurisdiction, [figures.rate(name) for figures in parts], like) for name in RateName),
        rejected=sum(rejected),
    )


def _sum(name: RateName, jurisdiction: str, rates: Sequence[Rate], like: Report) -> Rate:
    numerators = [rate.numerator for rate in rates if rate.numerator is not None]
    denominators = [rate.denominator for rate in rates if rate.denominator is not None]
    counted = len(numerators) == len(denominators) == len(rates)
    besides = [rate.beside for rate in rates if rate.beside is not None]
    return Rate(
        name=name,
        jurisdiction=jurisdiction,
        cohort=like.query.cohort,
        period=like.query.period,
        as_of=like.query.as_of,
        numerator=sum(numerators) if counted else None,
        denominator=sum(denominators) if counted else None,
        reason=None if counted else PARTS_WITHOUT,
        rules=like.rules,
        beside=_beside(besides) if counted and besides else None,
    )


def _beside(besides: Sequence[Beside]) -> Beside:
    def shares(of: Callable[[Beside], Share]) -> Share:
        held = [of(beside) for beside in besides]
        return Share(numerator=sum(share.numerator for share in held), denominator=sum(share.denominator for share in held))

    return Beside(
        median_days=None,
        p90_days=None,
        not_found=shares(lambda beside: beside.not_found),
        refused=shares(lambda beside: beside.refused),
        lapsed=shares(lambda beside: beside.lapsed),
        challenged=shares(lambda beside: beside.challenged),
        withdrawn=shares(lambda beside: beside.withdrawn),
        withdrawn_apart=sum(beside.withdrawn_apart for beside in besides),
        open=sum(beside.open for beside in besides),
        oldest_open_days=_oldest(beside.oldest_open_days for beside in besides),
        overdue=sum(beside.overdue for beside in besides),
        oldest_overdue_days=_oldest(beside.oldest_overdue_days for beside in besides),
    )


def _oldest(days: Iterable[int | None]) -> int | None:
    return max((day for day in days if day is not None), default=None)


def _notes(summed: Summed, maker: Maker, latest: datetime) -> list[Text]:
    notes = [_NO_DAYS]
    if summed.missing:
        names = "、".join(f"{maker.divisions.name(code)} {code}" for code in summed.missing)
        notes.append(Text(f"尚缺 {len(summed.missing)} 个地区，未计入：{names}。", f"Missing, and not counted: {names}."))
    rules = sorted({(part.report.rules.version, part.report.rules.digest) for part in summed.parts})
    if len(rules) > 1:
        told = ", ".join(f"{version} ({digest[:12]})" for version, digest in rules)
        notes.append(Text(f"各部分所用规则集不同：{told}。", f"The parts rest on different rule sets: {told}."))
    if any(parse_moment(part.report.as_of) != latest for part in summed.parts):
        notes.append(
            Text("各部分截至时点不同，此处为最晚者。", "The parts have different as-of moments; the latest one is shown.")
        )
    return notes
