"""A clerk's day on the command line: sheets in and out, registers, matters, figures; numbers never as arguments."""

import json
import stat
from dataclasses import replace

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from exchange.terms.agreement import Standing
from tests.builders import WUCHANG, XICHENG, XICHENG_NODE, a_partner, an_agreement, an_id, an_id_number
from tests.cli.screens import on_screen
from woshou.__main__ import whole
from woshou.cli.call import Call
from woshou.cli.exits import Exit

SHEET = """姓名,身份证号,现居住地,婚姻状况,三查日期
示例·样本,{number},北京市西城区,已婚,不应读取
另一人,123,北京市西城区,未婚,不应读取
"""


@pytest.fixture
def sheet(tmp_path):
    file = tmp_path / "流出.csv"
    file.write_text(SHEET.format(number=an_id_number()), encoding="utf-8")
    return file


def befriend(node):
    """Xicheng as an active partner with an agreement in force."""
    agreement = replace(an_agreement(), partner=XICHENG_NODE, standing=Standing.ACCEPTED)
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        ledger.partners.save(a_partner(XICHENG_NODE, claimed=(XICHENG,), confirmed=(XICHENG,)))
        ledger.links.add(an_id(7), XICHENG_NODE)
        ledger.agreements.add(agreement)


@pytest.fixture
def entered(node, sheet):
    """The node with one person in its outflow register."""
    node("import", str(sheet), "--layout", "outflow")
    return node


def test_an_import_tells_what_became_of_every_row(node, sheet):
    taken = node("import", str(sheet), "--layout", "outflow").json
    counts = {name: taken[name] for name in ("rows", "accepted", "warned", "refused", "excluded_columns")}
    assert counts["rows"] == 2
    assert counts["accepted"] + counts["warned"] == counts["refused"] == counts["excluded_columns"] == 1
    (refused,) = [row for row in taken["problems"] if row["outcome"] == "refused"]
    assert refused["row"] == 3


def test_the_same_file_again_changes_nothing(node, sheet):
    first = node("import", str(sheet), "--layout", "outflow").json
    again = node("import", str(sheet), "--layout", "outflow")
    assert (again.json["id"], "before" in again.err) == (first["id"], True)
    assert len(node("register", "list").json["items"]) == 1


def test_the_rows_of_an_import_can_be_read_again(node, sheet):
    taken = node("import", str(sheet), "--layout", "outflow").json
    (listed,) = node("imports", "list").json["items"]
    assert (listed["id"], listed["filename"], listed["refused"]) == (taken["id"], "流出.csv", 1)
    (refused,) = node("imports", "show", taken["id"], "--rows", "refused").json["items"]
    assert (refused["row"], refused["outcome"]) == (3, "refused")
    assert [row["row"] for row in node("imports", "show", taken["id"]).json["items"]] == [2, 3]
    assert "document-refused" in on_screen(node, "imports", "show", taken["id"])
    assert node("imports", "show", an_id(9)).refusal["code"] == "not-found"


def test_an_import_can_give_back_the_sheet_with_its_results(entered, tmp_path):
    sent, back = tmp_path / "out.xlsx", tmp_path / "back.xlsx"
    entered("export", "outflow", str(sent))
    entered("import", str(sent), "--layout", "outflow", "--annotated", str(back))
    told = [row[-1] for row in load_workbook(back).worksheets[0].iter_rows(values_only=True) if row[-1] is not None]
    assert [str(cell).splitlines()[0] for cell in told] == ["※ 导入结果 Import result", "无变化 unchanged"]
    assert stat.S_IMODE(back.stat().st_mode) == 0o600
    assert entered("import", str(sent), "--layout", "outflow", "--annotated", str(back)).refusal["code"] == "file-exists"


@pytest.mark.parametrize(("kind", "back"), [(".xls", "back.xlsx"), (".ods", "back.xlsx"), (".csv", "back.csv")])
def test_what_cannot_be_annotated_is_not_imported(node, sheet, tmp_path, kind, back):
    answer = node(
        "import", str(sheet.rename(sheet.with_suffix(kind))), "--layout", "outflow", "--annotated", str(tmp_path / back)
    )
    assert answer.code == Exit.USAGE
    assert node("imports", "list").json["items"] == []


def test_a_file_that_is_no_sheet_is_refused(node, tmp_path):
    file = tmp_path / "x.xlsx"
    file.write_bytes(b"no sheet")
    answer = node("import", str(file), "--layout", "outflow")
    assert answer.code == Exit.REFUSED
    assert answer.refusal["zh"]


def test_listings_have_no_persons_unless_asked_for(entered):
    (entry,) = entered("register", "list").json["items"]
    assert not {"person", "record"} & set(entry)
    (entry,) = entered("register", "list", "--people").json["items"]
    assert entry["person"]["name"] == "示例·样本"


