"""`woshou retention`: what is kept how long, what is due, and erasing it."""

from datetime import timedelta

import pytest

from exchange.codes import CloseReason
from tests.builders import an_entry
from tests.cli.test_clocks import store


def close_one(node, months):
    """An entry that was closed so many times thirty-one days ago."""

    def deed(ledger, office):
        at = office.now() - timedelta(days=31 * months)
        ledger.entries.add([an_entry(opened_at=at, closed_at=at, close_reason=CloseReason.RETURNED)])

    store(node, deed)


def held(node):
    return store(node, lambda ledger, _: len(ledger.entries.load([an_entry().id])))


def test_the_periods_are_shown_with_what_is_due(node):
    close_one(node, 25)
    told = node("retention", "show").json
    wanted = {"bodies_months": 12, "entries_months": 24, "bodies": 0, "indexes": 0, "couples": 0, "persons": 1, "unjudged": 0}
    assert {name: told[name] for name in wanted} == wanted


def test_a_dry_run_erases_nothing_and_a_run_what_it_told_of(node):
    close_one(node, 25)
    assert node("retention", "run", "--dry-run").json["persons"] == 1
    assert held(node) == 1
    assert node("retention", "run").json == {"bodies": 0, "indexes": 0, "couples": 0, "persons": 1, "rows": 0, "held_up": 0}
    assert held(node) == 0


def test_the_deployer_sets_the_periods_within_bounds(node, monkeypatch):
    close_one(node, 8)
    assert node("retention", "show").json["persons"] == 0
    monkeypatch.setenv("WOSHOU_RETAIN_ENTRIES_MONTHS", "6")
    assert node("retention", "show").json["persons"] == 1


@pytest.mark.parametrize(
    ("name", "months"),
    [("BODIES", "2"), ("BODIES", "37"), ("ENTRIES", "5"), ("ENTRIES", "61")],
)
def test_a_period_out_of_bounds_is_refused(node, monkeypatch, name, months):
    monkeypatch.setenv(f"WOSHOU_RETAIN_{name}_MONTHS", months)
    assert node("retention", "show").refusal["code"] == "settings-wrong"
