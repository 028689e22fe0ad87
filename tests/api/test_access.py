"""Who may call what: every route, every role, from every place; a route without a rule here fails."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fastapi.routing import APIRoute

from api import health
from api.access import LocalRole
from api.app import create_app
from api.describing.openapi import describe
from api.local import ROUTERS
from exchange.codes import Role
from exchange.partners import PartnerStatus
from exchange.reconciling.results import DifferenceKind
from exchange.terms.agreement import Party, Standing
from exchange.wire.message import write_message
from exchange.work.assignment import Assignment, ReturnReason
from tests.api.nodes import Served, served
from tests.builders import (
    WUCHANG,
    XICHENG,
    a_check,
    a_check_row,
    a_comparison,
    a_conversation,
    a_difference,
    a_frozen,
    a_message,
    a_partner,
    a_query,
    a_received,
    a_reconciliation,
    a_register_difference,
    a_row,
    a_sending,
    a_trouble,
    agreed_terms,
    an_agreement,
    an_entry,
    an_escalation,
    an_exchange,
    an_id,
    an_import,
    judged,
)
from tests.building.cases import a_case
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node

CHAOYANG = "110105"
PLACES = {"own": XICHENG, "below": "110102001", "above": "110000", "other": CHAOYANG, "outside": WUCHANG}
FROZEN, RECEIVED = a_frozen(XICHENG, node="beijing.example"), a_received(XICHENG)
PEOPLE = {"clerk", "system"}
READERS = {"clerk", "system", "coordinator", "auditor"}
OK, FORBIDDEN, GONE, EMPTY = "ok", "forbidden", "gone", "empty"


@dataclass(frozen=True)
class Rule:
    """What each role gets at each place; a role that is not named gets FORBIDDEN everywhere."""

    roles: frozenset[str]
    own: str = OK
    above: str = OK
    below: str = GONE
    other: str = GONE
    outside: str = GONE

    def expected(self, role: str, place: str) -> str:
        return str(getattr(self, place)) if role in self.roles else FORBIDDEN


def rule(*roles: str, **places: str) -> Rule:
    return Rule(roles=frozenset(roles), **places)


ALL = [role.value for role in LocalRole]
_NOT_HERE = {"above": FORBIDDEN, "below": FORBIDDEN, "outside": FORBIDDEN}
ONE_PERSON = rule(*PEOPLE, **_NOT_HERE)
# A township's clerk answers what is assigned to the township; nothing is, here.
ONE_ANSWER = rule(*PEOPLE, above=FORBIDDEN, outside=FORBIDDEN)
OWN_PEOPLE = rule(*PEOPLE, **_NOT_HERE, other=EMPTY)
OWN_DEEDS = rule(*PEOPLE, **_NOT_HERE, other=OK)
# The example is another clerk's.
OWN_CASE = rule(*PEOPLE, **_NOT_HERE, own=FORBIDDEN)
ONE_EXCHANGE = rule(*READERS)
EXCHANGE_ROWS = rule(*READERS, below=EMPTY, other=EMPTY, outside=EMPTY)
FIGURES = rule(*READERS)
ONE_AGREEMENT = rule(*ALL)
AGREEMENT_ROWS = rule(*ALL, below=EMPTY, other=EMPTY, outside=EMPTY)
SIGNING = rule("coordinator")
PROPOSING = rule("coordinator", below=FORBIDDEN, other=FORBIDDEN, outside=FORBIDDEN)
RUNNING = rule("operator", below=FORBIDDEN, other=OK, outside=FORBIDDEN)
WATCHING = rule("operator", "auditor", below=FORBIDDEN, other=OK, outside=FORBIDDEN)
OVERSEEING = rule("coordinator", "operator", "auditor", below=FORBIDDEN, other=OK, outside=FORBIDDEN)
AUDITING = rule("auditor", below=FORBIDDEN, other=OK, outside=FORBIDDEN)
WHOEVER = rule(*ALL, below=OK, other=OK, outside=OK)

RULES = {
    "GET /metrics": RUNNING,
    "POST /api/v1/entries": OWN_DEEDS,
    "POST /api/v1/entries/bulk": OWN_DEEDS,
    "GET /api/v1/entries": OWN_PEOPLE,
    "POST /api/v1/entries/search": OWN_PEOPLE,
    "GET /api/v1/entries/{entry}": ONE_PERSON,
    "PATCH /api/v1/entries/{entry}": ONE_PERSON,
    "POST /api/v1/entries/{entry}/close": ONE_PERSON,
    "POST /api/v1/entries/{entry}/reopen": ONE_PERSON,
    "POST /api/v1/exchanges": ONE_PERSON,
    "POST /api/v1/exchanges/bulk-replies": rule(*PEOPLE, above=FORBIDDEN, below=OK, outside=FORBIDDEN, other=OK),
    "GET /api/v1/exchanges": EXCHANGE_ROWS,
    "GET /api/v1/exchanges/{exchange}": ONE_EXCHANGE,
    "POST /api/v1/exchanges/{exchange}/pairing": ONE_PERSON,
    "POST /api/v1/exchanges/{exchange}/unpairing": ONE_PERSON,
    "GET /api/v1/exchanges/{exchange}/candidates": ONE_PERSON,
    "POST /api/v1/exchanges/{exchange}/feedback": ONE_ANSWER,
    "POST /api/v1/exchanges/{exchange}/interim": ONE_ANSWER,
    "POST /api/v1/exchanges/{exchange}/challenge": ONE_PERSON,
    "POST /api/v1/exchanges/{exchange}/confirmation": ONE_PERSON,
    "POST /api/v1/exchanges/{exchange}/reminder": ONE_PERSON,
    "POST /api/v1/exchanges/{exchange}/withdrawal": ONE_PERSON,
    "POST /api/v1/exchanges/{exchange}/send-on": ONE_PERSON,
    "POST /api/v1/cases": OWN_DEEDS,
    "GET /api/v1/cases": EXCHANGE_ROWS,
    "GET /api/v1/cases/{case}": ONE_EXCHANGE,
    "POST /api/v1/cases/{case}/commitment": OWN_CASE,
    "POST /api/v1/cases/{case}/finish": OWN_CASE,
    "POST /api/v1/cases/{case}/cancellation": OWN_CASE,
    "POST /api/v1/cases/{case}/handover": OWN_CASE,
    "POST /api/v1/exchanges/{exchange}/assignment": rule(*PEOPLE, "coordinator", **_NOT_HERE),
    "POST /api/v1/exchanges/{exchange}/return": rule(*PEOPLE, above=FORBIDDEN, outside=FORBIDDEN),
    "GET /api/v1/exchanges/{exchange}/assignments": ONE_EXCHANGE,
    "POST /api/v1/assignments": rule(*PEOPLE, "coordinator", **_NOT_HERE, other=OK),
    "GET /api/v1/worklists": rule(*READERS, below=OK, other=OK, outside=OK),
    "GET /api/v1/worklists/silent_partners": rule(*READERS, own=EMPTY, above=EMPTY, below=EMPTY, other=EMPTY, outside=EMPTY),
    "GET /api/v1/worklists/one_sided": rule(*READERS, own=EMPTY, above=EMPTY, below=EMPTY, other=EMPTY, outside=EMPTY),
    "GET /api/v1/worklists/differing": rule(*READERS, own=EMPTY, above=EMPTY, below=EMPTY, other=EMPTY, outside=EMPTY),
    "GET /api/v1/worklists/coarse": EXCHANGE_ROWS,
    "GET /api/v1/register-differences": EXCHANGE_ROWS,
    "GET /api/v1/register-differences/{entry}/{other}": ONE_EXCHANGE,
    "POST /api/v1/register-differences/{entry}/{other}/send": ONE_ANSWER,
    "POST /api/v1/register-differences/{entry}/{other}/destination": ONE_ANSWER,
    "GET /api/v1/worklists/{worklist}": EXCHANGE_ROWS,
    "GET /api/v1/worklists/{worklist}/sheet": rule(*PEOPLE, above=FORBIDDEN, below=OK, other=OK, outside=FORBIDDEN),
    "POST /api/v1/imports": OWN_DEEDS,
    "GET /api/v1/imports": rule(*PEOPLE, above=FORBIDDEN, outside=FORBIDDEN, below=EMPTY, other=EMPTY),
    "GET /api/v1/imports/templates/{layout}": WHOEVER,
    "POST /api/v1/cross-checks": OWN_DEEDS,
    "GET /api/v1/cross-checks": OWN_PEOPLE,
    "GET /api/v1/cross-checks/to-check": OWN_PEOPLE,
    "POST /api/v1/cross-checks/settlement-sheets": ONE_PERSON,
    "GET /api/v1/cross-checks/{id}": ONE_PERSON,
    "GET /api/v1/cross-checks/{id}/rows": ONE_PERSON,
    "GET /api/v1/cross-checks/{id}/differences": ONE_PERSON,
    "GET /api/v1/cross-checks/{id}/sheet": ONE_PERSON,
    "POST /api/v1/cross-checks/{id}/settlements": ONE_PERSON,
    "GET /api/v1/imports/{id}": ONE_ANSWER,
    "GET /api/v1/imports/{id}/rows": ONE_ANSWER,
    "POST /api/v1/imports/{id}/annotated": ONE_ANSWER,
    "GET /api/v1/exports/entries": OWN_DEEDS,
    "GET /api/v1/exports/exchanges": rule(*READERS, below=OK, other=OK, outside=OK),
    "GET /api/v1/agreements": AGREEMENT_ROWS,
    "GET /api/v1/agreements/{digest}": ONE_AGREEMENT,
    "POST /api/v1/agreements": PROPOSING,
    "POST /api/v1/agreements/{digest}/decision": SIGNING,
    "GET /api/v1/partners": RUNNING,
    "POST /api/v1/partners": RUNNING,
    "GET /api/v1/partners/{node}": RUNNING,
    "POST /api/v1/partners/{node}/confirmation": RUNNING,
    "POST /api/v1/partners/{node}/suspension": RUNNING,
    "POST /api/v1/partners/{node}/resumption": RUNNING,
    "GET /api/v1/routes": RUNNING,
    "GET /api/v1/routes/{code}": RUNNING,
    "PUT /api/v1/routes/{code}": RUNNING,
    "DELETE /api/v1/routes/{code}": rule("operator", below=FORBIDDEN, own=GONE, above=GONE, other=GONE, outside=FORBIDDEN),
    "GET /api/v1/findings": WATCHING,
    "GET /api/v1/evidence": WATCHING,
    "GET /api/v1/comparisons": OVERSEEING,
    "POST /api/v1/certificate-checks": ONE_PERSON,
    "GET /api/v1/certificate-checks": WATCHING,
    "GET /api/v1/comparisons/{comparison}": OVERSEEING,
    "GET /api/v1/reconciliations": OVERSEEING,
    "GET /api/v1/reconciliations/{reconciliation}": OVERSEEING,
    "GET /api/v1/rates": FIGURES,
    "GET /api/v1/rates/grid": FIGURES,
    "GET /api/v1/rates/{rate}/rows": FIGURES,
    "GET /api/v1/rates/handshake/series": FIGURES,
    "GET /api/v1/reports/{report}": FIGURES,
    "GET /api/v1/frozen-reports": EXCHANGE_ROWS,
    "POST /api/v1/frozen-reports": PROPOSING,
    "GET /api/v1/frozen-reports/{digest}": FIGURES,
    "POST /api/v1/frozen-reports/{digest}/verification": FIGURES,
    "GET /api/v1/frozen-reports/{digest}/signed": SIGNING,
    "GET /api/v1/frozen-reports/{digest}/sendings": FIGURES,
    "POST /api/v1/frozen-reports/{digest}/sendings": SIGNING,
    "GET /api/v1/received-reports": EXCHANGE_ROWS,
    "POST /api/v1/received-reports": rule("coordinator", below=OK, other=OK, outside=OK),
    "GET /api/v1/received-reports/sum": FIGURES,
    "GET /api/v1/received-reports/{digest}": FIGURES,
    "GET /api/v1/received-reports/{digest}/signed": FIGURES,
    "GET /api/v1/rules": WHOEVER,
    "GET /api/v1/calendar/{year}": WHOEVER,
    "POST /api/v1/calendar": RUNNING,
    "GET /api/v1/escalations": rule("coordinator", above=EMPTY, below=EMPTY, other=EMPTY, outside=EMPTY),
    "POST /api/v1/escalations": rule("coordinator"),
    "POST /api/v1/escalations/{escalation}/acknowledgement": rule("coordinator"),
    "GET /api/v1/audit": AUDITING,
    "POST /api/v1/audit/search": rule("auditor", own=EMPTY, above=EMPTY, other=EMPTY, below=FORBIDDEN, outside=FORBIDDEN),
    "GET /api/v1/audit/heads": rule("auditor", own=EMPTY, above=EMPTY, other=EMPTY, below=FORBIDDEN, outside=FORBIDDEN),
    "GET /api/v1/troubles": rule("operator", "coordinator", below=FORBIDDEN, outside=FORBIDDEN, other=OK),
}
PUBLIC = {"GET /healthz", "GET /readyz", "GET /.well-known/security.txt"}
ROUTES = {
    f"{method} {route.path}": route
    for router in (health.router, *ROUTERS)
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in route.methods or ()
}


def test_every_route_has_a_rule():
    assert ROUTES.keys() == RULES.keys() | PUBLIC


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A node of two counties; one of everything in Xicheng, nothing in Chaoyang."""
    serving = replace(a_node("beijing.example", XICHENG), jurisdictions=frozenset({XICHENG, CHAOYANG}))
    parties = [Party(node="beijing.example", jurisdiction=XICHENG), Party(node="wuchang.example", jurisdiction=WUCHANG)]
    terms = agreed_terms(parties=parties)
    with served(tmp_path_factory.mktemp("access") / "node", serving, HandClock()) as made:
        with made.office.ledgers.transaction() as ledger:
            ledger.partners.save(a_partner(node="wuchang.example", status=PartnerStatus.ACTIVE, confirmed=(WUCHANG,)))
            link = ledger.links.add(an_id(90), "wuchang.example").id
            ledger.agreements.add(an_agreement(agreement=terms, partner="wuchang.example", standing=Standing.ACCEPTED))
            ledger.entries.add([an_entry(1)])
            ledger.messages.add([judged(a_message(1, link=link, line=write_message(a_query())))])
            ledger.exchanges.add([an_exchange(1, link=link, role=Role.ASKER, conversation=a_conversation(), entry=an_id(1))])
            asked = an_exchange(2, link=link, role=Role.ASKED, own=XICHENG, other=WUCHANG, conversation=a_conversation())
            ledger.exchanges.add([asked])
            back: dict[str, Any] = {"township": None, "due": None, "reason": ReturnReason.NOT_OURS, "by": "key-1"}
            ledger.assignments.add([Assignment(exchange=asked.key, at=made.clock.now(), **back)])
            ledger.imports.add(an_import(1), [a_row(2)])
            ledger.cross_checks.add(a_check(1), [a_check_row(3)], [a_difference(1)])
            ledger.reports.freeze([FROZEN])
            ledger.reports.put_sending(a_sending(FROZEN))
            ledger.reports.receive(RECEIVED)
            ledger.comparisons.add(a_comparison(1))
            ledger.reconciliations.put(a_reconciliation(1))
            ledger.escalations.add([an_escalation(1, link=link)])
            ledger.troubles.begin(a_trouble())
            ledger.cases.add(a_case(7, id=an_id(1)))
            ledger.register_runs.put_differences([a_register_difference(1, kind=DifferenceKind.COARSE)])
        yield made


