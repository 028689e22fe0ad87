"""A clerk asks through the own node's API, over real HTTP or within one node, and is told what else can be done."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exchange.auditing.event import NODE_WIDE, Actor, ActorKind, of_entry, of_person
from exchange.certificates.limits import OF_KEY
from exchange.codes import CloseReason, Purpose, RegisterKind, Role
from exchange.ledger import Page
from exchange.moments import civil_day
from exchange.partners import PartnerStatus
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef
from exchange.people.register import EntryFact, EntryFactKind
from exchange.terms.agreement import Party, Standing
from tests.api.hand import problem
from tests.api.nodes import Neighbours, Served, neighbours, served
from tests.builders import (
    WUCHANG,
    WUCHANG_NODE,
    XICHENG,
    XICHENG_NODE,
    YUYANG,
    a_moment,
    a_person,
    an_agreement,
    an_id,
    an_id_number,
)
from tests.building.sealing import open_database
from tests.certificates.support import NUMBER, REVOKED, a_check, issued, living, put, verifying
from tests.jobs.offices import HandClock
from tests.life.two_nodes import LINK, a_node

ENTRY = an_id(101)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Neighbours]:
    """Xicheng on SQLite, where person 1 lives, and Wuchang, which issued a certificate to that person."""
    node = a_node(XICHENG_NODE, XICHENG)
    database = open_database(f"sqlite:///{tmp_path / 'xicheng.db'}", keyed=node.keyed)
    database.upgrade()
    with neighbours(tmp_path, HandClock(), xicheng=database) as both:
        put(both.wuchang.office.ledgers, both.wuchang.office.node, issued())
        put(database, node, living())
        yield both
    database.close()


def check(node: Served, **body: Any) -> Any:
    return node.post("/certificate-checks", {"number": NUMBER, **body}, status=200)


def refused(node: Served, **body: Any) -> tuple[int, str]:
    return problem(node.call("POST", "/certificate-checks", json={"number": NUMBER, **body}))[:2]


def facts(node: Served) -> list[EntryFact]:
    with node.office.ledgers.transaction(read_only=True) as ledger:
        ((_, facts),) = ledger.entries.counted(frozenset({XICHENG}), a_moment(10**6))
        return list(facts)


def open_entry(node: Served) -> None:
    """Tell when the entry was opened, so that the rate counts it."""
    with node.office.ledgers.transaction() as ledger:
        ledger.entries.add_facts([EntryFact(entry=ENTRY, what=EntryFactKind.OPENED, happened_at=a_moment(), known_at=a_moment())])


def test_a_clerk_asks_by_the_entry_and_both_sides_keep_who_asked(both):
    told = check(both.xicheng, entry=ENTRY)
    assert (told["answer"], told["zh"], told["query"], told["trouble"]) == ("valid", "证明有效。", None, None)
    (mine,) = both.xicheng.get("/certificate-checks", role="auditor", params={"role": "asker"})["items"]
    (theirs,) = both.wuchang.get("/certificate-checks", role="auditor")["items"]
    assert mine == {name: told[name] for name in mine}
    assert (mine["own"], mine["other"], mine["partner"], mine["entry"]) == (XICHENG, WUCHANG, WUCHANG_NODE, ENTRY)
    assert (theirs["id"], theirs["own"], theirs["other"], theirs["caller"]) == (mine["id"], WUCHANG, XICHENG, XICHENG_NODE)
    assert mine["caller"].startswith("key ")


def test_what_was_found_counts_in_the_rate(both):
    open_entry(both.xicheng)
    month = {"from": "2026-04-01", "to": "2026-04-30", "as_of": "2026-04-30T16:00:00.000Z"}
    both.xicheng.clock.move(timedelta(days=1))
    put(both.wuchang.office.ledgers, both.wuchang.office.node, issued(1, REVOKED))
    assert check(both.xicheng, entry=ENTRY)["answer"] == "not_valid"
    assert [fact.what for fact in facts(both.xicheng)] == [EntryFactKind.OPENED, EntryFactKind.CERTIFICATE_FOUND]
    assert facts(both.xicheng)[1].happened_at == both.xicheng.clock.now()
    both.xicheng.clock.move(timedelta(days=80))
    shown = both.xicheng.get("/rates", params=month, role="coordinator")
    (rate,) = [rate for rate in shown["figures"][0]["rates"] if rate["rate"] == "certificate_verification"]
    assert (rate["numerator"], rate["denominator"]) == (1, 1)


def test_unknown_and_cannot_say_are_no_finding(both):
    open_entry(both.xicheng)
    assert check(both.xicheng, entry=ENTRY, number="X-1")["answer"] == "unknown"
    put(both.wuchang.office.ledgers, both.wuchang.office.node, issued(1, None))
    told = check(both.xicheng, entry=ENTRY)
    assert [fact.what for fact in facts(both.xicheng)] == [EntryFactKind.OPENED]
    assert (told["answer"], told["query_days"]) == ("cannot_say", 7)


def test_where_the_machine_cannot_say_the_query_that_asks_people_is_prepared(both):
    put(both.wuchang.office.ledgers, both.wuchang.office.node, issued(1, None))
    told = check(both.xicheng, entry=ENTRY)
    started = both.xicheng.post("/exchanges", told["query"], status=201)
    assert (started["purpose"], started["items"], started["entry"]) == ("certificate_verification", ["certificate"], ENTRY)
    both.deliver()
    due = both.xicheng.get(f"/exchanges/{started['exchange']}")["due"]
    assert due == str(civil_day(both.xicheng.clock.now()) + timedelta(days=7))


def test_a_partner_that_cannot_be_reached_is_cannot_say_with_the_reason(tmp_path):
    with neighbours(tmp_path, HandClock()) as both:
        put(both.xicheng.office.ledgers, both.xicheng.office.node, living())
        with both.xicheng.office.ledgers.transaction() as ledger:
            known = ledger.partners.get(WUCHANG_NODE)
            assert known is not None
            away = "http://127.0.0.1:9"
            ledger.partners.save(
                replace(known, url=away, token_endpoint=f"{away}/oauth/token", agreements_endpoint=f"{away}/v1/agreements")
            )
        told = check(both.xicheng, entry=ENTRY)
        assert (told["answer"], told["trouble"]) == ("cannot_say", "partner-unavailable")
        assert told["query"]["items"] == ["certificate"]


def test_a_partner_that_refuses_is_cannot_say_with_its_word(both):
    with both.wuchang.office.ledgers.transaction() as ledger:
        for n in range(200):
            ledger.certificate_checks.add(a_check(1000 + n, certificate=f"c{n}", holder=f"h{n}", at=a_moment()))
    assert check(both.xicheng, entry=ENTRY)["trouble"] == "partner-unavailable"
    with both.wuchang.office.ledgers.transaction() as ledger:
        known = ledger.partners.get(XICHENG_NODE)
        assert known is not None
        ledger.partners.save(replace(known, status=PartnerStatus.SUSPENDED))
    told = check(both.xicheng, entry=ENTRY)
    assert (told["answer"], told["trouble"]) == ("cannot_say", "not-your-link")


def test_the_holders_own_application_is_a_ground_without_an_entry(both):
    holder = {"name": "王小明", "document": {"type": "id_number", "number": an_id_number(1)}}
    with both.xicheng.office.ledgers.transaction() as ledger:
        held = ledger.entries.get(ENTRY)
        assert held is not None
        ledger.entries.save([held.closed(CloseReason.RETURNED, a_moment(500))])
    asked = {"holder": holder, "issuer": WUCHANG}
    assert refused(both.xicheng, **asked) == (409, "no-ground")
    assert refused(both.xicheng, **asked, application_date="2026-03-03") == (409, "no-ground")
    told = check(both.xicheng, **asked, application_date="2026-03-02")
    assert (told["answer"], told["entry"], told["application_date"]) == ("valid", None, "2026-03-02")


def test_the_holders_open_entry_is_found_by_the_document(both):
    holder = {"name": "王小明", "document": {"type": "id_number", "number": an_id_number(1)}}
    told = check(both.xicheng, holder=holder)
    assert (told["answer"], told["entry"], told["other"]) == ("valid", ENTRY, WUCHANG)


def test_an_application_that_was_told_is_kept_beside_the_entry_and_stays_at_home(both):
    told = check(both.xicheng, entry=ENTRY, application_date="2026-03-02")
    assert (told["answer"], told["entry"], told["application_date"]) == ("valid", ENTRY, "2026-03-02")
    (theirs,) = both.wuchang.get("/certificate-checks", role="auditor")["items"]
    assert (theirs["entry"], theirs["application_date"]) == (ENTRY, None)
    assert refused(both.xicheng, entry=ENTRY, application_date="2026-03-03") == (409, "no-ground")


def test_only_an_open_inflow_entry_of_the_holder_that_names_the_issuer_is_a_ground(both):
    node, ledgers = both.xicheng.office.node, both.xicheng.office.ledgers
    other = {"name": "王小明", "document": {"type": "id_number", "number": an_id_number(2)}}
    assert refused(both.xicheng, entry=ENTRY, holder=other) == (409, "holder-differs")
    assert refused(both.xicheng, entry=ENTRY, issuer=YUYANG) == (409, "no-ground")
    assert refused(both.xicheng, entry=an_id(999)) == (404, "not-found")
    put(ledgers, node, living(1, register=RegisterKind.OUTFLOW, origin=XICHENG, destination=WUCHANG))
    assert refused(both.xicheng, entry=ENTRY) == (409, "no-ground")
    put(ledgers, node, living().closed(CloseReason.RETURNED, a_moment(500)))
    assert refused(both.xicheng, entry=ENTRY) == (409, "no-ground")
    put(ledgers, node, living(protected=True))
    assert refused(both.xicheng, entry=ENTRY) == (409, "entry-protected")
    put(ledgers, node, living(person=a_person(document=DocumentRef(type=DocumentType.NONE))))
    assert refused(both.xicheng, entry=ENTRY) == (422, "invalid")
    assert both.wuchang.get("/certificate-checks", role="auditor")["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"number": None},
        {"number": ""},
        {"number": "证-1"},
        {"number": NUMBER, "entry": "1"},
        {"number": NUMBER, "issuer": "42"},
        {"number": NUMBER, "issuer": "999999", "holder": {"name": "王", "document": {"type": "passport", "number": "E1234567"}}},
        {"number": NUMBER, "holder": {"name": "王"}},
        {"number": NUMBER, "holder": {"name": "\x07", "document": {"type": "id_number", "number": "110102199003070011"}}},
        {"number": NUMBER, "holder": {"name": "王", "document": {"type": "id_number", "number": "1101021990"}}},
        {"number": NUMBER, "application_date": "2026-02-30"},
        {"number": NUMBER},
        {"number": NUMBER, "surplus": 1},
    ],
)
def test_what_is_malformed_is_refused_before_anybody_is_asked(xicheng_alone, body):
    response = xicheng_alone.call("POST", "/certificate-checks", json=body)
    assert response.status_code in (409, 422), response.text
    assert NUMBER not in response.text


@pytest.fixture(scope="module")
def xicheng_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("alone") / "node", a_node(XICHENG_NODE, XICHENG), HandClock()) as node:
        yield node


def test_the_same_request_with_the_same_key_asks_once(both):
    headers = {"idempotency-key": "check-1"}
    first = both.xicheng.call("POST", "/certificate-checks", json={"entry": ENTRY, "number": NUMBER}, headers=headers)
    again = both.xicheng.call("POST", "/certificate-checks", json={"entry": ENTRY, "number": NUMBER}, headers=headers)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    other = both.xicheng.call("POST", "/certificate-checks", json={"entry": ENTRY, "number": "X-1"}, headers=headers)
    assert problem(other)[1] == "idempotency-key-reused"
    assert len(both.wuchang.get("/certificate-checks", role="auditor")["items"]) == 1


def test_a_key_that_missed_too_often_asks_nobody(both):
    key = both.xicheng.key("clerk", XICHENG).split("_")[1]
    with both.xicheng.office.ledgers.transaction() as ledger:
        for n in range(OF_KEY):
            ledger.certificate_checks.add(
                a_check(1000 + n, role=Role.ASKER, caller=f"key {key}", certificate=f"c{n}", holder=f"h{n}", at=a_moment())
            )
    response = both.xicheng.call("POST", "/certificate-checks", json={"entry": ENTRY, "number": NUMBER})
    assert problem(response) == (429, "too-many-misses", "later")
    assert response.headers["retry-after"] == "3600"
    body = {"entry": ENTRY, "number": NUMBER}
    assert both.xicheng.call("POST", "/certificate-checks", json=body, role="system").status_code == 200


@pytest.mark.parametrize("role", ["coordinator", "operator", "auditor"])
def test_who_sees_no_persons_checks_no_certificates(xicheng_alone, role):
    response = xicheng_alone.call("POST", "/certificate-checks", json={"entry": ENTRY, "number": NUMBER}, role=role)
    assert response.status_code == 403


def test_a_county_of_the_same_node_is_asked_without_a_wire_by_the_same_rules(tmp_path):
    node = replace(a_node(XICHENG_NODE, XICHENG), jurisdictions=frozenset({XICHENG, WUCHANG}))
    with served(tmp_path / "both", node, HandClock()) as home:
        terms = verifying(parties=[Party(node=node.name, jurisdiction=code) for code in (XICHENG, WUCHANG)])
        with home.office.ledgers.transaction() as ledger:
            ledger.links.add(LINK, node.name)
        put(home.office.ledgers, node, issued(), living())
        body = {"entry": ENTRY, "number": NUMBER}
        assert problem(home.call("POST", "/certificate-checks", json=body, of=XICHENG))[:2] == (403, "no-agreement")
        with home.office.ledgers.transaction() as ledger:
            ledger.agreements.add(an_agreement(agreement=terms, partner=node.name, standing=Standing.ACCEPTED))
        assert home.post("/certificate-checks", body, of=XICHENG)["answer"] == "valid"
        put(home.office.ledgers, node, issued(protected=True), issued(2))
        assert home.post("/certificate-checks", body, of=XICHENG)["answer"] == "unknown"
        with home.office.ledgers.transaction(read_only=True) as ledger:
            checks = [ledger.certificate_checks.find(role, [own], Page()) for role, own in SIDES]
        assert [[check.answer for check in each] for each in checks] == [["unknown", "valid"]] * 2
        assert checks[0][0].id == checks[1][0].id
        with home.office.ledgers.transaction(read_only=True) as ledger:
            mine, theirs = ([row.event for row in ledger.audit.rows(county)][-1] for county in (XICHENG, WUCHANG))
        assert theirs == replace(mine, jurisdiction=WUCHANG)
        assert of_entry(ENTRY) in theirs.subjects


SIDES = ((Role.ASKER, XICHENG), (Role.ASKED, WUCHANG))


def test_the_audit_tells_whose_certificate_was_checked_and_what_for(both):
    assert check(both.xicheng, entry=ENTRY)["answer"] == "valid"
    with both.xicheng.office.ledgers.transaction(read_only=True) as ledger:
        held = ledger.entries.get(ENTRY)
        told = [row.event for row in ledger.audit.rows(XICHENG)][-1]
    assert held is not None
    assert set(told.subjects) >= {of_entry(ENTRY), of_person(held.person_index)}
    assert (told.shown, told.purpose) == (("certificate",), Purpose.CERTIFICATE_VERIFICATION)
    with both.wuchang.office.ledgers.transaction(read_only=True) as ledger:
        theirs, whole = ([row.event for row in ledger.audit.rows(chain)][-1] for chain in (WUCHANG, NODE_WIDE))
    assert set(theirs.subjects) == {of_person(both.wuchang.office.node.person_index(held.person))}
    assert (theirs.actor, theirs.purpose) == (Actor(kind=ActorKind.PARTNER, id=XICHENG_NODE), Purpose.CERTIFICATE_VERIFICATION)
    assert whole == replace(theirs, jurisdiction=NODE_WIDE)
