"""Rules, holidays, escalations and troubles on the command line."""

import json
from dataclasses import replace

import pytest

from adapters.clock import set_clock
from exchange.codes import Role
from exchange.conversation import State
from exchange.terms.agreement import Standing
from tests.builders import (
    WUCHANG,
    XICHENG,
    XICHENG_NODE,
    a_conversation,
    a_moment,
    a_partner,
    a_trouble,
    an_agreement,
    an_exchange,
    an_id,
)
from tests.building.clocks import some_house_rules, some_rules
from tests.cli.screens import on_screen
from woshou.cli.call import Call

TABLE = "day,kind,name\n2027-01-01,holiday,元旦\n2027-10-01,holiday,国庆节\n2027-10-10,workday,\n"


@pytest.fixture
def written(tmp_path):
    """Writes a file and gives its path."""

    def write(name, content):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(file)

    return write


def store(node, deed):
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction() as ledger:
        return deed(ledger, office)


def awaited(ledger, office, **changes):
    """A query of Xicheng that waits for Wuchang's answer, due on New Year's Day of 2027 by its receipt."""
    agreement = replace(an_agreement(), partner=XICHENG_NODE, standing=Standing.ACCEPTED)
    link = ledger.links.add(an_id(7), XICHENG_NODE)
    ledger.partners.save(a_partner(XICHENG_NODE, claimed=(XICHENG,), confirmed=(XICHENG,)))
    ledger.agreements.add(agreement)
    received = a_moment(275 * 24 * 60)
    due = received.date().replace(2027, 1, 1)
    held = an_exchange(
        1,
        link=link.id,
        role=Role.ASKED,
        conversation=a_conversation(State.OPEN, due=due),
        agreement=agreement.digest,
        received_at=received,
        first_due=due,
        due_provisional=True,
        **changes,
    )
    ledger.exchanges.add([held])


def test_a_rule_set_is_checked_added_and_used_and_never_changed(node, written):
    file = written("next.json", some_rules("next-1"))
    checked = node("rules", "check", file).json
    assert [each["version"] for each in node("rules", "list").json["items"]] == ["woshou-2026.1"]
    assert node("rules", "add", file).json == checked
    assert node("rules", "add", file).json == checked
    other = written("other.json", some_rules("next-1", lapse_days=9))
    assert node("rules", "add", other).refusal["code"] == "rules-taken"
    assert node("rules", "use", "next-1", "--from", "2026-03-05").json["since"] == "2026-03-05"
    listed = {each["version"]: each for each in node("rules", "list").json["items"]}
    assert (listed["next-1"]["current"], listed["next-1"]["used_from"]) == (False, ["2026-03-05"])
    node("clock", "set", "+3d")
    listed = {each["version"]: each["current"] for each in node("rules", "list").json["items"]}
    assert listed == {"next-1": True, "woshou-2026.1": False}
    assert node("report", "--month", "2026-02").json["rules"] == "next-1"
    assert node("rules", "show", "next-1").json["lapse_days"] == 5
    assert node("rules", "use", "next-1", "--from", "2026-03-01").refusal["code"] == "use-in-the-past"
    assert node("rules", "use", "nowhere").refusal["code"] == "rules-not-found"


def test_rules_that_do_not_fit_are_refused_with_what_does_not(node, written):
    wrong = node("rules", "check", written("wrong.json", some_rules(lapse_days=0)))
    assert wrong.refusal["code"] == "rules-refused"
    assert "lapse_days" in wrong.refusal["en"]
    assert node("rules", "add", written("house.json", some_house_rules())).refusal["code"] == "rules-refused"


def test_house_rules_are_a_file_of_their_own(node, written):
    node("house", "add", written("house.json", some_house_rules("house-9", escalation={"after_days": 5})))
    node("house", "use", "house-9")
    current = [each["version"] for each in node("house", "list").json["items"] if each["current"]]
    assert current == ["house-9"]
    assert node("house", "show", "house-9").json["escalation"]["after_days"] == 5
    assert [each["version"] for each in node("rules", "list").json["items"]] == ["woshou-2026.1"]


def test_a_table_of_holidays_makes_provisional_due_dates_firm(node, written, tmp_path):
    set_clock(tmp_path / "clock", a_moment(276 * 24 * 60))
    store(node, awaited)
    assert node("exchange", "list").json["items"][0]["due_provisional"] is True
    assert "暂定" in on_screen(node, "exchange", "list") or "Provisional" in on_screen(node, "exchange", "list")
    file = written("2027.csv", TABLE)
    planned = node("calendar", "load", file, "--dry-run").json
    assert (planned["dry_run"], planned["days"], planned["firm_years"]) == (True, 3, [2027])
    assert [(each["exchange"], each["due"], each["computed"]) for each in planned["concerned"]] == [
        (an_id(1), "2027-01-01", "2027-01-04")
    ]
    assert node("calendar", "show", "2027").json["provisional"] is True
    loaded = node("calendar", "load", file, "--issued", "2026-11-05").json
    assert loaded["concerned"] == planned["concerned"]
    (row,) = node("exchange", "list").json["items"]
    assert (row["due"], row["due_provisional"]) == ("2027-01-01", False)
    (finding,) = node("partner", "findings").json["items"]
    assert (finding["kind"], finding["subject"]) == ("due-firm-differs", an_id(1))
    year = node("calendar", "show", "2027").json
    assert (year["provisional"], year["workdays"], year["loaded"][0]["issued_on"]) == (False, ["2027-10-10"], "2026-11-05")


def test_a_table_that_does_not_fit_is_refused_with_row_and_column(node, written):
    refused = node("calendar", "load", written("wrong.csv", "day,kind\n2027-01-01,holiday\n2027-01-04,workday\n"))
    assert refused.refusal["code"] == "day-table-refused"
    assert "Row 3, kind" in refused.refusal["en"]
    assert node("calendar", "show", "2027").json["loaded"] == []


def test_an_exchange_is_put_before_a_coordinator_and_acknowledged(node):
    store(node, awaited)
    node("apikey", "create", "--name", "市", "--role", "coordinator", "--jurisdiction", "420100")
    raised = node("escalation", "raise", an_id(1)).json
    assert (raised["to"], raised["stays"], raised["own"]) == ("420100", False, WUCHANG)
    assert node("escalation", "raise", an_id(1)).refusal["code"] == "already-escalated"
    assert node("escalation", "acknowledge", raised["id"]).json["acknowledged_at"] is not None
    assert node("escalation", "acknowledge", raised["id"]).refusal["code"] == "not-before-you"
    (listed,) = node("escalation", "list", "--standing", "--to", "420100").json["items"]
    assert listed["id"] == raised["id"]
    assert node("escalation", "list", "--resolved").json["items"] == []
    assert "420100" in on_screen(node, "escalation", "list")


def test_troubles_are_listed(node):
    store(node, lambda ledger, office: ledger.troubles.begin(a_trouble()))
    (trouble,) = node("trouble", "list").json["items"]
    assert (trouble["kind"], trouble["ended_at"]) == ("partner-unreachable", None)
    assert json.dumps(trouble)
    assert trouble["subject"] in on_screen(node, "trouble", "list")
