"""A table of holidays is read whole, or refused with every cell that does not fit."""

import json

import pytest

from exchange.terms.calendar import DayKind
from exchange.terms.daytable import DayRow, DayTableRefused, TableProblem, read_day_table
from tests.builders import a_day

ROWS = (
    DayRow(day=a_day(0).replace(2027, 1, 1), kind=DayKind.HOLIDAY, name="元旦"),
    DayRow(day=a_day(0).replace(2027, 1, 9), kind=DayKind.WORKDAY),
)


@pytest.mark.parametrize(
    "text",
    [
        "day,kind,name\n2027-01-09,workday,\n2027-01-01,holiday,元旦\n",
        "日期,类型,名称\r\n2027-01-01,放假,元旦\r\n\r\n2027-01-09,上班,\r\n",
        "\ufeffname,kind,note,day\n元旦,holiday,x,2027-01-01\n,workday,,2027-01-09\n",
        json.dumps([{"day": "2027-01-01", "kind": "holiday", "name": "元旦"}, {"day": "2027-01-09", "kind": "workday"}]),
        json.dumps(
            [{"日期": "2027-01-01", "类型": "放假", "名称": "元旦"}, {"日期": "2027-01-09", "类型": "上班", "名称": None}]
        ),
    ],
)
def test_the_same_table_in_each_of_its_forms(text: str) -> None:
    assert read_day_table(text.encode()) == ROWS


def test_a_plain_object_of_days_is_a_table() -> None:
    assert [row.day for row in read_day_table(b'{"2027-01-09": "workday", "2027-01-01": "holiday"}')] == [row.day for row in ROWS]


def test_every_cell_that_does_not_fit_is_told_with_its_row_and_what_was_expected() -> None:
    table = "day,kind,name\n2027-02-30,holiday,\n20270101,holiday,\n2027-01-04,workday,\n2027-01-01,rest,\n2027-01-02,holiday,\n"
    with pytest.raises(DayTableRefused) as refused:
        read_day_table(f"{table}2027-01-02,holiday,\n1999-01-01,holiday,{'长' * 61}\n".encode())
    assert [(problem.row, problem.column, problem.found) for problem in refused.value.problems] == [
        (2, "day", "2027-02-30"),
        (3, "day", "20270101"),
        (4, "kind", "workday"),
        (5, "kind", "rest"),
        (7, "day", "2027-01-02"),
        (8, "day", "1999-01-01"),
        (8, "name", "61 characters"),
    ]
    assert all(problem.expected for problem in refused.value.problems)
    assert "6 more" in refused.value.en


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", TableProblem(row=1, column="header", found="…", expected="day,kind[,name] 日期,类型[,名称]")),
        (b"day,kind\n", TableProblem(row=1, column="day", found="", expected="at least one row 至少一行")),
        ("日期,类型\n".encode("utf-16"), TableProblem(row=1, column="file", found="…", expected="UTF-8")),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, problem: TableProblem) -> None:
    with pytest.raises(DayTableRefused) as refused:
        read_day_table(data)
    assert refused.value.problems == (problem,)


@pytest.mark.parametrize("text", ["[1]", '[{"day": 1}]', '{"2027-01-01": 1}', "[", '{"day": {"a": "b"}}'])
def test_json_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(DayTableRefused):
        read_day_table(text.encode())
