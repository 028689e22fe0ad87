"""Reconciling on the command line: two own counties without a wire, a partner that is away, a stop, a release."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.clock import set_clock
from exchange.codes import RegisterKind
from exchange.ledger import Page
from exchange.terms.agreement import Party, RegisterComparison, Standing
from tests.builders import (
    WUCHANG,
    WUCHANG_NODE,
    XICHENG,
    XICHENG_NODE,
    a_moment,
    a_partner,
    a_person,
    agreed_terms,
    an_agreement,
    an_entry,
    an_id,
)
from tests.building.waiting import until
from tests.cli.screens import on_screen
from woshou.cli.call import Call
from woshou.cli.exits import Exit

ROOT = Path(__file__).parents[2]
JIANGAN = "420102"


@pytest.fixture
def two(empty, tmp_path):
    """A node of two counties whose registers may be compared: two people agree, one is in the outflow register alone."""
    set_clock(tmp_path / "clock", a_moment())
    made = empty(
        "init",
        *("--node", WUCHANG_NODE, "--title", "武汉", "--jurisdiction", WUCHANG, "--jurisdiction", JIANGAN),
        *("--environment", "sandbox", "--url", "http://127.0.0.1:8000", "--clock", str(tmp_path / "clock")),
    )
    assert made.code == 0, made.err
    parties = [Party(node=WUCHANG_NODE, jurisdiction=code) for code in (WUCHANG, JIANGAN)]
    terms = agreed_terms(parties=parties, register_comparison=RegisterComparison(allowed=True))
    with opened(empty) as office, office.ledgers.transaction() as ledger:
        ledger.agreements.add(an_agreement(agreement=terms, partner=WUCHANG_NODE, standing=Standing.ACCEPTED))
        ledger.entries.add([entry(office, n, WUCHANG) for n in (1, 2, 3)] + [entry(office, n, JIANGAN) for n in (1, 2)])
    return empty


def opened(node):
    return Call(data=node.data, json=True).office()


def entry(office, n, county):
    """Person `n`, who has moved from Wuchang to Jiang'an, in either register."""
    register = RegisterKind.OUTFLOW if county == WUCHANG else RegisterKind.INFLOW
    place = {"jurisdiction": county, "register": register, "origin": WUCHANG, "destination": JIANGAN, "township": None}
    person = a_person(n)
    number = n if county == WUCHANG else 100 + n
    return an_entry(number, person=person, person_index=office.node.person_index(person), **place)


def away(node, name=XICHENG_NODE):
    """A partner at whose address nobody answers."""
    partner = a_partner(name, claimed=(XICHENG,), confirmed=(XICHENG,))
    nowhere = "http://127.0.0.1:9"
    with opened(node) as office, office.ledgers.transaction() as ledger:
        ledger.partners.save(replace(partner, url=nowhere, token_endpoint=f"{nowhere}/oauth/token", links_endpoint=nowhere))
        ledger.links.add(an_id(7), name)


def test_differences_are_left_and_the_next_run_shows_what_was_repaired(two):
    first = two("reconcile")
    assert first.code == Exit.UNSETTLED
    with opened(two) as office:
        with office.ledgers.transaction() as ledger:
            ledger.entries.add([entry(office, 3, JIANGAN)])
        office.refresh()
    set_clock(two.data.parent / "clock", a_moment() + timedelta(days=1))
    second = two("reconcile").json
    assert (second["settled"], second["resumed"], second["waiting"], second["by"]) == (True, False, 0, "hand")
    (pair,) = second["pair_steps"]
    assert (pair["origin"], pair["destination"], pair["outcome"], pair["repaired"]) == (WUCHANG, JIANGAN, "settled", 1)
    assert (pair["tally"]["handshaken"], pair["tally"]["known"]) == (3, 3)
    assert (pair["before"]["handshaken"], pair["before"]["known"]) == (2, 3)
    (link,) = second["link_steps"]
    assert (link["partner"], link["settled"], link["equal"]) == (WUCHANG_NODE, True, True)
    listed = two("reconciliation", "list").json["items"]
    assert listed[0]["id"] == second["id"]
    assert len(listed) == 2
    assert two("reconciliation", "show").json["pair_steps"] == second["pair_steps"]
    assert two("reconciliation", "show", listed[1]["id"]).json["pair_steps"][0]["tally"]["outflow_only"] == 1
    screen = on_screen(two, "reconciliation", "show")
    assert "3/3" in screen
    assert "2/3" in screen
    assert "hand" in on_screen(two, "reconciliation", "list")
    assert two("reconciliation", "show", an_id(5)).refusal["code"] == "not-found"


