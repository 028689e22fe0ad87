"""What goes out: sheets that run nothing, templates that can be read, copies that tell what to correct."""

import csv
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.styles import PatternFill

from adapters.sheets import Outcome, RowResult, Severity, annotate, read_sheet
from adapters.sheets.layout import spellings_for
from adapters.sheets.sheet import Layout, Limits, SheetRefused, column_letter
from adapters.sheets.template import template
from adapters.sheets.writer import OutColumn, list_problems, write_csv, write_sheet
from tests.sheets.workbooks import HEADER, a_csv, a_person, a_register, a_workbook, cells_of, everything_in, read

COLUMNS = [OutColumn(header=name) for name in HEADER]
DANGEROUS = ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", '=HYPERLINK("x")']


def test_a_written_register_is_read_back():
    data = write_sheet(COLUMNS, [a_person(), a_person(姓名="𠮷·䶮", 公民身份号码="E12345678")], title="流出人口", notes=["说明"])
    sheet = read(data)
    assert (sheet.header_row, sheet.sheet_name) == (3, "流出人口")
    assert [row.cells["name"] for row in sheet.rows] == ["热依汗·买买提", "𠮷·䶮"]


def test_text_never_becomes_a_formula_in_a_workbook():
    data = write_sheet([OutColumn(header="=1+1")], [[text] for text in DANGEROUS], title="=A1")
    assert b"<f>" not in everything_in(data)
    book = load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert sheet["A3"].value == "=1+1"
    assert sheet["A3"].number_format == "@"


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_never_becomes_a_formula_in_csv(text):
    data = write_csv([OutColumn(header="备注")], [[text], [5], [None]])
    assert data.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))) == [["备注"], ["'" + text], ["5"], [""]]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_no_csv_cell_begins_like_a_formula(text):
    (row,) = list(csv.reader(io.StringIO(write_csv([], [[text, "x"]]).decode("utf-8-sig"), newline="")))[1:]
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("layout", Layout)
def test_a_template_is_a_sheet_of_its_layout(layout):
    sheet = read(template(layout), layout)
    assert (sheet.data_rows, sheet.unknown_columns, sheet.excluded_columns) == (0, (), 0)
    assert sheet.header_row == 1


def test_a_template_offers_the_words_of_coded_columns():
    sheet = load_workbook(io.BytesIO(template(Layout.MATTERS))).worksheets[0]
    offered = {next(iter(rule.sqref.ranges)).min_col: rule.formula1 for rule in sheet.data_validations.dataValidation}
    headers = {cell.column: cell.value for cell in sheet[1]}
    assert {headers[column] for column in offered} >= {"类别*", "事件", "用途", "性别", "婚姻状况", "是否紧急", "协查项目"}


def test_a_copy_tells_row_by_row_what_to_correct():
    data = a_workbook([["台账"], HEADER, a_person(), a_person(出生日期="2023", 公民身份号码="310101198001010011")])
    sheet = read(data)
    results = [
        RowResult(
            number=row.number,
            outcome=Outcome.REFUSED if row.refused else Outcome.ACCEPTED,
            problems=(
                *row.problems,
                sheet.problem(
                    row.number,
                    "origin",
                    code="place-retired",
                    severity=Severity.WARNING,
                    found="旧代码 / a retired code",
                    expected="现行代码 / a current code",
                    zh="旧代码",
                    en="A retired code.",
                ),
            ),
        )
        for row in sheet.rows
    ]
    copy = load_workbook(io.BytesIO(annotate(data, Layout.OUTFLOW, results))).worksheets[0]
    assert copy["G2"].value == "※ 导入结果 Import result"
    assert copy["G3"].value == "已接收 accepted\nE ! 旧代码 A retired code."
    assert copy["G4"].value.startswith("未接收 refused\nF ✗ 日期缺少月或日")
    assert (copy["F4"].fill.fgColor.rgb, copy["E4"].fill.fgColor.rgb) == ("00FFC7CE", "00FFEB9C")
    assert "2023-05-01" in copy["F4"].comment.text
    assert copy["A1"].value == "台账"


def test_a_comment_tells_what_is_expected_only_where_that_is_known():
    data = a_register(a_person(出生日期="1990-03"))
    (row,) = read(data).rows
    for expected, last in (("1990-03-07", "应为 expected: 1990-03-07"), ("", row.problems[0].en)):
        problems = tuple(msgspec.structs.replace(problem, expected=expected) for problem in row.problems)
        copy = annotate(data, Layout.OUTFLOW, [RowResult(number=2, outcome=Outcome.REFUSED, problems=problems)])
        comment = load_workbook(io.BytesIO(copy)).worksheets[0]["F2"].comment
        assert comment.text.splitlines()[-1] == last


