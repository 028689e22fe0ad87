"""Each request leaves its row: every operation of the API, done or refused, and who saw whom."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.auditing.flood import EACH_A_MINUTE, KNOWN_A_MINUTE
from adapters.auditing.ledgers import AuditedLedgers
from adapters.keys.tokens import access_token
from api.describing.published import render
from exchange.auditing.event import NODE_WIDE, ActorKind, AuditEvent, of_entry, of_exchange, of_person
from exchange.codes import Purpose
from exchange.ledger import AuditFilter, Ledger, LedgerBusy, Page, Within
from exchange.partners import PartnerStatus
from exchange.verbs.auditing.verify import chains, verify_chain
from exchange.wire.message import write_message
from tests.api.nodes import Served, served
from tests.builders import (
    WUCHANG,
    XICHENG,
    XICHENG_NODE,
    a_conversation,
    a_message,
    a_partner,
    a_query,
    an_entry,
    an_exchange,
    an_id,
    judged,
)
from tests.building.waiting import until
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node

OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in json.loads(render())["paths"].items()
    for method, operation in item.items()
}
# Where nobody is named to write to, there is none.
PUBLIC = {"GET /.well-known/security.txt"}
UNTOLD = {"GET /healthz", "GET /readyz", "GET /metrics", "GET /.well-known/migrant-exchange", "GET /.well-known/jwks.json"}
NUMBER = "110102199003070011"


def rows_of(node: Served, **wanted: object) -> list[AuditEvent]:
    """The rows as they were written, the first one first; refusals come a moment after their answer."""
    asked = AuditFilter(jurisdictions=frozenset({NODE_WIDE, XICHENG, "110105"}), **wanted)  # type: ignore[arg-type] # by name
    with node.office.ledgers.transaction(read_only=True) as ledger:
        return [row.event for row in ledger.audit.find(asked, Page(limit=1000))][::-1]


def awaited(node: Served, count: int, **wanted: object) -> list[AuditEvent]:
    until(lambda: len(rows_of(node, **wanted)) >= count)
    return rows_of(node, **wanted)


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("audit") / "node", a_node(XICHENG_NODE, XICHENG), HandClock()) as node:
        with node.office.ledgers.transaction() as ledger:
            ledger.partners.save(a_partner(node="wuchang.example", status=PartnerStatus.ACTIVE))
        yield node


def partners_token(node: Served) -> str:
    office = node.office
    scopes = ["exchange", "reconcile", "check"]
    return access_token(office.node.name, "wuchang.example", scopes, office.now(), office.signing_key())[0]


def called(node: Served, name: str, token: str) -> int:
    method, path = name.split()
    for part in ("entry", "exchange", "case", "id", "comparison", "reconciliation", "escalation"):
        path = path.replace(f"{{{part}}}", an_id(1))
    known = {
        "node": "wuchang.example",
        "code": WUCHANG,
        "other": WUCHANG,
        "year": "2027",
        "rate": "handshake",
        "report": "feedback",
    }
    for part, value in {**known, "worklist": "to_answer", "layout": "outflow", "digest": "A" * 43, "sequence": "1"}.items():
        path = path.replace(f"{{{part}}}", value)
    assert "{" not in path or "agreement_id" in path, path
    path = path.replace("{agreement_id}", an_id(1))
    return node.http.request(method, path, headers={"authorization": f"Bearer {token}"} if token else {}).status_code


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - UNTOLD - PUBLIC))
def test_every_operation_leaves_a_row_with_a_known_caller_and_with_a_stranger(every: Served, name: str):
    action = OPERATIONS[name]["operationId"]
    partners = "Partner" in OPERATIONS[name]["tags"]
    before = len(rows_of(every, actions=frozenset({action})))
    # Far from the others, so that none of them counts as one of a flood.
    every.clock.move(timedelta(minutes=2))
    stranger = called(every, name, "")
    # Where a partner gets its token it has none yet.
    nobody = name == "POST /oauth/token"
    key = "" if nobody else partners_token(every) if partners else every.key("coordinator", XICHENG)
    known = called(every, name, key)
    rows = awaited(every, before + 2, actions=frozenset({action}))[before:]
    assert len(rows) == 2, [row.problem for row in rows]
    first, second = sorted(rows, key=lambda row: row.actor.kind is not ActorKind.UNKNOWN)
    assert first.actor.kind is ActorKind.UNKNOWN
    assert first.problem == ("invalid" if name == "POST /oauth/token" else "unauthorized")
    assert stranger == (422 if name == "POST /oauth/token" else 401)
    if partners and not nobody:
        assert (second.actor.kind, second.actor.id, second.jurisdiction) == (ActorKind.PARTNER, "wuchang.example", NODE_WIDE)
        assert (second.problem is None) is (known < 400)
    elif not partners:
        assert (second.actor.kind, second.actor.role, second.jurisdiction) == (ActorKind.KEY, "coordinator", XICHENG)
        assert (second.problem is None) is (known < 400)
    assert second.shown == ()


@pytest.mark.parametrize("name", sorted(UNTOLD))
def test_what_is_about_nobody_and_asked_all_the_time_leaves_none(every: Served, name: str):
    before = len(rows_of(every, refused=False))
    assert called(every, name, every.key("operator", XICHENG)) == 200
    assert len(rows_of(every, refused=False)) == before


def test_the_chains_hold(every: Served):
    with every.office.ledgers.transaction(read_only=True) as ledger:
        assert [fault for head in chains(ledger) for fault in verify_chain(ledger, head, lambda _: True)] == []


@pytest.fixture
def node(xicheng: Served) -> Served:
    entry = an_entry(1)
    with xicheng.office.ledgers.transaction() as ledger:
        link = ledger.links.add(an_id(90), "wuchang.example").id
        index = xicheng.office.node.person_index(entry.person)
        ledger.entries.add([replace(entry, person_index=index)])
        ledger.messages.add([judged(a_message(1, link=link, line=write_message(a_query())))])
        ledger.exchanges.add([an_exchange(1, link=link, conversation=a_conversation(), entry=an_id(1))])
    return xicheng


def index_of(node: Served) -> str:
    return of_person(node.office.node.person_index(an_entry(1).person))


def test_reading_an_entry_tells_who_saw_whom_and_what(node: Served):
    node.get(f"/entries/{an_id(1)}", headers={"Purpose": "benefit"})
    (row,) = rows_of(node)
    assert (row.action, row.purpose, row.problem, row.masked) == ("read_entry", Purpose.BENEFIT, None, False)
    assert set(row.subjects) == {of_entry(an_id(1)), index_of(node)}
    assert "person" in row.shown
    assert (row.actor.kind, row.actor.role, row.jurisdiction) == (ActorKind.KEY, "clerk", XICHENG)


def test_a_listing_tells_of_everyone_on_the_page(node: Served):
    node.get("/entries")
    (row,) = rows_of(node)
    assert set(row.subjects) == {of_entry(an_id(1)), index_of(node)}
    assert row.count == 1


def test_a_search_is_told_by_the_blind_index_also_where_nobody_is_found(node: Served):
    node.post("/entries/search", {"document": {"type": "id_number", "number": NUMBER}})
    (row,) = rows_of(node)
    assert [subject.split(":")[0] for subject in row.subjects] == ["person"]
    assert NUMBER not in str(row)
    assert row.shown == ()


def test_an_exchange_whose_persons_are_withheld_is_told_as_masked_and_with_its_own_purpose(node: Served):
    node.get(f"/exchanges/{an_id(1)}")
    node.get(f"/exchanges/{an_id(1)}", role="coordinator")
    shown, masked = rows_of(node)
    assert of_exchange(an_id(1)) in shown.subjects
    assert any(subject.startswith("person:") for subject in shown.subjects)
    assert ("person" in shown.shown, shown.masked, shown.purpose) == (True, False, Purpose.PUBLIC_SERVICE)
    assert (masked.subjects, masked.shown, masked.masked) == ((of_exchange(an_id(1)),), (), True)


def test_a_sheet_of_a_register_tells_of_everyone_in_it(node: Served):
    assert node.call("GET", "/exports/entries?register=outflow").status_code == 200
    (row,) = rows_of(node)
    assert set(row.subjects) == {of_entry(an_id(1)), index_of(node)}
    assert "person" in row.shown


def test_a_change_is_told_in_its_own_transaction_with_the_person(node: Served):
    person = {"name": "王芳", "document": {"type": "id_number", "number": NUMBER}, "sex": "2", "birth_date": "1990-03-07"}
    body = {"register": "outflow", "origin": XICHENG, "destination": WUCHANG, "person": person}
    headers = {"idempotency-key": "once"}
    made = node.post("/entries", body, headers=headers, status=201)
    again = node.post("/entries", body, headers=headers)
    assert made == again
    first, second = rows_of(node)
    assert (first.action, second.action) == ("enter_person", "enter_person")
    assert of_entry(made["id"]) in first.subjects
    assert "王芳" not in str(first)


def test_a_refused_change_leaves_nothing_but_its_refusal(node: Served):
    body = {"register": "outflow", "origin": WUCHANG, "destination": WUCHANG, "person": {"name": "王芳"}}
    assert node.call("POST", "/entries", json=body).status_code == 422
    (row,) = awaited(node, 1)
    assert (row.problem, row.subjects) == ("invalid", ())
    assert len(list(node.get("/entries")["items"])) == 1


def test_a_purpose_that_is_none_is_refused(node: Served):
    assert node.call("GET", "/entries", headers={"Purpose": "curiosity"}).status_code == 422


def test_a_number_in_an_address_is_not_told(node: Served):
    assert node.call("GET", f"/entries/{NUMBER}").status_code in (404, 422)
    (row,) = awaited(node, 1)
    assert row.subjects == ()


def test_a_flood_of_strangers_is_counted_in_one_row(node: Served):
    for _ in range(EACH_A_MINUTE + 7):
        assert node.http.get("/api/v1/entries").status_code == 401
    assert len(awaited(node, EACH_A_MINUTE)) == EACH_A_MINUTE
    node.clock.move(timedelta(minutes=2))
    rows = awaited(node, EACH_A_MINUTE + 1)
    assert [(row.action, row.problem, row.count) for row in rows[EACH_A_MINUTE:]] == [("many", "unauthorized", 7)]


def test_a_flood_of_a_known_caller_is_counted_in_one_row_by_reason(node: Served):
    for _ in range(KNOWN_A_MINUTE + 7):
        assert node.call("GET", f"/entries/{an_id(9)}").status_code == 404
    assert node.call("GET", "/entries", params={"limit": "x"}).status_code == 422
    assert len(awaited(node, KNOWN_A_MINUTE + 1)) == KNOWN_A_MINUTE + 1
    node.clock.move(timedelta(minutes=2))
    rows = [row for row in awaited(node, KNOWN_A_MINUTE + 2) if row.action == "many"]
    assert [(row.problem, row.count, row.actor.kind, row.jurisdiction) for row in rows] == [
        ("not-found", 7, ActorKind.KEY, XICHENG)
    ]


class Locked(AuditedLedgers):
    """Ledgers of which somebody else holds the lock."""

    @contextmanager
    def transaction(self, *, read_only: bool = False, within: Within | None = None) -> Iterator[Ledger]:
        if not read_only:
            raise LedgerBusy
        with self.unaudited.transaction(read_only=True, within=within) as ledger:
            yield ledger


def test_what_cannot_be_told_is_not_shown(node: Served):
    held = node.office.ledgers
    node.key("clerk", XICHENG)
    node.office.ledgers = Locked(held)
    try:
        response = node.call("GET", f"/entries/{an_id(1)}")
    finally:
        node.office.ledgers = held
    assert response.status_code == 503
    assert "person" not in response.text


def test_an_auditor_sees_who_saw_a_person_and_that_is_told_as_well(node: Served):
    document = {"type": "id_number", "number": an_entry(1).person.document.number}
    node.get(f"/entries/{an_id(1)}")
    found = node.post("/audit/search", {"document": document}, role="auditor")["items"]
    assert [(row["action"], row["actor"]["role"]) for row in found] == [("read_entry", "clerk")]
    listed = node.get("/audit", role="auditor", params={"action": "search_audit"})["items"]
    # Whom it was about is told to nobody who asks: it would be the index of whoever one thinks of.
    assert [(row["subjects"], row["withheld"]) for row in listed] == [([], 1)]
    assert [row["action"] for row in node.get("/audit", role="auditor")["items"]] == ["list_audit", "search_audit", "read_entry"]


def test_an_auditor_of_one_county_reads_neither_another_county_nor_what_concerns_both(tmp_path):
    serving = replace(a_node("beijing.example", XICHENG), jurisdictions=frozenset({XICHENG, "110105"}))
    with served(tmp_path / "node", serving, HandClock()) as node:
        node.get("/entries", of="110105")
        node.get("/exchanges", of="110000", role="coordinator")

        def chains_of(place: str) -> set[str]:
            return {row["jurisdiction"] for row in node.get("/audit", role="auditor", of=place)["items"]}

        node.get("/audit", role="auditor", of=XICHENG)
        assert chains_of(XICHENG) == {XICHENG}
        assert chains_of("110105") == {"110105"}
        assert chains_of("110000") == {XICHENG, "110105", NODE_WIDE}