@pytest.fixture(scope="module")
def paths(node: Served) -> dict[str, Any]:
    described: dict[str, Any] = describe(create_app())["paths"]
    return described


def _digest(path: str) -> str:
    if "-reports" not in path:
        return an_agreement().digest
    return FROZEN.head.digest if "/frozen-" in path else RECEIVED.head.digest


def called(node: Served, paths: dict[str, Any], name: str, role: str, place: str) -> str:
    """What the caller gets, with the route's own example as body."""
    method, path = name.split()
    operation = paths[path][method.lower()]
    ids = {
        "entry": an_id(1),
        "other": WUCHANG,
        "exchange": an_id(1),
        "comparison": an_id(1),
        "reconciliation": an_id(1),
        "case": an_id(1),
        "code": WUCHANG,
        "id": an_id(1),
        "digest": _digest(path),
        "report": "feedback",
        "node": "wuchang.example",
        "layout": "outflow",
        "rate": "feedback_given",
        "worklist": "to_answer",
        "year": 2027,
        "escalation": an_id(1),
    }
    if path.endswith(("/assignment", "/assignments", "/return")):
        ids["exchange"] = an_id(2)
    request: dict[str, Any] = {"params": {"register": "outflow"} if path.endswith("/exports/entries") else {}}
    if path.startswith(("/api/v1/rates", "/api/v1/reports")) or path.endswith("/sum"):
        request["params"] = {"jurisdiction": XICHENG, "month": "2026-02"}
    if path.endswith("/signed"):
        request["params"] = {"receiver": "hubei.example"}
    if "requestBody" in operation:
        ((media, content),) = operation["requestBody"]["content"].items()
        if path.endswith("/assignment"):
            request |= {"json": {"township": "110102003"}}  # another one than below
        elif media == "multipart/form-data":
            request |= {"files": {"file": ("a.csv", b"a")}, "data": {"layout": "outflow", "check": an_id(1)}}
        else:
            body = content["example"] if "example" in content else content["examples"]["1"]["value"]
            body = {**body, "entry": an_id(1)} if isinstance(body, dict) and "entry" in body else body
            body = {**body, "exchange": an_id(1)} if path == "/api/v1/escalations" else body
            body = {**body, "jurisdiction": XICHENG} if path in ("/api/v1/agreements", "/api/v1/frozen-reports") else body
            body = {**body, "url": "http://127.0.0.1:1"} if path == "/api/v1/partners" else body
            request |= {"content": body.encode()} if isinstance(body, str) else {"json": body}
    headers = {"authorization": f"Bearer {node.key(role, PLACES[place])}", "if-match": '"1"'}
    response = node.http.request(method, path.format(**ids), headers=headers, **request)
    assert response.status_code < 500 or response.status_code == 502, response.text
    if response.status_code in (403, 404):
        return FORBIDDEN if response.status_code == 403 else GONE
    if method == "GET" and response.status_code == 200 and response.headers["content-type"] == "application/json":
        return EMPTY if response.json().get("items") == [] else OK
    return EMPTY if path.endswith("/search") and response.json().get("items") == [] else OK


