"""Routes (路由) for the operator: the table, where one county goes, and pins."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response

from api.access import LedgerDep, OfficeDep, OperatorDep, ReadLedgerDep
from api.declared import reading, writing
from api.models.base import COUNTY, Doubt, Listing
from api.models.casework.routes import Pinning, RouteFound, WayShown
from api.models.shapes import Shaped, shown
from api.serving.routes import StrictRoute
from exchange.errors import NotFound
from exchange.jurisdiction import UnknownJurisdiction
from exchange.moments import civil_day
from exchange.routing.table import NoRoute
from exchange.routing.today import NoSuccessor, SeveralSuccessors, todays_code
from exchange.verbs.routing.find import route, table_of
from exchange.verbs.routing.pin import NotToBePinned, pin, unpin

router = APIRouter(prefix="/api/v1", tags=["Routing"], route_class=StrictRoute)
PrefixPath = Annotated[
    str, Path(pattern=r"^[0-9]{2}([0-9]{2}){0,2}$", description="2, 4 or 6 digits; 420000 is 42", examples=["4201"])
]


@router.get("/routes", responses=reading(), summary="List routes")
def list_routes(_: OperatorDep, office: OfficeDep, ledger: ReadLedgerDep) -> Listing[WayShown]:
    """The whole table: own counties, what was confirmed with partners, and pins."""
    return Listing[WayShown](items=[WayShown.of(way) for way in table_of(ledger, office.node).ways], next=None)


@router.get(
    "/routes/{code}",
    responses=reading(UnknownJurisdiction, SeveralSuccessors, NoSuccessor, NoRoute),
    summary="Test a route",
)
def find_route(
    _: OperatorDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    code: Annotated[str, Path(pattern=COUNTY, examples=["110104"])],
) -> RouteFound:
    """Where a county's exchanges would go now, a retired code under what it is today."""
    divisions = office.node.divisions
    found = todays_code(divisions, code, civil_day(office.now()))
    return RouteFound(
        code=code,
        today=found.code,
        name=divisions.full_name(found.code),
        way=WayShown.of(route(ledger, office.node, found.code)),
        notes=[Doubt.of(found.note)] if found.note is not None else [],
    )


@router.put("/routes/{code}", responses=writing(NotFound, UnknownJurisdiction, NotToBePinned), summary="Pin a code or a prefix")
def pin_route(
    _: OperatorDep,
    office: OfficeDep,
    ledger: LedgerDep,
    code: PrefixPath,
    body: Annotated[Pinning, Shaped(Pinning), Body(openapi_examples=shown({"partner": "wuchang.example"}))],
) -> WayShown:
    """Let a county, or all codes that begin with the prefix, go to a partner; a longer prefix still goes before it."""
    made = pin(ledger, office.node, code, body.partner, office.now())
    return WayShown(prefix=made.prefix, partner=made.partner, pinned=True, own=False, active=True)


@router.delete("/routes/{code}", status_code=204, responses=writing(NotFound), summary="Take a pin out")
def unpin_route(_: OperatorDep, ledger: LedgerDep, code: PrefixPath) -> Response:
    """What was confirmed with the partners decides again."""
    unpin(ledger, code)
    return Response(status_code=204)
