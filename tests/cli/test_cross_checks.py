"""Cross-checks on the command line: a sheet is checked, shown without persons, settled, and comes back as a sheet."""

import stat

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from exchange.checking.check import CheckLayout
from exchange.moments import parse_moment
from tests.builders import an_id, an_id_number
from tests.checking.support import a_file
from tests.cli.screens import on_screen
from tests.cli.test_work import befriend
from woshou.__main__ import whole
from woshou.cli.exits import Exit
from woshou.cli.show import cell

REGISTER = f"""姓名,身份证号,现居住地,婚姻状况,子女1出生日期,子女1性别
示例·样本,{an_id_number(2)},北京市西城区,未婚,2018-01-02,女
"""


@pytest.fixture
def births(tmp_path):
    file = tmp_path / "某部门.xlsx"
    rows = [[an_id_number(n), None, "男", "2018-01-12", None, None, "已种", "39"] for n in (2, 4)]
    file.write_bytes(a_file(CheckLayout.BIRTHS, *rows, ["123", None, "男", "2018-01-12", None, None, None, None]))
    return str(file)


@pytest.fixture
def entered(node, tmp_path):
    """The node with one person in its outflow register."""
    file = tmp_path / "流出.csv"
    file.write_text(REGISTER, encoding="utf-8")
    assert node("import", str(file), "--layout", "outflow").json["refused"] == 0
    return node


@pytest.fixture
def checked(entered, births):
    """The id of the check of that register against the births."""
    return entered("cross-check", births, "--layout", "births").json["id"]


def test_a_file_is_checked_with_or_without_the_word_run(entered, births):
    first = entered("cross-check", births, "--layout", "births").json
    assert [first[name] for name in ("rows", "refused", "no_entry", "matched", "differing")] == [3, 1, 1, 1, 1]
    again = entered("cross-check", "run", "--layout", "births", births)
    assert (again.json["id"], "before" in again.err) == (first["id"], True)
    assert entered("cross-check", births, "--layout", "births", "--again").json["run"] == 2
    assert [each["run"] for each in entered("cross-check", "list").json["items"]] == [2, 1]


def test_a_check_with_rows_that_were_refused_tells_where_the_reasons_are(entered, births):
    told = entered("cross-check", births, "--layout", "births")
    assert f"woshou cross-check show {told.json['id']}" in told.err


def test_the_moment_of_a_check_is_told_by_the_clock_in_shanghai(entered, checked):
    at = entered("cross-check", "show", checked).json["at"]
    assert cell(parse_moment(at)) in on_screen(entered, "cross-check", "show", checked)


def test_differences_are_shown_without_persons_unless_asked_for(entered, checked):
    plain = entered("cross-check", "show", checked).json
    assert [(each["field"], each["state"]) for each in plain["items"]] == [("child_birth_date", "open"), ("child_sex", "open")]
    assert not {"found", "proposed", "child"} & set(plain["items"][0])
    assert [row["row"] for row in plain["rows_to_look_at"]] == [5]
    told = entered("cross-check", "show", checked, "--people", "--field", "child_birth_date").json["items"]
    assert [(each["found"], each["proposed"]) for each in told] == [("2018-01-02", "2018-01-12")]
    assert "2018-01-12" not in on_screen(entered, "cross-check", "show", checked)
    assert "2018-01-12" in on_screen(entered, "cross-check", "show", checked, "--people")
    assert "document-refused" in on_screen(entered, "cross-check", "show", checked)


def test_differences_are_settled_by_field_and_by_id(entered, checked):
    (waiting,) = entered("cross-check", "to-check").json["items"]
    assert waiting["fields"] == ["child_birth_date", "child_sex"]
    taken = entered("cross-check", "settle", checked, "--as", "take", "--field", "child_birth_date").json
    assert taken["counts"]["corrected"] == 1
    (left,) = entered("cross-check", "show", checked, "--state", "open").json["items"]
    kept = entered("cross-check", "settle", checked, "--as", "keep_verified", "--difference", left["id"])
    assert kept.json["counts"]["kept"] == 1
    assert entered("cross-check", "to-check").json == {"items": [], "next": None, "entries": 0}
    (entry,) = entered("register", "list", "--people").json["items"]
    assert (entry["version"], entry["record"]["children"]) == (2, [{"sex": "2", "birth_date": "2018-01-12"}])
    assert "corrected" in on_screen(entered, "cross-check", "list").lower()
    refused = on_screen(entered, "cross-check", "settle", checked, "--as", "take", "--difference", left["id"])
    assert "settled in another way" in refused


def test_differences_are_settled_by_the_sheet_that_comes_back(entered, checked, tmp_path):
    file = tmp_path / "差异.xlsx"
    entered("cross-check", "sheet", checked, str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert entered("cross-check", "sheet", checked, str(file)).refusal["code"] == "file-exists"
    book = load_workbook(file)
    sheet = book.worksheets[0]
    sheet.cell(sheet.max_row, 9).value = "保留：非同一人"
    book.save(file)
    told = entered("cross-check", "settle", checked, "--sheet", str(file)).json
    assert (told["counts"]["kept"], told["blank"], told["refused_rows"]) == (1, 1, [])


@pytest.mark.parametrize(
    "words",
    [("--as", "take"), ("--field", "child_sex"), ("--as", "take", "--field", "child_sex", "--difference", an_id(1))],
)
def test_what_is_to_be_settled_and_how_is_said_once(entered, checked, words):
    assert entered("cross-check", "settle", checked, *words).code == Exit.USAGE


def test_a_check_that_is_not_there_is_not_found(node, tmp_path):
    for words in (("show", an_id(9)), ("settle", an_id(9), "--as", "take", "--field", "name")):
        assert node("cross-check", *words).refusal["code"] == "not-found"
    assert node("cross-check", "sheet", an_id(9), str(tmp_path / "a.csv")).code == Exit.USAGE
    assert "to-check" in CliRunner().invoke(whole(), ["cross-check", "--help"]).stdout


def test_a_query_about_an_entry_with_open_differences_warns(entered, checked):
    befriend(entered)
    (entry,) = entered("register", "list").json["items"]
    told = entered("exchange", "query", "--entry", entry["id"], "--item", "children")
    assert [each["code"] for each in told.json["notes"]] == ["unsettled-differences"]
    assert "child's birth date" in told.err
