"""Comparing on the command line."""

import json
import os
import subprocess
import sys
from dataclasses import replace

from exchange.comparing.comparison import DIFFER
from exchange.ledger import Finding
from exchange.settling.evidence import Evidence, EvidenceKind
from exchange.settling.heads import Log
from tests.builders import (
    WUCHANG_NODE,
    XICHENG,
    XICHENG_NODE,
    a_batch,
    a_conversation,
    a_fact,
    a_message,
    a_moment,
    a_partner,
    an_exchange,
    an_id,
    judged,
)
from tests.cli.screens import on_screen
from woshou.cli.call import Call
from woshou.cli.exits import Exit


def test_a_local_link_is_compared_with_itself_and_the_comparison_is_kept(node):
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        ledger.links.add(an_id(7), WUCHANG_NODE)
        gone = Finding(id="figures.x", kind=DIFFER, partner=WUCHANG_NODE, subject=an_id(5), detail="due", at=a_moment())
        ledger.chores.add_findings([gone])
    compared = node("partner", "compare", WUCHANG_NODE).json
    told = {name: compared[name] for name in ("partner", "equal", "whole", "differ", "first", "last", "as_of", "answer")}
    assert told == {
        "partner": WUCHANG_NODE,
        "equal": True,
        "whole": True,
        "differ": 0,
        "first": "2026-01-21",
        "last": "2026-02-20",
        "as_of": "2026-03-01",
        "answer": None,
    }
    assert node("partner", "compare", WUCHANG_NODE, "--month", "2026-03").json["first"] == "2026-02-21"
    listed = node("partner", "comparisons").json["items"]
    assert [row["first"] for row in listed] == ["2026-02-21", "2026-01-21"]
    assert node("partner", "comparisons", "--partner", XICHENG_NODE).json["items"] == []
    (settled,) = node("partner", "findings").json["items"]
    assert settled["settled_at"] is not None
    assert "2026-01-21 – 2026-02-20" in on_screen(node, "partner", "comparisons")
    assert WUCHANG_NODE in on_screen(node, "partner", "compare", WUCHANG_NODE)


def test_comparing_says_why_it_cannot(node):
    assert node("partner", "compare", XICHENG_NODE).refusal["code"] == "not-found"
    assert node("partner", "compare", XICHENG_NODE, "--month", "2026-13").refusal["code"] == "which-period"
    away = a_partner(XICHENG_NODE, claimed=(XICHENG,), confirmed=(XICHENG,))
    nowhere = replace(away, token_endpoint="http://127.0.0.1:9/oauth/token")
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        ledger.partners.save(nowhere)
        ledger.links.add(an_id(7), XICHENG_NODE)
    refused = node("partner", "compare", XICHENG_NODE)
    assert (refused.code, refused.refusal["code"]) == (Exit.PARTNER, "partner-unavailable")


def test_a_local_link_is_settled_by_comparing_it(node):
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        ledger.links.add(an_id(7), WUCHANG_NODE)
    settled = node("partner", "settle", WUCHANG_NODE).json
    counts = {"equal": True, "differ": 0, "resent": 0, "adopted": 0, "findings": 0, "trouble": None, "settled": True}
    told = {"partner": WUCHANG_NODE, "ours": None, "theirs": None, **counts}
    assert {name: settled[name] for name in told} == told
    assert WUCHANG_NODE in on_screen(node, "partner", "settle", WUCHANG_NODE)


def test_a_link_that_is_not_settled_is_told_by_the_exit_code_too(node):
    """One side of a local link knows an exchange that the other does not."""
    days_ago = a_moment(-3 * 24 * 60)
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        link = ledger.links.add(an_id(7), WUCHANG_NODE)
        ledger.links.save(replace(link, out_sequence=1, receipted=1, in_sequence=1))
        asked = an_exchange(link=link.id, conversation=a_conversation(), received_at=days_ago, known_at=days_ago)
        ledger.exchanges.add([asked])
        ledger.messages.add([judged(a_message(link=link.id), received_at=days_ago, known_at=days_ago)])
        ledger.exchanges.add_facts([(asked.key, a_fact(happened_at=days_ago))])
    ended = node("partner", "settle", WUCHANG_NODE)
    told = json.loads(ended.out)
    assert (ended.code, told["settled"], told["equal"], told["differ"]) == (Exit.UNSETTLED, False, False, 1)
    assert "Exchanges that differ" in on_screen(node, "partner", "settle", WUCHANG_NODE, code=Exit.UNSETTLED)


def test_settling_says_why_it_cannot(node):
    assert node("partner", "settle", XICHENG_NODE).refusal["code"] == "not-found"
    away = a_partner(XICHENG_NODE, claimed=(XICHENG,), confirmed=(XICHENG,))
    nowhere = replace(away, token_endpoint="http://127.0.0.1:9/oauth/token")
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        ledger.partners.save(nowhere)
        ledger.links.add(an_id(7), XICHENG_NODE)
    refused = node("partner", "settle", XICHENG_NODE)
    assert (refused.code, refused.refusal["code"]) == (Exit.PARTNER, "partner-unavailable")


def test_evidence_is_shown_with_both_sides_words(node):
    assert node("partner", "evidence", XICHENG_NODE).refusal["code"] == "not-found"
    fork = Evidence.of(
        EvidenceKind.FORK,
        Log.THEIRS,
        partner=XICHENG_NODE,
        link=an_id(7),
        sequence=3,
        ours=a_batch(3, manifest_jws="ours.manifest.x"),
        their_manifest="theirs.manifest.x",
        their_receipt=None,
        at=a_moment(),
    )
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        ledger.partners.save(a_partner(XICHENG_NODE))
        ledger.evidence.add(fork)
    (row,) = node("partner", "evidence", XICHENG_NODE).json["items"]
    told = {name: row[name] for name in ("kind", "log", "sequence", "our_manifest", "their_manifest", "settled_at")}
    assert told == {
        "kind": "fork",
        "log": "theirs",
        "sequence": 3,
        "our_manifest": "ours.manifest.x",
        "their_manifest": "theirs.manifest.x",
        "settled_at": None,
    }
    assert "fork" in on_screen(node, "partner", "evidence", XICHENG_NODE)
    chinese = {**os.environ, "LC_ALL": "zh_CN.UTF-8", "PYTHONIOENCODING": "utf-8"}
    words = [sys.executable, "-m", "woshou", "partner", "evidence", XICHENG_NODE, "--data", str(node.data)]
    screen = subprocess.run(words, env=chinese, stdout=subprocess.PIPE, check=True).stdout.decode()
    assert [cell in screen for cell in ("分叉", "对方", "fork", "theirs")] == [True, True, False, False]
