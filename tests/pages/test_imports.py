"""Sheets in by page: what came of each row, the marked sheet, mending, and who may bring what."""

import io
import logging
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import httpx
import pytest
import structlog
from openpyxl import load_workbook

from adapters.sheets import Layout
from tests.access.world import CHAOYANG, beijing
from tests.api.nodes import Neighbours, Served, served
from tests.api.test_worklists import HERE, ask, filled
from tests.builders import WUCHANG, XICHENG, an_id_number
from tests.jobs.offices import HandClock
from tests.pages.support import Reader, refusal_of, signed_in, text_of
from tests.sheets.workbooks import HEADER, a_csv, a_person, a_workbook

NAME = "热依汗·买买提"


@pytest.fixture
def beijing_node(tmp_path: Path) -> Iterator[Served]:
    """One node of two counties."""
    with served(tmp_path / "node", beijing(), HandClock()) as node:
        yield node


@cache
def dirty() -> bytes:
    """Two good rows, of which one is doubtful, and two that are not."""
    good = [a_person(公民身份号码=an_id_number(n)) for n in (1, 2)]
    bad = [a_person(公民身份号码=an_id_number(3), 出生日期="1990-03"), a_person(公民身份号码=an_id_number(4), 现居住地="110102")]
    return a_workbook([["西城区流出人口台账"], [*HEADER, "孕检情况", "备注"], *[[*row, "x", "y"] for row in (*good, *bad)]])


def bring(reader: Reader, data: bytes, layout: str = "outflow", name: str = "流出台账.xlsx") -> httpx.Response:
    reader.get("/imports")
    return reader.send("/imports", {"file": (name, data)}, layout=layout)


def taken(response: httpx.Response) -> str:
    """The path of the result page that a sending led to."""
    assert response.status_code == 200, text_of(response)
    assert response.url.path.removeprefix("/imports/") not in ("", "/imports"), text_of(response)
    return response.url.path


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "zh",
            [
                "接收 2 / 4 行",
                "未接收 2",
                "日期缺少月或日",
                "文本 9999-99",
                "年、月、日齐全",
                "未读取也未保存： 1",
                "未读取的列：备注",
            ],
        ),
        ("en", ["Taken: 2 / 4 rows", "not taken: 2", "lacks its month or day", "text 9999-99", "year, month and day", "备注"]),
    ],
)
def test_every_row_that_was_not_taken_is_told_with_its_place_and_never_with_a_person(
    both: Neighbours, language: str, told: list[str]
):
    page = bring(signed_in(both.xicheng, language=language), dirty())
    taken(page)
    text = text_of(page).replace("：1", "： 1")
    assert [words for words in told if words not in text] == []
    other = {"zh": ["Taken", "text 9999", "year, month"], "en": ["接收", "文本 9999", "月、日齐全"]}
    assert [words for words in other[language] if words in text] == []
    assert "5 F 出生日期" in text
    assert "6 D 现居住地" in text
    numbers = [an_id_number(n) for n in range(1, 5)]
    assert [words for words in (NAME, *numbers) if words in page.text] == []


def test_the_list_tells_counts_and_share_of_each_file(both: Neighbours):
    reader = signed_in(both.xicheng)
    assert "还没有导入过文件" in reader.get("/imports").text
    bring(reader, dirty(), name="二月.xlsx")
    bring(reader, dirty(), name="又一次.xlsx")
    text = text_of(reader.get("/imports"))
    assert "二月.xlsx 流出台账 2026-03-02 09:00 4 2 1 ▲ 2 50.00 %" in text
    assert "又一次" not in text


def test_rows_are_filtered_by_what_came_of_them_and_paged(both: Neighbours):
    reader = signed_in(both.xicheng)
    path = taken(bring(reader, dirty()))
    marked = {"refused": ["5", "6"], "warned": ["3"], "accepted": ["4"]}
    for outcome, rows in marked.items():
        assert rows_on(reader.get(path, rows=outcome)) == rows
    assert rows_on(reader.get(path)) == marked["refused"]
    assert rows_on(reader.get(path, all="true")) == ["3", "4", "5", "6"]
    first = reader.get(path, rows="refused", limit="1")
    following = first.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert (rows_on(first), rows_on(reader.http.get(following))) == (["5"], ["6"])
    assert refusal_of(reader.get(path, rows="odd")) == "invalid"
    made = reader.get(path, rows="accepted").text.split('href="/entries/')[1].split('"')[0]
    assert reader.get(f"/entries/{made}").status_code == 200


def rows_on(page: httpx.Response) -> list[str]:
    return [part.split("<b>")[1].split("<")[0] for part in page.text.split('<th scope="row"')[1:]]


