"""Grids, closing and recounting on the command line."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from tests.builders import WUCHANG, WUCHANG_NODE, an_id
from tests.rates.histories import History, holding
from tests.rates.runs import FIVE, THEIRS, a_run, reconciled
from woshou.__main__ import whole
from woshou.cli.call import Call
from woshou.cli.exits import Exit


@pytest.fixture
def counted(node):
    """The node with five exchanges of last year, three of them answered, all of it closed."""
    told = History(received=-200, due=-170).answered(-190).of_many(range(1, 4))
    told += History(received=-200, due=-170).of_many(range(4, 6))
    with Call(data=node.data, json=True).office() as office:
        holding(told, ledgers=office.ledgers)
    closed = node("rates", "close").json
    assert closed["changes"] >= 5
    assert closed["pages"] > 0
    return node


def test_a_grid_has_a_cell_for_each_place_month_and_matter(counted):
    columns = counted("rates", "grid", "--month", "2025-09", "--months", "2", "--by", "all").json["columns"]
    cells = list(zip(columns["jurisdiction"], columns["to"], columns["numerator"], columns["denominator"], strict=True))
    assert cells == [(WUCHANG, "2025-08-20", 0, 0), (WUCHANG, "2025-09-20", 3, 5)]


def test_a_month_that_is_none_is_refused(counted):
    assert counted("rates", "grid", "--month", "2025-13").refusal["code"] == "which-period"


def test_a_recount_that_finds_everything_equal_says_so(counted):
    told = counted("rates", "recount").json
    assert (told["exchanges"], told["items"], told["repaired"]) == (5, [], False)
    assert told["pages"] > 0


def test_what_was_altered_is_found_is_not_repaired_silently_and_is_repaired_on_demand(counted):
    with Call(data=counted.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        (key,) = ledger.exchanges.keys(None, 1)
        versions = ledger.counting.versions([key])[key]
        ledger.counting.replace({key: [replace(version, marks=0) for version in versions]})
    found = counted("rates", "recount")
    assert found.code == Exit.REFUSED
    again = counted("rates", "recount")
    assert again.code == Exit.REFUSED
    assert any(finding["kind"] == "rates-differ" for finding in counted("partner", "findings").json["items"])
    repaired = counted("rates", "recount", "--repair").json
    assert repaired["repaired"]
    assert {item["subject"].split()[0] for item in repaired["items"]} >= {key.exchange, "totals"}
    assert counted("rates", "recount").json["items"] == []


@pytest.fixture
def compared(node):
    """The node, whose county was compared with one of Beijing a week and a day before today."""
    with Call(data=node.data, json=True).office() as office:
        reconciled([a_run(1, -7, tally=FIVE), a_run(2, -1)], office.ledgers)
    return node


def test_the_handshake_of_each_day_and_of_a_register(compared):
    told = compared("rates", "handshake", "--from", "2026-02-27", "--until", "2026-03-02", "--by-partner").json
    assert (told["from"], told["until"], told["jurisdiction"]) == ("2026-02-27", "2026-03-02", WUCHANG)
    points = [(point["partner"], point["numerator"], point["denominator"]) for point in told["points"]]
    assert points == [(None, 3, 5), (None, 3, 5), (None, 94, 110), (None, 94, 110)] + [
        (THEIRS, *counts) for counts in ((3, 5), (3, 5), (94, 110), (94, 110))
    ]
    inflow = compared("rates", "handshake", "--register", "inflow", "--from", "2026-03-01").json["points"]
    assert {point["denominator"] for point in inflow} == {0}


def test_by_month_and_without_days_there_are_twelve(compared):
    points = compared("rates", "handshake", "--step", "month").json["points"]
    assert [point["numerator"] for point in points] == [0] * 10 + [3, 94]


def test_a_series_that_ends_before_it_begins_or_of_nobody_is_refused(compared):
    assert compared("rates", "handshake", "--from", "2026-03-02", "--until", "2026-03-01").refusal["code"] == "which-period"
    assert compared("rates", "handshake", "--partner", "nobody.example").refusal["code"] == "not-found"
    assert compared("rates", "handshake", "--jurisdiction", "110102").refusal["code"] == "not-served"
    assert compared("rates", "handshake", "--until", "0001-01-05").refusal["code"] == "which-period"


def test_the_place_of_a_series_may_be_written_in_any_form(compared):
    assert compared("rates", "handshake", "--jurisdiction", "420106000000").json["jurisdiction"] == WUCHANG


def test_where_several_counties_are_served_a_series_needs_one_to_be_named(empty):
    counties = ("--jurisdiction", WUCHANG, "--jurisdiction", "420102")
    assert empty("init", "--node", WUCHANG_NODE, "--title", "武汉", *counties, "--url", "http://127.0.0.1:8000").code == 0
    assert empty("rates", "handshake").refusal["code"] == "which-county"


def test_the_rates_and_their_rows_name_the_runs(compared):
    shown = compared("report", "rates", "--month", "2026-03").json["figures"][0]["rates"]
    handshake = next(rate for rate in shown if rate["rate"] == "handshake")
    assert (handshake["numerator"], handshake["denominator"], handshake["handshakes"]["oldest_days"]) == (94, 110, 1)
    (row,) = compared("report", "rates", "--month", "2026-03", "--rows", "handshake").json["items"]
    assert (row["run"]["id"], row["run"]["partner"], row["run"]["age_days"]) == (an_id(2), THEIRS, 1)


def test_the_rows_of_the_handshake_show_on_screen_what_both_sides_can_compare(compared):
    told = CliRunner().invoke(
        whole(), ["report", "rates", "--month", "2026-03", "--rows", "handshake", "--data", str(compared.data)]
    )
    (row,) = (line for line in told.stdout.splitlines() if THEIRS in line)
    cells = [cell.strip() for cell in row.split("│")[1:-1]]
    (run,) = (row["run"] for row in compared("report", "rates", "--month", "2026-03", "--rows", "handshake").json["items"])
    counts = [str(run[name]) for name in ("agreeing", "differing", "coarse", "outflow_only", "inflow_only")]
    assert (cells[5], cells[6:11]) == ("94/110", counts)
