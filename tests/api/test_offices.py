"""Coordinators, operators and auditors through the API: agreements, partners, findings, rates, health."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.utils import floatToGoString

from tests.api.nodes import Neighbours, Served, agree, served
from tests.api.test_exchanges import ask, enter
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_finding, a_moment
from tests.building.sealing import open_database
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node
from tests.rates.histories import moment
from tests.rates.runs import a_run, reconciled


def code(response: httpx.Response) -> str:
    return str(response.json()["type"].rsplit(":", 1)[1])


@contextmanager
def listening(status: int, body: bytes) -> Iterator[str]:
    """Something that is no node."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_both_sides_hold_the_agreement_that_was_signed_over_the_wire(both: Neighbours):
    for node, ours in ((both.xicheng, True), (both.wuchang, False)):
        (held,) = node.get("/agreements", role="coordinator")["items"]
        assert (held["standing"], held["in_force"], held["ours"], held["unsent"]) == ("accepted", True, ours, [])
        assert held["decision"] is not None
        assert node.get(f"/agreements/{held['digest']}", role="auditor")["terms"] == held["terms"]


def test_a_proposal_names_the_rule_set_and_every_purpose_unless_told_otherwise(both: Neighbours):
    proposal = {"partner": WUCHANG_NODE, "jurisdiction": XICHENG, "with": WUCHANG, "kinds": ["query"], "items": ["sex"]}
    terms = both.xicheng.post("/agreements", proposal, role="coordinator", status=201)["terms"]
    rules = both.xicheng.office.node.rules
    assert (terms["rules"], terms["valid_from"], terms["valid_until"]) == (
        {"version": rules.version, "digest": rules.digest},
        "2026-03-02",
        None,
    )
    assert [(rule["subject"], rule["purpose"], rule["items"]) for rule in terms["fields"]] == [
        ("query", purpose, ["sex"]) for purpose in ("birth_registration", "certificate_verification", "public_service", "benefit")
    ]


def test_only_the_other_side_decides_and_either_ends(both: Neighbours):
    proposal = {"partner": WUCHANG_NODE, "jurisdiction": XICHENG, "with": WUCHANG}
    digest = both.xicheng.post("/agreements", proposal, role="coordinator")["digest"]
    own = both.xicheng.call("POST", f"/agreements/{digest}/decision", json={"decision": "accepted"}, role="coordinator")
    assert code(own) == "not-your-decision"
    other = agree(both)
    both.wuchang.post(f"/agreements/{other}/decision", {"decision": "ended"}, role="coordinator")
    both.wuchang.deliver()
    assert both.xicheng.get(f"/agreements/{other}", role="coordinator")["standing"] == "ended"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"partner": "stranger.example"}, "no-route"),
        ({"with": XICHENG}, "malformed-agreement"),
        ({"valid_from": "2026-04-01", "valid_until": "2026-03-01"}, "malformed-agreement"),
        ({"purposes": []}, "invalid"),
    ],
)
def test_terms_that_cannot_hold_are_refused(both: Neighbours, change: dict[str, Any], expected: str):
    proposal = {"partner": WUCHANG_NODE, "jurisdiction": XICHENG, "with": WUCHANG, **change}
    assert code(both.xicheng.call("POST", "/agreements", json=proposal, role="coordinator")) == expected


def test_a_partner_is_trusted_only_by_the_fingerprint_that_was_read_out(xicheng: Served, tmp_path: Path):
    with served(tmp_path / "wuchang", a_node(WUCHANG_NODE, WUCHANG), xicheng.clock) as other:
        seen = xicheng.post("/partners", {"url": f"{other.url}/"}, role="operator", status=201)
        assert (seen["node"], seen["status"], seen["claimed"], seen["confirmed"], seen["link"]) == (
            WUCHANG_NODE,
            "pending",
            [WUCHANG],
            [],
            None,
        )
        path = f"/partners/{WUCHANG_NODE}/confirmation"
        wrong = {"fingerprint": xicheng.office.keyring.fingerprint(a_moment()), "jurisdictions": [WUCHANG]}
        assert code(xicheng.call("POST", path, json=wrong, role="operator")) == "fingerprint-differs"
        claimed = {"fingerprint": seen["fingerprint"].replace("-", " "), "jurisdictions": ["610802"]}
        assert code(xicheng.call("POST", path, json=claimed, role="operator")) == "conflict"
        trusted = xicheng.post(path, {**claimed, "jurisdictions": [WUCHANG]}, role="operator")
        assert (trusted["status"], trusted["confirmed"], trusted["link"]["sent"]) == ("active", [WUCHANG], 0)


