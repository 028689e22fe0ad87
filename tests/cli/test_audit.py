"""`woshou audit`: what commands leave, what is listed, and that a change is found and told by the exit code."""

import json
import sqlite3
from dataclasses import replace

import pytest

from exchange.codes import RegisterKind
from tests.builders import WUCHANG, XICHENG, XICHENG_NODE, a_partner, an_entry, an_id
from tests.cli.screens import on_screen
from woshou.cli.call import Call
from woshou.cli.exits import Exit

NUMBER = "110102199003070011"
PROVEN = {"jurisdiction": WUCHANG, "signed": None, "witnessed": None}


@pytest.fixture
def holding(node):
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        entry = an_entry(1, jurisdiction=WUCHANG, register=RegisterKind.INFLOW, origin=XICHENG, destination=WUCHANG)
        ledger.entries.add([replace(entry, person_index=office.node.person_index(entry.person))])
    return node


def actions(node, *words):
    """The newest first, without the listing itself."""
    return [row["action"] for row in node("audit", "list", *words).json["items"]]


def test_commands_that_show_or_change_leave_a_row_and_others_do_not(holding):
    holding("apikey", "create", "--name", "desk", "--role", "clerk")
    holding("register", "list")
    holding("register", "list", "--people")
    holding("partner", "list")
    holding("register", "close", an_id(1), "--reason", "returned")
    holding("keys", "rotate")
    told = ["keys rotate", "register close", "register list", "apikey create"]
    assert actions(holding) == told
    assert actions(holding) == ["audit list", *told]


def test_a_row_of_a_command_says_who_whom_and_what(holding):
    holding("register", "list", "--people")
    (row,) = holding("audit", "list").json["items"]
    assert row["actor"].startswith("command ")
    assert row["actor"].endswith(" operator")
    assert [subject.split(":")[0] for subject in row["subjects"]] == ["person", "entry"]
    assert "person" in row["shown"]
    assert row["jurisdiction"] == WUCHANG
    assert holding("audit", "show", row["id"]).json["digest"] == row["digest"]


def test_who_saw_a_person_is_found_by_the_number_from_standard_input(holding):
    holding("register", "list", "--people")
    number = an_entry(1).person.document.number or ""
    found = holding("audit", "list", "--person", stdin=f"{number}\n").json["items"]
    assert [row["action"] for row in found] == ["register list"]
    assert number not in json.dumps(found)
    assert actions(holding, "--subject", f"entry:{an_id(1)}") == ["register list"]


def test_an_export_of_the_register_is_told_before_the_file_is_there(holding, tmp_path):
    assert holding("export", "inflow", str(tmp_path / "out.csv")).json["bytes"] > 0
    (row,) = holding("audit", "list").json["items"]
    assert (row["action"], row["count"]) == ("export", 1)
    assert f"entry:{an_id(1)}" in row["subjects"]


def tampered(node, statement):
    with sqlite3.connect(node.data / "woshou.sqlite3") as books:
        for (name,) in books.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            books.execute(f"DROP TRIGGER {name}")
        books.execute(statement)
    books.close()


def test_verify_says_that_all_holds_and_where_it_does_not(holding):
    holding("register", "list", "--people")
    holding("register", "list", "--people")
    told = {"rows": 3, "faults": [], "guarded": True, "proven": [PROVEN], "partners": {}, "held_since": {}}
    assert holding("audit", "verify").json == told
    tampered(holding, "UPDATE audit_rows SET action = 'nothing' WHERE id LIKE '%2'")
    answer = holding("audit", "verify")
    assert answer.code == 8
    (fault,) = json.loads(answer.out)["faults"]
    assert (fault["kind"], fault["jurisdiction"], fault["sequence"]) == ("changed", WUCHANG, 2)
    assert set(fault) == {"kind", "jurisdiction", "day", "sequence", "detail"}