def test_a_person_stands_in_the_table_only_where_asked_for(entered):
    assert "示例·样本" not in on_screen(entered, "register", "list")
    for screen in (
        on_screen(entered, "register", "list", "--people"),
        on_screen(entered, "register", "find", stdin=f"{an_id_number()}\n"),
    ):
        assert "示例·样本" in screen
        assert an_id_number() in screen


def test_an_exchange_is_shown_with_its_person_only_where_asked_for(entered):
    (entry,) = entered("register", "list").json["items"]
    befriend(entered)
    asked = entered("exchange", "query", "--entry", entry["id"], "--item", "children", "--other", XICHENG).json["exchange"]
    assert "示例·样本" not in on_screen(entered, "exchange", "show", asked)
    screen = on_screen(entered, "exchange", "show", asked, "--people")
    assert "示例·样本" in screen
    assert "children" in screen


def test_a_report_on_the_screen_begins_with_what_it_rests_on(entered):
    head = on_screen(entered, "report", "--month", "2026-03").splitlines()[:5]
    told = " ".join(head)
    assert "2026-02-21 – 2026-03-20" in told
    assert "woshou-2026" in told


def test_a_person_is_found_by_a_number_on_standard_input(entered):
    (found,) = entered("register", "find", stdin=f"{an_id_number()}\n").json["items"]
    assert found["register"] == "outflow"
    assert entered("register", "find", stdin="110101199001010015\n").json["items"] == []


def test_no_command_takes_a_number_as_an_argument(entered):
    assert entered("register", "find", an_id_number()).code == Exit.USAGE


def test_an_entry_is_closed_and_reopened(entered):
    (entry,) = entered("register", "list").json["items"]
    closed = entered("register", "close", entry["id"], "--reason", "returned").json
    assert closed["close_reason"] == "returned"
    assert [each["id"] for each in entered("register", "list", "--closed").json["items"]] == [entry["id"]]
    assert entered("register", "reopen", entry["id"]).json["closed_at"] is None
    assert entered("register", "reopen", entry["id"]).refusal["code"] == "entry-open"


def test_a_query_without_a_partner_is_refused_with_what_to_do(entered):
    (entry,) = entered("register", "list").json["items"]
    answer = entered("exchange", "query", "--entry", entry["id"], "--item", "children")
    assert (answer.code, answer.refusal["code"], answer.refusal["retry"]) == (Exit.REFUSED, "no-route", "contact")


def test_a_person_on_standard_input_that_does_not_fit_is_not_repeated(entered):
    wanted = ("exchange", "query", "--other", XICHENG, "--item", "children")
    answer = entered(*wanted, stdin=json.dumps({"name": "王小明", "document": {"type": "nothing"}}))
    assert (answer.code, answer.refusal["code"]) == (Exit.REFUSED, "not-readable")
    assert "王小明" not in answer.err
    assert answer.refusal["pointer"] == "/document/type"


def test_an_agreement_with_a_partner_that_does_not_serve_the_county_is_refused_and_queues_nothing(node):
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        ledger.partners.save(a_partner(XICHENG_NODE, claimed=(XICHENG,), confirmed=(XICHENG,)))
    answer = node("agreement", "propose", XICHENG_NODE, "110101")
    assert (answer.code, answer.refusal["code"], answer.refusal["pointer"]) == (Exit.REFUSED, "no-route", "/with")
    assert node("agreement", "list").json["items"] == []


def test_whoever_decides_on_an_agreement_sees_whether_it_lets_registers_be_compared(node):
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        ledger.partners.save(a_partner(XICHENG_NODE, claimed=(XICHENG,), confirmed=(XICHENG,)))
    wanted = ("--compare", "name", "--compare", "spouse", "--compare", "name")
    proposed = node("agreement", "propose", XICHENG_NODE, XICHENG, *wanted).json
    assert proposed["terms"]["register_comparison"] == {"allowed": True, "items": ["name", "spouse"], "difference_limit": None}
    none = node("agreement", "propose", XICHENG_NODE, XICHENG).json
    assert none["terms"]["register_comparison"]["allowed"] is False
    lines = {
        signed["digest"]: CliRunner().invoke(whole(), ["agreement", "show", "--data", str(node.data), "--", signed["digest"]])
        for signed in (proposed, none)
    }
    told = [
        next(line.split()[3:] for line in each.stdout.splitlines() if "Registers compared" in line) for each in lines.values()
    ]
    assert told == [["name", "spouse"], ["no"]]


def test_a_proposal_can_be_taken_back_once(node):
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        ledger.partners.save(a_partner(XICHENG_NODE, claimed=(XICHENG,), confirmed=(XICHENG,)))
    digest = node("agreement", "propose", XICHENG_NODE, XICHENG).json["digest"]
    assert node("agreement", "end", "--", digest).refusal["code"] == "not-your-decision"
    taken_back = node("agreement", "withdraw", "--", digest).json
    assert (taken_back["standing"], taken_back["unsent"]) == ("ended", [])
    assert node("agreement", "withdraw", "--", digest).refusal["code"] == "not-your-decision"