def test_both_operators_arrive_at_the_same_link(both: Neighbours):
    links = {
        both.xicheng.get(f"/partners/{WUCHANG_NODE}", role="operator")["link"]["link"],
        both.wuchang.get(f"/partners/{XICHENG_NODE}", role="operator")["link"]["link"],
    }
    assert len(links) == 1


def test_a_node_that_cannot_be_looked_at_is_the_partners_trouble(xicheng: Served):
    """Whatever is not there: the answer tells nobody which ports are open."""
    closed = xicheng.call("POST", "/partners", json={"url": "http://127.0.0.1:9"}, role="operator")
    assert (closed.status_code, code(closed), closed.json()["retry"]) == (502, "no-node-there", "later")
    for status, body in ((200, b"<html>"), (404, b'{"type":"x'), (500, b""), (302, b""), (401, b"{}")):
        with listening(status, body) as url:
            assert xicheng.call("POST", "/partners", json={"url": url}, role="operator").content == closed.content
    plain = xicheng.call("POST", "/partners", json={"url": "ftp://wuchang.example"}, role="operator")
    assert (plain.status_code, plain.json()["pointer"]) == (422, "/url")
    port = xicheng.call("POST", "/partners", json={"url": "http://127.0.0.1:99999"}, role="operator")
    assert (port.status_code, port.json()["pointer"]) == (422, "/url")


def test_a_suspended_partner_is_sent_nothing_and_may_send_nothing(both: Neighbours):
    entry, _ = enter(both)
    suspended = both.wuchang.post(f"/partners/{XICHENG_NODE}/suspension", role="operator")
    assert suspended["status"] == "suspended"
    again = both.wuchang.call("POST", f"/partners/{XICHENG_NODE}/suspension", role="operator")
    assert code(again) == "not-in-this-standing"
    exchange = ask(both, entry)
    both.xicheng.deliver()
    assert both.wuchang.get("/exchanges")["items"] == []
    waiting = both.xicheng.get(f"/partners/{WUCHANG_NODE}", role="operator")["link"]
    assert (waiting["attempts"], waiting["trouble"]) == (1, "unauthorized")

    both.wuchang.post(f"/partners/{XICHENG_NODE}/resumption", role="operator")
    both.xicheng.clock.move(timedelta(hours=2))
    both.xicheng.deliver()
    assert [row["exchange"] for row in both.wuchang.get("/exchanges")["items"]] == [exchange]


def test_findings_are_listed_the_newest_first(xicheng: Served):
    found = [a_finding(n, id=f"f{n}") for n in (1, 2, 3)]
    with xicheng.office.ledgers.transaction() as ledger:
        ledger.chores.add_findings(found)
    first = xicheng.get("/findings", role="auditor", params={"limit": 2})
    rest = xicheng.get("/findings", role="operator", params={"limit": 2, "cursor": first["next"]})
    assert [row["id"] for row in first["items"] + rest["items"]] == ["f3", "f2", "f1"]


def test_a_rate_is_two_counts_that_open_to_their_rows(both: Neighbours):
    entry, _ = enter(both)
    answered, late = ask(both, entry), ask(both, entry, items=["sex"])
    both.deliver()
    both.wuchang.post(f"/exchanges/{answered}/feedback", {"result": "confirmed"})
    both.deliver()
    both.xicheng.clock.move(timedelta(days=40))
    period = {"from": "2026-04-01", "to": "2026-04-30"}
    report = both.xicheng.get("/rates", params=period, role="coordinator")
    rates = {rate["rate"]: rate for rate in report["figures"][0]["rates"]}
    obtained = rates["feedback_obtained"]
    assert [obtained[name] for name in ("numerator", "denominator", "value", "percent")] == [1, 2, "1/2", "50.00 %"]
    assert (obtained["from"], obtained["to"], obtained["cohort"]) == ("2026-04-01", "2026-04-30", "due")
    assert obtained["beside"]["overdue"] == 1
    assert (rates["handshake"]["numerator"], rates["handshake"]["percent"], rates["handshake"]["reason"]["code"]) == (
        None,
        "—",
        "not-reconciled",
    )
    assert len(rates) == 13

    page = both.xicheng.get("/rates/feedback_obtained/rows", params={**period, "limit": 1}, role="coordinator")
    rest = both.xicheng.get(
        "/rates/feedback_obtained/rows", params={**period, "limit": 1, "cursor": page["next"]}, role="coordinator"
    )
    rows = {row["id"]: (row["numerator"], row["denominator"]) for row in page["items"] + rest["items"]}
    assert rows == {answered: (1, 1), late: (0, 1)}
    given = both.wuchang.get("/rates", params={**period, "as_of": report["as_of"]})["figures"][0]["rates"][0]
    assert (given["rate"], given["numerator"], given["denominator"]) == ("feedback_given", 1, 2)


