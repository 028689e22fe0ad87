"""An answer that cannot be sent as it is filled in: told beside its field, which is open to view, and nothing typed is lost."""

import re

import pytest

from tests.api.nodes import Neighbours
from tests.api.test_worklists import ask
from tests.pages.support import Reader, refusal_of, signed_in, text_of


@pytest.fixture
def asked(both: Neighbours) -> tuple[Reader, str]:
    """A clerk before a query that waits for an answer, and the address of its page."""
    exchange = ask(both, 1)
    both.deliver()
    reader = signed_in(both.wuchang)
    reader.get(f"/exchanges/{exchange}")
    return reader, f"/exchanges/{exchange}/asked"


def beside(html: str, field: str) -> str | None:
    """What is said beside a field."""
    found = re.search(rf'<small class="why" id="f-{re.escape(field)}-why">([^<]+)</small>', html)
    return found[1] if found else None


def open_parts(html: str) -> int:
    return html.count("<details open>")


def test_corrected_without_a_correction_is_told_where_it_is_to_be_written(asked: tuple[Reader, str]):
    reader, page = asked
    refused = reader.post(f"{page}/feedback", result="corrected")
    assert (refused.status_code, refusal_of(refused)) == (422, "nothing-corrected")
    assert beside(refused.text, "record") == "“有更正”须填写至少一项更正的内容。"
    assert open_parts(refused.text) == 1
    assert 'value="corrected" selected' in refused.text


def test_half_a_child_is_not_sent(asked: tuple[Reader, str]):
    reader, page = asked
    refused = reader.post(f"{page}/feedback", result="corrected", record__children__1__sex="2")
    assert (refused.status_code, refusal_of(refused)) == (422, "invalid")
    assert "须填全性别和出生日期" in (beside(refused.text, "record.children.1.birth_date") or "")
    assert 'value="2" selected' in refused.text
    assert "尚无回执" not in refused.text


@pytest.mark.parametrize(
    ("result", "field", "wanted"),
    [
        ("moved_on", "moved_to", "须填写去向"),
        ("wrong_jurisdiction", "jurisdiction", "须填写应询问的区县"),
        ("refused", "feedback-reason", "须选择原因"),
    ],
)
def test_what_a_result_needs_is_asked_for_in_the_part_that_was_closed(
    asked: tuple[Reader, str], result: str, field: str, wanted: str
):
    reader, page = asked
    refused = reader.post(f"{page}/feedback", result=result, **{"record.marital_status": "", "moved_to": ""})
    assert refused.status_code == 422
    assert wanted in (beside(refused.text, field) or "")
    assert open_parts(refused.text) == 1


def test_what_belongs_to_another_result_is_not_dropped_in_silence(asked: tuple[Reader, str]):
    reader, page = asked
    moved = reader.post(f"{page}/feedback", result="not_found", moved_to="4403")
    assert refusal_of(moved) == "answer-contradicts"
    assert "与所选的结果不符" in (beside(moved.text, "moved_to") or "")
    assert 'value="4403"' in moved.text
    corrected = reader.post(f"{page}/feedback", result="confirmed", record__marital_status="40")
    assert refusal_of(corrected) == "answer-contradicts"
    assert 'value="40" selected' in corrected.text


@pytest.mark.parametrize("written", ["深圳", "广东省深圳市", "4403", "440300"])
def test_where_somebody_moved_is_a_name_or_a_code(asked: tuple[Reader, str], written: str):
    reader, page = asked
    assert "去向：深圳市" in text_of(reader.post(f"{page}/feedback", result="moved_on", moved_to=written))


def test_a_place_that_nobody_knows_is_told_beside_its_field(asked: tuple[Reader, str]):
    reader, page = asked
    refused = reader.post(f"{page}/feedback", result="moved_on", moved_to="乌有乡")
    assert refused.status_code == 422
    assert beside(refused.text, "moved_to") is not None
    assert 'value="乌有乡"' in refused.text
    own = reader.post(f"{page}/feedback", result="wrong_jurisdiction", jurisdiction="武昌区")
    assert "另一个区县" in (beside(own.text, "jurisdiction") or "")


def test_the_same_name_in_another_form_is_not_marked(asked: tuple[Reader, str]):
    reader, page = asked
    refused = reader.post(f"{page}/interim", expected="2026-03-20")
    assert (beside(refused.text, "interim-reason"), beside(refused.text, "feedback-reason")) == (
        "有一项填写不符合要求：此项必填。",
        None,
    )
    ids = re.findall(r' id="([^"]+)"', refused.text)
    assert sorted(set(ids)) == sorted(ids)


def test_a_challenge_names_items_and_keeps_those_that_were_ticked(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    both.wuchang.post(f"/exchanges/{exchange}/feedback", {"result": "confirmed"}, status=202)
    both.deliver()
    reader = signed_in(both.xicheng)
    reader.get(f"/exchanges/{exchange}")
    nothing = reader.post(f"/exchanges/{exchange}/asker/challenge", reason="incomplete")
    assert (nothing.status_code, 'value="incomplete" selected' in nothing.text) == (422, True)
    assert "请勾选至少一个" in (beside(nothing.text, "items") or "")
    ticked = reader.post(f"/exchanges/{exchange}/asker/challenge", items=["children", "marital_status"])
    assert ticked.status_code == 422
    assert re.findall(r'value="(\w+)" checked', ticked.text) == ["marital_status", "children"]


def test_english_readers_are_told_in_english(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    reader = signed_in(both.wuchang, language="en")
    reader.get(f"/exchanges/{exchange}")
    refused = reader.post(f"/exchanges/{exchange}/asked/interim", reason="field_visit", expected="soon")
    assert beside(refused.text, "expected") == "A field cannot be taken as it is: it must be a day of the calendar."
