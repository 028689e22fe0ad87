"""What was done is said, whose hands it is in is shown, and nothing is offered that would be refused."""

from datetime import timedelta

import pytest

from tests.api.nodes import Neighbours
from tests.api.test_worklists import ask
from tests.pages.support import Reader, refusal_of, signed_in, text_of

DELIVERY = "随下一批发出"


def at(both: Neighbours, *, answered: bool = False) -> tuple[str, Reader, Reader]:
    """An exchange that was received, and perhaps answered; the clerk who asked and the one who was asked, before its page."""
    exchange = ask(both, 1)
    both.deliver()
    if answered:
        both.wuchang.post(f"/exchanges/{exchange}/feedback", {"result": "confirmed"}, status=202)
        both.deliver()
    asker, asked = signed_in(both.xicheng), signed_in(both.wuchang)
    for reader in (asker, asked):
        reader.get(f"/exchanges/{exchange}")
    return exchange, asker, asked


@pytest.mark.parametrize(
    ("deed", "fields", "told"),
    [
        ("feedback", {"result": "confirmed"}, "反馈已写好"),
        ("interim", {"reason": "field_visit", "expected": "2026-03-20"}, "暂复已写好"),
        ("assignment", {"township": "420106001"}, "已分派"),
        ("clerk", {}, "已由您领办"),
        ("unpairing", {}, "已解除配对"),
    ],
)
def test_the_asked_side_is_told_that_it_is_done(both: Neighbours, deed: str, fields: dict[str, str], told: str):
    exchange, _, asked = at(both)
    page = text_of(asked.post(f"/exchanges/{exchange}/asked/{deed}", **fields))
    assert told in page
    assert (DELIVERY in page) == (deed in ("feedback", "interim"))
    assert f"{told}。" not in text_of(asked.get(f"/exchanges/{exchange}"))


@pytest.mark.parametrize(
    ("deed", "fields", "told"),
    [
        ("confirmation", {}, "确认已写好"),
        ("challenge", {"reason": "incomplete", "items": "children"}, "再交流已写好"),
        ("withdrawal", {"reason": "entered_by_mistake"}, "撤回已写好"),
    ],
)
def test_the_asker_is_told_that_it_is_done_and_is_not_offered_it_twice(
    both: Neighbours, deed: str, fields: dict[str, str], told: str
):
    exchange, asker, _ = at(both, answered=True)
    page = asker.post(f"/exchanges/{exchange}/asker/{deed}", **fields)
    assert told in text_of(page)
    assert DELIVERY in text_of(page)
    assert f'action="/exchanges/{exchange}/asker/{deed}"' not in page.text


def test_no_word_of_an_address_comes_to_stand_on_a_page(both: Neighbours):
    exchange, _, asked = at(both)
    page = asked.get(f"/exchanges/{exchange}/asked", done="gone to the moon")
    assert (page.status_code, "moon" in text_of(page)) == (200, False)


def test_who_took_it_over_is_shown_to_colleagues_who_are_not_offered_it(both: Neighbours):
    exchange, _, asked = at(both)
    colleague = signed_in(both.wuchang, "zhao")
    page = colleague.get(f"/exchanges/{exchange}")
    assert ("尚无人领办" in text_of(page), "/asked/clerk" in page.text) == (True, True)
    assert "wang 先生 （您）" in text_of(asked.post(f"/exchanges/{exchange}/asked/clerk"))
    page = colleague.get(f"/exchanges/{exchange}")
    assert ("wang 先生" in text_of(page), "/asked/clerk" in page.text) == (True, False)
    above = signed_in(both.wuchang, "above", role="coordinator", of="420100")
    for path, place in ((f"/exchanges/{exchange}", "时限与办理"), ("/worklists/to_answer", "待反馈")):
        assert "wang 先生" in text_of(colleague.get(path))
        shown = text_of(above.get(path))
        assert (place in shown, "wang 先生" in shown) == (True, False)


def test_only_a_township_is_offered_to_give_back_and_it_is_told_on_its_list(both: Neighbours):
    exchange, _, county = at(both)
    assert "退回县级" not in county.post(f"/exchanges/{exchange}/asked/assignment", township="420106001").text
    town = signed_in(both.wuchang, "li", of="420106001")
    assert "退回县级" in town.get(f"/exchanges/{exchange}").text
    assert "已退回县级" in town.post(f"/exchanges/{exchange}/asked/return", reason="not_ours").text


def test_an_answer_that_is_on_its_way_is_not_handed_to_a_township(both: Neighbours):
    exchange, _, asked = at(both)
    assert "/asked/assignment" in asked.get(f"/exchanges/{exchange}").text
    page = asked.post(f"/exchanges/{exchange}/asked/feedback", result="confirmed")
    assert [deed for deed in ("feedback", "interim", "assignment") if f"/asked/{deed}" in page.text] == []


def test_who_announced_a_delay_can_answer_before_it_has_left(both: Neighbours):
    exchange, _, asked = at(both)
    page = asked.post(f"/exchanges/{exchange}/asked/interim", reason="field_visit", expected="2026-03-20")
    assert [deed for deed in ("feedback", "interim") if f"/asked/{deed}" in page.text] == ["feedback"]
    assert "反馈已写好" in asked.post(f"/exchanges/{exchange}/asked/feedback", result="confirmed").text


