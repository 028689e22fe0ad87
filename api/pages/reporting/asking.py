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
# As the trend: before the earliest moment of the wire there is nothing to compare with.
_FIRST_YEAR: Final = 1972


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query, and its filters as they stood in the address, empty where they were not given."""

    query: ReportQuery
    given: Mapping[str, str] = field(default_factory=dict)
    month: str | None = None

    @property
    def place(self) -> str:
        """Whose figures."""
        return self.query.jurisdictions[0]

    def link(self, **changes: str | None) -> str:
        """The same query with changes, as the part of an address from `?` on; None takes a filter away."""
        wanted = {name: value for name, value in {**self.given, **changes}.items() if value}
        return f"?{urlencode(wanted)}" if wanted else "?"

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
    as_of = None if until is None else format_moment(day_end(until))
    query = report_query(caller, office, narrowed, jurisdiction, month, first, last, cohort, as_of)
    given = {name: request.query_params.get(name, "") for name in FILTERS}
    return Asked(query=query, given=given, month=month_of(query.period, office.node.rules))


AskedDep = Annotated[Asked, Depends(asked)]


def bar(caller: Caller, office: Office, ledger: Ledger, wanted: Asked) -> dict[str, Any]:
    """What the filter bar shows beside what was asked for: months, the places above and below, partners."""
    divisions = office.node.divisions
    this = office.node.rules.month_of(civil_day(office.now()))
    return {
        "asked": wanted,
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