def test_a_corrected_copy_can_be_imported_again():
    data = a_register()
    copy = annotate(data, Layout.OUTFLOW, [RowResult(number=2, outcome=Outcome.UNCHANGED)])
    again = read_sheet(copy, Layout.OUTFLOW)
    assert [row.cells for row in again.rows] == cells_of(data)
    assert again.unknown_columns == ()


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_csv_comes_back_as_a_workbook_with_its_texts_as_they_were_and_without_what_is_excluded(encoding):
    people = (a_person(出生日期="1990-03"), a_person(姓名="=1+1", 公民身份号码="019900307"), a_person(姓名="张\x07明"))
    rows = [["西城区台账"], [*HEADER, "孕检情况"], *([*person, "阴性"] for person in people[:2]), [], [*people[2], "阴性"]]
    data = a_csv(*rows, encoding=encoding)
    results = [RowResult(number=row.number, outcome=Outcome.REFUSED, problems=row.problems) for row in read(data).rows]
    copy = annotate(data, Layout.OUTFLOW, results)
    sheet = load_workbook(io.BytesIO(copy)).worksheets[0]
    assert [cell.value for cell in sheet[2]] == [*HEADER, "孕检情况", "※ 导入结果 Import result"]
    assert [sheet.cell(4, column).value for column in (1, 2, 7)] == ["=1+1", "019900307", None]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}
    assert (sheet["F3"].fill.fgColor.rgb, "2023-05-01" in sheet["F3"].comment.text) == ("00FFC7CE", True)
    assert (sheet["A6"].value, sheet["A6"].fill.fgColor.rgb) == ("张明", "00FFC7CE")
    assert [row.number for row in read(copy).rows] == [3, 4, 6]


def test_a_copy_of_a_copy_tells_what_is_wrong_now():
    data = a_register(a_person(出生日期="1990-03"), a_person(出生日期="1990-03"))
    wrong = [RowResult(number=row.number, outcome=Outcome.REFUSED, problems=row.problems) for row in read(data).rows]
    book = load_workbook(io.BytesIO(annotate(data, Layout.OUTFLOW, wrong)))
    sheet = book.worksheets[0]
    sheet["F2"] = "1990-03-07"
    sheet["A2"].fill = PatternFill("solid", fgColor="00FF00")
    mended = io.BytesIO()
    book.save(mended)
    right = [RowResult(number=2, outcome=Outcome.ACCEPTED), wrong[1]]
    copy = load_workbook(io.BytesIO(annotate(mended.getvalue(), Layout.OUTFLOW, right))).worksheets[0]
    assert [cell.value for cell in copy[1]] == [*HEADER, "※ 导入结果 Import result"]
    assert copy["G2"].value == "已接收 accepted"
    assert copy["G3"].value.startswith("未接收 refused\nF ✗")
    fills = {place: copy[place].fill.fgColor.rgb for place in ("A2", "F2", "G2", "F3", "G3")}
    assert fills == {"A2": "0000FF00", "F2": "00000000", "G2": "00000000", "F3": "00FFC7CE", "G3": "00FFC7CE"}
    assert copy["F2"].comment is None


def test_a_large_file_gets_a_list_instead_of_a_copy():
    data = a_register(*[a_person(公民身份号码=f"11010219900307{n:04}") for n in range(5)])
    with pytest.raises(SheetRefused, match="list of problems"):
        annotate(data, Layout.OUTFLOW, [], Limits(annotated_rows=4))


def test_the_list_of_problems_has_a_row_for_each_in_words():
    (row,) = read(a_register(a_person(出生日期="2023"))).rows
    whole = msgspec.structs.replace(row.problems[0], column="", field="", severity=Severity.WARNING)
    data = list_problems([*row.problems, whole], spellings_for(Layout.OUTFLOW).headers)
    listed = load_workbook(io.BytesIO(data)).worksheets[0]
    assert [cell.value for cell in listed[3]][:4] == [2, "F", "出生日期", "✗ 须改正 to mend"]
    assert [cell.value or "" for cell in listed[4]][:4] == [2, "", "整行 the row", "! 提示 remark"]
    told = " ".join(str(cell.value) for line in listed.iter_rows() for cell in line)
    assert [code for code in ("birth_date", "refusal", "warning", "date-incomplete") if code in told] == []


@pytest.mark.parametrize(("index", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_are_named_as_excel_does(index, letter):
    assert column_letter(index) == letter
