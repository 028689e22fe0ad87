"""Differences between registers on the command line: listed, shown, sent once, and coarse destinations set."""

from dataclasses import replace
from typing import Any

import pytest

from exchange.codes import Item, RegisterKind
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import DifferenceKind
from tests.builders import (
    WUCHANG,
    XICHENG,
    XICHENG_NODE,
    YUYANG,
    a_moment,
    a_register_difference,
    a_register_run,
    an_entry,
    an_id,
)
from tests.cli.screens import on_screen
from tests.cli.test_work import befriend
from woshou.cli.call import Call

HERE = "420106001"


@pytest.fixture
def compared(node):
    """Wuchang after a night's comparison: the agreement lets marital status be asked, and no arrival be told."""
    befriend(node)
    pair, out = Pair(origin=XICHENG, destination=WUCHANG), Pair(origin=WUCHANG, destination=XICHENG)
    here: dict[str, Any] = {"own": WUCHANG, "partner": XICHENG_NODE, "pair": pair}
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        inflow = [an_entry(n, jurisdiction=WUCHANG, register=RegisterKind.INFLOW) for n in (1, 2)]
        coarse = an_entry(3, jurisdiction=WUCHANG, origin=WUCHANG, destination="110000")
        entries = [replace(inflow[0], township=HERE), inflow[1], coarse]
        ledger.entries.add([replace(entry, person_index=office.node.person_index(entry.person)) for entry in entries])
        ledger.register_runs.put(a_register_run(1, partner=XICHENG_NODE, ended_at=a_moment(-9)))
        ledger.register_runs.put_differences(
            [
                a_register_difference(
                    1, **here, kind=DifferenceKind.DIFFERING, fields=(Item.MARITAL_STATUS, Item.EDUCATION), first_at=a_moment(-9)
                ),
                a_register_difference(2, **here),
                *(
                    a_register_difference(3, **{**here, "pair": each}, kind=DifferenceKind.COARSE)
                    for each in (out, Pair(origin=WUCHANG, destination="110105"))
                ),
            ]
        )
    return node


def listed(node, *words):
    return [row["entry"] for row in node("difference", "list", *words).json["items"]]


def test_differences_are_listed_narrowed_and_paged(compared):
    told = compared("difference", "list").json
    assert [(row["entry"], row["kind"], row["standing"]) for row in told["items"]] == [
        (an_id(1), "differing", "ready"),
        (an_id(2), "one_sided", "blocked"),
        (an_id(3), "coarse", "ready"),
        (an_id(3), "coarse", "ready"),
    ]
    assert (told["unreconciled"], told["items"][1]["obstacle"]["code"]) == ([], "no-agreement")
    assert listed(compared, "--kind", "one_sided") == [an_id(2)]
    assert listed(compared, "--township", HERE) == [an_id(1)]
    assert listed(compared, "--township", "unassigned", "--register", "inflow") == [an_id(2)]
    assert listed(compared, "--other", "110105", "--jurisdiction", WUCHANG) == [an_id(3)]
    first = compared("difference", "list", "--limit", "3").json
    assert [row["other"] for row in compared("difference", "list", "--after", first["next"]).json["items"]] == ["110105"]


def test_the_worklist_shows_and_counts_them(compared):
    counts = {row["list"]: row["count"] for row in compared("worklist").json["items"]}
    assert [counts[name] for name in ("one_sided", "differing", "coarse")] == [1, 1, 2]
    rows = compared("worklist", "differing", "--township", HERE).json["items"]
    assert [row["entry"] for row in rows] == [an_id(1)]
    assert compared("worklist", "one_sided", "--township", HERE).json["items"] == []


def test_the_message_is_shown_and_sent_once(compared):
    shown = compared("difference", "show", an_id(1)).json
    assert (shown["message"]["items"], shown["left_out"]) == (["marital_status"], ["education"])
    assert (shown["prepared"], shown["person"]) == (None, None)
    whole_message = compared("difference", "show", an_id(1), "--people").json
    assert (whole_message["prepared"]["reason"], whole_message["person"]["name"]) == ("facts_differ", "王小明")
    sent, again = (compared("difference", "send", an_id(1)).json for _ in range(2))
    assert (sent["fresh"], again["fresh"], again["exchange"]) == (True, False, sent["exchange"])
    (row,) = compared("exchange", "list").json["items"]
    assert (row["exchange"], row["kind"], row["entry"]) == (sent["exchange"], "query", an_id(1))


def test_what_the_agreement_does_not_allow_is_refused(compared):
    assert compared("difference", "send", an_id(2)).refusal["code"] == "no-agreement"
    assert compared("exchange", "list").json["items"] == []
    assert compared("difference", "send", an_id(9)).refusal["code"] == "not-found"
    assert compared("difference", "show", an_id(1), "--other", YUYANG).refusal["code"] == "not-found"


def test_a_coarse_destination_is_set_once_it_is_said_which(compared):
    assert compared("difference", "set-destination", an_id(3)).refusal["code"] == "several-differences"
    for _ in range(2):
        done = compared("difference", "set-destination", an_id(3), "--other", XICHENG).json
        assert done == {"entry": an_id(3), "destination": XICHENG, "version": 2}
    assert compared("difference", "set-destination", an_id(1)).refusal["code"] == "not-coarse"
    refusal = compared("difference", "send", an_id(3), "--other", XICHENG).refusal
    assert refusal["code"] == "nothing-to-send"
    assert "woshou difference set-destination" in str(refusal)
    # It is Xicheng now, and no longer of the other pair.
    assert compared("difference", "set-destination", an_id(3), "--other", "110105").refusal["code"] == "entry-elsewhere"


def test_people_read_tables_without_persons_unless_they_ask(compared):
    for words in (("difference", "list"), ("difference", "show", an_id(1)), ("worklist", "differing")):
        assert "王小明" not in on_screen(compared, *words)
        assert "王小明" in on_screen(compared, *words, "--people")
    assert "marital_status" in on_screen(compared, "difference", "show", an_id(1)).replace("\n", "")
    assert "Queued" in on_screen(compared, "difference", "send", an_id(1))
    assert "not sent again" in on_screen(compared, "difference", "send", an_id(1))


def test_before_the_first_comparison_it_is_said_that_nothing_is_known(node):
    befriend(node)
    told = on_screen(node, "difference", "list")
    assert f"Never reconciled yet: {WUCHANG}" in told
