"""Sheets in and out through the API: a file has a result for every row, and comes back in the columns it was read in."""

import io
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from adapters.sheets import Layout
from tests.api.nodes import Neighbours, Served
from tests.builders import WUCHANG, XICHENG, an_id_number
from tests.sheets.workbooks import HEADER, ID_NUMBER, a_person, a_workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def a_register(*people: list[Any]) -> bytes:
    return a_workbook([["西城区流出人口台账"], HEADER, *people])


def upload(node: Served, data: bytes, layout: str = "outflow", **headers: str) -> httpx.Response:
    files = {"file": ("C:\\台账\\流出.xlsx", data, XLSX)}
    return node.call("POST", "/imports", files=files, data={"layout": layout}, headers=headers)


def take(node: Served, data: bytes, layout: str = "outflow") -> dict[str, Any]:
    response = upload(node, data, layout)
    assert response.status_code == 201, response.text
    imported: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/api/v1/imports/{imported['id']}"
    return imported


def test_every_row_of_a_file_has_its_result(xicheng: Served):
    two = [a_person(公民身份号码=an_id_number(n)) for n in (1, 2)]
    imported = take(xicheng, a_register(*two, a_person(现居住地="110102"), a_person(公民身份号码=f"{an_id_number(3)[:-1]}X")))
    counts = {name: imported[name] for name in ("rows", "accepted", "warned", "refused", "entered", "percent", "filename")}
    assert counts == {
        "rows": 4,
        "accepted": 1,
        "warned": 2,
        "refused": 1,
        "entered": 3,
        "percent": "75.00 %",
        "filename": "流出.xlsx",
    }
    refused = xicheng.get(f"/imports/{imported['id']}/rows", params={"outcome": "refused"})["items"]
    (row,) = refused
    told = {(problem["column"], problem["code"]) for problem in row["problems"]}
    assert (row["row"], ("D", "same-county") in told) == (5, True)
    first = xicheng.get(f"/imports/{imported['id']}/rows", params={"limit": 1})
    assert first["next"] is not None
    entry = xicheng.get(f"/entries/{first['items'][0]['made']}")
    assert entry["person"]["name"] == "热依汗·买买提"
    assert [row["id"] for row in xicheng.get("/imports")["items"]] == [imported["id"]]


def test_the_same_file_again_is_the_same_import(xicheng: Served):
    data = a_register(a_person())
    assert take(xicheng, data) == take(xicheng, data)
    assert len(xicheng.get("/imports")["items"]) == 1


def test_an_import_with_a_key_takes_effect_once_however_the_form_is_cut(xicheng: Served):
    data = a_register(a_person())
    first = upload(xicheng, data, **{"idempotency-key": "one"})
    again = upload(xicheng, data, **{"idempotency-key": "one"})
    assert (again.status_code, again.json(), again.headers["idempotency-replayed"]) == (201, first.json(), "true")
    other = upload(xicheng, a_register(a_person(姓名="王小明")), **{"idempotency-key": "one"})
    assert other.json()["type"] == "urn:woshou:problem:idempotency-key-reused"


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02", b"PK\x03\x04broken"])
def test_what_is_no_sheet_is_refused(xicheng: Served, data: bytes):
    assert upload(xicheng, data).status_code == 422
    assert xicheng.get("/imports")["items"] == []


def test_another_county_is_not_written_into(xicheng: Served):
    form = {"layout": "outflow", "jurisdiction": WUCHANG}
    refused = xicheng.call("POST", "/imports", files={"file": ("a.xlsx", a_register(a_person()))}, data=form)
    assert refused.json()["type"] == "urn:woshou:problem:not-served"
    wrong = xicheng.call("POST", "/imports", files={"file": ("a.xlsx", b"")}, data={"layout": "everything"})
    assert wrong.status_code == 422


def test_queries_come_as_a_sheet_and_reach_the_other_side(both: Neighbours):
    take(both.xicheng, a_register(a_person(公民身份号码=an_id_number(2))))
    header = ("类别", "用途", "姓名", "公民身份号码", "协查项目")
    matters = a_workbook([header, ("协查", "公共服务", "热依汗·买买提", an_id_number(2), "婚姻状况、子女")])
    imported = take(both.xicheng, matters, "matters")
    problems = both.xicheng.get(f"/imports/{imported['id']}/rows")["items"]
    assert (imported["accepted"], imported["refused"]) == (1, 0), problems
    both.deliver()
    (arrived,) = both.wuchang.get("/exchanges")["items"]
    assert (arrived["items"], arrived["state"]) == (["marital_status", "children"], "open")


def test_a_register_goes_out_in_the_columns_that_an_import_reads(xicheng: Served):
    take(xicheng, a_register(*(a_person(公民身份号码=an_id_number(n)) for n in (1, 2))))
    exported = xicheng.call("GET", "/exports/entries", params={"register": "outflow"})
    assert exported.headers["content-type"] == XLSX
    again = take(xicheng, exported.content)
    assert (again["rows"], again["unchanged"], again["refused"]) == (2, 2, 0)
    text = xicheng.call("GET", "/exports/entries", params={"register": "outflow", "format": "csv"})
    assert text.content.startswith("\ufeff个案编号".encode())
    assert take(xicheng, text.content)["unchanged"] == 2


def test_exchanges_go_out_without_persons(both: Neighbours):
    take(both.xicheng, a_register(a_person()))
    (entry,) = both.xicheng.get("/entries")["items"]
    both.xicheng.post("/exchanges", {"entry": entry["id"], "purpose": "public_service", "items": ["sex"]})
    both.deliver()
    exported = both.wuchang.call("GET", "/exports/exchanges", role="auditor")
    sheet = load_workbook(io.BytesIO(exported.content)).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert (rows[-1][1:4], rows[-1][12]) == (["asked", WUCHANG, XICHENG], "open")
    assert not any("热依汗" in str(cell) or ID_NUMBER in str(cell) for row in rows for cell in row)


@pytest.mark.parametrize("layout", list(Layout))
def test_an_empty_sheet_of_each_layout_can_be_fetched(xicheng: Served, layout: Layout):
    fetched = xicheng.call("GET", f"/imports/templates/{layout}", role="auditor")
    assert fetched.headers["content-disposition"] == f'attachment; filename="woshou-{layout}.xlsx"'
    assert load_workbook(io.BytesIO(fetched.content)).sheetnames[1:] == ["填写说明 Guide", "选项 Choices"]
