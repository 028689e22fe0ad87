"""What the node goes by: rule sets, house rules, and the holidays of a year."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response

from api.access import HolderDep, LedgerDep, OfficeDep, OperatorDep, ReadLedgerDep
from api.declared import reading, writing
from api.models.base import Listing
from api.models.clocks.norms import TABLE_EXAMPLE, DayTable, LoadingShown, RulesShown, YearShown
from api.models.shapes import Shaped, shown
from api.once import OnceDep
from api.serving.routes import StrictRoute
from exchange.moments import civil_day
from exchange.terms.daytable import DayTableRefused, check_day_rows
from exchange.terms.rulebook import RulesKind
from exchange.verbs.clocks.holidays import load_days, plan_days

router = APIRouter(prefix="/api/v1", tags=["Rules"], route_class=StrictRoute)
YearPath = Annotated[int, Path(ge=2004, le=2100, examples=[2027])]


@router.get("/rules", responses=reading(), summary="List rule sets and house rules")
def list_rules(_: HolderDep, office: OfficeDep) -> Listing[RulesShown]:
    """All versions that this node knows, side by side, and which of them it goes by. They are added by `woshou rules add`."""
    node, today = office.node, civil_day(office.now())
    shared = RulesShown.listed(RulesKind.SHARED, node.rulebook, today)
    return Listing[RulesShown](items=[*shared, *RulesShown.listed(RulesKind.HOUSE, node.housebook, today)], next=None)


@router.get("/calendar/{year}", responses=reading(), summary="The holidays of a year")
def read_year(_: HolderDep, office: OfficeDep, ledger: ReadLedgerDep, year: YearPath) -> YearShown:
    """The public holidays and worked weekends that due dates go by, and whether they can still change."""
    return YearShown.of(office.node.working_days, ledger.norms.days(), year)


@router.post("/calendar", response_model=LoadingShown, responses=writing(DayTableRefused), summary="Load a table of holidays")
def load_table(
    _: OperatorDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    body: Annotated[DayTable, Shaped(DayTable), Body(openapi_examples=shown(TABLE_EXAMPLE))],
) -> Response:
    """Take in the State Council's notice for a year: later due dates go by it, and provisional ones become firm.

    A receipt's due date never moves: where the firm one differs, that is a finding. `dry_run` only tells whom it concerns.
    """
    cells = [{"day": row.day, "kind": row.kind, "name": row.name or ""} for row in body.days]
    rows, run = check_day_rows(list(enumerate(cells, 1))), plan_days if body.dry_run else load_days
    loading = run(ledger, office.node, rows, body.issued_on, office.now())
    return once.answer(LoadingShown.of(loading, dry_run=body.dry_run))
