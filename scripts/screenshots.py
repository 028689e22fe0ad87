"""Photograph the pages of the demonstration's nodes into docs/screenshots/, for README.md and docs/pages.md.

Run `make screenshots` after a change of the pages. Every place of the menu (`api.pages.route.MENU`) is photographed as the first
role that has it, and what stands in `MORE`. The people are the demonstration's: invented.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from api.pages.route import MENU
from api.rights import LocalRole, Place
from exchange.signin.account import AccountRole
from scripts.generated import ROOT

FOLDER = ROOT / "docs" / "screenshots"
LARGEST = 150_000
_SECONDS = 600
_DESK, _PHONE = ViewportSize(width=1180, height=760), ViewportSize(width=360, height=740)


class TooLarge(ValueError):
    """A picture that the repository should not have to carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture: whose, of which page; `row` opens the first row of a list, `look` are options of the browser's window."""

    name: str
    path: str
    role: AccountRole | None = AccountRole.CLERK
    row: bool = False
    english: bool = False
    dark: bool = False
    phone: bool = False


MORE = (
    Shot(name="sign-in", path="/sign-in", role=None),
    Shot(name="account", path="/account"),
    Shot(name="home-coordinator", path="/", role=AccountRole.COORDINATOR),
    Shot(name="home-dark", path="/", dark=True),
    Shot(name="exchange", path="/worklists/to_answer", row=True),
    Shot(name="exchange-english", path="/worklists/to_answer", row=True, english=True),
    Shot(name="worklist-phone", path="/worklists/to_answer", phone=True),
)


def of_the_menu() -> Iterator[Shot]:
    """Every place of the menu."""
    for path, _, _, right in MENU:
        role = next(role for role in AccountRole if right.covers(LocalRole(role), Place.COUNTY))
        yield Shot(name=path.strip("/").replace("/", "-") or "home", path=path, role=role)


def main() -> None:
    """Make all pictures anew."""
    with (
        tempfile.TemporaryDirectory(prefix="woshou-screenshots-") as folder,
        _demonstration(Path(folder) / "demo") as node,
        sync_playwright() as playwright,
    ):
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        options = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        for shot in (*of_the_menu(), *MORE):
            _take(browser, node, shot)
        browser.close()


def _take(browser: Browser, node: dict[str, Any], shot: Shot) -> None:
    context = browser.new_context(
        base_url=node["url"],
        viewport=_PHONE if shot.phone else _DESK,
        locale="en-GB" if shot.english else "zh-CN",
        color_scheme="dark" if shot.dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    if shot.role is not None:
        _sign_in(page, shot.role.value, node["password"])
    page.goto(shot.path)
    if shot.row:
        page.locator("tbody th a").first.click()
        page.wait_for_url("**/exchanges/**")
    path = FOLDER / f"{shot.name}.png"
    page.screenshot(path=path)
    context.close()
    if path.stat().st_size > LARGEST:
        raise TooLarge(f"{path.name}: {path.stat().st_size:,} bytes")


def _sign_in(page: Page, login: str, password: str) -> None:
    page.goto("/sign-in")
    page.fill("#login", login)
    page.fill("#password", password)
    page.click("main button")
    page.wait_for_url("**/")


@contextmanager
def _demonstration(folder: Path) -> Iterator[dict[str, Any]]:
    """The demonstration's first node: its address, and the password of its accounts."""
    command = [sys.executable, "-m", "woshou", "demo", "--folder", str(folder), "--people", "300", "--months", "2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as demo:
        try:
            keys, ends = folder / "api-keys.json", time.monotonic() + _SECONDS
            while not keys.is_file():
                if demo.poll() is not None or time.monotonic() > ends:
                    raise RuntimeError("the demonstration did not come to its end")
                time.sleep(0.5)
            nodes: dict[str, dict[str, Any]] = json.loads(keys.read_text("utf-8"))
            yield next(iter(nodes.values()))
        finally:
            demo.terminate()
            demo.wait(timeout=60)


if __name__ == "__main__":
    main()