def test_a_dry_run_keeps_nothing(two):
    looked = two("reconcile", "--dry-run")
    assert looked.code == Exit.UNSETTLED
    assert two("reconciliation", "list").json["items"] == []
    assert two("reconciliation", "show").refusal["code"] == "not-found"
    screen = on_screen(two, "reconcile", "--dry-run", "--origin", WUCHANG, code=Exit.UNSETTLED)
    assert "2/3" in screen
    assert "Something differs" in screen
    assert "Reconciling has begun." in screen
    assert "begun" not in looked.err


def test_a_scope_narrows_and_what_it_cannot_name_is_refused(two):
    found = two("reconcile", "--destination", XICHENG).json
    assert (found["link_steps"], found["pair_steps"], found["destination"]) == ([], [], XICHENG)
    assert two("reconcile", "--partner", "nobody.example").refusal["code"] == "not-found"
    assert two("reconcile", "--origin", "999999").refusal["code"] == "unknown-jurisdiction"
    with opened(two) as office:
        lead = office.ledgers.advisory_leader("reconcile")
        assert lead.held()
        assert two("reconcile").refusal["code"] == "reconciliation-under-way"
        lead.release()


def test_what_is_left_out_is_told_with_its_reason(two):
    with opened(two) as office, office.ledgers.transaction() as ledger:
        (held,) = ledger.agreements.all(WUCHANG_NODE)
        ledger.agreements.save(replace(held, standing=Standing.ENDED))
    (left,) = two("reconcile").json["left_out"]
    assert left == {"partner": WUCHANG_NODE, "origin": WUCHANG, "destination": JIANGAN, "why": "no-agreement"}
    assert "no-agreement" in on_screen(two, "reconcile")


@pytest.mark.parametrize("limit", [0, 100_001])
def test_a_limit_that_is_none_is_not_released(two, limit):
    refused = two("reconciliation", "release", WUCHANG_NODE, "--origin", WUCHANG, "--destination", JIANGAN, "--limit", str(limit))
    assert refused.refusal["code"] == "not-to-be-released"


def test_a_person_releases_a_pair_for_some_days(two):
    words = ("reconciliation", "release", WUCHANG_NODE, "--origin", WUCHANG, "--destination", JIANGAN)
    made = two(*words, "--limit", "5000", "--days", "3").json
    assert (made["limit"], made["by"], made["until"][:16]) == (5000, "operator", "2026-03-05T01:00")
    assert "5000" in on_screen(two, *words, "--limit", "5000")
    elsewhere = (*words[:4], XICHENG, *words[5:])
    assert two(*elsewhere, "--limit", "5000").refusal["code"] == "not-to-be-released"
    assert two(*words[:2], "nobody.example", *words[3:], "--limit", "5").refusal["code"] == "not-to-be-released"


_SLEEPER = """
import time
from pathlib import Path
from woshou.cli.call import Call
from woshou.cli.commands.reconciling.following import stopped_by_hand

with stopped_by_hand(Call(data=Path(), json=True)) as stopping:
    print("asleep", flush=True)
    stopping.wait()
    print("stopping", flush=True)
    time.sleep(60)
"""


def test_a_first_signal_asks_to_stop_and_a_second_ends_the_process():
    with subprocess.Popen([sys.executable, "-c", _SLEEPER], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        for said in ("asleep\n", "stopping\n"):
            assert process.stdout.readline() == said
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == -signal.SIGINT


def test_an_interrupted_run_says_how_to_go_on_and_the_next_one_does(two):
    away(two)
    words = [sys.executable, "-m", "woshou", "reconcile", "--data", str(two.data)]
    environment = {**os.environ, "LANG": "en"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as process:
        # It waits to ask the partner again once all that can be done is done.
        assert until(lambda: compared(two), 60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == Exit.UNSETTLED
    assert "run the same command again today" in said
    with opened(two) as office, office.ledgers.transaction(read_only=True) as ledger:
        (begun,) = ledger.reconciliations.find(Page())
    assert (begun.ended_at, begun.links, begun.pairs) == (None, 2, 1)


def compared(node):
    with opened(node) as office, office.ledgers.transaction(read_only=True) as ledger:
        return ledger.register_runs.began(office.now())
