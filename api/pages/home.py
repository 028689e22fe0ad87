"""The first page, by role: what is to be done today, how the rates stand against last month, and what the last night found."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup

from adapters.office import Office
from api.access import Caller, HolderDep, OfficeDep, ReadLedgerDep
from api.local.clocks.troubles import list_troubles
from api.local.partners import list_findings
from api.local.reporting.reports import report_query
from api.local.worklists import Narrowed, count_worklists, everything
from api.models.rates import PlaceFigures
from api.pages.partners.agreements import awaited
from api.pages.reporting import charts
from api.pages.reporting.asking import Asked
from api.pages.reporting.figures import Figure, figures_of, mark_of
from api.pages.reporting.past import PastDep
from api.pages.route import FIGURES, Page, ViewerDep, page_router
from api.paging import PagingDep
from api.rights import ALERTED, READER, WATCHER
from exchange.counting.query import EVERYTHING
from exchange.moments import civil_day, day_start, format_moment
from exchange.rates import RateName
from exchange.reporting.basis import Counting, month_of

router = page_router()
# How far back the small lines go, and which rates they are of.
MONTHS: Final = 12
RATES: Final = (RateName.FEEDBACK_GIVEN, RateName.HANDSHAKE, RateName.EXCHANGE)
# The nightly jobs begin after this hour of the day before.
_EVENING: Final = timedelta(hours=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """A rate of the present statistical month, which knows its change since the last one, and its small line."""

    figure: Figure
    line: Markup


@router.get("/")
def show_home(
    viewer: ViewerDep, caller: HolderDep, office: OfficeDep, ledger: ReadLedgerDep, past: PastDep, paging: PagingDep
) -> Page:
    """How much stands on each worklist; and, for those with the right, figures and findings."""
    wanted = Narrowed(everything(caller, office), None)
    since = night_before(office.now())
    return viewer.page(
        "home.html",
        counts=count_worklists(caller, office, ledger, wanted) if viewer.may(READER) else None,
        today=civil_day(office.now()),
        place=office.node.divisions.name(caller.jurisdiction),
        until=civil_day(office.now()) - timedelta(days=1),
        month=office.node.rules.month_of(civil_day(office.now())),
        rates=_rates(viewer, caller, office, past.counting(office, ledger)) if viewer.may(FIGURES) else [],
        findings=[each for each in list_findings(caller, office, ledger, paging).items if each.at >= since]
        if viewer.may(WATCHER)
        else None,
        proposals=awaited(viewer, caller, office, ledger),
        divisions=office.node.divisions,
        troubles=[each for each in list_troubles(caller, ledger, paging).items if each.ended_at is None]
        if viewer.may(ALERTED)
        else None,
    )


def night_before(now: datetime) -> datetime:
    """When the last night began: what was found from then on is news today."""
    return day_start(civil_day(now) - timedelta(days=1)) + _EVENING


def _rates(viewer: ViewerDep, caller: Caller, office: Office, count: Counting) -> list[Moving]:
    """Every month as of its own moment, as in reports; the present one as of the last midnight, so that it is kept too."""
    midnight = day_start(civil_day(office.now()))
    query = report_query(caller, office, EVERYTHING, as_of=format_moment(midnight))
    present = Asked(query=query, month=month_of(query.period, office.node.rules))
    asked = [each for count in range(MONTHS - 1, -1, -1) if (each := present.before(office, count)) is not None]
    whole = [PlaceFigures.of(count(replace(each.query, rates=frozenset(RATES))).figures[0]) for each in asked]
    figures = figures_of(whole[-1], whole[-2])
    moving = []
    for name in RATES:
        place = [figure.name for figure in figures].index(name)
        marks = [mark_of(each.month or "", figures.rates[place]) for each, figures in zip(asked, whole, strict=True)]
        moving.append(Moving(figure=figures[place], line=charts.spark(viewer.language.say(figures[place].head), marks)))
    return moving
