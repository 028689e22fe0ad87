"""The coordinator's month: from the province down to one exchange, and every figure of a page in its file and on paper."""

import io
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Locator, Page, expect

from exchange.reporting.wanted import ReportName
from tests.api.nodes import Served
from tests.browser.conftest import Windows, sign_in
from tests.pages.figures import APRIL, wuhan
from tests.pages.support import account

HUBEI = "420000"
# Signs say in another way what the figure says.
SIGNS = re.compile(r"^[✓◆▼▲] ?")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with wuhan(tmp_path_factory.mktemp("month")) as made:
        account(made, "chen", "coordinator", HUBEI)
        yield made


def counts(page: Page) -> tuple[int, int]:
    """The numerator and denominator of the feedback given, which lead to their rows."""
    cells = figures(page).locator("td a")
    return int(cells.nth(0).inner_text()), int(cells.nth(1).inner_text())


def figures(page: Page) -> Locator:
    return page.locator("tr", has=page.locator("summary", has_text=re.compile("^反馈率$"))).first


def parts(page: Page) -> dict[str, tuple[int, int]]:
    """What the places below have of it."""
    rows = page.locator("table").last.locator("tbody tr").all()
    told = [[cell.inner_text().strip() for cell in row.locator("th, td").all()] for row in rows]
    return {row[0]: (int(row[-2]), int(row[-1])) for row in told if row[-1].isdecimal()}


@pytest.mark.parametrize("look", [{}, {"phone": True, "java_script_enabled": False}], ids=["desk", "phone without scripts"])
def test_a_figure_of_the_province_is_opened_down_to_one_exchange(node: Served, windows: Windows, look: dict[str, bool]):
    page = windows(node.url, **look)
    sign_in(page, "chen")
    page.locator("nav a[href='/reports']").click()
    page.select_option("#f-month", APRIL)
    page.get_by_role("button", name="查看").click()
    whole = counts(page)
    for place in ("武汉市", "武昌区"):
        below = parts(page)
        assert tuple(map(sum, zip(*below.values(), strict=True))) == whole
        page.locator("table").last.get_by_role("link", name=place, exact=True).click()
        expect(page.locator("[aria-current=location]")).to_have_text(place)
        assert counts(page) == below[place]
        whole = below[place]
    figures(page).locator("td a").nth(1).click()
    expect(page.locator("main")).to_contain_text(f"= {whole[0]} / {whole[1]}")
    listed = page.locator("tbody tr")
    assert listed.count() == whole[1]
    assert sum(int(cell) for cell in listed.locator("td:nth-child(4)").all_inner_texts()) == whole[0]
    listed.first.locator("th a").click()
    page.wait_for_url("**/exchanges/*/*")
    expect(page.locator("h1")).to_contain_text("武昌区")
    assert "您的角色不看人员信息" in page.locator("main").inner_text()


def on_the_page(page: Page) -> list[list[list[str]]]:
    """The bodies of all tables, as they are read."""
    found: list[list[list[str]]] = page.evaluate(
        "() => [...document.querySelectorAll('main table')].map(table => [...table.querySelectorAll('tbody tr, tfoot tr')].map("
        "row => [...row.children].map(cell => cell.innerText.trim())))"
    )
    return [[[SIGNS.sub("", cell) for cell in row] for row in table] for table in found]


def in_the_sheet(value: object, form: str) -> str:
    """A cell as the workbook shows it."""
    if isinstance(value, int | float) and "%" in form:
        return f"{(Decimal(str(value)) * 100).quantize(Decimal('0.01'), ROUND_HALF_UP)} %"
    if isinstance(value, int | float) and "+" in form:
        return f"{Decimal(str(value)).quantize(Decimal('0.01'), ROUND_HALF_UP):+}"
    return "" if value is None else str(value)


def filled(row: list[str]) -> list[str]:
    return [cell for cell in row if cell not in ("", "—")]


def same(page: list[str], sheet: list[str]) -> bool:
    """Whether a row of the page is that of the workbook, which says words in both languages."""
    return len(page) == len(sheet) and all(
        f"{other} ".startswith(f"{one} ") or is_end(one, other) for one, other in zip(page, sheet, strict=True)
    )


def is_end(shown: str, whole: str) -> bool:
    """Whether this is how a page shows an id: a word, and the id's end."""
    word, _, end = shown.partition(" …")
    return word == "事项" and len(end) == 6 and whole.endswith(end)


@pytest.mark.parametrize("report", ReportName)
def test_every_figure_of_a_page_stands_in_its_workbook_and_in_its_printed_form(
    node: Served, windows: Windows, report: ReportName
):
    page = windows(node.url)
    sign_in(page, "chen")
    page.goto(f"/reports/{report}?month={APRIL}&jurisdiction={HUBEI}")
    told = [row for table in on_the_page(page) for row in table if len(row) > 1]
    assert told
    with page.expect_download() as taken:
        page.get_by_role("link", name="下载 Excel").click()
    book = load_workbook(io.BytesIO(taken.value.path().read_bytes()))
    sheets = [
        [in_the_sheet(cell.value, cell.number_format) for cell in row if cell.value is not None]
        for sheet in book.worksheets
        for row in sheet.iter_rows()
    ]
    for row in told:
        assert any(same(filled(row), filled(each)) for each in sheets), row
    page.get_by_role("link", name="打印版").click()
    printed = page.locator("body").inner_text().split()
    words = [word for row in told for cell in row if " …" not in cell for word in cell.split()]
    assert [word for word in words if word not in printed] == []
    paper = page.pdf(prefer_css_page_size=True)
    width, height = map(float, re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", paper)[0])
    assert (round(width), round(height)) == (842, 595)  # A4, landscape


def test_a_matrix_is_printed_on_one_sheet_with_its_names_whole(node: Served, windows: Windows):
    page = windows(node.url)
    sign_in(page, "chen")
    page.goto(f"/reports/matrix?month={APRIL}")
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type ?/Page\b", paper)) == 1
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1032, "height": 700})  # A4 without its margins
    heights = page.evaluate("() => [...document.querySelectorAll('main tbody tr')].map(row => row.offsetHeight)")
    assert max(heights) < 32  # a line each


def test_a_page_of_figures_is_printed_without_what_only_a_screen_needs(node: Served, windows: Windows):
    page = windows(node.url)
    sign_in(page, "chen")
    page.goto(f"/reports/feedback?month={APRIL}")
    page.emulate_media(media="print")
    for screen in (".top nav", "form.filter", ".foot", ".tabs"):
        expect(page.locator(screen).first).to_be_hidden()
    expect(page.locator("main table").first).to_be_visible()
    assert page.evaluate("() => getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
