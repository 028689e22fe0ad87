"""Due dates that become firm, rules side by side, escalations and troubles, through the API of real nodes."""

from datetime import timedelta
from typing import Any

from adapters.partner_http import PartnerClient
from exchange.terms.rulebook import RulesKind
from exchange.verbs.clocks.norms import add_rules, use_rules
from jobs.clocks.escalate import escalate
from jobs.clocks.watch import watch_for_trouble
from jobs.runner import on_shift
from tests.api.nodes import Neighbours, Served
from tests.api.test_exchanges import ask, enter
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, a_digest
from tests.building.clocks import some_rules

# As if the State Council had given off New Year's Day and the National Day's week of 2027, and had a Sunday worked.
DAYS_2027: list[dict[str, Any]] = [
    {"day": "2027-01-01", "kind": "holiday", "name": "元旦"},
    *({"day": f"2027-10-0{n}", "kind": "holiday", "name": "国庆节"} for n in range(1, 8)),
    {"day": "2027-10-10", "kind": "workday", "name": None},
]


def in_2026_december(both: Neighbours) -> str:
    """A query that Wuchang receives on 2 December 2026: thirty days on is New Year's Day."""
    entry, _ = enter(both)
    both.xicheng.clock.move(timedelta(days=275))
    exchange = ask(both, entry)
    both.deliver()
    return exchange


def row(node: Served, exchange: str) -> dict[str, Any]:
    found: dict[str, Any] = node.get(f"/exchanges/{exchange}")
    return found


def load(node: Served, days: list[dict[str, Any]], **more: Any) -> Any:
    return node.post("/calendar", {"days": days, **more}, role="operator")


def test_a_due_date_in_a_year_without_a_notice_is_provisional_and_becomes_firm_with_the_table(both: Neighbours):
    exchange = in_2026_december(both)
    for node in (both.xicheng, both.wuchang):
        assert (row(node, exchange)["due"], row(node, exchange)["due_provisional"]) == ("2027-01-01", True)
        assert [each["exchange"] for each in node.get("/exchanges", params={"due_provisional": "true"})["items"]] == [exchange]
        assert node.get("/calendar/2027")["provisional"] is True

    planned = load(both.wuchang, DAYS_2027, dry_run=True)
    (concerned,) = planned["concerned"]
    assert (concerned["due"], concerned["computed"], concerned["firm"], concerned["differs"]) == (
        "2027-01-01",
        "2027-01-04",
        True,
        True,
    )
    assert row(both.wuchang, exchange)["due_provisional"] is True
    assert both.wuchang.get("/calendar/2027")["loaded"] == []

    for node in (both.xicheng, both.wuchang):
        loaded = load(node, DAYS_2027, issued_on="2026-11-05")
        assert (loaded["days"], loaded["firm_years"], loaded["dry_run"]) == (9, [2027], False)
        # The receipt's date counts for both and does not move.
        assert (row(node, exchange)["due"], row(node, exchange)["due_provisional"]) == ("2027-01-01", False)
        findings = [(each["kind"], each["subject"]) for each in node.get("/findings", role="operator")["items"]]
        assert findings == [("due-firm-differs", exchange)]
        year = node.get("/calendar/2027", role="coordinator")
        assert (year["provisional"], len(year["holidays"]), year["workdays"]) == (False, 8, ["2027-10-10"])
        assert {(day["issued_on"], day["known_at"][:10]) for day in year["loaded"]} == {("2026-11-05", "2026-12-02")}
        assert load(node, DAYS_2027)["days"] == 0
        assert len(node.get("/findings", role="operator")["items"]) == 1


def test_later_rounds_and_later_queries_go_by_the_firm_calendar(both: Neighbours):
    exchange = in_2026_december(both)
    for node in (both.xicheng, both.wuchang):
        load(node, DAYS_2027)
    both.wuchang.post(f"/exchanges/{exchange}/feedback", {"result": "not_found"}, status=202)
    both.deliver()
    both.xicheng.post(f"/exchanges/{exchange}/challenge", {"reason": "incomplete", "items": ["marital_status"]}, status=202)
    both.deliver()
    for node in (both.xicheng, both.wuchang):
        held = row(node, exchange)
        assert (held["round"], held["first_due"], held["due"], held["due_provisional"]) == (2, "2027-01-01", "2027-01-04", False)
        assert held["challenges_left"] == 2


