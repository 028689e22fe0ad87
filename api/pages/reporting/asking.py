"""What the pages of reports are asked for: the filter's fields as a query, and as links that keep them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Depends, Query, Request

from adapters.office import Office
from api.access import Caller, OfficeDep, ReaderDep
from api.local.rates import MONTH, narrowing
from api.local.reporting.reports import report_query
from api.local.visible import partner_names
from api.models.base import CODE, Day
from exchange.counting.query import Narrowing, ReportQuery
from exchange.jurisdiction import Level
from exchange.ledger import Ledger
from exchange.moments import civil_day, day_end, format_moment
from exchange.rates import Cohort, RateName
from exchange.reporting.basis import month_of
from exchange.reporting.trend import month_before

FILTERS: Final = (
    "jurisdiction",
    "month",
    "from",
    "to",
    "partner",
    "other",
    "kind",
    "purpose",
    "category",
    "township",
    "register",
    "cohort",
    "until",
)
_MONTHS: Final = 24
# Of when the figures are: without effect where the page is of now.
PERIOD: Final = frozenset({"month", "from", "to", "cohort", "until"})
IDLE: Final[Mapping[str, frozenset[str]]] = {"/reports/overdue": PERIOD, "/reports/handshake": PERIOD}
# What a page refuses, and so neither offers nor is led to with.
_REFUSED: Final[Mapping[str, frozenset[str]]] = {
    "/reports/partners": frozenset({"purpose"}),
    "/reports/matrix": frozenset({"purpose"}),
    "/reports/overdue": frozenset({"purpose"}),
    "/reports/handshake": frozenset({"kind", "purpose", "township"}),
    "/reports/trend": frozenset({"from", "to"}),
}
# What ranks the townships of a county, of which nothing is told by purpose.
_OF_TOWNSHIPS: Final = frozenset({"/reports/league"})
# As the trend: before the earliest moment of the wire there is nothing to compare with.
_FIRST_YEAR: Final = 1972


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query, and its filters as they stood in the address, empty where they were not given."""

    query: ReportQuery
    given: Mapping[str, str] = field(default_factory=dict)
    month: str | None = None
    of_county: bool = False
    instead: bool = False
    """Whether the month is not the one that was asked for, of which nothing is told by purpose before it is over."""

    @property
    def undivided(self) -> bool:
        """Whether it is of a county by purpose, which is told without its townships alone."""
        return self.of_county and self.query.narrowing.purpose is not None

    @property
    def place(self) -> str:
        """Whose figures."""
        return self.query.jurisdictions[0]

    def link(self, **changes: str | None) -> str:
        """The same query with changes, as the part of an address from `?` on; None takes a filter away."""
        return link_of({**self.given, **changes})

    def refused_on(self, path: str) -> frozenset[str]:
        """The filters that a page of reports does not take of this place."""
        refused = _REFUSED.get(path, frozenset())
        rows = path.startswith("/reports/rates/")
        return refused | {"purpose"} if rows or (self.of_county and path in _OF_TOWNSHIPS) else refused

    def on(self, path: str) -> str:
        """Another page of reports, asked for the same as far as it takes that."""
        return path + self.link(**dict.fromkeys(self.refused_on(path)))

    def of_month(self, month: str, office: Office) -> "Asked | None":
        """The same as of another statistical month's own moment, or as of this one's if that is earlier."""
        if self.query.period.first.year < _FIRST_YEAR:
            return None
        rules = office.node.rules
        moment = min(rules.default_as_of(month), self.query.as_of)
        return replace(self, query=replace(self.query, period=rules.statistical_month(month), as_of=moment), month=month)

    def of_partner(self, name: str) -> "Asked":
        """The same of one partner."""
        narrowed = replace(self.query.narrowing, partner=name)
        return replace(self, query=replace(self.query, narrowing=narrowed), given={**self.given, "partner": name})

    def of_rates(self, *rates: RateName) -> "Asked":
        """The same of some rates alone."""
        return replace(self, query=replace(self.query, rates=frozenset(rates)))

    def as_of(self, moment: datetime) -> "Asked":
        """The same as of another moment."""
        return replace(self, query=replace(self.query, as_of=moment))

    def before(self, office: Office, count: int = 1) -> "Asked | None":
        """The month so many months before; None where what was asked for is no statistical month."""
        return None if self.month is None else self.of_month(month_before(self.month, count), office)


