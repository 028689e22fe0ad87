"""The rates and the rows behind them: figures, never a person."""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, OfficeDep, ReaderDep, ReadLedgerDep
from api.declared import Responses, reading
from api.models.base import CODE, CodeQuery, Day, Listing, NodeQuery
from api.models.grids import GridShown
from api.models.rates import ReportShown, RowShown
from api.paging import PagingDep
from api.serving.routes import StrictRoute
from exchange.codes import Event, Kind, PriorityLevel, Purpose, RegisterKind
from exchange.counting.grid import By, GridQuery
from exchange.counting.query import UNASSIGNED, Narrowing, ReportQuery, months_until
from exchange.cursors import BadCursor
from exchange.errors import Invalid, NotFound
from exchange.jurisdiction import Category, Divisions, Level
from exchange.moments import MOMENT_PATTERN, Period, civil_day, day_start, parse_moment
from exchange.node import NotServed
from exchange.rates import Cohort, RateName
from exchange.reporting.guarding import NotByPurpose
from exchange.verbs.counting.grid import NotInAGrid, grid, jurisdictions_at
from exchange.verbs.counting.handshakes import NotOfHandshakes
from exchange.verbs.report import rows_on_page
from exchange.verbs.reporting.by_purpose import shown_report

router = APIRouter(prefix="/api/v1", tags=["Rates"], route_class=StrictRoute)
_ANY = "any"
MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


def narrowing(
    partner: NodeQuery = None,
    other: CodeQuery = None,
    kind: Annotated[Kind | None, Query()] = None,
    event: Annotated[Event | None, Query()] = None,
    purpose: Annotated[Purpose | None, Query(description="of whole months alone, and not below cells of 10")] = None,
    priority: Annotated[PriorityLevel | None, Query()] = None,
    category: Annotated[
        str, Query(pattern="^(migrant|intra_city|any)$", description="intra-city movers are reported apart, unless `any`")
    ] = Category.MIGRANT.value,
    township: Annotated[
        str | None, Query(pattern=rf"^([0-9]{{9}}|{UNASSIGNED})$", description="a township of the jurisdiction, or `unassigned`")
    ] = None,
    register: Annotated[RegisterKind | None, Query(description="in which the own side keeps the person")] = None,
) -> Narrowing:
    """Which exchanges and entries to count."""
    return Narrowing(
        partner=partner,
        other=other,
        kind=kind,
        event=event,
        purpose=purpose,
        priority=priority,
        category=None if category == _ANY else Category(category),
        township=township,
        register=register,
    )


def wanted_report(
    caller: ReaderDep,
    office: OfficeDep,
    narrowed: Annotated[Narrowing, Depends(narrowing)],
    jurisdiction: Annotated[str | None, Query(pattern=CODE, description="the caller's unless given")] = None,
    month: Annotated[str | None, Query(pattern=MONTH, description="statistical month: from the 21st before to the 20th")] = None,
    first: Annotated[Day | None, Query(alias="from", description="first day; with `to`, instead of `month`")] = None,
    last: Annotated[Day | None, Query(alias="to", description="last day, included")] = None,
    cohort: Annotated[Cohort, Query()] = Cohort.DUE,
    as_of: Annotated[
        str | None, Query(pattern=MOMENT_PATTERN, description="the 27th 24:00 of the month, or now, unless given")
    ] = None,
) -> ReportQuery:
    """The report that the query names; NotFound for a jurisdiction outside the caller's."""
    now = office.now()
    place = place_within(office.node.divisions, caller, jurisdiction)
    try:
        if month is not None and first is None and last is None:
            rules = office.node.rules
            period, moment = rules.statistical_month(month), rules.default_as_of(month)
        elif month is None and first is not None and last is not None:
            period, moment = Period(first=first, last=last), now
        else:
            raise Invalid(
                zh="请给出统计月（month），或起止两日（from 与 to）。",
                en="Give a month (`month`), or both days (`from` and `to`).",
            )
        moment = parse_moment(as_of) if as_of is not None else moment
    except (ValueError, OverflowError) as exc:
        raise Invalid(zh="统计期间或时点无效。", en="The period or the as-of moment is not valid.") from exc
    return ReportQuery(jurisdictions=(place,), period=period, as_of=min(moment, now), cohort=cohort, narrowing=narrowed)


WantedDep = Annotated[ReportQuery, Depends(wanted_report)]


@router.get("/rates", responses=reading(NotFound, NotServed, NotByPurpose), summary="The rates of a jurisdiction")
def read_rates(
    wanted: WantedDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    parts: Annotated[bool, Query(description="also those directly below it; of a county its townships")] = False,
) -> ReportShown:
    """The thirteen rates with both counts, and what stands beside them. A report for a past as-of never changes."""
    return ReportShown.of(shown_report(ledger, office.node, replace(wanted, parts=parts)))