def test_a_challenge_that_falls_due_in_an_unknown_year_is_provisional_on_both_sides(both: Neighbours):
    entry, _ = enter(both)
    both.xicheng.clock.move(timedelta(days=270))
    exchange = ask(both, entry)
    both.deliver()
    assert row(both.wuchang, exchange)["due_provisional"] is False
    both.wuchang.post(f"/exchanges/{exchange}/feedback", {"result": "not_found"}, status=202)
    both.deliver()
    both.xicheng.clock.move(timedelta(days=10))
    assert row(both.xicheng, exchange)["lapses_on"] == "2026-12-12"
    both.xicheng.post(f"/exchanges/{exchange}/challenge", {"reason": "incomplete", "items": ["marital_status"]}, status=202)
    both.deliver()
    for node in (both.xicheng, both.wuchang):
        assert (row(node, exchange)["due"], row(node, exchange)["due_provisional"]) == ("2027-01-06", True)
        load(node, DAYS_2027)
        assert row(node, exchange)["due_provisional"] is False
        assert node.get("/findings", role="operator")["items"] == []


def test_a_table_is_refused_whole_and_only_an_operator_loads_one(both: Neighbours):
    wrong = [{"day": "2027-01-01", "kind": "holiday"}, {"day": "2027-01-04", "kind": "workday"}, {"day": "x", "kind": "holiday"}]
    refused = both.xicheng.call("POST", "/calendar", json={"days": wrong}, role="operator")
    assert (refused.status_code, refused.json()["type"], refused.json()["pointer"]) == (
        422,
        "urn:woshou:problem:day-table-refused",
        "/days/2/kind",
    )
    assert both.xicheng.get("/calendar/2027")["loaded"] == []
    assert both.xicheng.call("POST", "/calendar", json={"days": DAYS_2027}).status_code == 403


def added(node: Served) -> str:
    """Another rule set, put to use by another process, as the command line would; its version."""
    with node.office.ledgers.transaction() as ledger:
        rules = add_rules(ledger, node.office.node, RulesKind.SHARED, some_rules(), node.clock.now())
    return rules.version


def test_rules_stand_side_by_side_and_a_new_one_counts_without_a_restart(both: Neighbours):
    version = added(both.xicheng)
    listed = both.xicheng.get("/rules")["items"]
    assert [(each["kind"], each["version"], each["current"]) for each in listed] == [
        ("shared", version, False),
        ("shared", "woshou-2026.1", True),
        ("house", "house-2026.1", True),
    ]
    node = both.xicheng
    assert node.get("/rates", params={"month": "2026-02"})["rules"] == "woshou-2026.1"
    with node.office.ledgers.transaction() as ledger:
        use_rules(ledger, node.office.node, RulesKind.SHARED, version, None, node.clock.now())
    report = node.get("/rates", params={"month": "2026-02"})
    assert report["rules"] == version
    first = report["figures"][0]["rates"][0]
    assert (first["from"], first["to"]) == ("2026-02-01", "2026-02-28")


def test_an_agreement_names_the_rules_and_a_node_that_lacks_them_refuses_it(both: Neighbours):
    version = added(both.xicheng)
    terms = {"partner": WUCHANG_NODE, "jurisdiction": XICHENG, "with": WUCHANG, "rules": version}
    digest = both.xicheng.post("/agreements", terms, role="coordinator", status=201)["digest"]
    both.deliver()
    assert [each["digest"] for each in both.wuchang.get("/agreements", role="coordinator")["items"]] != [digest]
    (finding,) = both.xicheng.get("/findings", role="operator")["items"]
    assert (finding["kind"], finding["subject"]) == ("rules-unknown", f"agreement {digest}")
    added(both.wuchang)
    both.xicheng.clock.move(timedelta(minutes=16))
    both.deliver()
    accepted = both.wuchang.post(f"/agreements/{digest}/decision", {"decision": "accepted"}, role="coordinator")
    assert accepted["in_force"]
    unknown = both.xicheng.call("POST", "/agreements", json={**terms, "rules": "nowhere"}, role="coordinator")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:woshou:problem:rules-not-found")
    assert a_digest() not in unknown.text