def asked(
    request: Request,
    caller: ReaderDep,
    office: OfficeDep,
    narrowed: Annotated[Narrowing, Depends(narrowing)],
    jurisdiction: Annotated[str | None, Query(pattern=CODE)] = None,
    month: Annotated[str | None, Query(pattern=MONTH)] = None,
    first: Annotated[Day | None, Query(alias="from")] = None,
    last: Annotated[Day | None, Query(alias="to")] = None,
    cohort: Annotated[Cohort, Query()] = Cohort.DUE,
    until: Annotated[Day | None, Query()] = None,
) -> Asked:
    """What the filter says; days count before a month, and the as-of moment is the end of a day. Refusals as `report_query`."""
    if first is not None or last is not None:
        month = None
    elif narrowed.purpose is not None:
        month = told_by_purpose(office, month)
    as_of = None if until is None else format_moment(day_end(until))
    query = report_query(caller, office, narrowed, jurisdiction, month, first, last, cohort, as_of)
    given = {name: request.query_params.get(name, "") for name in FILTERS}
    instead = narrowed.purpose is not None and month is not None and month != given["month"]
    return Asked(
        query=query,
        given={**given, "month": month or ""} if instead else given,
        month=month_of(query.period, office.node.rules),
        of_county=office.node.divisions.normalise(query.jurisdictions[0]) in office.node.jurisdictions,
        instead=instead,
    )


AskedDep = Annotated[Asked, Depends(asked)]


def told_by_purpose(office: Office, month: str | None = None) -> str:
    """The month, or the last one whose own moment has come: of the others nothing is told by purpose."""
    rules, now = office.node.rules, office.now()
    present = rules.month_of(civil_day(now))
    last = next(each for count in range(_MONTHS) if rules.default_as_of(each := month_before(present, count)) <= now)
    return last if month is None or last < month <= present else month


def link_of(given: Mapping[str, str | None]) -> str:
    """Filters as the part of an address from `?` on, without what is empty."""
    wanted = {name: value for name, value in given.items() if value}
    return f"?{urlencode(wanted)}" if wanted else "?"


def bar(caller: Caller, office: Office, ledger: Ledger, wanted: Asked) -> dict[str, Any]:
    """What the filter bar shows beside what was asked for: months, the places above and below, partners."""
    divisions = office.node.divisions
    this = office.node.rules.month_of(civil_day(office.now()))
    return {
        "asked": wanted,
        "idle": IDLE,
        "link_of": link_of,
        "last_told": told_by_purpose(office),
        "line": line_to(caller, office, wanted.place),
        "months": [month_before(this, count) for count in range(_MONTHS)],
        "below": [code for code in divisions.children(wanted.place) if _is_served(office, code)],
        "partners": sorted(set(partner_names(ledger).values())),
        "partner_names": partner_titles(office, ledger),
        "divisions": divisions,
        "title": divisions.full_name(wanted.place),
    }


def partner_titles(office: Office, ledger: Ledger) -> dict[str, str]:
    """What the nodes are called, by their names; this one too, whose counties may be each other's partners."""
    return {each.node: each.name for each in ledger.partners.all()} | {office.node.name: office.node.title}


def line_to(caller: Caller, office: Office, place: str) -> list[str]:
    """The places from the caller's own down to one, which is the last."""
    divisions = office.node.divisions
    above = [code for code in divisions.ancestors(place) if divisions.contains(caller.jurisdiction, code)]
    return [*reversed(above), divisions.normalise(place)]


def _is_served(office: Office, code: str) -> bool:
    divisions = office.node.divisions
    if divisions.level_of(code) is Level.TOWNSHIP:
        return True
    return any(divisions.contains(code, county) for county in office.node.jurisdictions)
