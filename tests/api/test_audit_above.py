"""Who is told what of the audit and of findings: the county's own auditor, one above it, one of another county, the operator."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exchange.auditing.event import of_case, of_entry, of_exchange, of_person
from exchange.auditing.repeated import MOST_IN_A_DAY
from exchange.codes import Purpose
from exchange.ledger import Ledger
from exchange.verbs.auditing.watch_readings import note_repeated_readings
from tests.api.nodes import Neighbours, Served, served
from tests.api.test_protected import ask_about
from tests.builders import WUCHANG, XICHENG, a_finding, a_moment, an_entry, an_exchange, an_id, an_id_number
from tests.building.auditing import an_event
from tests.building.cases import a_case
from tests.building.waiting import until
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node
from tests.pages.support import signed_in

BEIJING, CHAOYANG = "110000", "110105"


def entered(node: Served, n: int) -> str:
    """Somebody whom Xicheng has entered."""
    person = {"name": "王芳", "document": {"type": "id_number", "number": an_id_number(n)}, "birth_date": "1990-03-07"}
    body = {"register": "outflow", "origin": XICHENG, "destination": WUCHANG, "person": person}
    made: str = node.post("/entries", body, of=XICHENG, status=201)["id"]
    return made


def protect(node: Served, entry: str) -> None:
    """A clerk of Xicheng protects somebody on the page."""
    clerk = signed_in(node, f"c{entry[-4:]}", of=XICHENG)
    clerk.get(f"/entries/{entry}/public_service")
    assert "解除保护" in clerk.post(f"/entries/{entry}/public_service/protection", protected="yes", version="1").text


def note_reading(node: Served, county: str) -> None:
    """Somebody of a county was read 11 times yesterday, as the night notes it."""
    now = node.clock.now()
    event = an_event(jurisdiction=county, subjects=(index_in(county),))
    with node.office.ledgers.transaction() as ledger:
        ledger.audit.append([replace(event, at=now - timedelta(days=1, minutes=n)) for n in range(MOST_IN_A_DAY + 1)])
        note_repeated_readings(ledger, now)


def index_in(county: str) -> str:
    return of_person(f"index-of-somebody-in-{county}")


def document(n: int) -> dict[str, Any]:
    return {"document": {"type": "id_number", "number": an_id_number(n)}}


def audit(node: Served, of: str, **params: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = node.get("/audit", role="auditor", of=of, params=params)["items"]
    return rows


def test_an_auditor_above_the_county_does_not_find_who_is_protected(both: Neighbours):
    node = both.xicheng
    entries = [entered(node, n) for n in (1, 3)]
    protect(node, entries[1])
    exchange = ask_about(both, 3)
    refused = node.call("POST", f"/exchanges/{exchange}/pairing", json={"entry": entries[1]})
    assert refused.json()["type"] == "urn:woshou:problem:entry-protected"
    assert until(lambda: "entry-protected" in {row["problem"] for row in audit(node, XICHENG)})
    own, above = audit(node, XICHENG), audit(node, BEIJING)
    # The county's own auditor sees what was done to whom, which is what the audit is for.
    assert of_entry(entries[1]) in next(row for row in own if row["action"] == "protect_one")["subjects"]
    named = [
        subject for row in above for subject in row["subjects"] if subject.startswith(("entry:", "exchange:", "person:", "case:"))
    ]
    assert named == []
    assert [word for word in ("protect", "enter_person", *entries, exchange) if word in str(above)] == []
    kept = [row for row in above if row["action"] == "keep_register"]
    assert [(row["withheld"], row["count"], row["actor"]["role"]) for row in kept] == [(2, 1, "clerk")] * 3
    pairing = next(row for row in above if row["action"] == "pair_exchange")
    assert (pairing["outcome"], pairing["problem"], pairing["jurisdiction"]) == ("refused", "conflict", XICHENG)


def test_from_above_a_protection_looks_like_a_closing(both: Neighbours):
    node = both.xicheng
    closed, protected = (entered(node, n) for n in (1, 2))
    clerk = signed_in(node, of=XICHENG)
    forms = {closed: ("closing", {"reason": "returned"}), protected: ("protection", {"protected": "yes"})}
    for entry, (form, fields) in forms.items():
        clerk.get(f"/entries/{entry}/public_service")
        assert clerk.post(f"/entries/{entry}/public_service/{form}", version="1", **fields).status_code == 200

    def told(of: str, *actions: str) -> list[dict[str, Any]]:
        rows = [row for action in actions for row in audit(node, of, action=action, actor="a-wang")]
        assert len(rows) == 2
        return [{name: row[name] for name in row.keys() - {"id", "sequence", "at", "subjects"}} for row in rows]

    protection, closing = told(BEIJING, "keep_register")
    assert protection == closing
    assert [row["action"] for row in told(XICHENG, "protect_one", "close_one")] == ["protect_one", "close_one"]


def test_an_auditor_above_the_county_asks_neither_about_a_person_nor_about_a_record(both: Neighbours):
    node = both.xicheng
    entry = entered(node, 1)
    for n in (1, 2):
        asked = node.call("POST", "/audit/search", role="auditor", of=BEIJING, json=document(n))
        assert (asked.status_code, asked.json()["type"]) == (403, "urn:woshou:problem:forbidden")
    for subject in (of_entry(entry), of_entry(an_id(9)), of_person("x" * 43), "batch:x"):
        assert node.call("GET", "/audit", role="auditor", of=BEIJING, params={"subject": subject}).status_code == 403
    assert audit(node, XICHENG, subject=of_entry(entry)) != []
    assert audit(node, BEIJING, action="protect_one") == audit(node, BEIJING, action="enter_person") == []
    assert [row["action"] for row in audit(node, BEIJING, action="keep_register")] == ["keep_register"]
    assert audit(node, XICHENG, action="keep_register") == []


def test_no_row_is_told_with_a_digest_of_what_is_withheld(both: Neighbours):
    entered(both.xicheng, 1)
    rows = audit(both.xicheng, BEIJING) + audit(both.xicheng, XICHENG)
    assert [row for row in rows if {"digest", "previous"} & row.keys()] == []
    with both.xicheng.office.ledgers.transaction(read_only=True) as ledger:
        digests = [row.digest for row in ledger.audit.rows(XICHENG)]
    assert [digest for digest in digests if digest in str(rows)] == []


def test_the_audit_forgets_what_a_birth_registration_was_when_everything_else_does(xicheng: Served):
    person = index_of(xicheng, 1)
    event = an_event(subjects=(of_exchange(an_id(1)), person), purpose=Purpose.BIRTH_REGISTRATION)
    with xicheng.office.ledgers.transaction() as ledger:
        ledger.audit.append([event])

    def purposes() -> list[list[str]]:
        listed = [*audit(xicheng, XICHENG, action="read_entry"), *audit(xicheng, BEIJING, action="read_entry")]
        found = xicheng.post("/audit/search", document(1), role="auditor")["items"]
        return [[row["purpose"] for row in rows if row["action"] == "read_entry"] for rows in (listed, found)]

    def on_the_page() -> bool:
        return "生育登记" in reader.get("/audit", action="read_entry").text

    reader = signed_in(xicheng, "audi", role="auditor")
    assert (purposes(), on_the_page()) == ([["birth_registration"] * 2, ["birth_registration"]], True)
    xicheng.clock.move(timedelta(days=89))
    assert purposes() == [["birth_registration"] * 2, ["birth_registration"]]
    xicheng.clock.move(timedelta(days=1))
    reader = signed_in(xicheng, "later", role="auditor")
    assert (purposes(), on_the_page()) == ([["public_service"] * 2, ["public_service"]], False)
    # Nor do the questions that were asked meanwhile, which showed it.
    assert "birth_registration" not in str(audit(xicheng, XICHENG))
    with xicheng.office.ledgers.transaction(read_only=True) as ledger:
        assert next(iter(ledger.audit.rows(XICHENG))).event == event


def index_of(node: Served, n: int) -> str:
    return of_person(node.office.node.person_index(an_entry(n).person))


@pytest.fixture
def beijing(tmp_path: Path) -> Iterator[Served]:
    """One node of two counties, with somebody in each who was entered and read."""
    serving = replace(a_node("beijing.example", XICHENG), jurisdictions=frozenset({XICHENG, CHAOYANG}))
    with served(tmp_path / "beijing", serving, HandClock()) as node:
        with node.office.ledgers.transaction() as ledger:
            for n, county in ((1, XICHENG), (2, CHAOYANG)):
                entry = an_entry(n, jurisdiction=county, origin=county)
                ledger.entries.add([replace(entry, person_index=node.office.node.person_index(entry.person))])
        for n, county in ((1, XICHENG), (2, CHAOYANG)):
            node.get(f"/entries/{an_id(n)}", of=county)
        yield node


def test_nobody_is_told_from_somebody_in_another_county(beijing: Served):
    def answers(n: int) -> list[tuple[int, str | bool]]:
        found = beijing.call("POST", "/audit/search", role="auditor", of=XICHENG, json=document(n))
        page = reader.post("/audit/person", document__type="id_number", document__number=an_id_number(n))
        return [(found.status_code, found.text), (page.status_code, "没有这样的记录" in page.text)]

    reader = signed_in(beijing, "audi", role="auditor", of=XICHENG)
    reader.get("/audit/person")
    # 2 lives in Chaoyang alone, 5 nowhere.
    first = {n: answers(n) for n in (2, 5)}
    assert first[2][0] == first[5][0] == (200, '{"items":[],"next":null}')
    # The search on the page finds that it was asked for before, on both.
    told = [
        {name: row[name] for name in ("action", "subjects", "withheld", "count", "purpose", "shown")} for row in rows(beijing)
    ]
    assert told[:2] == told[2:]
    assert [row["subjects"] for row in told] == [[]] * 4
    known = beijing.post("/audit/search", document(1), role="auditor", of=XICHENG)["items"]
    assert [row["action"] for row in known] == ["read_entry"]
    for n in (2, 5):
        assert beijing.office.node.person_index(an_entry(n).person) not in str(audit(beijing, XICHENG))


def rows(node: Served) -> list[dict[str, Any]]:
    asked = ("search_audit", "search_audit_for_person")
    return sorted((row for action in asked for row in audit(node, XICHENG, action=action)), key=lambda row: int(row["sequence"]))


def test_a_finding_about_readings_is_for_who_audits_the_county(beijing: Served):
    for county in (XICHENG, CHAOYANG):
        note_reading(beijing, county)

    def told(role: str, of: str) -> list[tuple[str, str]]:
        found = beijing.get("/findings", role=role, of=of)["items"]
        return sorted((row["subject"].split()[0], row["detail"].partition(": ")[2]) for row in found)

    assert told("auditor", XICHENG) == [(XICHENG, index_in(XICHENG))]
    assert told("auditor", CHAOYANG) == [(CHAOYANG, index_in(CHAOYANG))]
    without = [(XICHENG, ""), (CHAOYANG, "")]
    assert told("auditor", BEIJING) == told("operator", BEIJING) == told("operator", XICHENG) == without
    for role, of in (("auditor", BEIJING), ("operator", XICHENG)):
        answer = beijing.call("GET", "/findings", role=role, of=of, params={"limit": 1})
        assert "index-of" not in answer.text
        assert f"key {an_event().actor.id}" in answer.text


def some_of_each(ledger: Ledger) -> None:
    """An exchange, a case and an entry of Chaoyang, and one finding each that is about one of them, or about both counties."""
    ledger.exchanges.add([an_exchange(7, own=CHAOYANG)])
    ledger.cases.add(a_case(7, jurisdiction=CHAOYANG))
    subjects = {
        "figures-differ": an_id(7),
        "rates-differ": f"{an_id(7)} asker 1",
        "commitment-contradicted": f"case {an_id(7)}",
        "coarse-in-two-destinations": an_id(2),
        "in-two-inflow-registers": f"{an_id(1)} {an_id(2)}",
        "certificate-guessing": f"certificate checks {CHAOYANG} {WUCHANG}",
        "registers-differ-too-much": f"registers {WUCHANG} {CHAOYANG}",
        "frozen-report-differs": f"report {CHAOYANG} 2026-02 edition 1",
        "restored-without-agreement": an_id(77),  # which these books do not hold
        "clock-skew": "batch 4",
        "ledger-unsettled": f"link {an_id(90)}",
    }
    ledger.chores.add_findings(
        [a_finding(n, kind=kind, subject=subject) for n, (kind, subject) in enumerate(subjects.items(), 1)]
    )


def test_findings_about_another_countys_matters_are_not_shown_and_pages_of_them_leave_none_out(beijing: Served):
    with beijing.office.ledgers.transaction() as ledger:
        some_of_each(ledger)
        ledger.chores.add_findings([a_finding(n, kind="due-differs", subject=an_id(7)) for n in range(20, 40)])

    def kinds(role: str, of: str, limit: int) -> set[str]:
        found, cursor = list[str](), None
        while True:
            params = {"limit": limit, **({"cursor": cursor} if cursor else {})}
            page = beijing.get("/findings", role=role, of=of, params=params)
            found += [row["id"] + " " + row["kind"] for row in page["items"]]
            cursor = page["next"]
            if cursor is None:
                assert len(found) == len(set(found))
                return {each.split()[1] for each in found}

    both = {"in-two-inflow-registers", "restored-without-agreement"}
    nodes = {"clock-skew", "ledger-unsettled"}
    assert kinds("auditor", XICHENG, 1) == kinds("auditor", XICHENG, 100) == nodes
    everything = kinds("operator", XICHENG, 100)
    assert len(everything) == 12
    assert kinds("auditor", CHAOYANG, 3) == everything - both
    assert kinds("auditor", BEIJING, 3) == everything


def test_the_audit_tells_of_a_case_as_the_case_does(xicheng: Served):
    with xicheng.office.ledgers.transaction() as ledger:
        ledger.cases.add(a_case(1, finished_at=a_moment()))
        ledger.audit.append([an_event(day=80, subjects=(of_case(an_id(1)),), purpose=Purpose.BIRTH_REGISTRATION)])
    for days, purpose in ((89, "birth_registration"), (1, "public_service")):
        xicheng.clock.move(timedelta(days=days))
        assert [row["purpose"] for row in audit(xicheng, XICHENG, action="read_entry")] == [purpose]
        assert xicheng.get(f"/cases/{an_id(1)}", role="coordinator")["service"] == purpose
