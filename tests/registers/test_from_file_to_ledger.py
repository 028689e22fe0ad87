"""A real file through the reader, the edge and the verbs into each kind of ledger."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.memory import MemoryLedgers
from adapters.sheets import Layout, Limits
from adapters.sheets.reading.reader import parse_sheet
from adapters.taking import facts_of
from exchange.codes import RegisterKind
from exchange.imports import ImportedFile
from exchange.ledger import EntryFilter, Ledgers, Page
from exchange.verbs.sheets.take import take_sheet
from exchange.verbs.sheets.take_matters import read_matters
from exchange.verbs.sheets.take_register import read_register
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, a_moment, agreed_terms, an_id_number
from tests.building.sealing import open_database
from tests.life.two_nodes import Side
from tests.registers.support import NODE, codes
from tests.sheets.workbooks import a_workbook

REGISTER = (
    ["流出人口登记表", *[None] * 8],
    [
        "姓名",
        "性别",
        "身份证号",
        "户籍地",
        "现居住地",
        "流出日期",
        "流出原因",
        "婚姻状况",
        "避孕措施",
    ],
)
MATTERS = [["类别", "事件", "发生日期", "用途", "姓名", "身份证号", "协查项目", "是否紧急", "子女1性别", "子女1出生日期"]]


def an_old_number(n: int) -> str:
    """The 15 digits that `an_id_number(n)` had before 1999."""
    return an_id_number(n)[:6] + an_id_number(n)[8:17]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def ledgers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledgers]:
    if request.param == "memory":
        yield MemoryLedgers()
        return
    server = request.getfixturevalue("postgresql_server") if request.param == "postgresql" else None
    if server is None:
        database = open_database(f"sqlite:///{tmp_path / 'woshou.db'}")
        database.upgrade()
        yield database
        database.close()
        return
    with server.database() as url:
        database = open_database(url)
        database.upgrade()
        yield database
        database.close()


def a_register(*rows: list[object]) -> bytes:
    return a_workbook([*REGISTER, *rows], merges=["A1:I1"])


def enter(ledgers: Ledgers, data: bytes, now: int = 0) -> ImportedFile:
    facts = facts_of(parse_sheet(data, Layout.OUTFLOW, Limits()), "流出台账.xlsx", digest=NODE.file_digest(data))
    sheet = read_register(NODE, XICHENG, RegisterKind.OUTFLOW, facts, a_moment(now))
    with ledgers.transaction() as ledger:
        return take_sheet(ledger, sheet, a_moment(now))


def results(ledgers: Ledgers, file: ImportedFile) -> list[tuple[int, str, list[str]]]:
    with ledgers.transaction(read_only=True) as ledger:
        return [(row.row, row.outcome.value, codes(row.problems)) for row in ledger.imports.rows(file.id, Page())]


def test_a_dirty_register_is_entered_row_by_row_and_once(ledgers):
    data = a_register(
        ["王小明", "男", an_id_number(1), "北京市西城区", "湖北省武汉市武昌区", "2020-05-01", "务工", "初婚", "某种措施"],
        ["阿依古丽•买买提", "女", an_old_number(2), "110104", "广东", "2020.5.1", "随迁", "2", None],
        ["李小红", "男", an_id_number(4), "", "420106", "2020/5/1", "上学", "未婚", None],
        ["张三", "男", an_id_number(5), "420106", "110102", "", "务工", "", None],
        ["王小明", "男", an_id_number(1), "西城区", "420106", "2020-05-01", "务工", "初婚", None],
    )
    first = enter(ledgers, data)
    assert results(ledgers, first) == [
        (3, "accepted", []),
        (4, "warned", ["old-code", "retired-code", "old-number"]),
        (5, "refused", ["sex-differs", "reason-not-counted"]),
        (6, "refused", ["not-own-place"]),
        (7, "unchanged", ["duplicate-row"]),
    ]
    assert (first.excluded_columns, first.rows, first.entered) == (1, 5, 3)
    assert enter(ledgers, data, now=10) == first
    with ledgers.transaction(read_only=True) as ledger:
        entries = ledger.entries.find(EntryFilter(jurisdictions=frozenset({XICHENG})), Page())
    assert sorted((entry.origin, entry.destination, entry.person.name) for entry in entries) == [
        (XICHENG, WUCHANG, "王小明"),
        (XICHENG, "440000", "阿依古丽·买买提"),
    ]
    assert all(entry.version == 1 for entry in entries)


def test_a_sheet_of_matters_is_submitted_once_over_two_files(ledgers):
    side = Side(node=NODE, county=XICHENG, other_node=WUCHANG_NODE, other_county=WUCHANG, ledgers=ledgers)
    side.open(agreed_terms())
    enter(
        ledgers,
        a_register(
            ["王小明", "男", an_id_number(1), "", "武昌区", "", "务工", "初婚", None],
            ["李小红", "女", an_id_number(2), "", "武昌区", "", "务工", "初婚", None],
        ),
    )
    query = ["协查", "", "", "公共服务", "王小明", an_id_number(1), "婚姻状况、子女", "否", "", ""]
    birth = ["通报", "出生", "2026-02-03", "", "李小红", an_id_number(2), "", "", "女", "2026-02-03"]
    nobody = ["协查", "", "", "公共服务", "王小明", an_id_number(3), "婚姻状况", "否", "", ""]

    # Made once: a workbook holds the second in which it was made.
    march, april = (a_workbook([*MATTERS, *rows]) for rows in ((query, nobody), (query, birth)))

    def submit(data: bytes) -> ImportedFile:
        facts = facts_of(parse_sheet(data, Layout.MATTERS, Limits()), "事项.xlsx", digest=NODE.file_digest(data))
        sheet = read_matters(NODE, XICHENG, facts, a_moment(1))
        with ledgers.transaction() as ledger:
            return take_sheet(ledger, sheet, a_moment(1))

    first = submit(march)
    assert results(ledgers, first) == [(2, "accepted", []), (3, "refused", ["missing-cell"])]
    second = submit(april)
    assert results(ledgers, second) == [(2, "unchanged", []), (3, "accepted", [])]
    with ledgers.transaction(read_only=True) as ledger:
        assert len(ledger.messages.queued(1, 100)) == 2
    assert replace(submit(march), id=first.id) == first
