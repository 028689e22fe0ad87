"""Cross-checks through the API: a sheet in, differences out, settled one by one, by field or by sheet."""

import io
import json
import logging
from typing import Any

import pytest
from openpyxl import load_workbook

from exchange.checking.check import CheckLayout
from tests.api.nodes import Neighbours, Served
from tests.builders import WUCHANG, XICHENG, an_id, an_id_number
from tests.checking.support import a_file
from tests.sheets.workbooks import a_workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LU = CheckLayout
CHILD = {"sex": "2", "birth_date": "2018-01-02", "birth_place": "湖北省武汉市"}


def enter(node: Served, n: int = 2, **record: Any) -> str:
    body = {
        "register": "outflow",
        "origin": XICHENG,
        "destination": WUCHANG,
        "person": {"name": "热依汗·买买提", "document": {"type": "id_number", "number": an_id_number(n)}},
        "record": {"children": [CHILD], "marital_status": "10", **record},
    }
    made: str = node.post("/entries", body)["id"]
    return made


def a_birth(n: int = 2, born: str = "2018-01-12", number: str | None = "R1", place: str | None = None) -> list[Any]:
    return [an_id_number(n), None, "女", born, place, number, "已种", "39"]


def run(node: Served, data: bytes, layout: str = "births", **more: Any) -> dict[str, Any]:
    form = {"layout": layout, **more}
    response = node.call("POST", "/cross-checks", files={"file": ("热依汗·买买提.xlsx", data, XLSX)}, data=form)
    assert response.status_code == 201, response.text
    checked: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/api/v1/cross-checks/{checked['id']}"
    return checked


def test_a_sheet_is_checked_and_its_differences_are_settled(xicheng: Served):
    entry = enter(xicheng)
    checked = run(xicheng, a_file(LU.BIRTHS, a_birth(), a_birth(4), a_birth(2, "2018年")))
    assert {name: checked[name] for name in ("rows", "refused", "no_entry", "matched", "differing")} == {
        "rows": 3,
        "refused": 1,
        "no_entry": 1,
        "matched": 1,
        "differing": 1,
    }
    assert (checked["excluded_columns"], checked["differences"]) == (2, {"open": 2, "corrected": 0, "kept": 0, "lapsed": 0})
    (refused,) = xicheng.get(f"/cross-checks/{checked['id']}/rows")["items"]
    assert [(each["column"], each["code"]) for each in refused["problems"]] == [("D", "date-incomplete")]
    found = xicheng.get(f"/cross-checks/{checked['id']}/differences")["items"]
    assert [(each["field"], each["found"], each["proposed"]) for each in found] == [
        ("child_birth_date", "2018-01-02", "2018-01-12"),
        ("child_certificate_number", None, "R1"),
    ]
    assert xicheng.get("/cross-checks/to-check")["items"] == [
        {"entry": entry, "jurisdiction": XICHENG, "fields": ["child_birth_date", "child_certificate_number"]}
    ]
    path = f"/cross-checks/{checked['id']}/settlements"
    taken = xicheng.post(path, {"settlement": "take", "fields": ["child_birth_date"]})
    assert (taken["counts"]["corrected"], taken["next"]) == (1, None)
    kept = xicheng.post(path, {"settlement": "keep_verified", "differences": [found[1]["id"]]})
    assert kept["counts"]["kept"] == 1
    assert xicheng.get(f"/entries/{entry}")["record"]["children"][0]["birth_date"] == "2018-01-12"
    after = xicheng.get(f"/cross-checks/{checked['id']}")
    assert after["differences"] == {"open": 0, "corrected": 1, "kept": 1, "lapsed": 0}
    assert xicheng.get("/cross-checks/to-check")["items"] == []
    assert [row["id"] for row in xicheng.get("/cross-checks")["items"]] == [checked["id"]]


def test_the_same_file_is_the_same_check_and_again_is_another(xicheng: Served):
    enter(xicheng)
    data = a_file(LU.BIRTHS, a_birth())
    first = run(xicheng, data)
    assert run(xicheng, data) == first
    again = run(xicheng, data, again="true")
    assert (again["run"], again["id"] != first["id"]) == (2, True)
    only = run(xicheng, data, register="inflow")
    assert (only["register"], only["no_entry"]) == ("inflow", 1)


def test_a_settlement_is_repeated_by_its_key(xicheng: Served):
    enter(xicheng)
    checked = run(xicheng, a_file(LU.BIRTHS, a_birth()))
    path, body = f"/cross-checks/{checked['id']}/settlements", {"settlement": "take", "fields": ["child_birth_date"]}
    headers = {"idempotency-key": "once"}
    first = xicheng.call("POST", path, json=body, headers=headers)
    second = xicheng.call("POST", path, json=body, headers=headers)
    assert (second.content, second.headers["idempotency-replayed"]) == (first.content, "true")


@pytest.mark.parametrize("body", [{"settlement": "take"}, {"settlement": "take", "differences": [an_id(1)], "fields": ["name"]}])
def test_either_differences_or_fields_are_settled(xicheng: Served, body: dict[str, Any]):
    enter(xicheng)
    checked = run(xicheng, a_file(LU.BIRTHS, a_birth()))
    refused = xicheng.call("POST", f"/cross-checks/{checked['id']}/settlements", json=body)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:woshou:problem:invalid")


