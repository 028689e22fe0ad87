"""Debian's Chromium, and windows in which nothing goes unnoticed: what is said on the console, and where a page calls."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright

from tests.pages.support import PASSWORD

MISSING = """Chromium is missing: run scripts/chromium.sh as root, or ask the administrator for Debian's package `chromium`.
缺少 Chromium：请以 root 运行 scripts/chromium.sh，或请管理员安装 Debian 的 chromium 软件包。"""
Windows = Callable[..., Page]
PHONE = ViewportSize(width=360, height=740)
DESK = ViewportSize(width=1280, height=800)


# Of a module: as long as it is open, nothing else in the process can run an event loop of its own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, without a screen."""
    found = shutil.which("chromium")
    if found is None:
        pytest.fail(MISSING)
    with sync_playwright() as playwright:
        # Root has no sandbox; the node behind it is our own.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-background-networking"])
        browser.new_context().new_page().close()
        yield browser
        browser.close()


@contextmanager
def watched(chromium: Browser) -> Iterator[Windows]:
    """Open a window at a node, with a session of its own; afterwards none has called elsewhere, or been forbidden anything."""
    opened, troubles, calls = [], list[str](), list[tuple[str, str]]()

    def heard(message: ConsoleMessage) -> None:
        # That a page is a refusal is what tests ask for themselves.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            troubles.append(f"{message.page.url if message.page else ''}: {message.text}")

    def window(url: str, *, phone: bool = False, **options: Any) -> Page:
        context = chromium.new_context(
            base_url=url,
            viewport=PHONE if phone else DESK,
            has_touch=phone,
            reduced_motion="reduce",
            **{"locale": "zh-CN", **options},
        )
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", heard)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: calls.append((urlsplit(url).netloc, request.url)))
        return page

    yield window
    for context in opened:
        context.close()
    assert troubles == []
    assert [asked for netloc, asked in calls if urlsplit(asked).netloc != netloc and not asked.startswith("data:")] == []


@pytest.fixture
def windows(chromium: Browser) -> Iterator[Windows]:
    """Windows of one test."""
    with watched(chromium) as window:
        yield window


def sign_in(page: Page, login: str = "wang") -> None:
    """By keyboard, from the page that is led to."""
    page.goto("/")
    page.focus("#login")
    page.keyboard.type(login)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
