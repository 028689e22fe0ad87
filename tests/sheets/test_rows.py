"""Which rows are people, and what is told about their cells."""

from datetime import date, datetime

import pytest

from adapters.sheets.sheet import Layout
from tests.sheets.workbooks import (
    HEADER,
    ID_NUMBER,
    a_person,
    a_register,
    a_workbook,
    cells_of,
    findings_of,
    part_of,
    read,
    repacked,
)


def a_column(field_header, *values, **options):
    """A register in which one column holds the given values."""
    position = HEADER.index(field_header)
    people = []
    for n, value in enumerate(values):
        person = a_person(公民身份号码=f"11010219900307{n:04}")
        person[position] = value
        people.append(person)
    return a_register(*people, **options)


def test_blank_rows_are_counted_and_left_out():
    sheet = read(
        a_register([None] * 6, a_person(), ["", " ", "-", "　", None, "——"], a_person(公民身份号码="310101198001010011"))
    )
    assert ([row.number for row in sheet.rows], sheet.blank_rows, sheet.data_rows) == ([3, 5], 2, 2)


def test_totals_signatures_and_repeated_headers_are_no_people():
    rows = [
        a_person(),
        list(HEADER),
        a_person(公民身份号码="310101198001010011"),
        ["合 计", None, None, "2人"],
        ["填表人：王某", None, None, "审核人：赵某"],
    ]
    sheet = read(a_register(*rows))
    assert ([row.number for row in sheet.rows], sheet.skipped_rows) == ([2, 4], 3)


@pytest.mark.parametrize(
    "row",
    [
        ["合计", "2人", None, None, None, None, None],
        ["合计", 2, None, 1, None, None, None],
        [None, "合计", 2, None, None, None, None],
        [None, "合计", "2人", None, None, None, None],
        ["3", "合计", "2", "1", None, None, None],
        ["填表人：王某", "审核人：赵某", None, None, None, None, None],
        ["填表人：", "王小明", None, "审核人：", "赵某", "2026年3月1日填", None],
        ["3", "填表人：王某", None, "审核人：赵某", None, None, None],
    ],
)
def test_totals_and_signatures_are_no_people_where_a_serial_number_stands_before_them(row):
    people = [[n, *a_person(公民身份号码=f"11010219900307{n:04}")] for n in (1, 2)]
    sheet = read(a_workbook([["序号", *HEADER], *people, row]))
    assert ([each.number for each in sheet.rows], sheet.skipped_rows) == ([2, 3], 1)


def test_a_person_behind_a_word_of_totals_is_told_of_and_never_left_out():
    numberless = ["负责人处", *a_person(公民身份号码="")]
    numbered = ["审核", *a_person(出生日期="")]
    badly_numbered = ["1", *a_person(公民身份号码="123456")]
    sheet = read(a_workbook([["单位", *HEADER], numberless, numbered, badly_numbered]))
    assert ([each.number for each in sheet.rows], sheet.skipped_rows) == ([2, 3, 4], 0)


def test_the_lower_row_of_a_repeated_double_header_is_no_person():
    top = ["姓名", "身份证号", "现居住地", "配偶信息", None]
    low = [None, None, None, "姓名", "身份证号"]
    person = ["张明", ID_NUMBER, "420106", "李丽", "110102199105060022"]
    sheet = read(a_workbook([top, low, person, top, low], merges=("D1:E1",)))
    assert ([row.number for row in sheet.rows], sheet.skipped_rows) == ([3], 2)


def test_a_surname_like_a_total_stays_a_person():
    sheet = read(a_register(a_person(姓名="总明"), a_person(姓名="第五伦", 公民身份号码="310101198001010011")))
    assert sheet.data_rows == 2


def test_the_same_person_twice_is_told_with_the_first_row():
    fifteen = "110102900307001"
    data = a_register(a_person(), a_person(姓名="另名"), a_person(公民身份号码=fifteen))
    assert findings_of(data) == [
        (3, "B", "document_number", "warning", "duplicate-row"),
        (4, "B", "document_number", "warning", "duplicate-row"),
    ]
    assert "第 2 行" in next(problem for row in read(data).rows for problem in row.problems).zh


