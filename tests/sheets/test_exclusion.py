"""What is kept out by design never gets in: not into a Sheet, not into what goes back."""

import pytest

from adapters.sheets import Outcome, RowResult, annotate, read_sheet
from adapters.sheets.sheet import Layout
from tests.sheets.workbooks import HEADER, LIMITS, a_csv, a_person, a_register, everything_in, part_of, read, repacked

SECRET = "绝不可读出的内容"
EXCLUDED = [
    "三查日期",
    "避孕措施",
    "孕检结果",
    "是否怀孕",
    "孕情",
    "政策内外",
    "是否符合政策",
    "社会抚养费（元）",
    "罚款",
    "节育措施",
    "上环日期",
    "指纹",
    "照片",
    "人脸",
    "计划生育服务证号",
    "妇检",
    "健康状况",
    "孩次",
    "子女数",
    "第一孩政策内外",
    "生育指标",
    "末次月经",
    "Contraception",
    "B超",
    "Ｂ 超 结 果",
]


@pytest.mark.parametrize("name", EXCLUDED)
def test_an_excluded_column_is_dropped_unread_and_only_counted(name):
    sheet = read(a_register([*a_person(), SECRET], header=[*HEADER, name]))
    everything = repr(sheet) + repr(list(sheet.rows)) + b"".join(sheet.packed).decode("utf-8", "replace") + repr(sheet.notes)
    assert SECRET not in everything
    assert (sheet.excluded_columns, sheet.unknown_columns) == (1, ())
    assert [set(row.cells) for row in sheet.rows] == [{"name", "document_number", "sex", "destination", "origin", "birth_date"}]


def test_a_row_that_holds_only_excluded_content_is_blank():
    sheet = read(a_csv((*HEADER, "三查"), (*a_person(), SECRET), (*[""] * len(HEADER), SECRET)))
    assert (sheet.data_rows, sheet.blank_rows) == (1, 1)


def test_a_broken_excluded_cell_is_not_even_a_problem():
    data = a_register([*a_person(), "=1/0"], header=[*HEADER, "避孕措施"])
    xml = part_of(data, "xl/worksheets/sheet1.xml").replace(b"</f><v>0</v>", b"</f>")
    assert [row.problems for row in read(repacked(data, xl__worksheets__sheet1_xml=xml)).rows] == [()]


def test_the_copy_that_goes_back_has_no_excluded_content_anywhere():
    header = [*HEADER, "避孕措施", "备注"]
    person = [*a_person(), SECRET, '="公式"&G2']
    data = a_register(person, header=header, sheets=("另一张", "台账"))
    copy = annotate(data, Layout.OUTFLOW, [RowResult(number=2, outcome=Outcome.ACCEPTED)])
    assert SECRET in everything_in(data).decode("utf-8", "replace")
    assert SECRET not in everything_in(copy).decode("utf-8", "replace")
    assert b"<f>" not in everything_in(copy)
    assert "另一张" not in everything_in(copy).decode("utf-8", "replace")
    assert [row.cells for row in read_sheet(copy, Layout.OUTFLOW, LIMITS).rows] == [row.cells for row in read(data).rows]


def test_a_second_sheet_full_of_excluded_content_does_not_go_back():
    rows = [[SECRET]]
    book = a_register(sheets=("台账",))
    other = a_register(*[[*a_person(), *row] for row in rows], header=[*HEADER, "备注"], sheets=("封面", "台账"))
    for data in (book, other):
        copy = annotate(data, Layout.OUTFLOW, [])
        assert "封面" not in everything_in(copy).decode("utf-8", "replace")
