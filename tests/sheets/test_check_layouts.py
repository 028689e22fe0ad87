"""Other departments' sheets as they come: merged headers, totals, every format, and nothing medical read."""

from typing import Any

import pytest

from adapters.sheets.layout import spellings_for
from adapters.sheets.sheet import Layout, SheetRefused
from exchange.checking.check import CheckLayout
from tests.builders import an_id_number
from tests.sheets.workbooks import a_csv, a_workbook, cells_of, findings_of, read

SECRET = "绝不可读出的内容"
ME, OTHER = an_id_number(2), an_id_number(1)


def test_every_check_has_a_layout_of_its_name():
    assert {layout.value for layout in CheckLayout} <= {layout.value for layout in Layout}


def test_births_in_two_header_rows_with_titles_and_totals():
    rows: list[list[Any]] = [
        ["2026年1月出生医学证明签发情况表", *[None] * 8],
        ["填报单位：某某医院", *[None] * 8],
        ["序号", "母亲信息", None, "父亲信息", None, "新生儿信息", None, None, "分娩信息"],
        [None, "姓名", "身份证号", "姓名", "身份证号", "性别", "出生日期", "出生地", "孕周"],
        [1, "母甲", ME, "父甲", f"'{OTHER}", "女", "２０２６．１．２", "湖北省武汉市武昌区", SECRET],
        ["合计", 1, None, None, None, None, None, None, SECRET],
    ]
    data = a_workbook(rows, merges=["A1:I1", "B3:C3", "D3:E3", "F3:H3"])
    assert cells_of(data, Layout.BIRTHS) == [
        {
            "mother_document_number": ME,
            "father_document_number": OTHER,
            "child_sex": "女",
            "child_birth_date": "2026-01-02",
            "child_birth_place": "湖北省武汉市武昌区",
        }
    ]
    sheet = read(data, Layout.BIRTHS)
    assert (sheet.excluded_columns, sheet.blank_rows) == (1, 1)
    assert SECRET not in repr(list(sheet.rows)) + b"".join(sheet.packed).decode("utf-8", "replace")


def test_marriages_in_two_header_rows():
    rows: list[list[Any]] = [
        ["男方", None, "女方", None, "登记类别", "登记日期"],
        ["姓名", "身份证号", "姓名", "身份证号", None, None],
        ["李四", OTHER, "王小明", ME, "结婚登记", 45000],
    ]
    data = a_workbook(rows, merges=["A1:B1", "C1:D1", "E1:E2", "F1:F2"])
    (cells,) = cells_of(data, Layout.MARRIAGES)
    assert cells == {
        "husband_name": "李四",
        "husband_document_number": OTHER,
        "wife_name": "王小明",
        "wife_document_number": ME,
        "marriage_event": "结婚登记",
        "marriage_registered_on": "2023-03-15",
    }
    assert findings_of(data, Layout.MARRIAGES) == [(3, "F", "marriage_registered_on", "warning", "date-serial")]


def test_household_moves_as_csv_of_an_old_program():
    data = a_csv(
        ("姓名", "公民身份号码", "迁出地", "迁入地", "迁移日期"),
        ("王小明", ME, "西城区", "武昌区", "20251201"),
        encoding="gb18030",
        delimiter="\t",
    )
    assert cells_of(data, Layout.HOUSEHOLD_MOVES) == [
        {
            "name": "王小明",
            "document_number": ME,
            "household_from": "西城区",
            "household_to": "武昌区",
            "household_moved_on": "2025-12-01",
        }
    ]


VACCINES = ["疫苗名称", "接种日期", "乙肝1", "卡介苗", "剂次", "免疫程序", "过敏史", "出生体重", "接种单位", "Vaccine", "HPV"]


@pytest.mark.parametrize("name", VACCINES)
def test_nothing_medical_of_an_immunisation_sheet_is_read(name):
    header = ["监护人身份证号", "儿童性别", "儿童出生日期", "现居住地乡镇街道", name]
    sheet = read(a_workbook([header, [ME, "女", "2018-01-02", "德胜街道", SECRET]]), Layout.IMMUNISATION)
    assert (sheet.excluded_columns, sheet.unknown_columns) == (1, ())
    assert SECRET not in repr(list(sheet.rows)) + b"".join(sheet.packed).decode("utf-8", "replace")
    (row,) = sheet.rows
    assert set(row.cells) == {"guardian_document_number", "child_sex", "child_birth_date", "destination_township"}


def test_only_columns_that_can_correct_an_entry_are_taken():
    medical = ("孕", "接种", "疫苗", "体重", "apgar", "身长")
    for layout in CheckLayout:
        fields = spellings_for(Layout(layout.value)).fields
        assert len(fields) <= 9
        assert [f.zh for f in fields.values() if any(word in f.zh for word in medical)] == []


@pytest.mark.parametrize("layout", [Layout(layout.value) for layout in CheckLayout])
def test_a_sheet_without_its_columns_is_refused(layout):
    with pytest.raises(SheetRefused) as refused:
        read(a_workbook([["姓名", "电话", "地址"], ["甲", "1", "乙"]]), layout)
    assert refused.value.code == "header-not-found"