def test_a_statistical_month_is_reported_as_of_its_27th_or_of_now(xicheng: Served):
    shown = xicheng.get("/rates", params={"month": "2026-02"})
    assert (shown["as_of"], shown["figures"][0]["rates"][0]["from"]) == ("2026-02-27T16:00:00.000Z", "2026-01-21")
    assert xicheng.get("/rates", params={"month": "2026-03"})["as_of"] == "2026-03-02T01:00:00.000Z"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"month": "2026-13"},
        {"month": "2026-02", "from": "2026-01-01"},
        {"from": "2026-02-01", "to": "2026-01-01"},
        {"month": "0001-01"},
        {"month": "2026-02", "as_of": "2026-02-30T00:00:00.000Z"},
        {"month": "2026-02", "category": "all"},
    ],
)
def test_a_period_that_is_none_is_refused(xicheng: Served, params: dict[str, str]):
    assert xicheng.call("GET", "/rates", params=params).status_code == 422


def test_higher_levels_see_the_figures_of_what_lies_within(xicheng: Served):
    month = {"month": "2026-02"}
    assert xicheng.get("/rates", params=month, role="auditor", of="110000")["figures"][0]["jurisdiction"] == "110000"
    parts = xicheng.get("/rates", params={**month, "parts": "true"}, role="auditor", of="110000")["figures"]
    assert [figures["jurisdiction"] for figures in parts] == ["110000", XICHENG]
    assert xicheng.call("GET", "/rates", params={**month, "jurisdiction": "110000"}).status_code == 404


def test_a_node_is_ready_once_its_database_is_at_the_programs_revision(tmp_path: Path):
    database = open_database(f"sqlite:///{tmp_path / 'woshou.db'}")
    database.upgrade()
    with served(tmp_path / "node", a_node(XICHENG_NODE, XICHENG), HandClock(), database) as node:
        assert [node.http.get(path).json() for path in ("/healthz", "/readyz")] == [{"status": "ok"}] * 2
        database.downgrade("base")
        refused = node.http.get("/readyz")
        assert (refused.status_code, node.http.get("/healthz").status_code) == (503, 200)
    database.close()


def test_the_figures_for_operators_name_routes_and_partners_and_nobody_else(both: Neighbours):
    entry, _ = enter(both)
    exchange = ask(both, entry)
    both.deliver()
    both.wuchang.call("GET", f"/entries/{entry}")
    reconciled([a_run(1, partner=XICHENG_NODE), a_run(2, -1, partner=XICHENG_NODE)], both.wuchang.office.ledgers)
    key = both.wuchang.key("operator", WUCHANG)
    text = both.wuchang.http.get("/metrics", headers={"authorization": f"Bearer {key}"}).text
    for line in (
        f'woshou_batches_received_total{{partner="{XICHENG_NODE}"}} 1.0',
        f'woshou_messages_received_total{{partner="{XICHENG_NODE}"}} 1.0',
        f'woshou_link_received{{partner="{XICHENG_NODE}"}} 1.0',
        f'woshou_registers_settled_seconds{{partner="{XICHENG_NODE}"}} {floatToGoString(moment(0).timestamp())}',
        'woshou_refusals_total{code="not-found"} 1.0',
        'woshou_request_seconds_count{method="GET",route="/api/v1/entries/{entry}",status="404"} 1.0',
    ):
        assert line in text.splitlines()
    assert entry not in text
    assert exchange not in text