def test_without_a_document_name_and_birth_date_make_the_same_person():
    data = a_register(a_person(公民身份号码=""), a_person(公民身份号码=""), a_person(公民身份号码="", 出生日期="1991-01-01"))
    assert findings_of(data) == [(3, "A", "name", "warning", "duplicate-row")]


def test_two_matters_of_one_person_are_no_duplicates():
    header = ["类别", "事件", "姓名", "身份证号"]
    rows = [["通报", "结婚", "张明", ID_NUMBER], ["通报", "出生", "张明", ID_NUMBER], ["通报", "出生", "张明", ID_NUMBER]]
    assert findings_of(a_workbook([header, *rows]), Layout.MATTERS) == [(4, "D", "document_number", "warning", "duplicate-row")]


@pytest.mark.parametrize(
    "written",
    [
        "2023-5-1",
        "2023/05/01",
        "2023.5.1",
        "2023年5月1日",
        "２０２３年５月１日",
        "20230501",
        20230501,
        " 2023-05-01 ",
        "'2023-05-01",
        "2023-05-01 00:00:00",
        "2023-05-01T08:00:00",
        "2023年 5月 1号",
        date(2023, 5, 1),
        datetime(2023, 5, 1, 13, 30),
    ],
)
def test_a_date_is_read_in_all_its_spellings(written):
    data = a_column("出生日期", written)
    assert [row["birth_date"] for row in cells_of(data)] == ["2023-05-01"]
    assert findings_of(data) == []


@pytest.mark.parametrize("serial", [45047, "45047", 45047.5])
def test_a_serial_number_is_a_date_with_a_warning(serial):
    data = a_column("出生日期", serial)
    assert [row["birth_date"] for row in cells_of(data)] == ["2023-05-01"]
    assert findings_of(data) == [(2, "F", "birth_date", "warning", "date-serial")]


def test_serial_numbers_count_from_1904_where_the_workbook_does():
    data = a_column("出生日期", 45047 - 1462, date(2023, 5, 1), date_1904=True)
    assert [row["birth_date"] for row in cells_of(data)] == ["2023-05-01", "2023-05-01"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("202305", "date-incomplete"),
        (202305, "date-incomplete"),
        ("2023", "date-incomplete"),
        (1990, "date-incomplete"),
        ("2023-05", "date-incomplete"),
        ("2023年5月", "date-incomplete"),
        ("2023-02-30", "date-impossible"),
        ("20231301", "date-impossible"),
        ("1832-01-01", "date-implausible"),
        ("5/1/2023", "not-a-date"),
        ("1-May-23", "not-a-date"),
        ("二〇二三年", "not-a-date"),
        (12, "not-a-date"),
        (True, "not-a-date"),
    ],
)
def test_a_date_that_would_have_to_be_guessed_is_refused(written, code):
    data = a_column("出生日期", written)
    assert findings_of(data) == [(2, "F", "birth_date", "refusal", code)]
    assert "birth_date" not in cells_of(data)[0]


@pytest.mark.parametrize("number", [110102199003070017, "1.10102E+17", "1.10102199003070E17", "110102199003070000.0"])
def test_an_id_number_that_lost_its_digits_is_refused_and_told_to_be_text(number):
    data = a_register(a_person(公民身份号码=number))
    assert findings_of(data) == [(2, "B", "document_number", "refusal", "number-lost-digits")]
    assert "文本" in next(problem for row in read(data).rows for problem in row.problems).zh


def test_fifteen_digits_survive_as_a_number_and_are_warned_of():
    data = a_register(a_person(公民身份号码=110102900307001))
    assert [row["document_number"] for row in cells_of(data)] == ["110102900307001"]
    assert findings_of(data) == [(2, "B", "document_number", "warning", "number-not-text")]