def test_what_is_not_there_is_not_found(node):
    assert node("exchange", "show", an_id(9)).refusal["code"] == "not-found"
    assert node("answer", an_id(9), "confirmed").refusal["code"] == "not-found"
    assert node("agreement", "accept", "nothing").refusal["code"] == "not-found"
    assert node("partner", "show", "nobody.example").refusal["code"] == "not-found"


def test_empty_listings_are_empty(node):
    for words in (("exchange", "list", "--overdue"), ("partner", "list"), ("agreement", "list"), ("partner", "findings")):
        assert node(*words).json["items"] == []


def test_a_register_goes_out_and_comes_in_again_unchanged(entered, tmp_path):
    file = tmp_path / "out.xlsx"
    entered("export", "outflow", str(file))
    assert file.stat().st_mode & 0o077 == 0
    taken = entered("import", str(file), "--layout", "outflow").json
    assert (taken["rows"], taken["refused"]) == (1, 0)
    assert len(entered("register", "list").json["items"]) == 1


@pytest.mark.parametrize("what", ["exchanges", "template-matters", "inflow"])
def test_other_sheets_go_out(node, tmp_path, what):
    file = tmp_path / f"{what}.xlsx"
    assert node("export", what, str(file)).json["bytes"] == file.stat().st_size > 0


def test_no_file_is_written_over_unasked_and_what_is_written_is_private(entered, tmp_path):
    file = tmp_path / "out.csv"
    file.write_text("mine")
    file.chmod(0o644)
    refused = entered("export", "outflow", str(file))
    assert (refused.code, refused.refusal["code"], file.read_text()) == (Exit.REFUSED, "file-exists", "mine")
    entered("export", "outflow", str(file), "--force")
    assert "示例·样本" in file.read_text(encoding="utf-8-sig")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.glob("*out*")] == ["out.csv"]


def test_a_file_in_a_folder_that_is_not_there_is_refused(node, tmp_path):
    refused = node("export", "outflow", str(tmp_path / "nowhere" / "out.csv"))
    assert (refused.code, refused.refusal["code"]) == (Exit.REFUSED, "file-not-writable")


@pytest.mark.parametrize(
    ("what", "name"), [("template-outflow", "t.csv"), ("outflow", "t.txt"), ("outflow", "t"), ("template-outflow", "-")]
)
def test_a_file_has_the_suffix_of_what_is_in_it(node, tmp_path, monkeypatch, what, name):
    monkeypatch.chdir(tmp_path)
    assert node("export", what, name).code == Exit.USAGE
    assert not (tmp_path / name).exists()


def test_a_register_can_go_to_standard_output_as_csv(entered):
    result = CliRunner().invoke(whole(), ["export", "outflow", "-", "--data", str(entered.data)])
    assert result.exit_code == 0
    assert "示例·样本" in result.stdout.splitlines()[1]


def test_a_report_has_all_thirteen_rates_of_each_county(entered):
    report = entered("report", "--month", "2026-03").json
    (figures,) = report["figures"]
    assert figures["jurisdiction"] == WUCHANG
    assert len(figures["rates"]) == 13
    (entry,) = [rate for rate in figures["rates"] if rate["rate"] == "entry"]
    assert (entry["numerator"], entry["denominator"], entry["percent"]) == (1, 2, "50.00 %")


def test_a_report_without_a_period_is_of_the_statistical_month_of_the_clock(entered):
    (figures,) = entered("report").json["figures"]
    assert {(rate["from"], rate["to"]) for rate in figures["rates"]} == {("2026-02-21", "2026-03-20")}
    entered("clock", "set", "2026-12-21T09:00")
    (figures,) = entered("report").json["figures"]
    assert {(rate["from"], rate["to"]) for rate in figures["rates"]} == {("2026-12-21", "2027-01-20")}


def test_the_rows_behind_a_rate_are_listed(entered):
    rows = entered("report", "--month", "2026-03", "--rows", "entry").json["items"]
    assert [(row["numerator"], row["denominator"]) for row in rows] == [(1, 2)]


def test_a_period_has_two_ends_in_their_order(node):
    assert node("report", "--from", "2026-03-02", "--to", "2026-03-01").refusal["code"] == "which-period"
    assert node("report", "--month", "2026-13").refusal["code"] == "which-period"
    assert "YYYY-MM, like" in node("report", "--month", "March").refusal["en"]
    assert node("report", "--from", "2026-03-02").refusal["code"] == "which-period"
    assert node("report", "--from", "2026-03-02", "--to", "2026-03-03", "--month", "2026-03").refusal["code"] == "which-period"
