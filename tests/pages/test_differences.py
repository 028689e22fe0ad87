"""Differences between registers, and silent partners, as lists that one works from."""

from datetime import timedelta

import pytest

from exchange.codes import Item
from exchange.reconciling.results import DifferenceKind
from tests.api.nodes import Neighbours
from tests.api.test_differences import FIELDS, KINDS, agreed, enter, found
from tests.api.test_worklists import ask
from tests.builders import WUCHANG, a_register_run, an_id, an_id_number
from tests.pages.support import refusal_of, signed_in, text_of

ONE_SIDED, DIFFERING = DifferenceKind.ONE_SIDED, DifferenceKind.DIFFERING


@pytest.fixture
def nodes(both: Neighbours) -> Neighbours:
    """Two nodes that may tell of arrivals and departures."""
    agreed(both, KINDS, FIELDS)
    return both


def test_a_clerk_sends_what_is_prepared_once(nodes: Neighbours):
    entry = enter(nodes.xicheng)
    found(nodes.xicheng, entry, ONE_SIDED)
    with nodes.xicheng.office.ledgers.transaction() as ledger:
        ledger.register_runs.put(a_register_run(1))
    reader = signed_in(nodes.xicheng)
    told = text_of(reader.get("/worklists/one_sided"))
    assert "王小明" in told
    assert an_id_number(1) not in told
    assert "发送通报" in told
    path = f"/worklists/one_sided/{entry}/{WUCHANG}/send"
    assert reader.http.post(path).status_code == 403
    page = reader.post(path)
    assert page.url.path.startswith("/exchanges/")
    assert "通报 · 流出" in text_of(page)
    reader.get("/worklists/one_sided")
    assert reader.post(path).url == page.url
    assert "已发出，待对方" in text_of(reader.get("/worklists/one_sided"))


def test_a_step_of_the_other_side_is_not_offered_and_refused(nodes: Neighbours):
    entry = enter(nodes.xicheng)
    found(nodes.xicheng, entry, DIFFERING, Item.MARITAL_STATUS)
    with nodes.xicheng.office.ledgers.transaction() as ledger:
        ledger.register_runs.put(a_register_run(1))
    reader = signed_in(nodes.xicheng)
    page = reader.get("/worklists/differing")
    assert "待对方办理" in text_of(page)
    assert "/send" not in page.text
    refused = reader.post(f"/worklists/differing/{entry}/{WUCHANG}/send")
    assert (refusal_of(refused), "待对方办理" in refused.text) == ("other-side-acts", True)


def test_a_coarse_destination_is_set(nodes: Neighbours):
    entry = enter(nodes.xicheng, destination="420000")
    found(nodes.xicheng, entry, DifferenceKind.COARSE)
    with nodes.xicheng.office.ledgers.transaction() as ledger:
        ledger.register_runs.put(a_register_run(1))
    reader = signed_in(nodes.xicheng)
    assert "设为 武昌区" in text_of(reader.get("/worklists/coarse"))
    page = reader.post(f"/worklists/coarse/{entry}/{WUCHANG}/destination")
    assert "现居住地已更正" in text_of(page)
    assert nodes.xicheng.get(f"/entries/{entry}")["destination"] == WUCHANG


def test_who_sees_no_persons_sees_the_rows_and_sends_nothing(nodes: Neighbours):
    entry = enter(nodes.xicheng)
    found(nodes.xicheng, entry, ONE_SIDED)
    for role in ("coordinator", "auditor"):
        reader = signed_in(nodes.xicheng, role, role)
        page = reader.get("/worklists/one_sided")
        assert (page.status_code, "王小明" in page.text, "/send" in page.text) == (200, False, False)
        assert refusal_of(reader.post(f"/worklists/one_sided/{entry}/{WUCHANG}/send")) == "forbidden"
    assert signed_in(nodes.xicheng, "op", "operator").get("/worklists/one_sided").status_code == 403


def test_what_is_not_there_or_another_countys_is_not_found(nodes: Neighbours):
    reader = signed_in(nodes.wuchang)
    reader.get("/worklists/one_sided")
    assert reader.post(f"/worklists/one_sided/{an_id(99)}/{WUCHANG}/send").status_code == 404
    assert reader.post(f"/worklists/nothing/{an_id(99)}/{WUCHANG}/send").status_code == 422


def test_that_nobody_has_reconciled_is_told(nodes: Neighbours):
    assert "尚未与任何一方对过账" in text_of(signed_in(nodes.xicheng).get("/worklists/coarse"))
    english = signed_in(nodes.xicheng, "li", language="en")
    assert "nobody has reconciled" in text_of(english.get("/worklists/coarse"))


def test_silent_partners_are_listed_and_stand_among_the_lists(both: Neighbours):
    reader = signed_in(both.xicheng)
    assert "没有失联的协作方" in text_of(reader.get("/worklists/silent_partners"))
    ask(both, 1)
    both.xicheng.clock.move(timedelta(days=5))
    later = signed_in(both.xicheng, "li", role="coordinator")
    page = later.get("/worklists/silent_partners")
    assert "wuchang.example" in page.text
    assert "失联协作方 1" in text_of(later.get("/worklists/to_answer"))


@pytest.mark.parametrize("worklist", ["to_answer", "one_sided"])
def test_a_filter_whose_fields_are_empty_narrows_nothing(both: Neighbours, worklist: str):
    reader = signed_in(both.xicheng)
    assert reader.get(f"/worklists/{worklist}", kind="", purpose="", urgent="", other="", cursor="").status_code == 200
    assert reader.get(f"/worklists/{worklist}", other="x").status_code == 422