@pytest.mark.parametrize("name", sorted(RULES))
def test_each_role_gets_at_each_place_what_the_rule_says(node: Served, paths: dict[str, Any], name: str):
    # A role that may not call the route at home may not do so from elsewhere.
    cases = [(role, place) for role in ALL for place in PLACES if role in RULES[name].roles or place in ("own", "above")]
    got = {(role, place): called(node, paths, name, role, place) for role, place in cases}
    expected = {(role, place): RULES[name].expected(role, place) for role, place in cases}
    may_be_empty = {"GET /api/v1/findings", "GET /api/v1/evidence", "GET /api/v1/certificate-checks"}
    if name in may_be_empty | {"GET /api/v1/rates/{rate}/rows", "POST /api/v1/entries/search"}:
        got = {case: OK if outcome == EMPTY else outcome for case, outcome in got.items()}
        expected = {case: OK if outcome == EMPTY else outcome for case, outcome in expected.items()}
    assert got == expected


@pytest.mark.parametrize("name", sorted(RULES))
def test_without_a_key_nothing_is_told(node: Served, name: str):
    method, path = name.split()
    filled = path.format(
        entry=an_id(1),
        other=WUCHANG,
        exchange=an_id(1),
        comparison=an_id(1),
        case=an_id(1),
        code=WUCHANG,
        id=an_id(1),
        digest="A" * 43,
        node="a",
        layout="outflow",
        rate="on_time",
        report="trend",
        worklist="to_pair",
        year=2027,
        escalation=an_id(1),
        reconciliation=an_id(1),
    )
    for headers in ({}, {"authorization": "Bearer wsk_k0_wrong"}, {"authorization": "Basic d3NrOg=="}):
        response = node.http.request(method, filled, headers=headers)
        assert (response.status_code, response.json()["type"]) == (401, "urn:woshou:problem:unauthorized")
        assert (response.headers["www-authenticate"], response.headers["date"]) == ("Bearer", "Mon, 02 Mar 2026 01:00:00 GMT")