class GridFormat(StrEnum):
    """JSON in columns, or one cell a line."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


_CELLS: Responses = {
    200: {
        "content": {
            media: {"schema": {"type": "string"}, "example": example}
            for media, example in (
                (
                    "application/x-ndjson",
                    '{"jurisdiction":"110102","from":"2026-01-21","to":"2026-02-20","matter":"query","numerator":9,"denominator":10}\n',
                ),
                ("text/csv", "jurisdiction,from,to,matter,numerator,denominator\r\n110102,2026-01-21,2026-02-20,query,9,10\r\n"),
            )
        },
        "description": "a grid",
    }
}


@router.get(
    "/rates/grid",
    response_model=GridShown,
    responses=_CELLS | reading(NotFound, NotServed, NotInAGrid, NotOfHandshakes),
    summary="One rate of many jurisdictions and months",
)
def read_grid(
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    narrowed: Annotated[Narrowing, Depends(narrowing)],
    month: Annotated[str, Query(pattern=MONTH, description="the last statistical month")],
    months: Annotated[int, Query(ge=1, le=60, description="how many, up to that one")] = 1,
    rate: Annotated[
        RateName, Query(description="one of the six feedback rates, handshake or field agreement")
    ] = RateName.FEEDBACK_GIVEN,
    jurisdiction: Annotated[str | None, Query(pattern=CODE, description="the caller's unless given")] = None,
    level: Annotated[Level, Query(description="which places within it")] = Level.COUNTY,
    by: Annotated[By, Query(description="what the matters are told apart by")] = By.KIND,
    cohort: Annotated[Cohort, Query()] = Cohort.DUE,
    as_of: Annotated[str | None, Query(pattern=MOMENT_PATTERN, description="the last midnight, unless given")] = None,
    format: Annotated[GridFormat, Query()] = GridFormat.JSON,
) -> Response:
    """Two counts for each place, month and kind of matter, in columns of one length. Equal to what `/rates` says of each.

    Of handshake and field agreement the matters are the two registers, and each month stands as of its own 27th 24:00.

    Midnights are read from totals that are kept ready; any other moment is exact as well, and takes longer.
    """
    now = office.now()
    try:
        periods = months_until(month, months, office.node.rules)
        moment = min(parse_moment(as_of), now) if as_of is not None else day_start(civil_day(now))
    except (ValueError, OverflowError) as exc:
        raise Invalid(zh="统计期间或时点无效。", en="The period or the as-of moment is not valid.") from exc
    place = place_within(office.node.divisions, caller, jurisdiction)
    wanted = GridQuery(
        rate=rate,
        jurisdictions=jurisdictions_at(office.node, place, level),
        periods=periods,
        as_of=moment,
        by=by,
        cohort=cohort,
        narrowing=narrowed,
    )
    made = GridShown.of(grid(ledger, office.node, wanted))
    match format:
        case GridFormat.JSON:
            return Response(made.json_bytes(), media_type="application/json")
        case GridFormat.NDJSON:
            return Response(made.ndjson(), media_type="application/x-ndjson")
        case GridFormat.CSV:
            return Response(made.csv(), media_type="text/csv; charset=utf-8")


@router.get(
    "/rates/{rate}/rows", responses=reading(NotFound, NotServed, BadCursor, NotByPurpose), summary="The rows behind a rate"
)
def read_rate_rows(
    wanted: WantedDep, office: OfficeDep, ledger: ReadLedgerDep, paging: PagingDep, rate: Annotated[RateName, Path()]
) -> Listing[RowShown]:
    """Ids and stamps of what was counted, enough to count the figure again; the counts of all rows sum to the rate's.

    Not by purpose: that would tell what each exchange was for. Which entries count by a birth registration alone is not told
    either: a row `untold` says how many they are.
    """
    place, asked = wanted.jurisdictions[0], replace(wanted, told_on=civil_day(office.now()))
    rows, following = paging.rows(lambda page: rows_on_page(ledger, office.node, asked, place, rate, page), lambda row: row[0])
    return Listing[RowShown](items=[RowShown.of(row) for _, row in rows], next=following)


def place_within(divisions: Divisions, caller: Caller, wanted: str | None) -> str:
    """The caller's jurisdiction, or one within it that is asked for; NotFound for any other."""
    if not caller.counties:
        raise NotFound
    if wanted is None:
        return caller.jurisdiction
    if not divisions.is_known(wanted) or not divisions.contains(caller.jurisdiction, wanted):
        raise NotFound
    return wanted
