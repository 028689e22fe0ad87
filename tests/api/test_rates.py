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

from exchange.codes import Result, Role
from exchange.moments import day_end, format_moment
from exchange.reconciling.results import Outcome
from jobs.count import close_all, recount_all
from tests.api.nodes import Served, served
from tests.builders import WUCHANG, XICHENG, YUYANG, a_day, a_partner, an_id
from tests.building.sealing import open_database
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node
from tests.rates.histories import HANYANG, History, holding, many_entries, moment
from tests.rates.runs import FIVE, THEIRS, a_failed_run, a_pair, a_run, reconciled

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


def test_of_7800_open_entries_7176_were_exchanged_and_4836_confirmed(wuchang: Served):
    confirmed, exchanged = History(received=1).answered(2).confirmed(3), History(received=1)
    told = confirmed.of_many(range(1, 4_837), role=Role.ASKER, result=Result.CONFIRMED)
    told += exchanged.of_many(range(4_837, 7_177), role=Role.ASKER)
    holding(told, many_entries(7_800), ledgers=wuchang.office.ledgers)
    assert counts(the_rate(wuchang, "exchange")) == (7_176, 7_800, "92.00 %")
    assert counts(the_rate(wuchang, "confirmation")) == (4_836, 7_800, "62.00 %")


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
    assert wuchang.call("GET", "/rates/grid", params=params, of=WUCHANG).status_code == status


@pytest.fixture
def compared(wuchang: Served) -> Served:
    """The same node, whose county was compared with Xicheng on days 1 and 3 and with Yuyang on day 3, and once in vain."""
    runs = [
        a_run(1, 1, tally=FIVE),
        a_run(2, 3),
        a_run(3, 3, pair=a_pair(YUYANG, WUCHANG), partner="yuyang.example", tally=FIVE),
        a_failed_run(4, 5, Outcome.COUNTS_ONLY),
    ]
    with wuchang.office.ledgers.transaction() as ledger:
        ledger.partners.save(a_partner("yuyang.example", confirmed=(YUYANG,)))
    reconciled(runs, wuchang.office.ledgers)
    return wuchang


def test_the_handshake_opens_to_its_runs_with_their_counts_their_age_and_what_failed_since(compared: Served):
    as_of = {"as_of": format_moment(moment(6))}
    handshake = the_rate(compared, "handshake", **as_of)
    assert counts(handshake) == (97, 115, "84.35 %")
    beside = handshake["handshakes"]
    assert (beside["sides"], beside["over_outflow"]["denominator"], beside["over_inflow"]["percent"]) == (2, 104, "89.81 %")
    assert (beside["oldest_at"], beside["oldest_days"]) == (format_moment(moment(3)), 3)
    assert counts(the_rate(compared, "field_agreement", **as_of)) == (86, 97, "88.66 %")
    assert the_rate(compared, "field_agreement", **as_of)["handshakes"] is None
    assert counts(the_rate(compared, "coverage", **as_of)) == (0, 0, "—")

    rows = compared.get("/rates/handshake/rows", params={**YEAR, **as_of}, role="coordinator", of=WUCHANG)["items"]
    assert [(row["id"], row["other"], row["numerator"], row["denominator"]) for row in rows] == [
        (an_id(2), XICHENG, 94, 110),
        (an_id(3), YUYANG, 3, 5),
    ]
    run = rows[0]["run"]
    assert (run["partner"], run["origin"], run["destination"], run["age_days"], run["coarse_left"]) == (
        THEIRS,
        WUCHANG,
        XICHENG,
        3,
        5,
    )
    assert (run["failed"]["outcome"], run["failed"]["id"], rows[1]["run"]["failed"]) == ("counts_only", an_id(4), None)


def test_a_series_of_handshakes_ends_each_day_with_what_stood_then(compared: Served):
    days = {"from": "2026-03-02", "until": "2026-03-05", "by_partner": "true"}
    made = compared.get("/rates/handshake/series", params=days, role="coordinator", of=WUCHANG)
    assert (made["jurisdiction"], made["from"], made["until"]) == (WUCHANG, "2026-03-02", "2026-03-05")
    told = [(point["partner"], point["numerator"], point["denominator"], point["percent"]) for point in made["points"]]
    assert told[:4] == [(None, 0, 0, "—"), (None, 3, 5, "60.00 %"), (None, 3, 5, "60.00 %"), (None, 97, 115, "84.35 %")]
    assert told[7] == (THEIRS, 94, 110, "85.45 %")
    assert told[11] == ("yuyang.example", 3, 5, "60.00 %")
    for point in made["points"][:4]:
        rate = the_rate(compared, "handshake", as_of=point["as_of"])
        assert (rate["numerator"] or 0, rate["denominator"] or 0) == (point["numerator"], point["denominator"])


def test_a_series_of_months_stands_at_their_27th(compared: Served):
    params = {"from": "2026-02-01", "until": "2026-03-10", "step": "month", "partner": "yuyang.example"}
    made = compared.get("/rates/handshake/series", params=params, role="auditor", of="420100")
    assert [(point["as_of"], point["numerator"], point["denominator"]) for point in made["points"]] == [
        ("2026-02-27T16:00:00.000Z", 0, 0),
        ("2026-03-27T16:00:00.000Z", 3, 5),
    ]


def test_a_grid_of_handshakes_has_the_two_registers_each_month_as_of_its_own_moment(compared: Served):
    query = {"month": "2026-03", "months": "2", "rate": "handshake"}
    columns = compared.get("/rates/grid", params=query, role="coordinator", of=WUCHANG)["columns"]
    cells = list(zip(columns["to"], columns["matter"], columns["numerator"], columns["denominator"], strict=True))
    assert cells == [
        ("2026-02-20", "outflow", 0, 0),
        ("2026-02-20", "inflow", 0, 0),
        ("2026-03-20", "outflow", 94, 110),
        ("2026-03-20", "inflow", 3, 5),
    ]


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"from": "2026-03-05", "until": "2026-03-04"}, 422),
        ({"from": "2020-01-01", "until": "2026-03-04"}, 422),
        ({"from": "2999-01-01"}, 422),
        ({"until": "0001-01-05"}, 422),
        ({"kind": "query"}, 422),
        ({"purpose": "benefit"}, 422),
        ({"partner": "nobody.example"}, 404),
        ({"jurisdiction": "110000"}, 404),
    ],
)
def test_what_a_series_does_not_have_is_refused(compared: Served, params: dict[str, str], status: int):
    assert compared.call("GET", "/rates/handshake/series", params=params, of=WUCHANG).status_code == status


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("csv", "94,110,85.45 %,2026-03-05"),
        ("html", '>94</td>\n<td class="figure">110</td>\n<td class="figure">85.45 %</td>\n<td>2026-03-05</td>'),
        (
            "json",
            '"handshake_numerator":94,"handshake_denominator":110,'
            '"handshake_percent":"85.45 %","handshake_reconciled":"2026-03-05"',
        ),
    ],
)
def test_every_format_of_the_matrix_has_the_handshake(compared: Served, form: str, expected: str):
    params = {"month": "2026-03", "format": form}
    assert expected in compared.call("GET", "/reports/matrix", params=params, role="coordinator", of=WUCHANG).text
