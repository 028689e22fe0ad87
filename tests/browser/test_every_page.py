"""What holds for each page as a browser shows it: nothing inline, no barrier, nothing wider than a phone, both languages."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from exchange.signin.account import AccountRole
from tests.attacks.test_pages import Looking
from tests.browser.conftest import DESK, PHONE, Windows, watched
from tests.pages.world import OPEN, ROUTES, Desks, address, allowed, desks_in, who

# The rules of WCAG 2.2, A and AA: on a desk in Chinese, and on a phone in English; in the dark only what is other there.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
BARRIERS = ("serious", "critical")
# What is taken away as a file, and not looked at.
FILES = ("/assets/", "/to-answer", "/templates/", "/problems", "/file", "/events")
LOOKED_AT = [name for name in ROUTES if name.startswith("GET ") and not any(each in name for each in FILES)]
# The first page is another one for each role.
VIEWS = [
    *((name, allowed(OPEN[name]) if name in OPEN else "") for name in LOOKED_AT),
    *(("GET /", who(role, "own")) for role in AccountRole if who(role, "own") != allowed(OPEN["GET /"])),
]


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    with desks_in(tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture(scope="module")
def shared(chromium: Browser) -> Iterator[Windows]:
    """Windows of all these tests, which are one for each viewer."""
    with watched(chromium) as window:
        yield window


@pytest.fixture(scope="module")
def seats(shared: Windows, desks: Desks) -> Callable[[str], Page]:
    """The window of somebody who has signed in, or of nobody."""
    held: dict[str, Page] = {}

    def seated(viewer: str) -> Page:
        if viewer not in held:
            held[viewer] = shared(desks.world.node.url)
            if viewer:
                bring(held[viewer], desks, "woshou", desks.tokens[viewer])
        return held[viewer]

    return seated


def bring(page: Page, desks: Desks, name: str, value: str) -> None:
    """Let the window bring a cookie from now on."""
    page.context.add_cookies([{"name": name, "value": value, "url": desks.world.node.url}])


def barriers(page: Page, rules: dict[str, Any]) -> list[str]:
    """What keeps somebody out, and where; the script that finds it is brought to a page once."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("rules => axe.run(document, rules)", rules)["violations"]
    return [
        f"{each['id']} ({each['impact']}): {[node['html'][:200] for node in each['nodes'][:3]]}"
        for each in found
        if each["impact"] in BARRIERS
    ]


@pytest.mark.parametrize(("name", "viewer"), VIEWS)
def test_a_page_keeps_nobody_out_and_brings_nothing_of_its_own_into_the_policy(
    seats: Callable[[str], Page], desks: Desks, name: str, viewer: str
):
    _, path = address(name)
    page = seats(viewer)
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light")
    bring(page, desks, "lang", "zh")
    answer = page.goto(path)
    assert answer is not None
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return  # a file to save, or a stream
    assert answer.status == 200 or not viewer  # where nobody signs in elsewhere, that is said on a page
    found = Looking()
    found.feed(answer.text())
    assert found.runs == []
    shape = "() => [document.documentElement.lang, document.querySelectorAll('h1').length, document.title !== '']"
    assert page.evaluate(shape) == ["zh-CN", 1, True]
    assert barriers(page, RULES) == []
    page.emulate_media(color_scheme="dark")
    assert barriers(page, COLOURS) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    page.emulate_media(color_scheme="light")
    bring(page, desks, "lang", "en")
    page.goto(path)
    assert page.evaluate(shape) == ["en", 1, True]
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    assert barriers(page, RULES) == []
