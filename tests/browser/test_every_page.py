"""What holds for each page as a browser shows it: nothing inline, no barrier, nothing wider than a phone, both languages."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from exchange.signin.account import AccountRole
from tests.attacks.test_pages import Looking
from tests.browser.conftest import Windows
from tests.pages.world import OPEN, ROUTES, Desks, address, allowed, desks_in, who

# The rules of WCAG 2.2, A and AA; in the dark only what is other there.
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


def seated(windows: Windows, desks: Desks, viewer: str, **options: Any) -> Page:
    """A window of somebody who has signed in; or of nobody."""
    page = windows(desks.world.node.url, **options)
    if viewer:
        page.context.add_cookies([{"name": "woshou", "value": desks.tokens[viewer], "url": desks.world.node.url}])
    return page


def barriers(page: Page, rules: dict[str, Any]) -> list[str]:
    """What keeps somebody out, and where."""
    found = Axe().run(page, options=rules).response["violations"]
    return [
        f"{each['id']} ({each['impact']}): {[node['html'][:200] for node in each['nodes'][:3]]}"
        for each in found
        if each["impact"] in BARRIERS
    ]


@pytest.mark.parametrize(("name", "viewer"), VIEWS)
def test_a_page_keeps_nobody_out_and_brings_nothing_of_its_own_into_the_policy(
    windows: Windows, desks: Desks, name: str, viewer: str
):
    _, path = address(name)
    page = seated(windows, desks, viewer)
    answer = page.goto(path)
    assert answer is not None
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return  # a file to save, or a stream
    assert answer.status == 200 or not viewer  # where nobody signs in elsewhere, that is said on a page
    found = Looking()
    found.feed(answer.text())
    assert found.runs == []
    shape = page.evaluate("() => [document.documentElement.lang, document.querySelectorAll('h1').length, document.title !== '']")
    assert shape == ["zh-CN", 1, True]
    assert barriers(page, RULES) == []
    page.emulate_media(color_scheme="dark")
    assert barriers(page, COLOURS) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    page.goto(f"{path}{'&' if '?' in path else '?'}lang=en")
    assert page.evaluate("() => document.documentElement.lang") == "en"
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
