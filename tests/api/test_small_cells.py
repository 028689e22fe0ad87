"""What is counted by purpose: never the rows, and no figure so small that it points to persons, nor what would tell one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exchange.codes import Purpose
from exchange.rates import RateName
from tests.api.nodes import Served, served
from tests.builders import WUCHANG
from tests.building.described import described
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node
from tests.rates.histories import HANYANG, JIANGAN, WUHAN, History, Told, holding

MONTH = {"month": "2026-04"}
FIGURES = ("/api/v1/rates", "/api/v1/reports", "/api/v1/received-reports", "/api/v1/frozen-reports")


@pytest.fixture
def wuhan(tmp_path: Path) -> Iterator[Served]:
    """Three counties, two years later: 40 exchanges of the purpose in one, 12 in another, 3 in the last; and others."""
    clock = HandClock()
    node = replace(a_node("wuhan.example", WUCHANG), jurisdictions=frozenset({WUCHANG, HANYANG, JIANGAN}))
    with served(tmp_path / "node", node, clock) as made:
        told: list[Told] = []
        for n, (county, many) in enumerate(((WUCHANG, 40), (HANYANG, 12), (JIANGAN, 3)), 1):
            place = {"own": county, "origin": county}
            told += History().answered(10).of_many(range(1000 * n, 1000 * n + many), purpose=Purpose.BENEFIT, **place)
            told += History().answered(10).of_many(range(1000 * n + 500, 1000 * n + 520), purpose=Purpose.PUBLIC_SERVICE, **place)
        holding(told, ledgers=made.office.ledgers)
        clock.move(timedelta(days=700))
        yield made


def given(shown: dict[str, Any]) -> dict[tuple[str, str], int | None]:
    """The denominators that are shown, by place and rate."""
    return {(one["jurisdiction"], rate["rate"]): rate["denominator"] for one in shown["figures"] for rate in one["rates"]}


@pytest.mark.parametrize("rate", RateName)
def test_the_rows_behind_a_figure_by_purpose_are_refused(wuhan: Served, rate: RateName) -> None:
    refused = wuhan.call("GET", f"/rates/{rate}/rows", params={**MONTH, "purpose": "benefit"}, role="coordinator", of=WUHAN)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:woshou:problem:not-by-purpose")
    assert (refused.json()["pointer"], "items" in refused.json()) == ("/purpose", False)


def test_by_purpose_a_small_cell_is_withheld_with_what_would_tell_it(wuhan: Served) -> None:
    shown = wuhan.get("/rates", params={**MONTH, "purpose": "benefit", "parts": "true"}, role="coordinator", of=WUHAN)
    cells = given(shown)
    assert not [cell for cell in cells.values() if cell is not None and 0 < cell < 10]
    parts = {place: cells[place, "feedback_given"] for place in (WUCHANG, HANYANG, JIANGAN)}
    # The whole less what is shown is that of two counties and not of one.
    assert (cells[WUHAN, "feedback_given"], parts) == (55, {WUCHANG: 40, HANYANG: None, JIANGAN: None})
    for one in shown["figures"]:
        for rate in one["rates"]:
            if rate["denominator"] is None:
                assert (rate["numerator"], rate["percent"]) in ((None, None), (None, "—")), rate
    # Nor is the other purpose of the last county shown, which the whole of its purposes would be told by.
    whole = given(wuhan.get("/rates", params={**MONTH, "parts": "true"}, role="coordinator", of=WUHAN))
    assert (whole[JIANGAN, "feedback_given"], whole[WUHAN, "feedback_given"]) == (23, 115)
    others = wuhan.get("/rates", params={**MONTH, "purpose": "public_service", "parts": "true"}, role="coordinator", of=WUHAN)
    assert given(others)[JIANGAN, "feedback_given"] is None


@pytest.mark.parametrize(
    "asked",
    [
        {**MONTH, "kind": "query"},
        {**MONTH, "as_of": "2026-06-01T00:00:00.000Z"},
        {**MONTH, "cohort": "submitted"},
        {"from": "2026-03-21", "to": "2026-04-19"},
    ],
)
def test_by_purpose_there_are_whole_months_of_all_else_alone(wuhan: Served, asked: dict[str, str]) -> None:
    refused = wuhan.call("GET", "/rates", params={**asked, "purpose": "benefit"}, role="coordinator", of=WUHAN)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:woshou:problem:not-by-purpose")
    assert wuhan.call("GET", "/rates", params=asked, role="coordinator", of=WUHAN).status_code == 200


def test_figures_are_asked_by_purpose_nowhere_else() -> None:
    paths: dict[str, Any] = described()["paths"]
    divided = {
        path
        for path, methods in paths.items()
        for told in methods.values()
        if path.startswith(FIGURES) and any(each["name"] == "purpose" for each in told.get("parameters", ()))
    }
    masked = {"/api/v1/rates", "/api/v1/rates/handshake/series", "/api/v1/reports/{report}"}
    # The other two refuse it: test_rates.py and above.
    assert divided == masked | {"/api/v1/rates/grid", "/api/v1/rates/{rate}/rows"}
