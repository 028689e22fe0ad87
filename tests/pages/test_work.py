"""The clerk's pages: lists, one exchange, and everything that can be said of it."""

from datetime import timedelta

from tests.api.nodes import Neighbours
from tests.api.test_worklists import ask
from tests.builders import WUCHANG, YUYANG, an_id_number
from tests.pages.support import refusal_of, signed_in, text_of


def test_a_list_shows_whom_and_until_when_and_numbers_are_masked(both: Neighbours):
    ask(both, 1)
    both.deliver()
    page = signed_in(both.wuchang).get("/worklists/to_answer")
    assert "示例·样本乙" in page.text
    assert an_id_number(1) not in page.text
    assert "110102**********" in page.text
    assert "还剩 30 天" in text_of(page)


def test_a_number_is_shown_once_when_it_is_asked_for_and_the_audit_tells(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    reader = signed_in(both.wuchang)
    assert an_id_number(1) not in reader.get(f"/exchanges/{exchange}").text
    assert an_id_number(1) in reader.post(f"/exchanges/{exchange}/asked/number").text
    assert an_id_number(1) not in reader.get(f"/exchanges/{exchange}").text
    with both.wuchang.office.ledgers.transaction(read_only=True) as ledger:
        told = [row.event for row in ledger.audit.rows(WUCHANG) if row.event.action == "show_number"]
    assert [(event.actor.id, event.purpose, "person" in event.shown) for event in told] == [("a-wang", "public_service", True)]


def test_a_coordinator_sees_the_rows_and_no_person(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    reader = signed_in(both.wuchang, role="coordinator")
    assert "示例" not in reader.get("/worklists/to_answer").text
    page = reader.get(f"/exchanges/{exchange}")
    assert ("示例" in page.text, "发出反馈" in page.text) == (False, False)


def test_a_list_is_filtered_and_paged(both: Neighbours):
    asked = [ask(both, n) for n in (1, 2, 3)]
    both.deliver()
    reader = signed_in(both.wuchang)
    first = reader.get("/worklists/to_answer", limit="2")
    following = first.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    rest = reader.http.get(f"/worklists/to_answer{following}")
    shown = [each for page in (first, rest) for each in asked if each in page.text]
    assert sorted(shown) == sorted(asked)


def test_a_filter_is_told_in_words_and_an_empty_list_says_whether_it_is_why(both: Neighbours):
    ask(both, 1)
    both.deliver()
    reader = signed_in(both.wuchang)
    fitting = reader.get("/worklists/to_answer", kind="query", other="110102", urgent="false", township="unassigned")
    assert "已筛选 （沿用您在此窗口上次的筛选） 协查 · 不紧急 · 对方：西城区 · 乡镇：未分派" in text_of(fitting)
    nothing = text_of(reader.get("/worklists/to_answer", kind="notice"))
    assert ("没有事项符合筛选" in nothing, "清单上没有事项" in nothing) == (True, False)
    plain = reader.get("/worklists/to_mend")
    assert ("已筛选" in plain.text, "这张清单上没有事项" in plain.text) == (False, True)


def test_the_other_county_is_chosen_by_its_name(both: Neighbours):
    page = signed_in(both.wuchang).get("/worklists/to_answer", other="110102")
    assert '<option value="110102" selected>西城区</option>' in page.text


def test_a_filter_that_is_refused_is_told_on_the_list_beside_its_field(both: Neighbours):
    reader = signed_in(both.wuchang)
    refused = reader.get("/worklists/to_answer", kind="query", other="西城")
    assert (refused.status_code, refusal_of(refused)) == (422, "invalid")
    assert 'value="query" selected' in refused.text
    assert 'value="西城" inputmode="numeric" pattern="[0-9]{6}" maxlength="6" aria-invalid="true"' in refused.text
    assert "筛选条件有一项不符合要求" in refused.text


def test_what_was_answered_in_time_is_marked_by_the_day_on_which_it_lapses(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    both.wuchang.clock.move(timedelta(days=29))
    both.wuchang.post(f"/exchanges/{exchange}/feedback", {"result": "confirmed"}, status=202)
    both.deliver()
    both.xicheng.clock.move(timedelta(days=8))
    shown = text_of(signed_in(both.xicheng).get("/worklists/to_confirm"))
    lapses = both.xicheng.get("/worklists/to_confirm")["items"][0]
    assert (lapses["days_left"], lapses["days_to_lapse"]) == (-7, 7)
    assert ("失效前还有 7 天" in shown, "逾期 7 天" in shown) == (True, False)


def test_a_tile_and_a_tab_lead_to_all_that_they_count(both: Neighbours):
    """Beyond `#all` the script puts no filter that it remembers."""
    reader = signed_in(both.wuchang)
    assert 'href="/worklists/overdue#all"' in reader.get("/").text
    assert 'href="/worklists/overdue#all"' in reader.get("/worklists/to_answer").text


def test_an_exchange_goes_its_way_on_two_pages(both: Neighbours):
    """Asked, corrected, challenged, corrected again and confirmed; each side sees what the other said."""
    exchange = ask(both, 1, record={"marital_status": "10"})
    both.deliver()
    asked, asker = signed_in(both.wuchang), signed_in(both.xicheng)
    asked.get(f"/exchanges/{exchange}")
    told = asked.post(f"/exchanges/{exchange}/asked/feedback", result="corrected", record__marital_status="40")
    assert "尚无回执" in told.text
    both.deliver()
    page = asker.get(f"/exchanges/{exchange}")
    assert 'class="differs">未婚' in page.text
    assert 'class="differs">离婚' in page.text
    answered = asker.post(f"/exchanges/{exchange}/asker/challenge", reason="incomplete", items=["children"])
    assert answered.status_code == 200
    both.deliver()
    assert "再交流中" in asked.get(f"/exchanges/{exchange}").text
    asked.post(
        f"/exchanges/{exchange}/asked/feedback",
        result="corrected",
        record__marital_status="40",
        record__children__0__sex="2",
        record__children__0__birth_date="2018-01-02",
    )
    both.deliver()
    assert "女，2018年1月2日" in asker.get(f"/exchanges/{exchange}").text
    asker.post(f"/exchanges/{exchange}/asker/confirmation")
    both.deliver()
    assert "已办结" in asked.get(f"/exchanges/{exchange}").text


def test_what_was_answered_meanwhile_is_looked_at_before_anything_more_is_said(both: Neighbours):
    exchange = ask(both, 1, record={"marital_status": "10"})
    both.deliver()
    one, other = signed_in(both.wuchang), signed_in(both.wuchang, "zhao")
    asker = signed_in(both.xicheng)
    for clerk in (one, other):
        clerk.get(f"/exchanges/{exchange}")
    one.post(f"/exchanges/{exchange}/asked/feedback", result="confirmed")
    both.deliver()
    asker.get(f"/exchanges/{exchange}")
    late = other.post(f"/exchanges/{exchange}/asked/feedback", result="not_found")
    assert (late.status_code, refusal_of(late)) == (412, "version-differs")
    other.get(f"/exchanges/{exchange}")
    # Having seen what the first one said, the other may still say something else; the asker then confirms nothing unseen.
    other.post(f"/exchanges/{exchange}/asked/feedback", result="not_found")
    both.deliver()
    blind = asker.post(f"/exchanges/{exchange}/asker/confirmation")
    assert (blind.status_code, refusal_of(blind)) == (412, "version-differs")
    assert "查无此人" in text_of(blind)
    assert "尚无回执" in asker.post(f"/exchanges/{exchange}/asker/confirmation").text


def test_what_is_refused_is_told_on_the_page_of_the_form_with_what_had_been_given(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    reader = signed_in(both.wuchang)
    reader.get(f"/exchanges/{exchange}")
    refused = reader.post(f"/exchanges/{exchange}/asked/interim", reason="archive_search", expected="2026-02-30")
    assert (refused.status_code, refusal_of(refused)) == (422, "invalid")
    assert 'value="archive_search" selected' in refused.text
    assert 'name="expected" type="date" value="2026-02-30"' in refused.text
    assert 'aria-invalid="true"' in refused.text
    assert "暂复" in refused.text
    late = reader.post(f"/exchanges/{exchange}/asked/interim", reason="archive_search", expected="2026-03-01")
    assert (late.status_code, refusal_of(late)) == (422, "expected-past")
    assert 'value="2026-03-01" min="2026-03-02" required aria-invalid="true"' in late.text
    nothing = reader.post(f"/exchanges/{exchange}/asked/feedback", result="corrected")
    assert (nothing.status_code, refusal_of(nothing)) == (422, "nothing-corrected")


def test_facts_are_joined_as_each_language_does(both: Neighbours):
    exchange = ask(both, 1, record={"children": [{"sex": "1", "birth_date": "2005-11-14"}]})
    both.deliver()
    page = signed_in(both.wuchang).get(f"/exchanges/{exchange}")
    assert "男，2005年11月14日" in text_of(page)
    assert "male, 14 Nov 2005" in text_of(signed_in(both.wuchang, "li", language="en").get(f"/exchanges/{exchange}"))


def test_an_exchange_is_paired_by_a_look_at_both_and_unpaired_again(both: Neighbours):
    exchange = ask(both, 1, paired=False)
    both.wuchang.post(
        "/entries",
        {
            "register": "inflow",
            "origin": "110102",
            "destination": WUCHANG,
            "person": {"name": "示例·样本乙", "document": {"type": "none"}, "sex": "1", "birth_date": "1990-03-07"},
        },
        status=201,
    )
    both.deliver()
    reader = signed_in(both.wuchang)
    page = reader.get(f"/exchanges/{exchange}")
    entry = page.text.split('name="entry" value="')[1].split('"')[0]
    assert "解除配对" in reader.post(f"/exchanges/{exchange}/asked/pairing", entry=entry).text
    assert "可能是谁" in reader.post(f"/exchanges/{exchange}/asked/unpairing").text


def test_an_exchange_is_handed_to_a_township_which_answers_it_or_gives_it_back(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    county, town = signed_in(both.wuchang), signed_in(both.wuchang, "li", of="420106001")
    assert town.get(f"/exchanges/{exchange}").status_code == 404
    county.get(f"/exchanges/{exchange}")
    county.post(f"/exchanges/{exchange}/asked/assignment", township="420106001")
    assert "示例·样本乙" in town.get(f"/exchanges/{exchange}").text
    assert town.post(f"/exchanges/{exchange}/asked/return", reason="not_ours").url.path == "/worklists/to_answer"
    assert town.get(f"/exchanges/{exchange}").status_code == 404


def test_what_another_county_is_to_be_asked_is_sent_on_or_told_why_not(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    both.wuchang.post(f"/exchanges/{exchange}/feedback", {"result": "wrong_jurisdiction", "jurisdiction": YUYANG}, status=202)
    both.deliver()
    reader = signed_in(both.xicheng)
    assert "榆阳区" in reader.get(f"/exchanges/{exchange}").text
    refused = reader.post(f"/exchanges/{exchange}/asker/send-on")
    assert (refused.status_code, refusal_of(refused)) == (409, "entry-names-another")
    assert "请勾选“个案的对方地区一并改正”" in refused.text
    nowhere = reader.post(f"/exchanges/{exchange}/asker/send-on", correct_entry="yes")
    assert (nowhere.status_code, refusal_of(nowhere)) == (409, "no-route")
    assert 'value="yes" checked' in nowhere.text


def test_a_late_answer_is_reminded_of_and_a_mistake_taken_back(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    both.xicheng.clock.move(timedelta(days=40))
    reader = signed_in(both.xicheng)
    assert "逾期" in text_of(reader.get("/worklists/awaited"))
    reader.get(f"/exchanges/{exchange}")
    assert "催办" in reader.post(f"/exchanges/{exchange}/asker/reminder").text
    both.deliver()
    reader.get(f"/exchanges/{exchange}")
    reader.post(f"/exchanges/{exchange}/asker/withdrawal", reason="entered_by_mistake")
    both.deliver()
    assert "已撤回" in reader.get(f"/exchanges/{exchange}").text


def test_a_certificate_is_checked_from_its_page(both: Neighbours):
    ask(both, 1)
    both.deliver()
    reader = signed_in(both.wuchang)
    reader.get("/certificates")
    number = {"holder__name": "示例·样本乙", "holder__document__type": "id_number", "holder__document__number": an_id_number(1)}
    told = reader.post("/certificates", number="X-1", **number)
    assert (told.status_code, "人工核验" in told.text) == (200, True)
    refused = reader.post("/certificates", number="X-1", **{**number, "holder__document__number": an_id_number(9)})
    assert (refused.status_code, refusal_of(refused)) == (409, "no-ground")
    assert 'name="number" type="text" value="X-1"' in refused.text
