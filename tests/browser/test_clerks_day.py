"""Work on the pages as people do it: by keyboard, at two nodes beside each other, on a phone, without scripts."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.api.nodes import Neighbours, neighbours
from tests.api.test_worklists import ask, on
from tests.browser.conftest import Windows, sign_in
from tests.jobs.offices import HandClock
from tests.pages.support import PASSWORD, account

ENGLISH = {"locale": "en-GB"}


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Neighbours]:
    """Two nodes that exchange, with a clerk each."""
    with neighbours(tmp_path, HandClock()) as nodes:
        account(nodes.xicheng)
        account(nodes.wuchang)
        yield nodes


def tab_to(page: Page, selector: str) -> None:
    """Go to a field or button as who has no mouse does."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement?.matches(wanted)", selector):
            return
    raise AssertionError(f"the keyboard does not lead to {selector}")


def test_ten_queries_are_answered_by_keyboard(both: Neighbours, windows: Windows):
    asked = [ask(both, n, paired=n < 8) for n in range(10)]
    both.deliver()
    page = windows(both.wuchang.url)
    sign_in(page)
    tab_to(page, "nav a[href='/worklists']")
    page.keyboard.press("Enter")
    for number in range(len(asked)):
        page.wait_for_url("**/worklists/to_answer")
        for _ in range(number + 1):
            page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/exchanges/.+/asked[?]from="))
        tab_to(page, "#f-result")
        page.keyboard.press("ArrowDown")  # the first: confirmed
        tab_to(page, "form[action$='/feedback'] button")
        page.keyboard.press("Enter")
        expect(page.locator(".timeline")).to_contain_text("反馈 · 属实")
        expect(page.locator(".timeline")).to_contain_text("尚无回执")
        tab_to(page, "main a[href='/worklists/to_answer']")
        page.keyboard.press("Enter")
    page.wait_for_url("**/worklists/to_answer")
    both.deliver()
    assert on(both.wuchang, "to_answer") == []
    assert sorted(on(both.xicheng, "to_confirm")) == sorted(asked)
    page.reload()
    expect(page.locator("main")).to_contain_text("这张清单上没有事项")


def test_an_exchange_is_carried_through_on_the_pages_of_both_nodes(both: Neighbours, windows: Windows):
    exchange = ask(both, 1, record={"marital_status": "10"})
    both.deliver()
    asked, asker = windows(both.wuchang.url), windows(both.xicheng.url, **ENGLISH)
    for page in (asked, asker):
        sign_in(page)
        page.goto(f"/exchanges/{exchange}")
    answer(asked, "corrected", "40")
    asker.reload()
    expect(asker.locator(".timeline li")).to_have_count(1)  # it has not left yet
    both.deliver()
    for page, said in ((asker, ("feedback · corrected", "receipted")), (asked, ("反馈 · 有更正", "已有回执"))):
        page.reload()
        answered = page.locator(".timeline li").last
        for words in said:  # both sides have it, with the receipt of the one who took it
            expect(answered).to_contain_text(words)
    expect(asker.locator("td.differs").first).to_contain_text("unmarried")
    expect(asker.locator("td.differs").nth(1)).to_contain_text("divorced")
    form = asker.locator("form[action$='/challenge']")
    form.locator("select[name=reason]").select_option("incomplete")
    form.locator("input[value=children]").check()
    form.locator("button").click()
    expect(asker.locator(".timeline")).to_contain_text("no receipt yet")
    both.deliver()
    asked.reload()
    expect(asked.locator(".badge").first).to_contain_text("再交流中")
    answer(asked, "corrected", "30")
    both.deliver()
    asker.reload()
    asker.locator("form[action$='/confirmation'] button").click()
    both.deliver()
    for page, closed in ((asked, "已办结"), (asker, "closed")):
        page.reload()
        expect(page.locator(".badge").first).to_contain_text(closed)


