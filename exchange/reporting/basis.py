"""What every report says of itself: where, of when, as of when, and by which rules."""

from collections.abc import Callable
from dataclasses import dataclass, fields

from exchange.counting.figures import Figures, Report
from exchange.counting.query import UNASSIGNED, Narrowing, ReportQuery
from exchange.jurisdiction import Divisions
from exchange.moments import Period
from exchange.reporting.table import Basis, Text
from exchange.terms.rules import RuleSet

UNASSIGNED_NAME = "未分派"
TOTAL = "合计"
ITEMS = Text("单位：件、天、%", "Unit: items, days, %")


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """What the builders of reports know beside the figures: the node's name, what places are called, and when months are."""

    node: str
    divisions: Divisions
    rules: RuleSet

    def whole_name(self, code: str) -> str:
        """湖北省武汉市武昌区."""
        return self.divisions.full_name(code)

    def place(self, figures: Figures) -> tuple[str, str]:
        """Name and code of whose figures these are; a township's own, or 未分派."""
        if figures.township is None:
            return self.divisions.name(figures.jurisdiction), figures.jurisdiction
        if figures.township == UNASSIGNED:
            return UNASSIGNED_NAME, UNASSIGNED
        return self.divisions.name(figures.township), figures.township

    def basis(self, report: Report, jurisdiction: str | None = None) -> Basis:
        """The basis of a report on its first jurisdiction, or on another one that its figures are put together for."""
        return self.basis_of(report.query, report.rules, report.rules_digest, jurisdiction)

    def basis_of(self, query: ReportQuery, rules: str, rules_digest: str, jurisdiction: str | None = None) -> Basis:
        """The same from the query and the rules."""
        code = self.divisions.normalise(jurisdiction or query.jurisdictions[0])
        return Basis(
            node=self.node,
            jurisdiction=code,
            place=self.whole_name(code),
            period=query.period,
            month=month_of(query.period, self.rules),
            as_of=query.as_of,
            cohort=query.cohort,
            rules=rules,
            rules_digest=rules_digest,
            divisions=self.divisions.edition,
            filters=filters_of(query.narrowing),
        )


Counting = Callable[[ReportQuery], Report]
"""How a report that needs several comes by its figures."""


def month_of(period: Period, rules: RuleSet) -> str | None:
    """The statistical month `YYYY-MM` that a period is, if it is one."""
    month = period.last.isoformat()[:7]
    return month if rules.statistical_month(month) == period else None


def filters_of(narrowing: Narrowing) -> dict[str, str]:
    """What a query was narrowed to, by the names of its parameters."""
    held = ((field.name, getattr(narrowing, field.name)) for field in fields(narrowing))
    return {name: str(value) for name, value in held if value is not None}


def when(basis: Basis) -> Text:
    """The period in a title: the statistical month, or the days."""
    if basis.month is not None:
        year, month = basis.month.split("-")
        return Text(f"{year}年{int(month)}月", basis.month)
    days = f"{basis.period.first.isoformat()} – {basis.period.last.isoformat()}"
    return Text(f"{basis.period.first.isoformat()}至{basis.period.last.isoformat()}", days)


def heading(basis: Basis, zh: str, en: str) -> Text:
    """A title: where, what, when."""
    told = when(basis)
    return Text(f"{basis.place}{zh}（{told.zh}）", f"{en} · {basis.place} · {told.en}")
