"""Two nodes compare their figures over real HTTP, each on its own books, by day and by night."""

from datetime import date, timedelta

import pytest

from adapters.keys import jose
from adapters.partner_http import PartnerRefused
from exchange.comparing.frame import period_of
from exchange.errors import NotFound
from exchange.moments import Period
from exchange.partners import PartnerSuspended
from exchange.wire.figures import FIGURES_TYPE
from tests.api.comparing import ask, compare, spoil
from tests.api.nodes import Neighbours
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG_NODE, an_id


def test_two_nodes_prove_that_they_count_alike(compared: Neighbours):
    for here, node in ((compared.xicheng, WUCHANG_NODE), (compared.wuchang, XICHENG_NODE)):
        found = compare(here.office, here.http, node)
        assert (found.equal, found.whole, found.differ, found.ours.exchanges) == (True, True, 0, 3)
        assert found.answer_jws is not None
        assert jose.read_header(found.answer_jws).typ == FIGURES_TYPE
        (listed,) = here.get("/comparisons", role="coordinator")["items"]
        assert (listed["partner"], listed["equal"], listed["exchanges_ours"]) == (node, True, 3)
        whole = here.get(f"/comparisons/{found.id}", role="operator")
        assert whole["ours"] == whole["theirs"]
        (cell,) = whole["cells"]
        assert (cell["asked"], cell["equal"], cell["submitted_ours"]["all"]) == (WUCHANG, True, 3)
        assert whole["answer"] == found.answer_jws


def test_the_exchange_that_differs_is_found_and_named_on_both_sides(compared: Neighbours):
    (exchange,) = ask(compared, 4)
    spoil(compared.wuchang.office, exchange)
    compared.xicheng.clock.move(timedelta(days=1))
    for here, node in ((compared.xicheng, WUCHANG_NODE), (compared.wuchang, XICHENG_NODE)):
        steps: list[tuple[int, int]] = []
        found = compare(here.office, here.http, node, lambda done, of: steps.append((done, of)), as_of=date(2026, 3, 12))  # noqa: B023 # called in this turn
        assert (found.equal, found.whole, found.differ, steps) == (False, True, 1, [(1, 1), (2, 2)])
        findings = here.get("/findings", role="operator")["items"]
        told = {row["kind"]: row for row in findings}["figures-differ"]
        assert (told["subject"], told["settled_at"]) == (exchange, None)
        assert "due of round 1: 2026-04-" in told["detail"]


def test_who_sees_comparisons_sees_no_person_and_not_everyone_sees_them(compared: Neighbours):
    found = compare(compared.xicheng.office, compared.xicheng.http, WUCHANG_NODE)
    for path in ("/comparisons", f"/comparisons/{found.id}"):
        for role, status in (("auditor", 200), ("coordinator", 200), ("operator", 200), ("clerk", 403), ("system", 403)):
            assert compared.xicheng.call("GET", path, role=role).status_code == status
    assert compared.xicheng.call("GET", f"/comparisons/{an_id(9)}", role="operator").status_code == 404
    assert compared.xicheng.get("/comparisons?partner=nobody.example", role="operator")["items"] == []
    cells = compared.xicheng.get(f"/comparisons/{found.id}", role="coordinator", of="110000")["cells"]
    assert len(cells) == 1


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2026, 3, 20), date(2026, 1, 21), date(2026, 2, 20)),
        (date(2026, 3, 21), date(2026, 2, 21), date(2026, 3, 20)),
        (date(2026, 3, 31), date(2026, 2, 21), date(2026, 3, 20)),
        (date(2026, 1, 5), date(2025, 11, 21), date(2025, 12, 20)),
    ],
)
def test_the_night_compares_the_last_month_that_has_ended(day: date, first: date, last: date):
    assert period_of(day) == Period(first=first, last=last)


def test_a_suspended_partner_is_not_asked_and_gets_no_answer(compared: Neighbours):
    compare(compared.wuchang.office, compared.wuchang.http, XICHENG_NODE)
    compared.xicheng.post(f"/partners/{WUCHANG_NODE}/suspension", role="operator")
    with pytest.raises(PartnerSuspended):
        compare(compared.xicheng.office, compared.xicheng.http, WUCHANG_NODE)
    with pytest.raises(PartnerRefused):
        compare(compared.wuchang.office, compared.wuchang.http, XICHENG_NODE)
    with pytest.raises(NotFound):
        compare(compared.xicheng.office, compared.xicheng.http, "nobody.example")