def test_a_second_reminder_is_offered_on_the_next_day(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    both.xicheng.clock.move(timedelta(days=40))
    asker = signed_in(both.xicheng)
    form = f'action="/exchanges/{exchange}/asker/reminder"'
    assert form in asker.get(f"/exchanges/{exchange}").text
    assert "催办已写好" in asker.post(f"/exchanges/{exchange}/asker/reminder").text
    both.deliver()
    page = asker.get(f"/exchanges/{exchange}")
    assert (form in page.text, "明天起可再催" in page.text) == (False, True)
    both.xicheng.clock.move(timedelta(days=1))
    asker.sign_in()
    assert form in asker.get(f"/exchanges/{exchange}").text


def test_a_form_that_is_too_old_is_told_what_has_come_since(both: Neighbours):
    exchange, asker, asked = at(both)
    asked.post(f"/exchanges/{exchange}/asked/feedback", result="not_found")
    both.deliver()
    refused = asker.post(f"/exchanges/{exchange}/asker/withdrawal", reason="entered_by_mistake")
    assert (refused.status_code, refusal_of(refused)) == (412, "version-differs")
    assert "所以没有办理" in refused.text
    assert "新的往来： 反馈 · 查无此人" in text_of(refused)
    colleague = signed_in(both.wuchang, "zhao")
    colleague.get(f"/exchanges/{exchange}")
    asked.get(f"/exchanges/{exchange}")
    asked.post(f"/exchanges/{exchange}/asked/clerk")
    assert "没有新的往来" in colleague.post(f"/exchanges/{exchange}/asked/unpairing").text


def test_the_conversation_says_why_and_until_when(both: Neighbours):
    exchange, asker, asked = at(both)
    asked.post(f"/exchanges/{exchange}/asked/interim", reason="archive_search", expected="2026-03-20")
    both.deliver()
    assert "需查档，预计 2026年3月20日" in text_of(asker.get(f"/exchanges/{exchange}"))
    asked.get(f"/exchanges/{exchange}")
    asked.post(f"/exchanges/{exchange}/asked/feedback", result="refused", reason="person_objected")
    both.deliver()
    assert "本人不同意" in text_of(asker.get(f"/exchanges/{exchange}"))
    asker.post(f"/exchanges/{exchange}/asker/challenge", reason="incomplete", items=["children", "marital_status"])
    both.deliver()
    assert "反馈不完整：子女、婚姻状况" in text_of(asked.get(f"/exchanges/{exchange}"))


def test_who_sees_no_persons_is_shown_the_items_and_no_table_of_dashes(both: Neighbours):
    exchange, _, _ = at(both)
    page = signed_in(both.wuchang, "chen", role="coordinator").get(f"/exchanges/{exchange}")
    assert "婚姻状况、子女" in text_of(page)
    assert "<td>–</td>" not in page.text


@pytest.mark.parametrize(
    ("given", "led"),
    [
        ("/reports/rates/handshake/rows?month=2026-02", "/reports/rates/handshake/rows?month=2026-02"),
        ("/worklists/to_answer?kind=query", "/worklists/to_answer?kind=query"),
        ("//evil.example/reports", "/worklists"),
        ("https://evil.example/reports/", "/worklists"),
        ("/reports\\evil", "/worklists"),
        ("/sign-out", "/worklists"),
        ("javascript:alert(1)", "/worklists"),
        ("javascript:/reports/;alert(1)", "/worklists"),
        ("//[", "/worklists"),
        ("/reports/" + "x" * 2000, "/worklists"),
    ],
)
def test_the_way_back_is_where_one_came_from_and_never_elsewhere(both: Neighbours, given: str, led: str):
    exchange, _, asked = at(both)
    page = asked.get(f"/exchanges/{exchange}", **{"from": given})
    assert (page.status_code, f'<p><a href="{led}">←' in page.text) == (200, True)


def test_the_way_back_is_kept_through_deeds_and_refusals(both: Neighbours):
    exchange, _, asked = at(both)
    shown = asked.get("/worklists/to_answer", kind="query")
    assert f'href="/exchanges/{exchange}/asked?from=%2Fworklists%2Fto_answer%3Fkind%3Dquery"' in shown.text
    back = '<p><a href="/worklists/to_answer?kind=query">←'
    assert back in asked.get(f"/exchanges/{exchange}/asked", **{"from": "/worklists/to_answer?kind=query"}).text
    refused = asked.post(f"/exchanges/{exchange}/asked/interim")
    assert (refused.status_code, back in refused.text) == (422, True)
    assert back in asked.post(f"/exchanges/{exchange}/asked/number").text
    assert back in asked.post(f"/exchanges/{exchange}/asked/clerk").text


def test_what_has_been_answered_is_no_longer_told_as_late(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    both.wuchang.clock.move(timedelta(days=40))
    asked = signed_in(both.wuchang)
    assert "待反馈 ▲ 逾期" in text_of(asked.get(f"/exchanges/{exchange}"))
    page = text_of(asked.post(f"/exchanges/{exchange}/asked/feedback", result="confirmed"))
    assert ("反馈已写好，待回执" in page, "待反馈 ▲ 逾期" in page) == (True, False)


def test_the_page_with_the_number_leads_to_itself_in_the_other_language(both: Neighbours):
    exchange, _, asked = at(both)
    page = asked.post(f"/exchanges/{exchange}/asked/number")
    assert f'href="/exchanges/{exchange}/asked?lang=en"' in page.text
