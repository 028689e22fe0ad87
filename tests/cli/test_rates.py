"""Grids, closing and recounting on the command line."""

from dataclasses import replace

import pytest

from tests.builders import WUCHANG
from tests.rates.histories import History, holding
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
