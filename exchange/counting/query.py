"""What a report is asked for: whose figures, of when, as of when, and of which exchanges."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from exchange.codes import Event, Kind, PriorityLevel, Purpose, RegisterKind
from exchange.exchanges import Exchange
from exchange.jurisdiction import Category
from exchange.moments import Period
from exchange.rates import Cohort, RateName
from exchange.terms.rules import RuleSet

UNASSIGNED: Final = "unassigned"
"""The township of what was handed to none (未分派): a row of its own, so that parts sum to the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """Which exchanges and entries to count; None does not narrow.

    `partner` is a node's name, `other` a jurisdiction of any level on the other side, `township` a code or `UNASSIGNED`,
    `register` the one in which the own side keeps the person. Migrants alone unless told otherwise, for intra-city movers
    are always reported apart.
    """

    partner: str | None = None
    other: str | None = None
    kind: Kind | None = None
    event: Event | None = None
    purpose: Purpose | None = None
    priority: PriorityLevel | None = None
    category: Category | None = Category.MIGRANT
    township: str | None = None
    register: RegisterKind | None = None

    @property
    def by_matter(self) -> bool:
        """Whether it tells exchanges of one entry apart: an open entry cannot be divided so."""
        return any(of is not None for of in (self.kind, self.event, self.purpose, self.priority))

    @property
    def by_place(self) -> bool:
        """Whether it tells places apart within a register: a file cannot be divided so."""
        return any(of is not None for of in (self.partner, self.other, self.township))

    def takes(self, exchange: Exchange) -> bool:
        """Whether to count an exchange by what it is; where it goes and who handles it is told apart elsewhere."""
        urgent = self.priority is PriorityLevel.URGENT
        return (
            (self.category is None or exchange.category is self.category)
            and (self.kind is None or exchange.kind is self.kind)
            and (self.event is None or exchange.event is self.event)
            and (self.purpose is None or exchange.purpose is self.purpose)
            and (self.priority is None or (exchange.urgent is not None) is urgent)
            and (self.register is None or register_of(exchange) is self.register)
        )


def register_of(exchange: Exchange) -> RegisterKind:
    """The register in which the own side keeps the person: the origin its outflow, the destination its inflow."""
    return RegisterKind.OUTFLOW if exchange.own == exchange.origin else RegisterKind.INFLOW


EVERYTHING: Final = Narrowing()
ALL_RATES: Final = frozenset(RateName)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """One report. `jurisdictions` are codes of any level, townships included.

    `rates` are those that are wanted: only what they rest on is read. `parts` adds, after each jurisdiction, the ones directly
    below it: of a county its townships and `UNASSIGNED`. `rows` names the rates whose rows are wanted; with `told_on`, the
    day on which they are shown, they do not tell which entries count by a birth registration alone. An as-of moment ahead of the
    clock gives a figure that can still change: the caller, who has a clock, cuts it.
    """

    jurisdictions: tuple[str, ...]
    period: Period
    as_of: datetime
    cohort: Cohort = Cohort.DUE
    narrowing: Narrowing = EVERYTHING
    parts: bool = False
    rates: frozenset[RateName] = ALL_RATES
    rows: frozenset[RateName] = frozenset()
    told_on: date | None = None


def month_query(
    month: str,
    jurisdictions: tuple[str, ...],
    now: datetime,
    *,
    rules: RuleSet,
    cohort: Cohort = Cohort.DUE,
    narrowing: Narrowing = EVERYTHING,
    parts: bool = False,
) -> ReportQuery:
    """The report of a statistical month `YYYY-MM` as of its customary moment, or `now` before that; ValueError for no month."""
    return ReportQuery(
        jurisdictions=jurisdictions,
        period=rules.statistical_month(month),
        as_of=min(rules.default_as_of(month), now),
        cohort=cohort,
        narrowing=narrowing,
        parts=parts,
    )


def months_until(last: str, number: int, rules: RuleSet) -> tuple[Period, ...]:
    """So many statistical months up to `YYYY-MM`, in order; ValueError for no month."""
    months = [last]
    for _ in range(number - 1):
        before = date.fromisoformat(f"{months[-1]}-01") - timedelta(days=1)
        months.append(f"{before:%Y-%m}")
    return tuple(rules.statistical_month(month) for month in reversed(months))
