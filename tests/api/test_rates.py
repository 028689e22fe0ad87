"""The worked cases of the source documents through the public API, on a ledger that was filled by sets; and the grid."""

import csv
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.database.engine import open_database
from exchange.codes import Result, Role
from exchange.moments import day_end, format_moment
from jobs.count import close_all, recount_all
from tests.api.nodes import Served, served
from tests.builders import WUCHANG, XICHENG, a_day
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node
from tests.rates.histories import HANYANG, History, holding, many_entries

YEAR = {"from": "2026-01-01", "to": "2026-12-31"}


@pytest.fixture
def wuchang(tmp_path: Path) -> Iterator[Served]:
    """A node on SQLite that serves Wuchang and Hanyang, two years later."""
    clock, database = HandClock(), open_database(f"sqlite:///{tmp_path / 'woshou.db'}")
    database.upgrade()
    node = replace(a_node("wuchang.example", WUCHANG), jurisdictions=frozenset({WUCHANG, HANYANG}))
    with served(tmp_path / "node", node, clock, database) as made:
        clock.move(timedelta(days=700))
        yield made
    database.close()


def the_rate(node: Served, name: str, of: str = WUCHANG, **params: str) -> dict[str, Any]:
    """One rate as the API shows it."""
    shown = node.get("/rates", params={**YEAR, **params}, role="coordinator", of=of)
    found: dict[str, Any] = next(rate for rate in shown["figures"][0]["rates"] if rate["rate"] == name)
    return found


def closed(node: Served) -> None:
    """Everything is counted, and a recount finds no difference."""
    close_all(node.office, threading.Event())
    assert recount_all(node.office, threading.Event()).differences == []


def counts(rate: dict[str, Any]) -> tuple[int, int, str]:
    return rate["numerator"], rate["denominator"], rate["percent"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_year_of_3260_submitted_and_207_asked_before_and_after_the_days_are_closed(wuchang: Served, when: str):
    answered, unanswered = History().answered(20), History()
    told = answered.of_many(range(1, 2331), role=Role.ASKER) + unanswered.of_many(range(2331, 3261), role=Role.ASKER)
    told += History().answered(10).of_many(range(5001, 5208))
    holding(told, ledgers=wuchang.office.ledgers)
    if when == "after":
        closed(wuchang)
    assert counts(the_rate(wuchang, "feedback_obtained", cohort="submitted")) == (2330, 3260, "71.47 %")
    assert counts(the_rate(wuchang, "outflow_feedback")) == (207, 207, "100.00 %")


def test_of_78000_open_entries_71760_were_exchanged_and_48360_confirmed(wuchang: Served):
    confirmed, exchanged = History(received=1).answered(2).confirmed(3), History(received=1)
    told = confirmed.of_many(range(1, 48_361), role=Role.ASKER, result=Result.CONFIRMED)
    told += exchanged.of_many(range(48_361, 71_761), role=Role.ASKER)
    holding(told, many_entries(78_000), ledgers=wuchang.office.ledgers)
    assert counts(the_rate(wuchang, "exchange")) == (71_760, 78_000, "92.00 %")
    assert counts(the_rate(wuchang, "confirmation")) == (48_360, 78_000, "62.00 %")


def test_a_challenged_answer_counts_until_the_new_due_date_has_passed(wuchang: Served):
    day = {name: (on - a_day(0)).days for name, on in CHALLENGE.items()}
    history = History(received=day["received"], due=day["due"]).answered(day["empty"])
    history.challenged(day["challenged"], day["new_due"]).answered(day["answered"])
    holding([history.of(1)], ledgers=wuchang.office.ledgers)
    closed(wuchang)
    expected = {(3, 31): "1/1 1/1", (5, 1): "1/1 1/1", (5, 2): "0/1 0/1", (5, 5): "1/1 0/1"}
    for (month, on), both in expected.items():
        as_of = format_moment(day_end(date(2026, month, on)))
        shown = [
            the_rate(wuchang, name, **{"from": "2026-03-01", "to": "2026-03-31", "as_of": as_of})
            for name in ("feedback_given", "on_time")
        ]
        assert " ".join(f"{rate['numerator']}/{rate['denominator']}" for rate in shown) == both


CHALLENGE = {
    "received": date(2026, 3, 1),
    "due": date(2026, 3, 31),
    "empty": date(2026, 3, 30),
    "challenged": date(2026, 4, 2),
    "new_due": date(2026, 5, 2),
    "answered": date(2026, 5, 5),
}


def test_a_grid_says_of_each_place_and_month_what_the_report_says_in_each_format(wuchang: Served):
    told = History().answered(10).of_many(range(1, 4)) + History().of_many(range(4, 6))
    told += History(received=30).answered(35).of_many(range(6, 8), own=HANYANG, origin=HANYANG)
    holding(told, ledgers=wuchang.office.ledgers)
    closed(wuchang)
    query = {"month": "2026-06", "months": "4", "level": "county"}
    made = wuchang.get("/rates/grid", params=query, role="coordinator", of="420100")
    columns = made["columns"]
    assert made["as_of"].endswith("T16:00:00.000Z")
    assert set(columns["jurisdiction"]) == {WUCHANG, HANYANG}
    cells = [dict(zip(columns, cell, strict=True)) for cell in zip(*columns.values(), strict=True)]
    assert len(cells) == 2 * 4 * 2
    for cell in cells:
        month = {"from": cell["from"], "to": cell["to"], "kind": cell["matter"], "as_of": made["as_of"]}
        assert counts(the_rate(wuchang, "feedback_given", of=cell["jurisdiction"], **month))[:2] == (
            cell["numerator"],
            cell["denominator"],
        )
    assert sum(columns["denominator"]) == 7
    lines = wuchang.call("GET", "/rates/grid", params={**query, "format": "ndjson"}, role="coordinator", of="420100").text
    assert [json.loads(line) for line in lines.splitlines()] == cells
    sheet = wuchang.call("GET", "/rates/grid", params={**query, "format": "csv"}, role="coordinator", of="420100").text
    read = list(csv.DictReader(io.StringIO(sheet)))
    assert [int(row["denominator"]) for row in read] == columns["denominator"]
    whole = wuchang.get("/rates/grid", params={**query, "level": "province", "by": "all"}, role="coordinator", of="420000")
    assert sum(whole["columns"]["denominator"]) == 7


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"month": "2026-06", "rate": "exchange"}, 422),
        ({"month": "2026-06", "purpose": "benefit"}, 422),
        ({"month": "0001-01", "months": "2"}, 422),
        ({"month": "2026-06", "jurisdiction": "110000"}, 404),
    ],
)
def test_what_a_grid_does_not_have_is_refused(wuchang: Served, params: dict[str, str], status: int):
    assert wuchang.call("GET", "/rates/grid", params=params, of=XICHENG if status == 404 else WUCHANG).status_code == status