def test_the_marked_sheet_comes_back_and_only_what_was_mended_is_taken(both: Neighbours):
    reader = signed_in(both.xicheng)
    path = taken(bring(reader, dirty()))
    back = reader.send(f"{path}/annotated", {"file": ("流出台账.xlsx", dirty())})
    assert back.headers["content-disposition"] == 'attachment; filename="annotated.xlsx"'
    book = load_workbook(io.BytesIO(back.content))
    sheet = book.worksheets[0]
    assert [str(sheet.cell(row, 9).value).splitlines()[0] for row in range(2, 7)] == [
        "※ 导入结果 Import result",
        "已接收，有提示 accepted with warnings",
        "已接收 accepted",
        "未接收 refused",
        "未接收 refused",
    ]
    assert (sheet["F5"].fill.fgColor.rgb, "2023-05-01" in sheet["F5"].comment.text) == ("00FFC7CE", True)
    sheet["F5"], sheet["D6"] = "1990-03-07", WUCHANG
    mended = io.BytesIO()
    book.save(mended)
    again = bring(reader, mended.getvalue(), name="改正.xlsx")
    assert "接收 4 / 4 行" in text_of(again)
    assert rows_on(reader.get(taken(again), rows="refused")) == []
    assert "未读取的列：备注 取回" in text_of(again)
    assert len(both.xicheng.get("/entries")["items"]) == 4


def test_another_file_is_not_marked_and_the_page_can_still_be_read_in_the_other_language(both: Neighbours):
    reader = signed_in(both.xicheng)
    path = taken(bring(reader, dirty()))
    refused = reader.send(f"{path}/annotated", {"file": ("流出台账.xlsx", dirty() + b" ")})
    assert (refused.status_code, refusal_of(refused)) == (422, "other-file")
    assert rows_on(refused) == ["5", "6"]
    assert 'name="file" type="file"' in refused.text
    assert 'aria-invalid="true"' in refused.text
    link = refused.text.split('lang="en" hreflang')[0].rpartition('href="')[2].split('"')[0]
    assert reader.http.get(link).url.path == path
    assert "How to mend it" in reader.get(path).text


def test_a_csv_comes_back_marked_as_a_workbook(both: Neighbours):
    reader = signed_in(both.xicheng)
    data = a_csv(HEADER, a_person(公民身份号码=an_id_number(1), 出生日期="1990-03"), encoding="gb18030")
    path = taken(bring(reader, data, name="台账.csv"))
    back = reader.send(f"{path}/annotated", {"file": ("台账.csv", data)})
    assert load_workbook(io.BytesIO(back.content)).worksheets[0]["F2"].fill.fgColor.rgb == "00FFC7CE"


@pytest.mark.parametrize(("name", "offered"), [("台账.xls", False), ("台账.ODS", False), ("台账.csv", True), ("台账.xlsx", True)])
def test_a_sheet_is_offered_to_come_back_marked_only_where_that_can_be_done(both: Neighbours, name: str, offered: bool):
    reader = signed_in(both.xicheng)
    page = bring(reader, dirty(), name=name)
    assert ("取回标注的表" in page.text, "/annotated" in page.text) == (offered, offered)
    assert f'href="{taken(page)}/problems"' in page.text


def test_what_is_to_be_mended_stands_before_remarks_in_the_order_of_the_columns(both: Neighbours):
    reader = signed_in(both.xicheng)
    wrong = a_person(姓名="1", 公民身份号码=an_id_number(1), 现居住地="999999", 出生日期="1990-03")
    text = text_of(bring(reader, a_workbook([HEADER, wrong])))
    assert re.findall("([A-F]) (?:姓名|公民身份号码|性别|现居住地|出生日期)", text) == ["A", "D", "F", "C"]


def test_the_list_of_problems_is_in_words(both: Neighbours):
    reader = signed_in(both.xicheng)
    path = taken(bring(reader, dirty()))
    listed = load_workbook(io.BytesIO(reader.get(f"{path}/problems").content)).worksheets[0]
    rows = [row[:4] for row in listed.iter_rows(values_only=True)]
    assert {(5, "F", "出生日期", "✗ 须改正 to mend"), (6, "D", "现居住地", "✗ 须改正 to mend")} <= set(rows)


def test_the_same_file_again_is_told_to_be_the_earlier_result(both: Neighbours):
    reader = signed_in(both.xicheng)
    first = bring(reader, dirty())
    assert "以前导入过" not in first.text
    both.xicheng.clock.move(timedelta(minutes=1))
    again = bring(reader, dirty(), name="又一次.xlsx")
    assert taken(again) == taken(first)
    assert "这个文件（内容完全相同）以前导入过。这是 2026-03-02 09:00 的结果，没有再次登记。" in text_of(again)