def answer(page: Page, result: str, marital_status: str) -> None:
    form = page.locator("form[action$='/feedback']")
    form.locator("select[name=result]").select_option(result)
    form.locator("summary").first.click()
    form.locator("select[name='record.marital_status']").select_option(marital_status)
    form.locator("button").click()
    expect(page.locator(".timeline")).to_contain_text("尚无回执")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_everything_is_done_on_a_phone_with_scripts_or_without(both: Neighbours, windows: Windows, scripts: bool):
    exchange = ask(both, 1)
    both.deliver()
    page = windows(both.wuchang.url, phone=True, java_script_enabled=scripts)
    page.goto(f"/exchanges/{exchange}/asked")
    assert page.url.endswith(f"/sign-in?next=%2Fexchanges%2F{exchange}%2Fasked")
    page.fill("#login", "wang")
    page.fill("#password", "nothing of the kind")
    page.click("main button")
    expect(page.get_by_role("alert")).to_contain_text("不正确")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url(f"**/exchanges/{exchange}/asked")  # what was wanted
    page.get_by_role("link", name="English").click()
    expect(page.locator("h1")).to_contain_text("query")
    page.get_by_role("link", name="中文").click()
    wrong = page.locator("form[action$='/feedback']")
    wrong.locator("select[name=result]").select_option("corrected")
    wrong.locator("button").click()
    expect(page.get_by_role("alert")).to_contain_text("至少一项更正的内容")
    expect(wrong.locator("details").first).to_have_attribute("open", "")
    expect(wrong.locator("details").nth(1)).not_to_have_attribute("open", "")
    assert page.evaluate("() => document.activeElement.matches('details [aria-invalid]')")
    assert wrong.locator("select[name=result]").input_value() == "corrected"
    form = page.locator("form[action$='/interim']")
    form.locator("select[name=reason]").select_option("field_visit")
    form.locator("input[name=expected]").fill("2026-03-20")
    form.locator("button").click()
    expect(page.locator(".timeline")).to_contain_text("暂复")
    page.goto("/worklists/to_answer")
    page.select_option("#f-kind", "notice")
    page.click("form[data-filter] button")
    expect(page.locator("main")).to_contain_text("没有事项符合筛选")
    page.goto("/worklists/to_pair" if scripts else "/worklists/to_answer")
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/sign-in")
    page.goto("/worklists")
    assert "/sign-in" in page.url


def test_a_filter_is_remembered_told_of_and_forgotten(both: Neighbours, windows: Windows):
    """Comfort, where there are scripts."""
    ask(both, 1)
    both.deliver()
    page = windows(both.wuchang.url)
    sign_in(page)
    page.goto("/worklists/to_answer?kind=notice&limit=5&lang=en")
    page.goto("/certificates?lang=zh")
    page.goto("/worklists/to_answer")
    page.wait_for_url("**/worklists/to_answer?kind=notice#kept")  # of which page it was is no filter
    expect(page.locator(".filtered")).to_contain_text("沿用您在此窗口上次的筛选")
    page.keyboard.press("/")
    assert page.evaluate("() => document.activeElement.name") == "kind"
    page.goto("/")
    page.click(".tile a[href^='/worklists/to_answer']")  # which counts one
    expect(page.locator("[data-rows] tbody tr")).to_have_count(1)
    page.goto("/certificates")
    page.goto("/worklists/to_answer")
    expect(page.locator("[data-rows] tbody tr")).to_have_count(1)
    page.goto("/worklists/to_answer?kind=notice")
    page.get_by_role("button", name="退出").click()
    sign_in(page)
    page.goto("/worklists/to_answer")
    expect(page.locator("[data-rows] tbody tr")).to_have_count(1)
    page.goto("/worklists/to_answer?kind=notice")
    page.click(".filtered a")
    expect(page.locator("[data-rows] tbody tr")).to_have_count(1)
    page.goto("/certificates")
    page.goto("/worklists/to_answer")
    expect(page.locator("[data-rows] tbody tr")).to_have_count(1)


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
def test_the_code_of_the_second_factor_is_shown_whole(both: Neighbours, windows: Windows, phone: bool):
    """With the empty margin of four modules that readers want, and on white whatever the page is drawn on."""
    page = windows(both.wuchang.url, phone=phone, color_scheme="dark")
    sign_in(page)
    page.goto("/account")
    code = page.locator("svg.qr")
    told = code.evaluate(
        """(svg) => {
          const [all, drawn] = [svg, svg.querySelector("path")].map((part) => part.getBoundingClientRect());
          const modules = svg.viewBox.baseVal.width;
          const margins = [drawn.left - all.left, drawn.top - all.top, all.right - drawn.right, all.bottom - drawn.bottom];
          const least = Math.min(...margins) / (all.width / modules);
          const white = getComputedStyle(svg).backgroundColor;
          return [least, all.right <= innerWidth, all.width / modules, white];
        }"""
    )
    assert told[:2] == [pytest.approx(4, abs=0.6), True]
    assert told[2] > 2.5  # pixels that a module has
    assert told[3] == "rgb(255, 255, 255)"
