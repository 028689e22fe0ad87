"""What comparing registers leaves behind; import them from `tests.builders`."""

from dataclasses import replace
from typing import Any

from exchange.codes import Item
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import DifferenceKind, Outcome, RegisterDifference, RegisterRun, Starter, Tally
from tests.building.basics import WUCHANG, WUCHANG_NODE, XICHENG, a_digest, a_moment, an_id


def a_register_run(n: int = 1, **changes: Any) -> RegisterRun:
    """A settled comparison of Xicheng's outflow with Wuchang's inflow register, which took a minute."""
    run = RegisterRun(
        id=an_id(n),
        reconciliation=an_id(500),
        partner=WUCHANG_NODE,
        agreement=a_digest("agreement"),
        pair=Pair(origin=XICHENG, destination=WUCHANG),
        items=(Item.MARITAL_STATUS, Item.CHILDREN),
        started_by=Starter.US,
        began_at=a_moment(n),
        ended_at=a_moment(n + 1),
        as_of=a_moment(n),
        outcome=Outcome.SETTLED,
        outflow_size=40,
        inflow_size=41,
        numberless_outflow=1,
        numberless_inflow=0,
        coarse_left=2,
        estimate=5,
        tally=Tally(agreeing=36, differing=1, coarse=2, coarse_differing=1, outflow_only=3, inflow_only=2),
        repaired=4,
        calls=3,
        bytes=4_000,
    )
    return replace(run, **changes)


def a_register_difference(n: int = 1, **changes: Any) -> RegisterDifference:
    """`an_entry(n)` of Xicheng, which Wuchang does not have."""
    difference = RegisterDifference(
        entry=an_id(n),
        own=XICHENG,
        partner=WUCHANG_NODE,
        pair=Pair(origin=XICHENG, destination=WUCHANG),
        kind=DifferenceKind.ONE_SIDED,
        first_at=a_moment(60),
    )
    return replace(difference, **changes)
