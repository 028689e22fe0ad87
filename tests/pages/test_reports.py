"""The pages of reports: a figure opens to its counts, its meaning and its rows; what is withheld is withheld everywhere."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest
from openpyxl import load_workbook

from exchange.moments import civil_day
from tests.api.nodes import Neighbours, Served
from tests.api.test_worklists import ask
from tests.builders import WUCHANG, XICHENG
from tests.pages.figures import APRIL, MAY, NEXT_MAY, wuhan
from tests.pages.support import Reader, refusal_of, signed_in, text_of
from tests.pages.test_imports import bring
from tests.rates.histories import HANYANG, JIANGAN, WUHAN
from tests.rates.runs import THEIRS
from tests.sheets.workbooks import HEADER, a_person, a_workbook

TOWNSHIP = "420106001"
# What the clock of the node is in, and the last month whose figures have come to rest.
THIS, LAST = "2028-02", "2028-01"
PAGES = (
    "/",
    f"/reports?month={APRIL}",
    f"/reports/partners?month={APRIL}",
    f"/reports/rates/feedback_given/rows?month={APRIL}",
    f"/reports/rates/handshake/rows?month={APRIL}",
    f"/reports/feedback?month={APRIL}",
    f"/reports/league?month={APRIL}",
    f"/reports/matrix?month={APRIL}",
    f"/reports/trend?month={APRIL}",
    "/reports/overdue",
    "/reports/handshake",
    f"/reports/bulletin?month={APRIL}",
    "/reports/frozen",
)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Served]:
    with wuhan(tmp_path) as made:
        yield made


def coordinator(node: Served, of: str = WUHAN, language: str = "zh") -> Reader:
    return signed_in(node, f"chen-{of}", "coordinator", of, language)


def lines(page: httpx.Response) -> list[list[str]]:
    """The cells of every row of a page's tables."""
    found = re.findall(r"<tr>(.*?)</tr>", page.text, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in found]
    return [[re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", cell))).strip() for cell in row] for row in cells]


def rows(page: httpx.Response) -> dict[str, list[str]]:
    """The rows by the first word of their heads."""
    return {row[0].split(" ")[0]: row[1:] for row in lines(page) if row}


def links(page: httpx.Response, containing: str) -> list[str]:
    found = [unescape(link) for link in re.findall(r'href="([^"]+)"', page.text)]
    return [link for link in found if containing in link and "lang=" not in link]


def test_from_a_place_to_its_parts_to_the_rows(node: Served):
    reader = coordinator(node)
    whole = reader.get("/reports", month=APRIL)
    assert rows(whole)["反馈率"][:3] == ["▼ 47.83 %", "55", "115"]
    assert rows(whole)["武昌区"] == ["▼ 66.67 %", "40", "60"]
    county = reader.http.get(links(whole, f"jurisdiction={WUCHANG}")[0])
    assert rows(county)["反馈率"][:3] == ["▼ 66.67 %", "40", "60"]
    assert "被协查、被通报且须反馈的事项" in county.text  # what it means
    counted = reader.http.get(links(county, "/reports/rates/feedback_given/rows")[0] + "&limit=25")
    ids = links(counted, "/exchanges/")
    assert len(ids) == 25
    further = links(counted, "cursor=")
    while further:
        following = reader.http.get(further[0])
        ids += links(following, "/exchanges/")
        further = links(following, "cursor=")
    assert (len(ids), len(set(ids))) == (60, 60)


def test_a_row_leads_to_its_exchange_for_those_who_may_see_it(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    reader = signed_in(both.wuchang, role="coordinator")
    page = reader.get("/reports/rates/feedback_given/rows", cohort="submitted", **{"from": "2026-03-01", "to": "2026-03-31"})
    assert [link.partition("?")[0] for link in links(page, "/exchanges/")] == [f"/exchanges/{exchange}"]
    assert "示例" not in page.text
    assert "受理" in text_of(page)
    assert reader.get(f"/exchanges/{exchange}").status_code == 200


def test_partners_and_what_lies_behind_a_handshake(node: Served):
    reader = coordinator(node)
    page = reader.get("/reports/partners", month=APRIL)
    assert [row[-1] for row in lines(page) if row and THEIRS in row[0]] == ["◆ 85.45 % 94/110"]
    behind = reader.http.get(links(page, "handshake/rows")[0])
    assert "一致 80" in text_of(behind)
    assert "仅流入 10" in text_of(behind)
    assert rows(reader.get("/reports", month=APRIL, partner=THEIRS))["握手率"][:3] == ["◆ 85.45 %", "94", "110"]
    assert reader.get("/reports", partner="nobody.example").status_code == 404


def test_the_handshake_is_told_day_by_day_and_month_by_month(node: Served):
    node.clock.shown = node.clock.now() - timedelta(days=700 - 10)
    reader = coordinator(node)
    days = reader.get("/reports/handshake")
    assert rows(days)["2026-03-12"] == ["◆ 85.45 % (94/110)"] * 2  # all partners, and the one
    assert rows(days)["2026-03-05"] == ["◆ 85.45 % (94/110)"] * 2
    assert rows(days)["2026-03-04"] == ["—"] * 2
    assert "03-05 ◆ 85.45 % (94/110)" in days.text  # what the chart says
    months = reader.get("/reports/handshake", step="month")
    assert len([row for row in rows(months) if row.startswith("202")]) == 12
    refused = reader.get("/reports/handshake", kind="query")
    assert refusal_of(refused) == "not-of-handshakes"


def test_a_month_is_told_beside_the_one_before_and_the_one_a_year_ago(node: Served):
    reader = coordinator(node)
    assert rows(reader.get("/reports", month=MAY))["反馈率"] == ["✓ 90.00 %", "9", "10", "▲ +42.17", "—"]
    assert rows(reader.get("/reports", month=NEXT_MAY))["反馈率"] == ["▼ 50.00 %", "5", "10", "—", "▼ -40.00"]
    days = reader.http.get("/reports?from=2026-04-21&to=2026-05-20")
    assert rows(days)["反馈率"][:3] == ["✓ 90.00 %", "9", "10"]
    other = reader.http.get("/reports?from=2026-04-22&to=2026-05-20")
    assert rows(other)["反馈率"][3:] == ["—", "—"]  # no statistical month: nothing is compared


@pytest.mark.parametrize("path", ["/reports", "/reports/league", "/reports/feedback", "/reports/bulletin"])
def test_what_is_withheld_stands_in_no_cell_no_chart_and_no_label(node: Served, path: str):
    """By purpose Jiang'an's 3 are withheld, and so is the whole, which would tell them; and no link leads to rows."""
    told = node.get("/rates", params={"month": APRIL, "purpose": "benefit", "parts": "true"}, role="coordinator", of=WUHAN)
    assert [each["rates"][0]["denominator"] for each in told["figures"]] == [None, None, 12, 40]
    page = coordinator(node).get(path, month=APRIL, purpose="benefit")
    held = [row for row in lines(page) if "江岸区" in row]
    assert held
    assert all("*" in row for row in held)
    labels = re.findall(r'aria-label="([^"]+)"', page.text) + re.findall(r"<text[^>]*>([^<]+)</text>", page.text)
    cells = [cell for row in lines(page) for cell in row]
    figures = {figure for text in (*labels, *cells) for figure in re.findall(r"\d+(?:/\d+)?", text)}
    assert not figures & {"3", "3/3", "55", "55/55"}
    assert not links(page, "/rows")


def test_a_trend_by_purpose_withholds_its_small_months(node: Served):
    page = coordinator(node, JIANGAN).get("/reports/trend", month=MAY, purpose="benefit")
    assert rows(page)[APRIL][:3] == ["*", "*", "*"]
    assert "26-04 *" in page.text


def test_nothing_of_another_county_is_shown(node: Served):
    reader = coordinator(node, WUCHANG)
    own = reader.get("/reports", month=APRIL)
    assert rows(own)["反馈率"][:3] == ["▼ 66.67 %", "40", "60"]
    for path in ("/reports", "/reports/league", "/reports/rates/feedback_given/rows", "/reports/feedback/file"):
        for place in (HANYANG, WUHAN, XICHENG):
            page = reader.get(path, month=APRIL, jurisdiction=place)
            assert (page.status_code, refusal_of(page)) == (404, "not-found"), (path, place)
            assert not {"汉阳区", "江岸区"} & set(rows(page))
            assert "反馈率" not in rows(page)
    assert "冻结的月报" in text_of(reader.get("/reports/frozen"))  # Wuhan's is not its own
    digest = links(coordinator(node).get("/reports/frozen"), "/reports/frozen/")[0]
    assert reader.get(digest).status_code == 404
    assert reader.get(f"{digest}/file").status_code == 404


@pytest.mark.parametrize(
    ("role", "of", "status"),
    [
        ("clerk", WUCHANG, 200),
        ("coordinator", WUCHANG, 200),
        ("auditor", WUHAN, 200),
        ("operator", WUHAN, 403),
        ("clerk", TOWNSHIP, 404),
    ],
)
def test_who_may_read_figures_has_them_in_the_menu(node: Served, role: str, of: str, status: int):
    reader = signed_in(node, "someone", role, of)
    home = reader.get("/")
    assert home.status_code == 200
    assert ('<a href="/reports"' in home.text, "本统计月" in home.text) == (status == 200, status == 200)
    for path in ("/reports", "/reports/trend", "/reports/partners", "/reports/frozen", "/reports/feedback/file"):
        assert reader.get(path).status_code == status, path


def test_the_files_say_what_the_page_says(node: Served):
    reader = coordinator(node)
    for report in ("feedback", "league", "matrix", "trend", "bulletin"):
        page = reader.get(f"/reports/{report}", month=APRIL)
        (address,) = links(page, "format=csv")
        written = list(csv.reader(io.StringIO(reader.http.get(address).content.decode("utf-8-sig"))))
        shown = {cell.lstrip("✓◆▼▲ ") for row in rows(page).values() for cell in row}
        some = [cell for row in written for cell in row if re.fullmatch(r"\d+\.\d\d %", cell)]
        assert set(some) <= shown, report
        assert some
        (sheet,) = links(page, "format=xlsx")
        answer = reader.http.get(sheet)
        assert answer.headers["content-disposition"].endswith(f'{report}-{WUHAN}-{APRIL}.xlsx"')
        book = load_workbook(io.BytesIO(answer.content))
        held = {str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row}
        assert {"55", "115"} <= held or report in ("league", "matrix")
        (printed,) = links(page, "format=html")
        answer = reader.http.get(printed)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert "script" not in answer.text


def test_a_filter_that_is_refused_is_shown_with_what_had_been_given_and_no_other_figures(node: Served):
    reader = coordinator(node)
    for query, code in (
        ("from=2026-05-20&to=2026-04-21&kind=query", "invalid"),
        (f"month={APRIL}&purpose=benefit&kind=query", "not-by-purpose"),
        (f"month={APRIL}&cohort=other&kind=query", "invalid"),
    ):
        page = reader.http.get(f"/reports?{query}")
        assert (page.status_code, refusal_of(page)) == (422, code)
        assert '<option value="query" selected>' in page.text
        assert "反馈率" not in rows(page)
    page = reader.http.get("/reports/trend?from=2026-04-01&to=2026-04-30")
    assert (refusal_of(page), 'value="2026-04-30"' in page.text) == ("needs-month", True)
    assert reader.get("/reports/unheard").status_code == 422


OF_REPORTS = [path.partition("?")[0] for path in PAGES if path.startswith("/reports") and "frozen" not in path]


@pytest.mark.parametrize("of", [WUHAN, WUCHANG])
def test_a_page_offers_the_purposes_that_it_can_show_and_leads_to_no_page_with_one_that_it_cannot(node: Served, of: str):
    reader = coordinator(node, of)
    offering = set()
    for path in OF_REPORTS:
        if 'name="purpose"' in reader.get(path).text:
            offering.add(path)
            # As the form sends it: with the month that stands there, which is the present one.
            page = reader.get(path, purpose="benefit", month=THIS)
            assert (page.status_code, refusal_of(page), LAST in text_of(page)) == (200, None, True), path
            for link in links(page, "purpose="):
                assert refusal_of(reader.http.get(link)) is None, link
    whole = {f"/reports{name}" for name in ("", "/trend", "/feedback", "/bulletin")}
    assert offering == whole | ({"/reports/league"} if of == WUHAN else set())
    assert refusal_of(reader.get("/reports/league", purpose="benefit")) == (None if of == WUHAN else "not-by-purpose")


def test_of_a_county_the_figures_by_purpose_stand_without_its_townships(node: Served):
    reader = coordinator(node, WUCHANG)
    page = reader.get("/reports", purpose="benefit", month=APRIL)
    assert rows(page)["反馈率"][:3] == ["✓ 100.00 %", "40", "40"]
    assert "按用途不分乡镇" in text_of(page)
    assert "未分派" not in rows(page)
    for report in ("feedback", "bulletin"):
        page = reader.get(f"/reports/{report}", purpose="benefit", month=APRIL)
        (sheet,) = links(page, "format=csv")
        told = reader.http.get(sheet).content.decode("utf-8-sig")
        assert ("40" in text_of(page), "40,40,100.00 %" in told, "未分派" in rows(page)) == (True, True, False)


@pytest.mark.parametrize("path", OF_REPORTS)
def test_a_report_that_is_refused_stays_with_its_filter_and_ways_on(node: Served, path: str):
    reader = coordinator(node)
    page = reader.get(path, month=APRIL, kind="query", purpose="benefit")
    assert page.status_code == 422
    assert refusal_of(page) in ("not-by-purpose", "not-of-handshakes")
    assert f'<form method="get" action="{path}"' in page.text
    for way in (path, f"/reports?month={LAST}&purpose=benefit", f"{path}?month={APRIL}&kind=query"):
        (link,) = {link for link in links(page, way) if link == way}
        if "handshake" not in path:
            assert reader.http.get(link).status_code == 200, link


def test_the_overdue_list_is_of_now_in_the_readers_words(node: Served):
    for language, told in (("zh", ["待我方反馈", "协查"]), ("en", ["owed", "query"])):
        reader = signed_in(node, f"chen-{language}", "coordinator", WUHAN, language)
        page = reader.get("/reports/overdue", month=APRIL)
        row = next(row for row in lines(page) if row and "…" in row[0])
        assert row[1:3] == told
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-7", re.sub(r"<[^>]+>", "", page.text))
        assert ('id="f-month"' in page.text, f'type="hidden" name="month" value="{APRIL}"' in page.text) == (False, True)
        (sheet,) = links(page, "format=xlsx")
        today = civil_day(node.clock.now()).isoformat()
        assert reader.http.get(sheet).headers["content-disposition"].endswith(f'overdue-{WUHAN}-{today}.xlsx"')


def test_what_lies_behind_a_handshake_adds_up_to_its_counts(node: Served):
    told = text_of(coordinator(node).get("/reports/rates/handshake/rows", month=APRIL))
    assert "94 / 110" in told
    assert "双方均有 94 = 一致 80 + 不同 10 + 去向不明确而找到 4（其中不同 1） · 仅流出 6 · 仅流入 10 · 合计 110" in told


def test_the_rows_of_a_rate_lead_to_what_the_viewer_may_open(both: Neighbours):
    ask(both, 1)
    both.deliver()
    clerk = signed_in(both.wuchang)
    brought = bring(clerk, a_workbook([HEADER, a_person()])).url.path
    assert links(clerk.get("/reports/rates/entry/rows"), "/imports/") == [brought]
    entries = links(clerk.get("/reports/rates/exchange/rows"), "/entries/")
    assert entries
    assert clerk.http.get(entries[0]).status_code == 200
    chen = signed_in(both.wuchang, "chen", "coordinator")
    for rate, page in (("exchange", "/entries/"), ("entry", "/imports/")):
        assert not links(chen.get(f"/reports/rates/{rate}/rows"), page)


@pytest.mark.parametrize("report", ["feedback", "league", "matrix", "trend", "bulletin"])
def test_a_rate_that_a_report_does_not_rank_by_is_passed_over(node: Served, report: str):
    page = coordinator(node).get(f"/reports/{report}", month=APRIL, rate="coverage", level="prefecture")
    assert page.status_code == 200
    assert ("协作到位率：" in page.text) is (report == "league")


def test_what_is_left_empty_in_a_filter_was_not_given(node: Served):
    page = coordinator(node).http.get(f"/reports?month={APRIL}&from=&to=&partner=&kind=&purpose=&cohort=&until=")
    assert rows(page)["反馈率"][:3] == ["▼ 47.83 %", "55", "115"]


def test_an_earlier_end_of_a_day_is_the_as_of_moment(node: Served):
    page = coordinator(node).get("/reports", month=APRIL, until="2026-03-31")
    assert rows(page)["反馈率"][:3] == ["—", "0", "0"]  # nothing was due by then
    assert "2026-03-31 24:00" in page.text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_in_the_language_and_keeps_the_policy(node: Served, language: str):
    reader = coordinator(node, language=language)
    for path in PAGES:
        page = reader.http.get(path)
        assert page.status_code == 200, path
        assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page.text
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", page.text), path
        assert re.findall(r"<script[^>]*>(.*?)</script>", page.text, re.DOTALL) == [""]
        assert "unsafe" not in page.headers["content-security-policy"]
        for table in re.findall(r"<table.*?</table>", page.text, re.DOTALL):
            assert 'scope="col"' in table
        ids = re.findall(r' id="([^"]+)"', page.text)
        assert len(ids) == len(set(ids)), path
    assert ("Feedback given" in reader.http.get(PAGES[1]).text) is (language == "en")


def test_frozen_reports_are_listed_and_read_as_they_were(node: Served):
    reader = coordinator(node)
    digest = links(reader.get("/reports/frozen"), "/reports/frozen/")[0]
    page = reader.get(digest)
    assert rows(page)["反馈率"][:3] == ["55", "115", "▼ 47.83 %"]
    assert digest.rsplit("/", 1)[1] in page.text
    bytes_of = reader.http.get(f"{digest}/file?format=json")
    assert bytes_of.json()["month"] == APRIL
    assert reader.http.get(links(page, "format=xlsx")[0]).content[:2] == b"PK"
    assert "武昌区" in reader.get(digest, view="feedback").text
    assert reader.get(digest, view="trend").status_code == 404


def test_parts_of_a_county_are_its_townships_and_what_has_none(node: Served):
    reader = coordinator(node, JIANGAN)
    page = reader.get("/reports", month=APRIL)
    assert rows(page)["未分派"] == ["▼ 13.04 %", "3", "23"]
    inside = reader.http.get(links(page, "township=unassigned")[0])
    assert rows(inside)["反馈率"][:3] == ["▼ 13.04 %", "3", "23"]
