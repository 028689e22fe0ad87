"""The night's reconciliation as a job: between two real nodes, after a crash, and beside an operator's."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.partner_http import PartnerClient
from adapters.reconciling.lines import Pace
from adapters.reconciling.night import LEAD
from adapters.reconciling.whole import reconciling_of
from exchange.ledger import Page
from exchange.moments import civil_day
from exchange.reconciling.reconciliation import EVERYTHING, By
from exchange.reconciling.results import Tally
from exchange.verbs.reconciling.night import reserve
from exchange.verbs.reconciling.review import Review, review
from jobs.reconciling.reconcile import NAME, go_on, reconcile
from jobs.runner import on_shift
from jobs.shift import Shift
from tests.api.nodes import Neighbours, Served
from tests.builders import WUCHANG_NODE, an_id
from tests.building.sealing import open_database
from tests.reconciling.pairs import MARRIED, PAIR, change, comparing_nodes, enter, inflow, outflow

QUICK = Pace(pause=0.01, longest=0.05, patience=5, tick=0.01)


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[Neighbours]:
    """Xicheng on each database, Wuchang in memory: eight agree, one is on each side alone, one differs."""
    database = open_database(database_url)
    database.upgrade()
    with comparing_nodes(tmp_path / "nodes", database) as nodes:
        enter(nodes.xicheng, [outflow(n) for n in range(1, 11)])
        enter(nodes.wuchang, [inflow(n, MARRIED if n == 10 else outflow(n).record) for n in (*range(1, 9), 10, 11)])
        yield nodes
    database.close()


def at_work(node: Served, job: Any) -> str:
    """One run of a job, without its waits."""
    office = node.office
    with on_shift(office, PartnerClient(office, node.http)) as shift:
        quick = reconciling_of(office, shift.client, shift.renewals, shift.keeper, QUICK)
        told: str = job(replace(shift, reconciling=quick))
        return told


def newest(node: Served) -> Review:
    office = node.office
    with office.ledgers.transaction(read_only=True) as ledger:
        (last, *_) = ledger.reconciliations.find(Page())
        return review(ledger, office.node, office.node.jurisdictions, last.id)


def test_a_night_finds_the_differences_and_the_next_one_shows_what_was_repaired(both: Neighbours):
    assert at_work(both.xicheng, reconcile) == "1 of 1 links and 0 of 1 pairs settled"
    (seen,) = newest(both.xicheng).pairs
    before = Tally(agreeing=8, differing=1, outflow_only=1, inflow_only=1)
    assert (seen.run.pair, seen.run.tally, seen.before) == (PAIR, before, None)
    enter(both.wuchang, [inflow(9)])
    change(both.wuchang, inflow(10), record=outflow(10).record)
    both.xicheng.clock.move(timedelta(days=1))
    at_work(both.xicheng, reconcile)
    (seen,) = newest(both.xicheng).pairs
    assert seen.run.tally == Tally(agreeing=10, inflow_only=1)
    assert seen.run.repaired == 2
    assert seen.before is not None
    assert seen.before.tally == before
    # The partner's own night, an hour later, has nothing to compare anew; its link is reconciled all the same.
    both.wuchang.clock.move(timedelta(hours=1))
    assert at_work(both.wuchang, reconcile) == "1 of 1 links and 0 of 0 pairs settled"
    (left,) = newest(both.wuchang).left_out
    assert (left.pair, left.why.value) == (PAIR, "settled-lately")


def test_one_partner_that_is_away_holds_up_no_other(both: Neighbours):
    office = both.xicheng.office
    with office.ledgers.transaction() as ledger:
        known = ledger.partners.get(WUCHANG_NODE)
        assert known is not None
        # At its address nobody answers.
        away = replace(known, node="away.example", url="http://127.0.0.1:9", confirmed=())
        ledger.partners.save(replace(away, token_endpoint="http://127.0.0.1:9/oauth/token", links_endpoint="http://127.0.0.1:9"))
        ledger.links.add(an_id(3), "away.example")
    assert at_work(both.xicheng, reconcile) == "1 of 2 links and 0 of 1 pairs settled"
    (trouble,) = [step for step in newest(both.xicheng).links if step.trouble]
    assert (trouble.partner, trouble.trouble) == ("away.example", "partner-unavailable")


def test_while_an_operators_is_under_way_the_night_waits_and_is_gone_on_with(both: Neighbours):
    office = both.xicheng.office
    lead = office.ledgers.advisory_leader(LEAD)
    assert lead.held()
    assert at_work(both.xicheng, reconcile) == "waits: another reconciliation is under way"
    assert at_work(both.xicheng, go_on) == ""
    lead.release()
    assert at_work(both.xicheng, go_on) == "went on: 1 of 1 links and 0 of 1 pairs settled"
    assert at_work(both.xicheng, go_on) == ""
    assert newest(both.xicheng).reconciliation.ended_at is not None


def test_a_night_whose_process_died_is_ended_by_who_leads_next(both: Neighbours):
    office = both.xicheng.office
    today = civil_day(office.now())
    with office.ledgers.transaction() as ledger:
        ledger.chores.claim_run(NAME, today, office.now())
        reserve(ledger, By.NIGHT, EVERYTHING, office.now())
    assert at_work(both.xicheng, go_on).startswith("went on: ")
    with office.ledgers.transaction(read_only=True) as ledger:
        assert ledger.chores.unfinished(today) == []
        assert ledger.chores.last_run(NAME, today + timedelta(days=1)) == today
    # What yesterday left is not gone on with: tonight's looks at everything again.
    with office.ledgers.transaction() as ledger:
        reserve(ledger, By.NIGHT, EVERYTHING, office.now())
    both.xicheng.clock.move(timedelta(days=1))
    assert at_work(both.xicheng, go_on) == ""


def test_a_stop_leaves_the_night_to_be_gone_on_with(both: Neighbours):
    def stopped(shift: Shift) -> str:
        shift.stopping.set()
        return reconcile(shift)

    assert at_work(both.xicheng, stopped).endswith("2 steps left to go on with")
    assert at_work(both.xicheng, go_on) == "went on: 1 of 1 links and 0 of 1 pairs settled"
