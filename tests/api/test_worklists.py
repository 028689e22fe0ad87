"""The worklists of two real nodes: what stands on which, and answers by sheet, out and in."""

import io
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from tests.api.nodes import Neighbours, Served
from tests.api.test_exchanges import PERSON
from tests.api.test_sheets import XLSX
from tests.builders import WUCHANG, XICHENG, an_id_number
from tests.sheets.workbooks import a_csv

HERE = "420106001"
HEADERS = 1
UNTOLD = {"one_sided": None, "differing": None, "coarse": None}


def person(n: int) -> dict[str, Any]:
    return {
        **PERSON,
        "name": f"示例·样本{'甲乙丙丁戊己庚辛壬癸'[n]}",
        "document": {"type": "id_number", "number": an_id_number(n)},
    }


def ask(both: Neighbours, n: int, *, paired: bool = True, record: dict[str, Any] | None = None, **query: Any) -> str:
    """Xicheng asks about a person of its outflow register, whom Wuchang has in its inflow register if `paired`."""
    facts = {"origin": XICHENG, "destination": WUCHANG, "person": person(n)}
    entry = both.xicheng.post("/entries", {"register": "outflow", **facts}, status=201)["id"]
    if paired:
        both.wuchang.post("/entries", {"register": "inflow", **facts}, status=201)
    told = {"entry": entry, "purpose": "public_service", "items": ["marital_status", "children"], **query}
    exchange: str = both.xicheng.post("/exchanges", {**told, **({"record": record} if record else {})}, status=201)["exchange"]
    return exchange


def on(node: Served, worklist: str, **request: Any) -> list[str]:
    return [row["exchange"] for row in node.get(f"/worklists/{worklist}", **request)["items"]]


def counts(node: Served, **request: Any) -> dict[str, int | None]:
    return {each["list"]: each["count"] for each in node.get("/worklists", **request)["items"] if each["count"] != 0}


def test_each_exchange_stands_where_its_next_step_is(both: Neighbours):
    paired, unpaired, handed = ask(both, 1), ask(both, 2, paired=False, urgent="appointment"), ask(both, 3)
    both.deliver()
    both.wuchang.post(f"/exchanges/{handed}/assignment", {"township": HERE})
    assert (on(both.wuchang, "to_pair"), on(both.wuchang, "to_assign")) == ([unpaired], [paired])
    # The urgent one is due first.
    assert on(both.wuchang, "to_answer") == [unpaired, *sorted([paired, handed])]
    assert counts(both.wuchang) == {"to_assign": 1, "to_pair": 1, "to_answer": 3, **UNTOLD}
    assert counts(both.wuchang, params={"urgent": True}) == {"to_pair": 1, "to_answer": 1, **UNTOLD}
    assert on(both.wuchang, "to_answer", params={"township": "unassigned"}) == [unpaired, paired]
    assert on(both.wuchang, "to_answer", params={"partner": "nobody.example"}) == []
    pages = both.wuchang.get("/worklists/to_answer", params={"limit": 2})
    rest = both.wuchang.get("/worklists/to_answer", params={"limit": 2, "cursor": pages["next"]})
    assert [row["exchange"] for row in (*pages["items"], *rest["items"])] == on(both.wuchang, "to_answer")