def test_codes_stored_as_numbers_lose_their_decimal_point():
    row = cells_of(a_register(a_person(性别=2, 现居住地=420106.0, 户籍地="１１０１０２")))[0]
    assert (row["sex"], row["destination"], row["origin"]) == ("2", "420106", "110102")


def test_rare_characters_and_the_middle_dot_are_kept():
    names = ["𠮷田", "䶮某", "热依汗·买买提", "阿依古丽•吐尔逊", "欧阳 明明"]
    data = a_register(*(a_person(姓名=name, 公民身份号码=f"11010219900307{n:04}") for n, name in enumerate(names)))
    assert [row["name"] for row in cells_of(data)] == names


def test_private_twins_become_the_standard_characters_and_others_are_refused():
    data = a_register(a_person(姓名="张\ue843\ue816"), a_person(姓名="张\ue001", 公民身份号码="310101198001010011"))
    assert cells_of(data)[0]["name"] == "张\u9fb9\U00020087"
    assert findings_of(data) == [(3, "A", "name", "refusal", "private-character")]


def test_control_characters_are_refused():
    assert findings_of(a_register(a_person(姓名="张\x07明"))) == [(2, "A", "name", "refusal", "control-character")]


@pytest.mark.parametrize(
    ("header", "text"), [("姓名", "张\u202e明三\u202c"), ("公民身份号码", "\u202e" + ID_NUMBER), ("性别", "\u2067女")]
)
def test_characters_that_turn_the_order_of_what_is_shown_are_refused(header, text):
    place = HEADER.index(header)
    found = findings_of(a_register(a_person(**{header: text})))
    assert [(column, severity, code) for _, column, _, severity, code in found] == [
        ("ABCDEF"[place], "refusal", "control-character")
    ]


def test_what_only_comes_along_when_a_number_is_copied_is_cleaned():
    assert cells_of(a_register(a_person(公民身份号码=f"\u202a{ID_NUMBER}\u202c")))[0]["document_number"] == ID_NUMBER


def test_a_cell_that_is_too_long_is_refused():
    assert findings_of(a_register(a_person(姓名="长" * 1_001))) == [(2, "A", "name", "refusal", "too-long")]


def test_a_formula_counts_with_its_saved_value():
    part = "xl__worksheets__sheet1_xml"
    data = a_register(a_person(现居住地="=A1"))
    xml = part_of(data, "xl/worksheets/sheet1.xml").replace(b"</f><v>0</v>", b"</f><v>420106</v>")
    assert [row["destination"] for row in cells_of(repacked(data, **{part: xml}))] == ["420106"]


def test_a_formula_without_a_saved_value_is_refused_but_a_row_of_such_formulas_only_is_blank():
    part = "xl__worksheets__sheet1_xml"
    data = a_register(a_person(现居住地="=A1"), [None, None, None, "=A2"], a_person(公民身份号码="310101198001010011"))
    xml = part_of(data, "xl/worksheets/sheet1.xml").replace(b"</f><v>0</v>", b"</f>")
    data = repacked(data, **{part: xml})
    assert findings_of(data) == [(2, "D", "destination", "refusal", "formula-without-value")]
    assert read(data).blank_rows == 1


def test_an_error_in_a_cell_is_refused():
    part = "xl__worksheets__sheet1_xml"
    data = a_register(a_person(现居住地="=A1"))
    xml = (
        part_of(data, "xl/worksheets/sheet1.xml").replace(b'r="D2"', b'r="D2" t="e"').replace(b"</f><v>0</v>", b"</f><v>#N/A</v>")
    )
    assert findings_of(repacked(data, **{part: xml})) == [(2, "D", "destination", "refusal", "cell-error")]


def test_findings_describe_shapes_and_never_contents():
    secret = "110102199003070017"
    data = a_register(a_person(姓名="张\x07明", 公民身份号码="1.10102E+17", 出生日期="约" + secret))
    told = repr([problem for row in read(data).rows for problem in row.problems])
    assert "number-lost-digits" in told
    assert not any(content in told for content in ("张", "明", "1.10102", secret))
