"""The worklists on the command line: counts, lists, assignment, and answers by sheet out and in."""

import csv
import io
import stat

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from exchange.codes import RegisterKind, Role
from exchange.exchanges import Direction
from exchange.wire.message import write_message
from tests.builders import (
    WUCHANG,
    a_conversation,
    a_message,
    a_moment,
    a_query,
    an_agreement,
    an_entry,
    an_exchange,
    an_id,
    an_id_number,
    judged,
)
from tests.cli.test_work import befriend
from woshou.__main__ import whole
from woshou.cli.call import Call

HERE, NEXT_DOOR = "420106001", "420106002"


@pytest.fixture
def asked(node):
    """Wuchang was asked two things by Xicheng: one is paired with an entry of a township, one with nobody."""
    befriend(node)
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        link = ledger.links.of("xicheng.example")
        assert link is not None
        ledger.entries.add([an_entry(1, jurisdiction=WUCHANG, register=RegisterKind.INFLOW, township=HERE)])
        for n in (1, 2):
            query = a_query(n)
            line = write_message(query)
            message = a_message(n, link=link.id, direction=Direction.IN, id=query.id, exchange=query.exchange, line=line)
            ledger.messages.add([judged(message, n)])
            ledger.exchanges.add(
                [
                    an_exchange(
                        n,
                        link=link.id,
                        role=Role.ASKED,
                        key=an_exchange(n, link=link.id, role=Role.ASKED).key._replace(exchange=query.exchange),
                        opening=query.id,
                        agreement=an_agreement().digest,
                        conversation=a_conversation(),
                        items=tuple(query.body.items),
                        **({"entry": an_id(1), "paired_at": a_moment()} if n == 1 else {}),
                    )
                ]
            )
    return node


def listed(node, *words):
    return [row["exchange"] for row in node("worklist", *words).json["items"]]


def test_all_lists_are_counted_and_each_can_be_read(asked):
    counts = {row["list"]: row["count"] for row in asked("worklist").json["items"]}
    assert {name: count for name, count in counts.items() if count} == {"to_assign": 1, "to_pair": 1, "to_answer": 2}
    assert [counts[name] for name in ("one_sided", "differing", "coarse")] == [None, None, None]
    assert len(listed(asked, "to_answer")) == 2
    assert listed(asked, "to_answer", "--urgent") == []
    assert asked("worklist", "one_sided").json["unreconciled"] == [WUCHANG]
    assert asked("worklist", "silent_partners").json["items"] == []
    first = asked("worklist", "to_answer", "--limit", "1").json
    assert len(listed(asked, "to_answer", "--after", first["next"])) == 1
    assert asked("worklist", "nothing").code == 2
    assert asked("worklist", "to_answer", "--partner", "nobody.example").code == 2


def test_persons_are_shown_where_they_are_asked_for(asked):
    assert asked("worklist", "to_answer").json["items"][0]["person"] is None
    assert asked("worklist", "to_answer", "--people").json["items"][0]["person"]["name"] == "王小明"
    screen = CliRunner().invoke(whole(), ["worklist", "to_answer", "--people", "--data", str(asked.data)])
    assert "王小明" in screen.stdout
    assert "王小明" not in CliRunner().invoke(whole(), ["worklist", "to_answer", "--data", str(asked.data)]).stdout
    assert "to_answer" in CliRunner().invoke(whole(), ["worklist", "--data", str(asked.data)]).stdout


def test_exchanges_are_handed_to_townships_and_given_back(asked):
    (done,) = asked("assign", "--by-entry", "--all").json["items"]
    assert (done["township"], done["due"], done["outcome"]) == (HERE, "2026-03-22", "assigned")
    assert listed(asked, "to_answer", "--township", HERE) == [done["exchange"]]
    (again,) = asked("assign", done["exchange"], "--township", NEXT_DOOR, "--due", "2026-03-10").json["items"]
    assert (again["township"], again["due"]) == (NEXT_DOOR, "2026-03-10")
    asked("exchange", "return", done["exchange"], "not_ours")
    steps = asked("exchange", "assignments", done["exchange"]).json["items"]
    assert [(step["township"], step["reason"], step["by"]) for step in steps] == [
        (HERE, None, "command-line"),
        (NEXT_DOOR, None, "command-line"),
        (None, "not_ours", "command-line"),
    ]
    assert asked("exchange", "return", done["exchange"], "not_ours").refusal["code"] == "not-assigned"
    (refused,) = asked("assign", done["exchange"], "--township", "110102001").json["items"]
    assert refused["problem"]["type"].endswith("not-a-township-here")
    screen = CliRunner().invoke(whole(), ["assign", done["exchange"], "--township", HERE, "--data", str(asked.data)])
    assert HERE in screen.stdout