def test_exchange_rows_carry_no_person_for_anyone(node: Served):
    rows = node.http.get("/api/v1/exchanges", headers={"authorization": f"Bearer {node.key('clerk', XICHENG)}"}).json()["items"]
    assert rows
    assert not {"person", "person_index", "name", "document"} & rows[0].keys()


def test_bodies_are_for_the_countys_own_clerks_alone(node: Served):
    for role, place in (("clerk", "own"), ("system", "own"), ("coordinator", "own"), ("auditor", "above"), ("clerk", "above")):
        headers = {"authorization": f"Bearer {node.key(role, PLACES[place])}"}
        messages = node.http.get(f"/api/v1/exchanges/{an_id(1)}", headers=headers).json()["messages"]
        sees_people = (role, place) in {("clerk", "own"), ("system", "own")}
        assert {message["body"] is not None for message in messages} == {sees_people}


def test_a_revoked_key_opens_nothing(node: Served):
    key = node.key("auditor", CHAOYANG)
    with node.office.ledgers.transaction() as ledger:
        held = ledger.access.api_key(key.split("_")[1])
        assert held is not None
        ledger.access.save_api_key(replace(held, revoked_at=node.clock.now()))
    headers = {"authorization": f"Bearer {key}"}
    assert node.http.get("/api/v1/exchanges", headers=headers).status_code == 401
