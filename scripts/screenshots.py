"""Photograph the pages of the demonstration's nodes into docs/screenshots/, and show them in README.md.

Run `make screenshots` after a change of the pages. Every place of the menu (`api.pages.route.MENU`) is photographed as the first
role that has it, and what stands in `MORE`: together every page but those in `UNSEEN`. The people are invented.
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
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from starlette.routing import compile_path

from api.pages.route import MENU
from api.rights import LocalRole, Place
from exchange.reporting.wanted import ReportName
from exchange.signin.account import AccountRole
from scripts.generated import ROOT, fill

FOLDER = ROOT / "docs" / "screenshots"
LARGEST = 200_000
_SECONDS = 600
_DESK, _PHONE = ViewportSize(width=1180, height=760), ViewportSize(width=360, height=740)


class TooLarge(ValueError):
    """A picture that the repository should not have to carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture: whose, of which page. `opens` is clicked from `path` on, one link after another, until `page` is reached.

    `page` is the path of the page's route; where it is not given, `path` is.
    """

    name: str
    title: str
    path: str
    page: str = ""
    opens: tuple[str, ...] = ()
    role: AccountRole | None = AccountRole.CLERK
    english: bool = False
    dark: bool = False
    phone: bool = False

    @property
    def route(self) -> str:
        """The path of the page's route."""
        return self.page or self.path


COORDINATOR, OPERATOR, AUDITOR = AccountRole.COORDINATOR, AccountRole.OPERATOR, AccountRole.AUDITOR
_FIRST = "main tbody th a"
_EXCHANGE = "/exchanges/{exchange}/{role}"
_REPORTS = {
    ReportName.FEEDBACK: "反馈情况表 feedback",
    ReportName.LEAGUE: "通报排名 league table",
    ReportName.MATRIX: "协作矩阵 matrix",
    ReportName.OVERDUE: "逾期清单 overdue",
    ReportName.TREND: "趋势 trend",
    ReportName.BULLETIN: "月通报 bulletin",
}
MORE = (
    Shot(name="sign-in", title="登录 signing in", path="/sign-in", role=None),
    Shot(name="account", title="我的账号 own account", path="/account"),
    Shot(name="home-coordinator", title="协调员首页 a coordinator’s first page", path="/", role=COORDINATOR),
    Shot(name="home-dark", title="深色 dark", path="/", dark=True),
    Shot(name="exchange", title="一件事项 one exchange", path="/worklists/to_answer", page=_EXCHANGE, opens=(_FIRST,)),
    Shot(
        name="exchange-english",
        title="英文 in English",
        path="/worklists/to_answer",
        page=_EXCHANGE,
        opens=(_FIRST,),
        english=True,
    ),
    Shot(name="worklist-phone", title="手机上 on a phone", path="/worklists/to_answer", page="/worklists/{worklist}", phone=True),
    Shot(name="one-sided", title="一方未建档 on one side only", path="/worklists/one_sided"),
    Shot(name="differing", title="信息不一致 fields that differ", path="/worklists/differing"),
    Shot(name="coarse", title="去向待定 destination to be set", path="/worklists/coarse"),
    Shot(name="silent-partners", title="失联协作方 silent partners", path="/worklists/silent_partners"),
    Shot(
        name="import",
        title="导入结果 an import’s result",
        path="/imports",
        page="/imports/{id}",
        opens=('main tbody a[href^="/imports/"]',),
    ),
    Shot(
        name="entry",
        title="个案 an entry",
        path="/worklists/to_answer",
        page="/entries/{entry}/{what_for}",
        opens=(_FIRST, 'main a[href^="/entries/"]'),
    ),
    Shot(
        name="entry-purpose",
        title="查看个案的用途 what an entry is opened for",
        path="/worklists/one_sided",
        page="/entries/{entry}",
        opens=('main a[href^="/entries/"]',),
    ),
    Shot(
        name="agreement",
        title="协议 an agreement",
        path="/agreements",
        page="/agreements/{digest}",
        opens=(_FIRST,),
        role=COORDINATOR,
    ),
    Shot(name="agreement-new", title="提出协议 proposing one", path="/agreements/new", role=COORDINATOR),
    Shot(name="partner", title="协作方 a partner", path="/partners", page="/partners/{node}", opens=(_FIRST,), role=OPERATOR),
    Shot(
        name="partner-trial",
        title="联络测试 testing a partner",
        path="/partners",
        page="/partners/{node}/trial",
        opens=(_FIRST, 'form[action$="/trial"] button'),
        role=OPERATOR,
    ),
    Shot(
        name="reconciliation",
        title="夜间对账 a night’s reconciliation",
        path="/operations",
        page="/operations/reconciliations/{reconciliation}",
        opens=('main a[href^="/operations/reconciliations/"]',),
        role=OPERATOR,
    ),
    Shot(name="audit-person", title="谁看过某人 who saw a person", path="/audit/person", role=AUDITOR),
    *(
        Shot(name=f"report-{report}", title=title, path=f"/reports/{report}", page="/reports/{report}", role=COORDINATOR)
        for report, title in _REPORTS.items()
    ),
    Shot(
        name="report-trend-english",
        title="趋势（英文） trend, in English",
        path="/reports/trend",
        page="/reports/{report}",
        role=COORDINATOR,
        english=True,
    ),
    Shot(
        name="rows",
        title="数字背后的每一行 the rows behind a figure",
        path="/reports?month=2026-02",
        page="/reports/rates/{rate}/rows",
        opens=('main td a[href^="/reports/rates/"]',),
        role=COORDINATOR,
    ),
    Shot(
        name="report-partners",
        title="按协作方 by partner",
        path="/reports/partners?month=2026-02",
        page="/reports/partners",
        role=COORDINATOR,
    ),
    Shot(name="handshake", title="握手走势 handshakes", path="/reports/handshake", role=COORDINATOR),
    Shot(name="frozen", title="冻结月报 frozen months", path="/reports/frozen", role=COORDINATOR),
    Shot(
        name="frozen-month",
        title="一份月报 a frozen month",
        path="/reports/frozen",
        page="/reports/frozen/{digest}",
        opens=('main a[href^="/reports/frozen/"]',),
        role=COORDINATOR,
    ),
    Shot(name="received", title="收到的月报 received months", path="/reports/received", role=COORDINATOR),
    Shot(name="comparisons", title="双方比对 figures compared", path="/reports/comparisons", role=COORDINATOR),
    Shot(
        name="comparison",
        title="一次比对 one comparison",
        path="/reports/comparisons",
        page="/reports/comparisons/{comparison}",
        opens=('main a[href^="/reports/comparisons/"]',),
        role=COORDINATOR,
    ),
)
# Pages that the demonstration has no occasion for: what lasts a moment, and months from a node below.
UNSEEN = {
    "/imports/runs/{id}",
    "/reports/received/{digest}",
    "/reports/received/sum",
}