def test_a_row_tells_what_a_clerk_must_know(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    both.wuchang.post(f"/exchanges/{exchange}/interim", {"reason": "field_visit", "expected": "2026-03-20"}, status=202)
    (row,) = both.wuchang.get("/worklists/to_answer")["items"]
    told = {name: row[name] for name in ("days_left", "challenged", "under_way", "internal_due", "lapses_on")}
    assert told == {"days_left": 30, "challenged": None, "under_way": ["interim"], "internal_due": None, "lapses_on": None}
    assert (row["announced"]["expected"], row["person"]["name"]) == ("2026-03-20", person(1)["name"])
    both.deliver()
    both.wuchang.post(f"/exchanges/{exchange}/feedback", {"result": "not_found"}, status=202)
    both.deliver()
    (answered,) = both.xicheng.get("/worklists/to_confirm")["items"]
    assert (answered["lapses_on"], answered["days_to_lapse"], answered["result"]) == ("2026-03-17", 15, "not_found")
    both.xicheng.post(f"/exchanges/{exchange}/challenge", {"reason": "incomplete", "items": ["children"]}, status=202)
    both.deliver()
    (again,) = both.wuchang.get("/worklists/to_answer")["items"]
    assert (again["challenged"], again["challenged_items"], again["announced"]) == ("incomplete", ["children"], None)
    assert on(both.xicheng, "to_confirm") == []


def test_a_notice_that_wants_no_answer_is_to_be_noted_until_a_clerk_takes_it_over(both: Neighbours):
    entry = both.xicheng.post(
        "/entries", {"register": "outflow", "origin": XICHENG, "destination": WUCHANG, "person": person(1)}, status=201
    )["id"]
    arrival = {"entry": entry, "purpose": "public_service", "event": "arrival", "event_date": "2026-02-03"}
    told = [both.xicheng.post("/exchanges", arrival, status=201)["exchange"]]
    both.deliver()
    both.xicheng.clock.move(timedelta(days=1))  # one clock for both
    told.append(both.xicheng.post("/exchanges", {**arrival, "event_date": "2026-03-02"}, status=201)["exchange"])
    both.deliver()
    first = both.wuchang.get("/worklists/to_note", params={"limit": 1})
    rest = both.wuchang.get("/worklists/to_note", params={"limit": 1, "cursor": first["next"]})
    assert [row["exchange"] for row in (*first["items"], *rest["items"])] == told
    assert (first["items"][0]["person"]["name"], on(both.xicheng, "to_note")) == (person(1)["name"], [])
    both.wuchang.post(f"/exchanges/{told[1]}/clerk", {})
    assert on(both.wuchang, "to_note") == told[:1]
    both.xicheng.clock.move(timedelta(days=15))
    assert on(both.wuchang, "to_note") == []


def test_readers_above_the_county_see_no_persons(both: Neighbours):
    ask(both, 1)
    both.deliver()
    for of, role in ((WUCHANG, "coordinator"), ("420100", "clerk"), ("420000", "auditor")):
        (row,) = both.wuchang.get("/worklists/to_answer", of=of, role=role)["items"]
        assert row["person"] is None


def test_what_is_late_stands_on_both_sides_and_the_silent_partner_is_named(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    both.xicheng.clock.move(timedelta(days=32))  # one clock for both
    assert on(both.wuchang, "overdue") == on(both.xicheng, "awaited") == [exchange]
    (silent,) = both.xicheng.get("/worklists/silent_partners")["items"]
    assert (silent["node"], silent["late"], silent["unreceipted"], silent["queued"]) == ("wuchang.example", 1, 0, 0)
    assert both.xicheng.get("/worklists/silent_partners", params={"days": 40})["items"] == []
    # Of us, nothing is expected there but the answer: Wuchang waits for nothing.
    assert both.wuchang.get("/worklists/silent_partners")["items"] == []


@pytest.mark.parametrize("kind", UNTOLD)
def test_of_differences_nothing_is_said_before_the_first_comparison(both: Neighbours, kind: str):
    told = both.wuchang.get(f"/worklists/{kind}")
    assert (told["items"], told["reconciled_at"], told["unreconciled"]) == ([], None, [WUCHANG])
    assert "尚未" in told["zh"]
    assert "yet" in told["en"]


def sheet_of(node: Served, worklist: str = "to_answer", **request: Any) -> bytes:
    response = node.call("GET", f"/worklists/{worklist}/sheet", **request)
    assert response.status_code == 200, response.text
    return response.content


def filled(data: bytes, *answers: dict[str, Any]) -> bytes:
    """The sheet with what a clerk writes in its rows, by the words at the head of the columns."""
    book = load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    columns = heads(sheet)
    for number, answer in enumerate(answers, HEADERS + 1):
        for head, value in answer.items():
            sheet.cell(number, columns[head]).value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def heads(sheet: Worksheet) -> dict[str, int]:
    return {str(cell.value).strip("*").partition("（")[0]: cell.column or 0 for cell in sheet[HEADERS]}


def take(node: Served, data: bytes, *, name: str = "反馈.xlsx", **request: Any) -> dict[str, Any]:
    response = node.call("POST", "/imports", files={"file": (name, data, XLSX)}, data={"layout": "answers"}, **request)
    assert response.status_code == 201, response.text
    imported: dict[str, Any] = response.json()
    return imported


def outcomes(node: Served, imported: dict[str, Any], **request: Any) -> list[tuple[str, list[str]]]:
    rows = node.get(f"/imports/{imported['id']}/rows", **request)["items"]
    return [(row["outcome"], [problem["code"] for problem in row["problems"]]) for row in rows]


def test_a_worklist_goes_out_as_a_sheet_and_comes_back_as_answers(both: Neighbours):
    asked = [ask(both, n, record={"marital_status": "10"}) for n in (1, 2, 3, 4)]
    both.deliver()
    out = sheet_of(both.wuchang)
    sheet = load_workbook(io.BytesIO(out)).worksheets[0]
    columns = heads(sheet)
    first = {head: sheet.cell(2, column).value for head, column in columns.items()}
    assert (first["交换编号"], first["※证件号码 document"], first["※询方 婚姻状况"]) == (asked[0], an_id_number(1), "未婚")
    data = filled(
        out,
        {"反馈结果": "属实 (confirmed)"},
        {"反馈结果": "有更正", "婚姻状况": "离婚", "子女1性别": "女", "子女1出生日期": "2018-01-02"},
        {"反馈结果": "moved_on", "去向代码": "湖北省武汉市"},
        {},
    )
    imported = take(both.wuchang, data)
    assert [imported[name] for name in ("rows", "accepted", "refused", "blank")] == [3, 3, 0, 1]
    assert outcomes(both.wuchang, imported) == [("accepted", [])] * 3
    both.deliver()
    bodies = [both.xicheng.get(f"/exchanges/{exchange}")["messages"][-1]["body"] for exchange in asked]
    assert bodies[0] == {"result": "confirmed"}
    assert bodies[1] == {
        "result": "corrected",
        "record": {"marital_status": "40", "children": [{"sex": "2", "birth_date": "2018-01-02"}]},
    }
    assert bodies[2] == {"result": "moved_on", "moved_to": "4201"}
    assert on(both.wuchang, "to_answer") == [asked[3]]


def test_the_same_answers_again_answer_nothing_and_stale_rows_say_why(both: Neighbours):
    confirmed, challenged, withdrawn, other = (ask(both, n) for n in (1, 2, 3, 4))
    both.deliver()
    out = sheet_of(both.wuchang)
    answers = [{"反馈结果": "属实"}] * 4
    both.wuchang.post(f"/exchanges/{challenged}/feedback", {"result": "not_found"}, status=202)
    both.wuchang.post(f"/exchanges/{other}/feedback", {"result": "not_found"}, status=202)
    both.deliver()
    both.xicheng.post(f"/exchanges/{challenged}/challenge", {"reason": "incomplete", "items": ["children"]}, status=202)
    both.xicheng.post(f"/exchanges/{withdrawn}/withdrawal", {"reason": "entered_by_mistake"}, status=202)
    both.deliver()
    data = filled(out, *answers)
    first = take(both.wuchang, data)
    assert outcomes(both.wuchang, first) == [
        ("accepted", []),
        ("refused", ["answered-already"]),
        ("refused", ["not-in-this-state"]),
        ("refused", ["answered-already"]),
    ]
    assert take(both.wuchang, data)["id"] == first["id"]
    # The same answer in another file: while it is under way, and once it has arrived and was confirmed.
    for _ in range(2):
        again = take(both.wuchang, filled(sheet_plus(out), *answers[:1]))
        assert outcomes(both.wuchang, again)[0] == ("unchanged", [])
        both.deliver()
        both.wuchang.clock.move(timedelta(minutes=1))
        out = sheet_plus(out)
    assert len(both.wuchang.get(f"/exchanges/{confirmed}")["messages"]) == 2


def sheet_plus(data: bytes) -> bytes:
    """The same sheet in other bytes: with one more note below it that nobody reads."""
    book = load_workbook(io.BytesIO(data))
    sheet = book.create_sheet("备忘")
    sheet["A1"] = len(book.worksheets)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_row_written_before_a_challenge_does_not_answer_it(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    data = filled(sheet_of(both.wuchang), {"反馈结果": "属实"})
    both.wuchang.post(f"/exchanges/{exchange}/feedback", {"result": "confirmed"}, status=202)
    both.deliver()
    both.xicheng.post(f"/exchanges/{exchange}/challenge", {"reason": "incomplete", "items": ["children"]}, status=202)
    both.deliver()
    # What it says was said in the first round: nothing more is queued by it.
    assert outcomes(both.wuchang, take(both.wuchang, data)) == [("unchanged", [])]
    new = filled(sheet_of(both.wuchang), {"反馈结果": "属实"})
    assert outcomes(both.wuchang, take(both.wuchang, new)) == [("accepted", [])]
    both.deliver()
    assert both.xicheng.get(f"/exchanges/{exchange}")["state"] == "answered"
    assert both.xicheng.get(f"/exchanges/{exchange}")["round"] == 2


@pytest.mark.parametrize(
    ("answer", "code", "head"),
    [
        ({"婚姻状况": "离婚"}, "missing-cell", "反馈结果"),
        ({"反馈结果": "属实", "婚姻状况": "离婚"}, "answer-contradicts", "婚姻状况"),
        ({"反馈结果": "属实", "去向代码": "420100"}, "answer-contradicts", "去向代码"),
        ({"反馈结果": "有更正"}, "nothing-corrected", "反馈结果"),
        ({"反馈结果": "也许"}, "unknown-word", "反馈结果"),
        ({"反馈结果": "已他往"}, "missing-cell", "去向代码"),
        ({"反馈结果": "已他往", "去向代码": "火星"}, "unknown-jurisdiction", "去向代码"),
        ({"反馈结果": "非本地区", "应办地": "420106"}, "unknown-jurisdiction", "应办地"),
        ({"反馈结果": "拒绝"}, "missing-cell", "拒绝原因"),
        ({"反馈结果": "有更正", "子女1性别": "女", "子女1出生日期": "2999-01-02"}, "date-implausible", "子女1出生日期"),
        ({"反馈结果": "有更正", "婚姻状况": "=1+1"}, "unknown-word", "婚姻状况"),
        ({"交换编号": "019caf00-0000-7000-8000-000000000001", "反馈结果": "属实"}, "not-found", "交换编号"),
        ({"所答消息": "019caf00-0000-7000-8000-000000000001", "反馈结果": "属实"}, "asked-anew", "所答消息"),
        ({"交换编号": None, "反馈结果": "属实"}, "missing-cell", "交换编号"),
    ],
)
def test_a_dirty_row_is_refused_at_its_cell_and_nothing_is_queued(both: Neighbours, answer: dict[str, Any], code: str, head: str):
    ask(both, 1)
    both.deliver()
    out = sheet_of(both.wuchang)
    if "=1+1" in answer.values():
        answer = {**answer, "婚姻状况": "'=1+1"}
    imported = take(both.wuchang, filled(out, answer))
    (row,) = both.wuchang.get(f"/imports/{imported['id']}/rows")["items"]
    assert row["outcome"] == "refused"
    problem = next(problem for problem in row["problems"] if problem["code"] == code)
    sheet = load_workbook(io.BytesIO(out)).worksheets[0]
    assert problem["column"] == get_column_letter(heads(sheet)[head])
    assert problem["zh"]
    assert problem["en"]
    assert both.wuchang.get("/worklists/to_answer")["items"][0]["under_way"] == []


def test_a_correction_of_what_was_not_asked_is_refused(both: Neighbours):
    ask(both, 1, items=["marital_status"])
    ask(both, 2, items=["children"])
    both.deliver()
    data = filled(sheet_of(both.wuchang), {"反馈结果": "有更正", "子女1性别": "女"}, {"反馈结果": "有更正", "子女1性别": "女"})
    assert outcomes(both.wuchang, take(both.wuchang, data)) == [("refused", ["not-asked"]), ("accepted", [])]


def test_two_rows_of_one_exchange_answer_it_once(both: Neighbours):
    exchange = ask(both, 1)
    ask(both, 2)
    both.deliver()
    out = sheet_of(both.wuchang)
    sheet = load_workbook(io.BytesIO(out)).worksheets[0]
    twice = {"交换编号": exchange, "所答消息": sheet.cell(2, 2).value, "反馈结果": "属实"}
    imported = take(both.wuchang, filled(out, {"反馈结果": "属实"}, twice))
    assert outcomes(both.wuchang, imported) == [("accepted", []), ("refused", ["duplicate-row", "answered-twice"])]


def test_only_the_cells_of_the_answer_can_be_written_in(both: Neighbours):
    ask(both, 1, items=["marital_status"])
    ask(both, 2, items=["children"])
    both.deliver()
    book = load_workbook(io.BytesIO(sheet_of(both.wuchang)))
    sheet = book.worksheets[0]
    columns = heads(sheet)
    assert sheet.protection.sheet
    assert all(cell.protection.locked for cell in sheet[1])
    free = {head for head, column in columns.items() if not sheet.cell(2, column).protection.locked}
    assert free == {"反馈结果", "去向代码", "应办地", "拒绝原因", "婚姻状况"}
    offered = {next(iter(rule.sqref.ranges)).min_col for rule in sheet.data_validations.dataValidation}
    assert {columns["反馈结果"], columns["拒绝原因"], columns["婚姻状况"]} <= offered
    assert {book.worksheets[1].title, book.worksheets[2].sheet_state} == {"填写说明 Guide", "hidden"}
    choices = [cell.value for cell in book["选项 Choices"][get_column_letter(columns["反馈结果"])]]
    assert "查无此人 (not_found)" in choices


def test_hostile_texts_go_out_as_text_and_never_as_a_formula(both: Neighbours):
    ask(both, 1, items=["marriage"], record={"marriage": {"place": "=HYPERLINK(1)"}})
    both.deliver()
    sheet = load_workbook(io.BytesIO(sheet_of(both.wuchang))).worksheets[0]
    cell = sheet.cell(2, heads(sheet)["※询方 结婚登记地"])
    assert (cell.value, cell.data_type, cell.number_format) == ("=HYPERLINK(1)", "s", "@")
    text = sheet_of(both.wuchang, params={"format": "csv"}).decode("utf-8-sig")
    assert "'=HYPERLINK(1)" in text


def test_a_csv_does_as_well_and_excluded_columns_are_dropped_unread(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    sheet = load_workbook(io.BytesIO(sheet_of(both.wuchang))).worksheets[0]
    asked = sheet.cell(2, 2).value
    data = a_csv(["交换编号", "所答消息", "反馈结果", "孕检情况", "别的"], [exchange, str(asked), "查无此人", "不应读取", "x"])
    imported = take(both.wuchang, data, name="反馈.csv")
    assert (imported["accepted"], imported["excluded_columns"], imported["unknown_columns"]) == (1, 1, ["别的"])


def test_what_has_an_answer_under_way_is_not_in_the_sheet_and_other_lists_are_refused(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    both.wuchang.post(f"/exchanges/{exchange}/feedback", {"result": "confirmed"}, status=202)
    assert load_workbook(io.BytesIO(sheet_of(both.wuchang))).worksheets[0].max_row == 1
    refused = both.wuchang.call("GET", "/worklists/to_confirm/sheet")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:woshou:problem:not-answerable")


def test_a_township_answers_by_sheet_what_it_has_and_sees_its_own_files(both: Neighbours):
    mine, theirs = ask(both, 1), ask(both, 2)
    both.deliver()
    both.wuchang.post(f"/exchanges/{mine}/assignment", {"township": HERE})
    whole = filled(sheet_of(both.wuchang), {"反馈结果": "属实"}, {"反馈结果": "属实"})
    assert load_workbook(io.BytesIO(sheet_of(both.wuchang, of=HERE))).worksheets[0].max_row == 2
    imported = take(both.wuchang, whole, of=HERE)
    assert sorted(outcomes(both.wuchang, imported, of=HERE)) == [("accepted", []), ("refused", ["not-found"])]
    assert [each["id"] for each in both.wuchang.get("/imports", of=HERE)["items"]] == [imported["id"]]
    assert both.wuchang.get("/imports")["items"] == []
    assert both.wuchang.call("GET", f"/imports/{imported['id']}", of="420106002").status_code == 404
    both.deliver()
    assert both.xicheng.get(f"/exchanges/{mine}")["messages"][-1]["body"]["handled_by"] == HERE
    assert both.xicheng.get(f"/exchanges/{theirs}")["state"] == "open"
    register = both.wuchang.call("POST", "/imports", of=HERE, files={"file": ("a.csv", b"a")}, data={"layout": "inflow"})
    assert register.status_code == 403


def test_the_sheet_comes_back_with_what_became_of_its_rows(both: Neighbours):
    ask(both, 1)
    ask(both, 2)
    both.deliver()
    data = filled(sheet_of(both.wuchang), {"反馈结果": "属实"}, {"反馈结果": "已他往"})
    imported = take(both.wuchang, data)
    path = f"/imports/{imported['id']}/annotated"
    back = both.wuchang.call("POST", path, files={"file": ("反馈.xlsx", data, XLSX)})
    assert back.status_code == 200, back.text
    told = [row[-1] for row in load_workbook(io.BytesIO(back.content)).worksheets[0].iter_rows(values_only=True)]
    assert [str(cell).splitlines()[0] for cell in told] == ["※ 导入结果 Import result", "已接收 accepted", "未接收 refused"]
    other = both.wuchang.call("POST", path, files={"file": ("反馈.xlsx", data + b" ", XLSX)})
    assert (other.status_code, other.json()["type"]) == (422, "urn:woshou:problem:other-file")


def test_answers_are_no_entries(both: Neighbours):
    ask(both, 1)
    both.deliver()
    take(both.wuchang, filled(sheet_of(both.wuchang), {"反馈结果": "属实"}))
    both.wuchang.clock.move(timedelta(days=1))
    report = both.wuchang.get("/rates", params={"from": "2026-03-01", "to": "2026-03-31"})
    (entry,) = [rate for rate in report["figures"][0]["rates"] if rate["rate"] == "entry"]
    assert (entry["numerator"], entry["denominator"]) == (0, 0)