def test_who_sits_at_the_node_puts_an_exchange_into_any_clerks_hands(asked):
    first, second = (asked("apikey", "create", "--name", name, "--role", "clerk").json["id"] for name in ("one", "two"))
    exchange = listed(asked, "to_answer")[0]
    for clerk in (first, second):
        assert asked("exchange", "clerk", exchange, clerk).json["clerk"] == clerk
    assert asked("exchange", "clerk", exchange, "nobody").refusal["code"] == "no-such-clerk"


@pytest.mark.parametrize("words", [[], ["--all"], ["x"], ["x", "--all", "--by-entry"], ["x", "--by-entry", "--township", HERE]])
def test_what_is_assigned_and_to_whom_must_be_plain(asked, words):
    assert asked("assign", *words).code == 2


def test_a_worklist_is_answered_by_sheet(asked, tmp_path):
    file, back = tmp_path / "answers.xlsx", tmp_path / "back.xlsx"
    asked("worklist", "to_answer", "--sheet", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert asked("worklist", "to_answer", "--sheet", str(file)).refusal["code"] == "file-exists"
    book = load_workbook(file)
    sheet = book.worksheets[0]
    result = next(cell.column for cell in sheet[1] if cell.value == "反馈结果*")
    sheet.cell(2, result).value = "属实 (confirmed)"
    sheet.cell(3, result).value = "已他往"
    book.save(file)
    taken = asked("import", str(file), "--layout", "answers", "--annotated", str(back)).json
    assert (taken["accepted"], taken["refused"], taken["problems"][0]["problems"][0]["code"]) == (1, 1, "missing-cell")
    told = [row[-1] for row in load_workbook(back).worksheets[0].iter_rows(values_only=True)]
    assert [str(cell).splitlines()[0] for cell in told[1:]] == ["已接收 accepted", "未接收 refused"]
    (waiting,) = [row for row in asked("worklist", "to_answer").json["items"] if row["under_way"]]
    assert waiting["under_way"] == ["feedback"]
    again = asked("import", str(file), "--layout", "answers")
    assert (again.json["id"], len(again.err) > 0) == (taken["id"], True)


def test_a_sheet_can_be_a_csv_on_standard_output(asked):
    done = CliRunner().invoke(whole(), ["worklist", "overdue", "--sheet", "-", "--data", str(asked.data)])
    rows = list(csv.reader(io.StringIO(done.stdout.lstrip("\ufeff"))))
    assert rows[0][:2] == ["交换编号*", "所答消息*"]
    assert len(rows) == 1
    done = CliRunner().invoke(whole(), ["worklist", "to_answer", "--sheet", "-", "--data", str(asked.data)])
    assert an_id_number(1) in done.stdout
    assert asked("worklist", "to_answer", "--sheet", "-").code == 2
    assert asked("worklist", "to_answer", "--sheet", "a.pdf").code == 2


def test_a_townships_key_is_a_clerks_or_a_systems(node):
    made = node("apikey", "create", "--name", "窗口", "--role", "clerk", "--jurisdiction", HERE).json
    assert made["jurisdiction"] == HERE
    refused = node("apikey", "create", "--name", "窗口", "--role", "coordinator", "--jurisdiction", HERE)
    assert refused.refusal["code"] == "township-role"
    refused = node("apikey", "create", "--name", "窗口", "--role", "clerk", "--jurisdiction", "110102001")
    assert refused.refusal["code"] == "not-served"