def test_a_partner_that_does_not_answer_has_verified_nothing(holding):
    nowhere = "http://127.0.0.1:9"
    partner = replace(a_partner(XICHENG_NODE), url=nowhere, token_endpoint=f"{nowhere}/oauth/token", links_endpoint=nowhere)
    with Call(data=holding.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        ledger.partners.save(partner)
    holding("register", "list", "--people")
    answer = holding("audit", "verify", "--partners")
    # It was called: a sandbox may, on this machine.
    verdict = {"rows": 2, "faults": [], "guarded": True, "proven": [PROVEN], "held_since": {XICHENG_NODE: None}}
    assert json.loads(answer.out) == {**verdict, "partners": {XICHENG_NODE: "partner-unavailable"}}
    assert answer.code == Exit.PARTNER
    screen = on_screen(holding, "audit", "verify", "--partners", code=Exit.PARTNER)
    assert f"Not verified against {XICHENG_NODE}" in screen
    assert holding("audit", "verify").code == Exit.OK


def test_chains_of_which_no_partner_holds_an_end_are_not_proven(holding):
    holding("register", "list", "--people")
    assert holding("audit", "verify", "--partners").code == Exit.PARTNER
    screen = on_screen(holding, "audit", "verify", "--partners", code=Exit.PARTNER)
    assert f"Not proven: no partner holds an end of these chains: {WUCHANG}" in screen


def test_an_audit_that_is_empty_beside_a_full_ledger_is_a_fault(holding):
    holding("register", "list", "--people")
    holding("audit", "verify")
    tampered(holding, "DELETE FROM audit_rows")
    tampered(holding, "DELETE FROM audit_subjects")
    tampered(holding, "DELETE FROM audit_heads")
    holding("db", "upgrade")
    answer = holding("audit", "verify")
    assert (answer.code, [fault["kind"] for fault in json.loads(answer.out)["faults"]]) == (Exit.AUDIT_BROKEN, ["begins-late"])
    # One chain by itself cannot tell.
    assert holding("audit", "verify", "--jurisdiction", WUCHANG).code == Exit.OK


def test_the_screen_says_the_first_fault_in_its_first_line(holding):
    for _ in range(3):
        holding("register", "list", "--people")
    tampered(holding, "UPDATE audit_rows SET action = 'nothing' WHERE id LIKE '%2' OR id LIKE '%3'")
    first = on_screen(holding, "audit", "verify", code=Exit.AUDIT_BROKEN).splitlines()[0]
    assert first == f"The first fault (county · day · row): {WUCHANG} · 2026-03-02 · 2 · changed; 2 in all."


def test_an_audit_whose_triggers_are_gone_is_not_well_and_an_upgrade_puts_them_back(holding):
    holding("register", "list", "--people")
    tampered(holding, "SELECT 1")
    answer = holding("audit", "verify")
    assert (answer.code, json.loads(answer.out)["faults"], json.loads(answer.out)["guarded"]) == (Exit.AUDIT_BROKEN, [], False)
    answer = holding("db", "check")
    assert (answer.code, json.loads(answer.out)["weaknesses"]) == (Exit.UNPROTECTED, ["audit-unguarded"])
    screen = on_screen(holding, "db", "check", code=Exit.UNPROTECTED)
    assert "All well" not in screen
    assert "trigger" in screen
    holding("db", "upgrade")
    assert holding("db", "check").json["weaknesses"] == []
    assert holding("audit", "verify").json["guarded"]
    with sqlite3.connect(holding.data / "woshou.sqlite3") as books, pytest.raises(sqlite3.IntegrityError, match="only added"):
        books.execute("DELETE FROM audit_rows")


def test_one_chain_is_verified_by_itself(holding):
    holding("register", "list", "--people")
    assert holding("audit", "verify", "--jurisdiction", "node").json["rows"] == 0
    assert holding("audit", "verify", "--jurisdiction", WUCHANG).json["rows"] == 3


def test_the_chains_are_exported_line_by_line_and_not_over_a_file(holding, tmp_path):
    holding("register", "list", "--people")
    file = tmp_path / "audit.ndjson"
    holding("audit", "export", str(file))
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [row["action"] for row in rows] == ["register list"]
    assert holding("audit", "export", str(file)).refusal["code"] == "file-exists"


def test_a_row_that_is_none_is_not_found(holding):
    for row in ("nothing", f"{WUCHANG}.2026-03-02.000000009"):
        assert holding("audit", "show", row).refusal["code"] == "not-found"


def test_heads_are_listed_once_days_are_signed(holding):
    holding("register", "list", "--people")
    assert holding("audit", "head").json["items"] == []
    holding("clock", "set", "+2d")
    holding("jobs", "--once")
    (head,) = holding("audit", "head").json["items"]
    assert (head["jurisdiction"], head["rows"], head["held_by"]) == (WUCHANG, 2, "")
    (proven,) = holding("audit", "verify").json["proven"]
    assert proven == {"jurisdiction": WUCHANG, "signed": head["day"], "witnessed": None}


def test_a_county_that_the_node_does_not_serve_has_no_audit_here(holding, tmp_path):
    for words in (("list",), ("verify",), ("export", str(tmp_path / "out"))):
        assert holding("audit", *words, "--jurisdiction", XICHENG).refusal["code"] == "not-served"
    assert holding("audit", "list", "--jurisdiction", "node").code == 0
