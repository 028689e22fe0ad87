"""The handshake as a series: how far two registers know the same people, day by day or month by month."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.access import OfficeDep, ReaderDep, ReadLedgerDep
from api.declared import reading
from api.local.rates import narrowing, place_within
from api.models.base import CODE, Day
from api.models.handshakes import SeriesShown
from api.serving.routes import StrictRoute
from exchange.counting.query import Narrowing
from exchange.counting.reconciled.series import Every, SeriesQuery, span_of
from exchange.errors import Invalid, NotFound
from exchange.node import NotServed
from exchange.verbs.counting.handshakes import NotOfHandshakes, handshake_series

router = APIRouter(prefix="/api/v1/rates/handshake", tags=["Rates"], route_class=StrictRoute)


@router.get("/series", responses=reading(NotFound, NotServed, NotOfHandshakes), summary="The handshake over days or months")
def read_handshake_series(
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    narrowed: Annotated[Narrowing, Depends(narrowing)],
    jurisdiction: Annotated[str | None, Query(pattern=CODE, description="the caller's unless given")] = None,
    first: Annotated[Day | None, Query(alias="from", description="30 days or 12 months up to the last, unless given")] = None,
    last: Annotated[Day | None, Query(alias="until", description="last day, included; today unless given")] = None,
    step: Annotated[Every, Query(description="by day, or by statistical month as of its customary moment")] = Every.DAY,
    by_partner: Annotated[bool, Query(description="also each partner by itself")] = False,
) -> SeriesShown:
    """Both counts of handshake and field agreement at the end of each day or month; the last one as of now.

    Equal to what `/rates` says as of each moment. A jurisdiction's points are sums over its counties, as origin and as
    destination.
    """
    now, rules = office.now(), office.node.rules
    place = place_within(office.node.divisions, caller, jurisdiction)
    try:
        span = span_of(first, last, step, rules, now)
    except (ValueError, OverflowError) as exc:
        raise Invalid(
            zh="期间无效：起始日不晚于终止日和今日，至多 400 个点。",
            en="The period is not valid: from no later than until and today, and at most 400 points.",
        ) from exc
    query = SeriesQuery(jurisdiction=place, moments=span.moments, narrowing=narrowed, by_partner=by_partner)
    return SeriesShown.of(handshake_series(ledger, office.node, query), span.first, span.last)