def test_an_interim_answers_day_stands_beside_the_due_date(both: Neighbours):
    entry, _ = enter(both)
    exchange = ask(both, entry)
    both.deliver()
    both.wuchang.post(f"/exchanges/{exchange}/interim", {"reason": "field_visit", "expected": "2026-03-20"}, status=202)
    both.deliver()
    for node in (both.xicheng, both.wuchang):
        held = row(node, exchange)
        assert (held["state"], held["due"], held["expected"], held["overdue"]) == ("open", "2026-04-01", "2026-03-20", False)


def test_an_escalation_lies_before_the_higher_coordinator_without_a_person(both: Neighbours):
    entry, _ = enter(both)
    exchange = ask(both, entry)
    both.deliver()
    node = both.wuchang
    node.key("coordinator", "420100")
    node.clock.move(timedelta(days=40))
    with on_shift(node.office, PartnerClient(node.office, node.http)) as shift:
        assert escalate(shift) == "1 escalated"
    (raised,) = node.get("/escalations", role="coordinator", of="420100")["items"]
    assert (raised["exchange"], raised["to"], raised["role"], raised["why"]) == (exchange, "420100", "asked", "overdue")
    assert not {"person", "entry", "name", "person_index"} & raised.keys()
    assert node.get("/escalations", role="coordinator")["items"] == []
    assert len(node.get("/escalations", role="coordinator", params={"everywhere": "true"})["items"]) == 1
    path = f"/escalations/{raised['id']}/acknowledgement"
    assert node.call("POST", path, role="coordinator").status_code == 409
    assert node.post(path, role="coordinator", of="420100")["acknowledged_at"] is not None
    node.post(f"/exchanges/{exchange}/feedback", {"result": "not_found"}, status=202)
    both.deliver()
    (over,) = node.get("/escalations", role="coordinator", of="420100", params={"resolved": "true"})["items"]
    assert over["resolved_at"] is not None

    again = both.xicheng.call("POST", "/escalations", json={"exchange": exchange}, role="coordinator")
    assert (again.status_code, again.json()["type"]) == (409, "urn:woshou:problem:nothing-awaited")


def test_a_coordinator_puts_an_exchange_forward_and_it_stays_where_nobody_stands_higher(both: Neighbours):
    entry, _ = enter(both)
    exchange = ask(both, entry)
    both.deliver()
    raised = both.xicheng.post("/escalations", {"exchange": exchange}, role="coordinator", status=201)
    assert (raised["to"], raised["stays"], raised["why"], raised["level"]) == (XICHENG, True, "raised", 1)
    assert both.xicheng.call("POST", "/escalations", json={"exchange": exchange}).status_code == 403


def test_trouble_is_listed_and_measured(both: Neighbours):
    entry, _ = enter(both)
    ask(both, entry)
    both.deliver()
    node = both.xicheng
    node.clock.move(timedelta(days=60))
    with on_shift(node.office, PartnerClient(node.office, node.http)) as shift:
        watch_for_trouble(shift)
    for role in ("operator", "coordinator"):
        (trouble,) = node.get("/troubles", role=role)["items"]
        assert (trouble["kind"], trouble["subject"], trouble["ended_at"]) == ("partner-silent", WUCHANG_NODE, None)
    metrics = node.http.get("/metrics", headers={"authorization": f"Bearer {node.key('operator', XICHENG)}"}).text
    assert f'woshou_trouble{{kind="partner-silent",subject="{WUCHANG_NODE}"}} 1.0' in metrics
    assert node.call("GET", "/troubles").status_code == 403