def test_how_to_mend_is_told_only_where_something_was_refused(both: Neighbours):
    reader = signed_in(both.xicheng)
    assert "怎样改正" in bring(reader, dirty()).text
    doubtful = bring(reader, a_workbook([HEADER, a_person(公民身份号码=an_id_number(9), 性别="女")]))
    assert ("怎样改正" in doubtful.text, "取回标注的表" in doubtful.text) == (False, True)
    right = bring(reader, a_workbook([HEADER, a_person(公民身份号码=an_id_number(8), 性别="女")]), name="对.xlsx")
    assert ("接收 1 / 1 行" in text_of(right), "怎样改正" in right.text, "标注" in right.text) == (True, False, False)


@pytest.mark.parametrize(
    ("data", "layout", "code"),
    [
        (b"no sheet", "outflow", "header-not-found"),
        (b"", "outflow", "invalid"),
        (b"a", "births", "invalid"),
        (b"%PDF-1.4", "inflow", "not-a-sheet"),
    ],
)
def test_what_is_refused_is_told_beside_the_form(both: Neighbours, data: bytes, layout: str, code: str):
    reader = signed_in(both.xicheng)
    refused = bring(reader, data, layout, name="台账.xlsx" if data else "")
    assert (refused.status_code, refusal_of(refused)) == (422, code)
    assert "请重新选择" in refused.text
    assert (f'value="{layout}" selected' in refused.text) == (layout != "births")
    assert both.xicheng.get("/imports")["items"] == []


def test_a_form_without_its_token_brings_nothing(both: Neighbours):
    reader = signed_in(both.xicheng)
    sent = reader.http.post("/imports", data={"layout": "outflow"}, files={"file": ("a.xlsx", dirty())})
    assert (sent.status_code, refusal_of(sent)) == (403, "form-not-ours")
    path = taken(bring(reader, dirty()))
    back = reader.http.post(f"{path}/annotated", data={"csrf": "x"}, files={"file": ("a.xlsx", dirty())})
    assert (back.status_code, refusal_of(back)) == (403, "form-not-ours")
    assert len(both.xicheng.get("/imports")["items"]) == 1


def test_a_file_may_be_larger_than_other_forms(both: Neighbours):
    reader = signed_in(both.xicheng)
    data = a_csv(HEADER, *[["x" * 200] * len(HEADER)] * 400)
    assert len(data) > 400_000
    path = taken(bring(reader, data, name="大.csv"))
    back = reader.send(f"{path}/annotated", {"file": ("大.csv", data)})
    assert back.headers["content-disposition"] == 'attachment; filename="annotated.xlsx"'


