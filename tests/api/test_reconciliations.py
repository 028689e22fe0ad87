"""Reconciliations over the API: counts and codes, for who oversees, of the own counties."""

from dataclasses import replace
from pathlib import Path

from exchange.reconciling.pairs import Pair
from exchange.reconciling.reconciliation import LeftOut, Why
from exchange.reconciling.results import Outcome, Tally
from tests.api.nodes import Served, served
from tests.builders import (
    WUCHANG,
    XICHENG,
    XICHENG_NODE,
    a_failed_pair,
    a_link_step,
    a_moment,
    a_reconciliation,
    a_register_run,
    an_id,
)
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node

DONGCHENG = "110101"
BACK = Pair(origin=WUCHANG, destination=XICHENG)


def keep(node: Served) -> None:
    """Last night's run of the pair, and tonight's with everything that can come of it."""
    with node.office.ledgers.transaction() as ledger:
        ledger.reconciliations.put(a_reconciliation(1))
        ledger.reconciliations.put(a_reconciliation(40, ended_at=None, pairs=3))
        ledger.reconciliations.put_link(a_link_step(40))
        ledger.reconciliations.put_failed(a_failed_pair(40, pair=BACK))
        ledger.reconciliations.leave_out(
            an_id(40),
            [
                LeftOut(partner="away.example", pair=None, why=Why.NOT_ACTIVE),
                LeftOut(partner=None, pair=Pair(origin=XICHENG, destination="420107"), why=Why.NO_ROUTE),
            ],
        )
        before, tally = Tally(agreeing=8, outflow_only=1, inflow_only=1), Tally(agreeing=9, outflow_only=1)
        ledger.register_runs.put(a_register_run(1, reconciliation=an_id(1), tally=before))
        ledger.register_runs.put(a_register_run(50, reconciliation=an_id(40), began_at=a_moment(50), tally=tally, repaired=1))


def test_a_reconciliation_shows_its_links_and_pairs_beside_the_run_before(xicheng: Served):
    keep(xicheng)
    listed = xicheng.get("/reconciliations", role="coordinator")["items"]
    assert [(row["id"], row["by"], row["ended_at"] is None) for row in listed] == [
        (an_id(40), "night", True),
        (an_id(1), "night", False),
    ]
    whole = xicheng.get(f"/reconciliations/{an_id(40)}", role="operator")
    (link,) = whole["link_steps"]
    assert (link["settled"], link["resent"], link["adopted"], link["trouble"]) == (True, 2, 1, None)
    compared, failed = whole["pair_steps"]
    assert (compared["outcome"], compared["repaired"], compared["tally"]["differences"]) == ("settled", 1, 1)
    assert (compared["tally"]["handshaken"], compared["tally"]["known"]) == (9, 10)
    assert (compared["before"]["handshaken"], compared["before"]["known"]) == (8, 10)
    assert (failed["origin"], failed["outcome"], failed["trouble"], failed["run"]) == (
        WUCHANG,
        "failed",
        "partner-unavailable",
        None,
    )
    assert [left["why"] for left in whole["left_out"]] == ["partner-not-active", "no-route"]
    assert xicheng.get(f"/reconciliations/{an_id(1)}", role="auditor")["pair_steps"][0]["before"] is None


def test_of_a_run_in_counts_only_the_estimate_is_shown(xicheng: Served):
    keep(xicheng)
    with xicheng.office.ledgers.transaction() as ledger:
        above = a_register_run(60, reconciliation=an_id(40), outcome=Outcome.COUNTS_ONLY, estimate=3_210, tally=None)
        ledger.register_runs.put(above)
    compared, failed = xicheng.get(f"/reconciliations/{an_id(40)}", role="operator")["pair_steps"]
    assert (compared["outcome"], compared["estimate"], compared["tally"]) == ("counts_only", 3_210, None)
    assert failed["estimate"] is None


def test_who_sees_no_county_of_a_pair_does_not_see_the_pair(tmp_path: Path):
    node = replace(a_node(XICHENG_NODE, XICHENG), jurisdictions=frozenset({XICHENG, DONGCHENG}))
    with served(tmp_path / "node", node, HandClock()) as two_counties:
        keep(two_counties)
        for of, pairs, why in (
            ("110000", 2, ["partner-not-active", "no-route"]),
            (XICHENG, 2, ["partner-not-active", "no-route"]),
            (DONGCHENG, 0, ["partner-not-active"]),
        ):
            whole = two_counties.get(f"/reconciliations/{an_id(40)}", role="coordinator", of=of)
            assert (len(whole["pair_steps"]), [left["why"] for left in whole["left_out"]]) == (pairs, why)


def test_clerks_and_own_systems_see_no_reconciliation(xicheng: Served):
    keep(xicheng)
    for role, status in (("clerk", 403), ("system", 403), ("auditor", 200)):
        assert xicheng.call("GET", "/reconciliations", role=role).status_code == status
    assert xicheng.call("GET", f"/reconciliations/{an_id(9)}", role="operator").status_code == 404


def test_reconciliations_come_in_pages(xicheng: Served):
    keep(xicheng)
    page = xicheng.get("/reconciliations?limit=1", role="operator")
    assert [row["id"] for row in page["items"]] == [an_id(40)]
    second = xicheng.get(f"/reconciliations?limit=1&cursor={page['next']}", role="operator")
    assert ([row["id"] for row in second["items"]], second["next"]) == ([an_id(1)], None)
