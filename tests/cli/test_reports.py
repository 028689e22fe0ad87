"""Reports on the command line: on the screen, into files that only their owner reads, frozen, signed and taken in."""

import csv
import io
import json
import stat
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from adapters.clock import set_clock
from exchange.moments import default_as_of
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_partner
from tests.cli.screens import on_screen
from tests.rates.histories import XILING
from tests.reports.making import answered, owed
from woshou.cli.call import Call
from woshou.cli.exits import Exit

MARCH = "2026-03"


@pytest.fixture
def counted(node, tmp_path):
    """Wuchang's node after March, asked 40 times, 30 of them answered."""
    set_clock(tmp_path / "clock", default_as_of(MARCH) + timedelta(hours=2))
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        ledger.partners.save(a_partner(XICHENG_NODE, claimed=(XICHENG,), confirmed=(XICHENG,)))
        link = ledger.links.add("019caf00-0000-8000-8000-00000000abcd", XICHENG_NODE).id
        told = [*answered(range(1, 31), link=link), *owed(range(31, 41), link=link)]
        ledger.exchanges.add([one.exchange for one in told])
        ledger.exchanges.add_facts([(one.exchange.key, fact) for one in told for fact in one.facts])
    return node


@pytest.mark.parametrize("name", ["feedback", "league", "matrix", "overdue", "trend", "bulletin"])
def test_every_report_can_be_had_as_json_and_on_the_screen(counted, name):
    told = counted("report", name, "--month", MARCH).json
    assert (told["report"], told["basis"]["jurisdiction"]) == (name, WUCHANG)
    assert told["title"]["en"] in on_screen(counted, "report", name, "--month", MARCH)


def test_a_report_of_many_columns_is_told_a_line_a_figure(counted):
    lines = [line.split() for line in on_screen(counted, "report", "feedback", "--month", MARCH).splitlines()]
    assert ["Feedback", "given:", "Rate", "75.00", "%"] in lines


def test_the_rates_are_had_as_before_with_and_without_their_name(counted):
    plain = counted("report", "--month", MARCH).json
    assert plain == counted("report", "rates", "--month", MARCH).json
    assert plain["figures"][0]["rates"][0]["percent"] == "75.00 %"
    assert "75.00 %" in on_screen(counted, "report", "--month", MARCH)


def test_a_report_goes_into_a_file_that_only_its_owner_reads_and_is_not_written_over(counted, tmp_path):
    file = tmp_path / "三月.xlsx"
    assert counted("report", "feedback", "--month", MARCH, "--out", str(file)).json == {"file": str(file)}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert 40 in [cell.value for row in load_workbook(file).worksheets[0].iter_rows() for cell in row]
    assert counted("report", "feedback", "--month", MARCH, "--out", str(file)).refusal["code"] == "file-exists"
    assert counted("report", "league", "--month", MARCH, "--out", str(file), "--force").code == Exit.OK


def test_the_form_is_named_where_the_file_does_not_tell(counted, tmp_path):
    assert counted("report", "feedback", "--out", str(tmp_path / "x")).code == Exit.USAGE
    page = tmp_path / "x"
    counted("report", "bulletin", "--month", MARCH, "--format", "html", "--out", str(page))
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    rows = list(csv.reader(io.StringIO(on_screen(counted, "report", "feedback", "--month", MARCH, "--format", "csv"))))
    assert any(row[:1] == ["未分派"] for row in rows)


@pytest.mark.parametrize(
    "words", [("--month", "2026-13"), ("--from", "2026-03-01"), ("--from", "2026-03-02", "--to", "2026-03-01")]
)
def test_a_period_that_is_none_is_refused(counted, words):
    assert counted("report", "feedback", *words).refusal["code"] == "which-period"


def test_a_month_is_frozen_shown_and_verified(counted, tmp_path):
    assert counted("report", "freeze", "--month", "2026-04").refusal["code"] == "month-not-over"
    assert counted("report", "freeze", "--month", "1999-13").refusal["code"] == "which-period"
    digest = counted("report", "freeze", "--month", MARCH).json["digest"]
    assert counted("report", "freeze", "--month", MARCH).json["digest"] == digest
    assert [row["digest"] for row in counted("report", "frozen").json["items"]] == [digest]
    made = counted("report", "verify", "--", digest)
    assert (made.code, made.json["equal"]) == (Exit.OK, True)
    out = tmp_path / "bytes.json"
    counted("report", "show", "--out", str(out), "--", digest)
    assert json.loads(out.read_bytes())["month"] == MARCH
    assert "2026年3月" in counted("report", "show", "--bulletin", "--", digest).out
    assert counted("report", "freeze", "--month", MARCH, "--correction", "late_facts").refusal["code"] == "nothing-to-correct"


def test_what_comes_out_otherwise_ends_with_a_refusal_and_says_where(counted):
    digest = counted("report", "freeze", "--month", MARCH).json["digest"]
    with Call(data=counted.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        (one,) = owed([99], link=1)
        ledger.exchanges.add([one.exchange])
        ledger.exchanges.add_facts([(one.exchange.key, fact) for fact in one.facts])
    made = counted("report", "verify", "--", digest)
    assert made.code == Exit.REFUSED
    told = json.loads(made.out)
    assert (told["equal"], told["altered"]) == (False, False)
    assert any(one["rate"] == "feedback_given" for one in told["differences"])


def test_a_report_is_signed_into_a_file_and_taken_in_by_another_node(counted, empty, tmp_path):
    digest = counted("report", "freeze", "--month", MARCH).json["digest"]
    file = tmp_path / "三月.jws"
    counted("report", "sign", "--to", "hubei.example", "--out", str(file), "--", digest)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    above = type(empty)(tmp_path / "hubei")
    made = above(
        "init",
        *("--node", "hubei.example", "--title", "湖北", "--jurisdiction", XILING, "--environment", "sandbox"),
        *("--url", "http://127.0.0.1:8001", "--clock", str(tmp_path / "clock")),
    )
    assert made.code == 0, made.err
    assert above("report", "take", str(file)).refusal["code"] == "not-found"
    with Call(data=counted.data, json=True).office() as office:
        below = office.myself()
    with Call(data=above.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        ledger.partners.save(below)
    assert above("report", "take", str(file)).json == {"fresh": True, "digest": digest, "sender": WUCHANG_NODE}
    assert above("report", "take", str(file)).json["fresh"] is False
    assert [row["sender"] for row in above("report", "received").json["items"]] == [WUCHANG_NODE]
    (table,) = above("report", "sum", "420000", "--month", MARCH).json["tables"]
    assert table["totals"]["cells"]["feedback_given_percent"] == "75.00 %"
    file.write_text("文", encoding="utf-8")
    assert above("report", "take", str(file)).refusal["code"] == "malformed-report"


def test_a_report_waits_for_the_partner_that_it_goes_to(counted):
    digest = counted("report", "freeze", "--month", MARCH).json["digest"]
    assert counted("report", "send", "--to", "nobody.example", "--", digest).refusal["code"] == "no-route"
    sending = counted("report", "send", "--to", XICHENG_NODE, "--", digest).json
    assert (sending["partner"], sending["sent_at"]) == (XICHENG_NODE, None)