def test_differences_go_out_as_a_sheet_and_come_back_decided(xicheng: Served):
    entry = enter(xicheng)
    checked = run(xicheng, a_file(LU.BIRTHS, a_birth(place='=HYPERLINK("http://x")')))
    sent = xicheng.call("GET", f"/cross-checks/{checked['id']}/sheet")
    assert sent.headers["content-disposition"] == 'attachment; filename="differences-births.xlsx"'
    book = load_workbook(io.BytesIO(sent.content))
    (sheet,) = book.worksheets
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    assert "热依汗" not in str(cells)
    assert an_id_number(2) not in str(cells)
    top = next(n for n, row in enumerate(cells, 1) if row[0] == "差异编号")
    for n, word in ((1, "采用"), (2, "保留：表格有误"), (3, "胡写")):
        sheet.cell(top + n, 9).value = word
    out = io.BytesIO()
    book.save(out)
    form = {"check": checked["id"]}
    for outcomes in ({"corrected": 1, "kept": 1}, {"unchanged": 2}):
        back = xicheng.call("POST", "/cross-checks/settlement-sheets", files={"file": ("a.xlsx", out.getvalue())}, data=form)
        assert back.status_code == 200, back.text
        told = back.json()
        assert {name: count for name, count in told["counts"].items() if count} == outcomes
        assert [(row["row"], row["problems"][0]["code"]) for row in told["refused_rows"]] == [(top + 3, "unknown-word")]
    assert xicheng.get(f"/entries/{entry}")["version"] == 2


def test_a_sheet_with_two_words_on_one_difference_or_none_is_told_by_row(xicheng: Served):
    enter(xicheng)
    checked = run(xicheng, a_file(LU.BIRTHS, a_birth()))
    (one, _) = xicheng.get(f"/cross-checks/{checked['id']}/differences")["items"]
    rows = [["差异编号", "处理"], [one["id"], "暂缓"], [one["id"], "采用"], [None, "采用"], [an_id(5), "采用"], [one["id"], None]]
    form, files = {"check": checked["id"]}, {"file": ("a.xlsx", a_workbook(rows))}
    told = xicheng.call("POST", "/cross-checks/settlement-sheets", files=files, data=form).json()
    assert [(row["row"], row["problems"][0]["code"]) for row in told["refused_rows"]] == [
        (3, "decision-twice"),
        (4, "missing-cell"),
    ]
    assert (told["blank"], told["counts"]["left"], told["counts"]["refused"]) == (1, 1, 1)


def test_a_query_about_an_entry_with_open_differences_is_sent_with_a_warning(both: Neighbours):
    entry = enter(both.xicheng)
    run(both.xicheng, a_file(LU.BIRTHS, a_birth()))
    started = both.xicheng.post("/exchanges", {"entry": entry, "purpose": "public_service", "items": ["children"]}, status=201)
    (warned,) = started["notes"]
    assert warned["code"] == "unsettled-differences"
    assert "子女出生日期" in warned["zh"]
    header = ("类别", "用途", "姓名", "公民身份号码", "协查项目")
    matters = a_workbook([header, ("协查", "公共服务", "热依汗·买买提", an_id_number(2), "婚姻状况")])
    taken = both.xicheng.call("POST", "/imports", files={"file": ("b.xlsx", matters)}, data={"layout": "matters"}).json()
    (row,) = both.xicheng.get(f"/imports/{taken['id']}/rows")["items"]
    assert (row["outcome"], [each["code"] for each in row["problems"]]) == ("warned", ["unsettled-differences"])
    other = enter(both.xicheng, 4)
    sent = both.xicheng.post("/exchanges", {"entry": other, "purpose": "public_service", "items": ["children"]})
    assert sent["notes"] == []


def test_another_countys_key_sees_nothing(both: Neighbours):
    enter(both.xicheng)
    checked = run(both.xicheng, a_file(LU.BIRTHS, a_birth()))
    assert both.wuchang.get("/cross-checks")["items"] == []
    for path in ("", "/rows", "/differences", "/sheet"):
        assert both.wuchang.call("GET", f"/cross-checks/{checked['id']}{path}").status_code == 404
    body = {"settlement": "take", "fields": ["child_birth_date"]}
    assert both.wuchang.call("POST", f"/cross-checks/{checked['id']}/settlements", json=body).status_code == 404
    form, files = {"check": checked["id"]}, {"file": ("a.xlsx", a_workbook([["差异编号", "处理"]]))}
    assert both.wuchang.call("POST", "/cross-checks/settlement-sheets", files=files, data=form).status_code == 404


def test_a_layout_of_checks_is_not_imported_and_no_register_is_checked_against(xicheng: Served):
    files = {"file": ("a.xlsx", a_file(LU.BIRTHS, a_birth()))}
    assert xicheng.call("POST", "/imports", files=files, data={"layout": "births"}).status_code == 422
    assert xicheng.call("POST", "/cross-checks", files=files, data={"layout": "outflow"}).status_code == 422


def test_no_name_and_no_number_leaves_by_listings_logs_or_refusals(xicheng: Served, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    enter(xicheng, marital_status="10")
    rows: list[list[Any]] = [
        ["结婚", "2016-05-20", "武昌区", "李四四", an_id_number(1), "热依汗·买买提", an_id_number(2)],
        ["结婚", "不是日期", None, "赵六六", an_id_number(3), "钱七七", "11010219900307002"],
    ]
    checked = run(xicheng, a_file(LU.MARRIAGES, *rows), layout="marriages")
    body = {"settlement": "take", "fields": ["marital_status", "spouse_name", "marriage_date"]}
    told = [
        checked,
        xicheng.get("/cross-checks"),
        xicheng.get(f"/cross-checks/{checked['id']}/rows"),
        xicheng.get("/cross-checks/to-check"),
        xicheng.post(f"/cross-checks/{checked['id']}/settlements", body),
        caplog.text,
    ]
    everything = json.dumps(told, ensure_ascii=False)
    secrets = ("李四", "赵六", "钱七", "热依汗", *(an_id_number(n) for n in (1, 2, 3)), "1101021990")
    assert [secret for secret in secrets if secret in everything] == []
