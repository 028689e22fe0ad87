"""A clerk brings a dirty sheet, sees how far it is, takes it away with its errors marked, mends it and brings it again."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from playwright.sync_api import Page, expect

from exchange.imports import Stage
from tests.api.nodes import Served, served
from tests.browser.conftest import Windows, sign_in
from tests.browser.test_clerks_day import tab_to
from tests.browser.test_every_page import RULES, barriers
from tests.builders import XICHENG, XICHENG_NODE, a_run, an_id_number
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node
from tests.pages.support import PASSWORD, account

HEADER = ("姓名", "公民身份号码", "性别", "现居住地", "户籍地", "出生日期", "婚姻状况")
BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
RED = "00FFC7CE"


@pytest.fixture
def xicheng(tmp_path: Path) -> Iterator[Served]:
    """A node that waits for no import, so that each is shown while it goes on."""
    with served(tmp_path / "node", a_node(XICHENG_NODE, XICHENG), HandClock(), quick_seconds=0) as node:
        account(node)
        yield node


def dirty() -> bytes:
    """A register as it comes from a township: a merged heading, a formula, and four rows of nine that are wrong."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet["A1"] = "西城区流出人口台账"
    sheet.merge_cells("A1:G1")
    sheet.append(HEADER)
    numbers = [an_id_number(n) for n in range(1, 10)]
    wrong_digit = numbers[1][:-1] + ("1" if numbers[1][-1] != "1" else "2")
    people = zip("一二三四五六七八九", numbers, strict=True)
    rows: list[list[str | None]] = [[f"王小{name}", n, "男", "420106", XICHENG, "1990-03-07", "未婚"] for name, n in people]
    rows[1][1] = wrong_digit  # taken, with a remark
    rows[2][5] = "1990-03"  # a day is missing
    rows[3][3] = "429999"  # no such division
    rows[4][5] = "=DATE(1990,3,7)"  # a formula that was never worked out
    rows[5][6] = "已婚吧"  # no word of the list
    rows[6][0] = None  # no name
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def bring(page: Page, file: Path, scripts: bool) -> None:
    """Choose the sheet, or drop it on the form; see that it goes on, and then its result."""
    page.goto("/imports")
    page.select_option("#f-layout", "outflow")
    if scripts:
        drop(page, file)
    else:
        page.set_input_files("#f-file", file)
    opened = list[str]()
    page.on("framenavigated", lambda frame: opened.append(frame.url))
    page.get_by_role("button", name="导入", exact=True).click()
    page.wait_for_url("**/imports/0*", timeout=60_000)  # by itself
    # What goes on is shown, however soon it is over.
    assert any("/imports/runs/" in url for url in opened)


def drop(page: Page, file: Path) -> None:
    """Drop a file on the form, beside its field."""
    page.evaluate(
        """async ([name, bytes]) => {
            const moved = new DataTransfer();
            moved.items.add(new File([new Uint8Array(bytes)], name));
            const form = document.querySelector("form[action='/imports'] button");
            for (const type of ["dragover", "drop"])
                form.dispatchEvent(new DragEvent(type, { dataTransfer: moved, bubbles: true, cancelable: true }));
        }""",
        [file.name, list(file.read_bytes())],
    )
    assert page.evaluate("() => document.querySelector('#f-file').files[0].name") == file.name


@BOTH
def test_a_dirty_sheet_is_brought_marked_mended_and_brought_again(
    xicheng: Served, windows: Windows, tmp_path: Path, scripts: bool
):
    page = windows(xicheng.url, java_script_enabled=scripts)
    page.goto("/")
    page.fill("#login", "wang")
    page.fill("#password", PASSWORD)
    page.click("main button")
    file = tmp_path / "流出台账.xlsx"
    file.write_bytes(dirty())
    bring(page, file, scripts)
    result = page.get_by_role("status")
    expect(result).to_contain_text("接收 4 / 9 行")
    expect(result).to_contain_text("未接收 5")
    wrong = page.locator("section[aria-labelledby=rows] tbody")
    for place in ("F 出生日期", "D 现居住地", "G 婚姻状况", "A 姓名"):
        expect(wrong).to_contain_text(place)
    for n in range(1, 10):
        assert an_id_number(n) not in page.content()
    page.set_input_files("#f-file", file)
    with page.expect_download() as taken:
        page.get_by_role("button", name="取回标注的表").click()
    marked = tmp_path / "标注.xlsx"
    taken.value.save_as(marked)
    mended = tmp_path / "改好.xlsx"
    mended.write_bytes(mend(marked.read_bytes()))
    bring(page, mended, scripts)
    expect(result).to_contain_text("接收 9 / 9 行")
    tab = page.locator("nav.tabs")
    expect(tab.get_by_role("link", name="无变化")).to_contain_text("4")
    assert len(xicheng.get("/entries")["items"]) == 9


def mend(data: bytes) -> bytes:
    """What the clerk does in Excel: go to each red cell and write what its comment asks for."""
    right = {"出生日期": "1990-03-07", "现居住地": "420106", "婚姻状况": "已婚", "姓名": "王小七"}
    book = load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    headings = {cell.column: cell.value for cell in sheet[2]}
    results = sheet.max_column
    mended = set()
    for row in sheet.iter_rows(min_row=3, max_col=results - 1):
        for cell in row:
            if cell.fill.fgColor.rgb == RED:
                assert cell.comment is not None
                cell.value = right[str(headings[cell.column])]
                mended.add(cell.coordinate)
    assert mended == {"F5", "D6", "F7", "G8", "A9"}
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_how_far_it_is_changes_on_the_page_and_the_end_shows_itself(xicheng: Served, windows: Windows):
    """The stream of events; the runs of another process of the node."""
    page = windows(xicheng.url)
    sign_in(page)
    ledgers, now = xicheng.office.ledgers, xicheng.clock.now()
    run = a_run(began_at=now, seen_at=now)
    with ledgers.transaction() as ledger:
        ledger.imports.put_run(run)
    page.goto("/imports")
    tab_to(page, f"a[href='/imports/runs/{run.id}']")
    page.keyboard.press("Enter")
    expect(page.locator("[data-words]")).to_have_text("正在检查：已检查 3,000 / 20,000 行")
    assert barriers(page, RULES) == []
    with ledgers.transaction() as ledger:
        ledger.imports.put_run(a_run(began_at=now, seen_at=now, stage=Stage.TAKING, done=15_000))
    expect(page.locator("[data-words]")).to_have_text("正在登记：已登记 15,000 / 20,000 行")
    assert page.evaluate("() => document.querySelector('progress').position") == 0.75
    with ledgers.transaction() as ledger:
        ledger.imports.put_run(a_run(began_at=now, seen_at=now, stage=Stage.FAILED))
    expect(page.get_by_role("alert")).to_contain_text("再导入一次")