def test_a_file_that_is_sent_is_put_into_no_file(both: Neighbours, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    reader = signed_in(both.xicheng)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    data = a_csv(HEADER, *[["x" * 200] * len(HEADER)] * 2000)
    assert len(data) > 2 * 2**20
    taken(bring(reader, data, name="大.csv"))


def test_answers_go_out_and_come_in_by_sheet(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    reader = signed_in(both.wuchang)
    sheet = reader.get("/imports/to-answer")
    assert sheet.headers["content-disposition"] == 'attachment; filename="to_answer.xlsx"'
    answers = filled(sheet.content, {"反馈结果": "属实"})
    page = bring(reader, answers, "answers", "反馈.xlsx")
    assert "接收 1 / 1 行" in text_of(page)
    shown = reader.get(taken(page), all="true")
    assert reader.get("/exchanges/" + shown.text.split('href="/exchanges/')[1].split('"')[0]).url.path.startswith(
        f"/exchanges/{exchange}"
    )
    both.deliver()
    assert both.xicheng.get(f"/exchanges/{exchange}")["state"] == "answered"


@pytest.mark.parametrize("layout", list(Layout))
def test_empty_sheets_can_be_fetched(both: Neighbours, layout: Layout):
    fetched = signed_in(both.xicheng).get(f"/imports/templates/{layout}")
    assert fetched.headers["content-disposition"] == f'attachment; filename="woshou-{layout}.xlsx"'
    assert load_workbook(io.BytesIO(fetched.content)).sheetnames[1:] == ["填写说明 Guide", "选项 Choices"]


def test_a_township_brings_answers_only_and_sees_its_own_files_only(both: Neighbours):
    ask(both, 1)
    both.deliver()
    clerk, township = signed_in(both.wuchang), signed_in(both.wuchang, "li", of=HERE)
    path = taken(bring(clerk, a_workbook([HEADER, a_person()]), "inflow"))
    offered = township.get("/imports").text
    assert ('value="answers"' in offered, 'value="inflow"' in offered, "inflow" in offered) == (True, False, False)
    refused = bring(township, dirty(), "inflow")
    assert (refused.status_code, refusal_of(refused)) == (403, "forbidden")
    assert township.get(path).status_code == 404
    assert township.get(f"{path}/problems").status_code == 404
    own = taken(bring(township, filled(clerk.get("/imports/to-answer").content, {"反馈结果": "属实"}), "answers"))
    assert refusal_of(clerk.get(own)) == "not-found"


def test_another_county_of_the_same_node_sees_nothing(beijing_node: Served):
    mine, theirs = signed_in(beijing_node, of=XICHENG), signed_in(beijing_node, "li", of=CHAOYANG)
    path = taken(bring(mine, dirty(), name="西城.xlsx"))
    assert "西城.xlsx" not in theirs.get("/imports").text
    for address in (path, f"{path}/problems"):
        assert (theirs.get(address).status_code, mine.get(address).status_code) == (404, 200)
    theirs.get("/imports")
    sent = theirs.send(f"{path}/annotated", {"file": ("西城.xlsx", dirty())})
    assert (sent.status_code, refusal_of(sent)) == (404, "not-found")
    assert "西城.xlsx" not in sent.text


@pytest.mark.parametrize("role", ["coordinator", "auditor", "operator"])
def test_who_keeps_no_register_brings_no_sheet(both: Neighbours, role: str):
    reader = signed_in(both.xicheng, role=role)
    home = reader.get("/")
    assert 'href="/imports"' not in home.text
    assert reader.get("/imports").status_code == 403
    reader.get("/account")
    sent = reader.send("/imports", {"file": ("a.xlsx", dirty())}, layout="outflow")
    assert (sent.status_code, refusal_of(sent)) == (403, "forbidden")
    assert both.xicheng.get("/imports")["items"] == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            {"反馈结果": "已他往", "应办地": "420106", "婚姻状况": "离婚", "子女1出生日期": "2020-13-01"},
            ["date-impossible", "missing-cell", "answer-contradicts", "answer-contradicts"],
        ),
        ({"反馈结果": "有更正", "子女1出生日期": "2020-13-01"}, ["date-impossible"]),
        ({"反馈结果": "已他往", "去向代码": "火星", "婚姻状况": "离婚"}, ["answer-contradicts", "unknown-jurisdiction"]),
        ({"反馈结果": "非本地区", "应办地": "420106", "婚姻状况": "离婚"}, ["answer-contradicts", "unknown-jurisdiction"]),
    ],
)
def test_all_that_is_wrong_with_an_answer_is_told_at_once(both: Neighbours, answer: dict[str, str], told: list[str]):
    ask(both, 1)
    both.deliver()
    reader = signed_in(both.wuchang)
    path = taken(bring(reader, filled(reader.get("/imports/to-answer").content, answer), "answers", "反馈.xlsx"))
    (row,) = both.wuchang.get(f"{path}/rows")["items"]
    assert (row["outcome"], [problem["code"] for problem in row["problems"]]) == ("refused", told)


def test_a_file_name_or_header_shows_nothing_that_turns_its_order(both: Neighbours):
    reader = signed_in(both.xicheng)
    data = a_workbook([[*HEADER, "备\u202e注"], [*a_person(公民身份号码=an_id_number(2)), "x"]])
    page = bring(reader, data, name="台账\u202excod.xlsx")
    assert "台账xcod.xlsx" in page.text
    assert "\u202e" not in page.text + reader.get("/imports").text


def test_an_upload_that_is_cut_off_is_no_error(both: Neighbours, caplog: pytest.LogCaptureFixture):
    reader = signed_in(both.xicheng)
    host, port = both.xicheng.url.removeprefix("http://").split(":")
    cookies = "; ".join(f"{name}={value}" for name, value in reader.http.cookies.items())
    head = [
        "POST /imports HTTP/1.1",
        f"Host: {host}:{port}",
        f"Cookie: {cookies}",
        "Content-Type: multipart/form-data; boundary=x",
        "Content-Length: 100000",
    ]
    with structlog.testing.capture_logs() as logs, caplog.at_level(logging.INFO):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(("\r\n".join(head) + "\r\n\r\n--x\r\n").encode())
            time.sleep(0.3)
        until = time.monotonic() + 10
        while not logs and not caplog.records and time.monotonic() < until:
            time.sleep(0.05)
    gone = {"event": "the caller went away before all was sent", "method": "POST", "log_level": "info"}
    assert (logs, [record for record in caplog.records if record.levelno >= logging.ERROR]) == ([gone], [])