def of_the_menu() -> Iterator[Shot]:
    """Every place of the menu."""
    for path, zh, en, right in MENU:
        role = next(role for role in AccountRole if right.covers(LocalRole(role), Place.COUNTY))
        page = "/worklists/{worklist}" if path == "/worklists" else path  # which leads to the first list that holds something
        yield Shot(name=path.strip("/").replace("/", "-") or "home", title=f"{zh} {en}", path=path, page=page, role=role)


def shots() -> tuple[Shot, ...]:
    """Every picture."""
    return (*of_the_menu(), *MORE)


def gallery() -> str:
    """All pictures as README.md shows them, three beside each other."""
    cells = [f"{shot.title}<br>![{shot.title}](docs/screenshots/{shot.name}.png)" for shot in shots()]
    rows = ["| " + " | ".join([*cells[n : n + 3], *[""] * (n + 3 - len(cells))]) + " |" for n in range(0, len(cells), 3)]
    return "\n".join(["| | | |", "|---|---|---|", *rows])


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
        for shot in shots():
            _take(browser, node, shot)
        browser.close()
    fill("README.md", "screenshots", gallery())


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
    for link in shot.opens:
        page.locator(link).first.click()
        page.wait_for_load_state("networkidle")
    if compile_path(shot.route.partition("?")[0])[0].match(urlsplit(page.url).path) is None:
        raise RuntimeError(f"{shot.name} is at {page.url}")
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
