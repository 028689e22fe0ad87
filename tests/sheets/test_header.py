"""Where the data begin and which column is what."""

from collections.abc import Sequence
from typing import Any

import pytest

from adapters.sheets.layout import spellings_for
from adapters.sheets.sheet import Layout, SheetRefused
from tests.sheets.workbooks import HEADER, a_csv, a_person, a_register, a_workbook, cells_of, read

PERSON = {
    "name": "热依汗·买买提",
    "document_number": "110102199003070017",
    "sex": "女",
    "destination": "420106",
    "origin": "110102",
    "birth_date": "1990-03-07",
}


def test_a_clean_register_is_read_as_it_stands():
    sheet = read(a_register())
    assert [row.cells for row in sheet.rows] == [PERSON]
    assert (sheet.header_row, sheet.data_rows, sheet.unknown_columns, sheet.excluded_columns) == (1, 1, (), 0)
    assert {field: column.letter for field, column in sheet.columns.items()} == {
        "name": "A",
        "document_number": "B",
        "sex": "C",
        "destination": "D",
        "origin": "E",
        "birth_date": "F",
    }


def test_merged_title_rows_above_the_header_are_passed_over():
    rows: list[Sequence[Any]] = [
        ["2026年流出人口登记表"],
        ["填报单位：西城区", None, None, "填报日期：2026-05-01"],
        [],
        HEADER,
        a_person(),
    ]
    sheet = read(a_workbook(rows, merges=("A1:F1", "A2:C2")))
    assert (sheet.header_row, [(row.number, row.cells) for row in sheet.rows]) == (4, [(5, PERSON)])


def test_a_table_that_does_not_begin_in_column_a_keeps_its_letters():
    sheet = read(a_workbook([[], [None, None, *HEADER], [None, None, *a_person()]]))
    assert [row.cells for row in sheet.rows] == [PERSON]
    assert (sheet.header_row, sheet.columns["name"].letter, sheet.columns["birth_date"].letter) == (2, "C", "H")


@pytest.mark.parametrize(
    "spelling",
    [
        "身份证号",
        "身份证\n号码",
        " 公民 身份 号码 ",
        "证件号码*",
        "＊身份证号码（必填）",
        "身份证号：",
        "居民身份证号码",
        "document_number",
    ],
)
def test_the_spellings_of_a_header_mean_the_same_field(spelling):
    header = [spelling if name == "公民身份号码" else name for name in HEADER]
    assert cells_of(a_register(header=header)) == [PERSON]


def test_a_header_of_two_merged_rows_is_joined():
    rows: list[list[Any]] = [
        ["流出人口台账", *[None] * 9],
        ["基本信息", None, None, "现居住地", "配偶信息", None, "第一孩", None, "避孕节育情况", None],
        ["姓名", "身份证号", "出生日期", None, "姓名", "身份证号", "性别", "出生日期", "方法", "日期"],
        ["张明", "110102199003070017", "1990-03-07", "420106", "李丽", "110102199105060022", "男", "2020-01-02", "秘密", "秘密"],
    ]
    merges = ("A1:J1", "A2:C2", "D2:D3", "E2:F2", "G2:H2", "I2:J2")
    sheet = read(a_workbook(rows, merges=merges))
    assert [(row.number, row.cells) for row in sheet.rows] == [
        (
            4,
            {
                "name": "张明",
                "document_number": "110102199003070017",
                "birth_date": "1990-03-07",
                "destination": "420106",
                "spouse_name": "李丽",
                "spouse_document_number": "110102199105060022",
                "child1_sex": "男",
                "child1_birth_date": "2020-01-02",
            },
        )
    ]
    assert (sheet.header_row, sheet.excluded_columns, sheet.unknown_columns) == (3, 2, ())


def test_a_header_of_two_rows_is_joined_in_csv_where_nothing_is_merged():
    data = a_csv(
        ("姓名", "身份证号", "现居住地", "配偶", "", "子女2", ""),
        ("", "", "", "姓名", "身份证号码", "性别", "出生日期"),
        ("张明", "110102199003070017", "420106", "李丽", "", "2", "2020.1.2"),
    )
    assert cells_of(data) == [
        {
            "name": "张明",
            "document_number": "110102199003070017",
            "destination": "420106",
            "spouse_name": "李丽",
            "child2_sex": "2",
            "child2_birth_date": "2020-01-02",
        }
    ]


def test_a_column_of_codes_goes_before_a_column_of_names():
    header = [*HEADER, "现居住地代码"]
    sheet = read(a_register([*a_person(现居住地="湖北武昌"), "420106"], header=header))
    assert [row.cells["destination"] for row in sheet.rows] == ["420106"]
    assert sheet.unknown_columns == ("现居住地",)


def test_two_columns_for_one_field_are_refused_by_letter():
    with pytest.raises(SheetRefused, match="Columns A and G are both") as refused:
        read(a_register([*a_person(), "x"], header=[*HEADER, "姓名"]))
    assert refused.value.code == "column-twice"


def test_unknown_columns_are_named_and_ignored():
    sheet = read(a_register([*a_person(), "13800000000", "汉族"], header=[*HEADER, "联系电话", "备注"]))
    assert sheet.unknown_columns == ("联系电话", "备注")
    assert [row.cells for row in sheet.rows] == [PERSON]


def test_the_education_codes_of_1984_count_only_where_the_header_says_so():
    said = read(a_register([*a_person(), "50"], header=[*HEADER, "文化程度（GB4658-1984）"]))
    unsaid = read(a_register([*a_person(), "50"], header=[*HEADER, "文化程度"]))
    assert (said.education_code_set, unsaid.education_code_set) == ("1984", "2006")


def test_a_missing_column_is_named():
    with pytest.raises(SheetRefused, match=r"row 1\) lacks: 现居住地 \(destination\)") as refused:
        read(a_register(header=["姓名", "身份证号", "性别", "地方", "户籍地", "出生日期"]))
    assert refused.value.code == "columns-missing"


def test_a_sheet_without_a_header_is_told_what_was_looked_for_and_where():
    with pytest.raises(SheetRefused) as refused:
        read(a_workbook([["商品", "价格"], ["苹果", 3]], sheets=("一月", "二月")))
    assert refused.value.code == "header-not-found"
    assert "前 30 行" in refused.value.zh
    assert "姓名、公民身份号码、现居住地" in refused.value.zh
    assert "一月、二月" in refused.value.zh


def test_a_header_below_row_30_is_not_found():
    with pytest.raises(SheetRefused) as refused:
        read(a_workbook([*[["说明"]] * 30, HEADER, a_person()]))
    assert refused.value.code == "header-not-found"


def test_the_first_visible_sheet_with_the_header_is_read_and_the_others_are_named():
    sheet = read(a_register(sheets=("封面", "隐藏", "台账"), hidden=("隐藏",)))
    assert sheet.sheet_name == "台账"
    assert [note.code for note in sheet.notes] == ["other-sheets-ignored"]
    assert "封面" in sheet.notes[0].zh


@pytest.mark.parametrize("layout", Layout)
def test_no_spelling_of_an_accepted_field_is_excluded(layout):
    spellings = spellings_for(layout)
    assert [spelled for spelled in spellings.ranks if spellings.is_excluded(spelled)] == []


@pytest.mark.parametrize("layout", Layout)
def test_every_main_header_means_its_own_field(layout):
    spellings = spellings_for(layout)
    assert {name: (spellings.field_of(field.zh) or ("",))[0] for name, field in spellings.fields.items()} == {
        name: name for name in spellings.fields
    }
