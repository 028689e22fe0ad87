"""Signed ends of days go from node to node, and who rewrites its audit is found by what the other holds."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from adapters.auditing.handing import HEADS_DIFFER, hand_over, proves, recall
from adapters.keys import jose
from adapters.office import Office
from adapters.partner_http import PartnerClient, PartnerRefused
from adapters.reconciling.ledgers import FALSE_AUDIT_HEADS
from exchange.auditing.event import of_entry
from exchange.auditing.heads import (
    HEAD_TYPE,
    HELD_DAYS,
    MOST_HEADS,
    AuditHead,
    AuditHeadMalformed,
    SignedHead,
    WitnessedHead,
    read_head,
    read_heads,
)
from exchange.auditing.repeated import MOST_IN_A_DAY
from exchange.auditing.verifying import FaultKind
from exchange.errors import NotAuthentic
from exchange.ledger import Page
from exchange.moments import civil_day
from exchange.partners import Partner
from exchange.verbs.auditing.verify import chains, verify_chain
from jobs.auditing.seal_days import seal_days
from jobs.runner import on_shift
from tests.api.nodes import Neighbours, Served
from tests.api.restoring import reconcile
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_day, an_entry, an_id
from tests.building.auditing import an_event


def sealed(node: Served) -> str:
    with on_shift(node.office, PartnerClient(node.office, node.http)) as shift:
        return seal_days(shift)


def faults(node: Served) -> list[FaultKind]:
    with node.office.ledgers.transaction(read_only=True) as ledger:
        return [
            fault.kind
            for head in chains(ledger)
            for fault in verify_chain(ledger, head, lambda signed: proves(node.office, signed))
        ]


def findings(node: Served, kind: str) -> int:
    with node.office.ledgers.transaction(read_only=True) as ledger:
        return sum(finding.kind == kind for finding in ledger.chores.findings(Page(limit=1000)))


@pytest.fixture
def told(both: Neighbours) -> Neighbours:
    """Both nodes after a day on which somebody read something, and its night."""
    both.xicheng.get("/entries")
    both.wuchang.get("/entries")
    both.xicheng.clock.move(timedelta(days=1))
    assert sealed(both.xicheng).startswith("2 days signed")
    assert sealed(both.wuchang).startswith("2 days signed")
    reconcile(both.xicheng)
    return both


def test_a_signed_head_is_signed_by_the_node_and_says_no_more_than_the_end(told: Neighbours):
    listed = told.xicheng.get("/audit/heads", role="auditor")["items"]
    assert [head["jurisdiction"] for head in listed] == ["", XICHENG]
    keys = {key.public.kid: key.public for key in told.xicheng.office.keyring.index.keys}
    payload = jose.verify(listed[1]["jws"], typ=HEAD_TYPE, find_key=keys.get).payload
    head = read_head(payload, XICHENG_NODE)
    assert set(head.__struct_fields__) == {"node", "jurisdiction", "day", "rows", "digest", "previous_day", "previous"}
    assert (head.jurisdiction, head.digest) == (XICHENG, listed[1]["digest"])


def test_each_side_holds_the_others_heads_and_gets_its_own_back(told: Neighbours):
    reconcile(told.wuchang)
    reconcile(told.xicheng)
    for node, partner in ((told.xicheng, WUCHANG_NODE), (told.wuchang, XICHENG_NODE)):
        with node.office.ledgers.transaction(read_only=True) as ledger:
            mine = {(head.jurisdiction, head.digest) for head in ledger.audit.latest_signed()}
            held = {(each.head.jurisdiction, each.head.digest) for each in ledger.audit.witnessed(ours=True, partner=partner)}
            theirs = {each.head.jurisdiction for each in ledger.audit.witnessed(ours=False, partner=partner)}
        assert held == mine
        assert theirs == {"", WUCHANG if node is told.xicheng else XICHENG}
        assert faults(node) == []


def test_who_rewrites_the_chain_and_signs_it_anew_is_found_by_what_the_partner_holds(told: Neighbours):
    reconcile(told.wuchang)
    office = told.xicheng.office
    books = office.ledgers.unaudited._books  # type: ignore[attr-defined] # an administrator has hands on the books
    books.audit_rows = {key: row for key, row in books.audit_rows.items() if key[0] != XICHENG}
    del books.audit_heads[XICHENG]
    books.audit_signed = {key: head for key, head in books.audit_signed.items() if key[0] != XICHENG}
    books.audit_witnessed.clear()
    with office.ledgers.transaction() as ledger:
        ledger.audit.append([replace(an_event(1), at=told.xicheng.clock.now() - timedelta(days=1))])
    sealed(told.xicheng)
    assert faults(told.xicheng) == [], "in itself the new chain holds"
    with office.ledgers.transaction(read_only=True) as ledger:
        partner = ledger.partners.get(WUCHANG_NODE)
    assert partner is not None
    hand_over(office, PartnerClient(office, told.xicheng.http), partner)
    assert faults(told.xicheng) == [FaultKind.NOT_AS_WITNESSED]
    assert findings(told.wuchang, HEADS_DIFFER) == 1


def test_a_head_that_does_not_go_on_from_what_the_partner_holds_is_a_finding_there(told: Neighbours):
    """Who rewrites an earlier day need not sign that one again: the next one shows it."""
    books = told.xicheng.office.ledgers.unaudited._books  # type: ignore[attr-defined] # an administrator has hands on the books
    for key, head in list(books.audit_signed.items()):
        books.audit_signed[key] = replace(head, digest="A" * 43)
    told.xicheng.clock.move(timedelta(days=1))
    told.xicheng.get("/entries")
    told.xicheng.clock.move(timedelta(days=1))
    sealed(told.xicheng)
    reconcile(told.xicheng)
    assert findings(told.wuchang, HEADS_DIFFER) >= 1


def test_an_audit_that_goes_on_is_no_finding(told: Neighbours):
    for _ in range(3):
        told.xicheng.get("/entries")
        told.xicheng.clock.move(timedelta(days=1))
        sealed(told.xicheng)
        reconcile(told.xicheng)
    assert findings(told.wuchang, HEADS_DIFFER) == 0
    assert findings(told.xicheng, HEADS_DIFFER) == 0


def test_false_heads_are_a_finding_and_stop_nothing(told: Neighbours):
    books = told.wuchang.office.ledgers.unaudited._books  # type: ignore[attr-defined] # what a crooked partner would hold
    for key, head in list(books.audit_signed.items()):
        books.audit_signed[key] = replace(head, jws=told.xicheng.office.documents.current())
    assert reconcile(told.xicheng).heads is not None
    assert findings(told.xicheng, FALSE_AUDIT_HEADS) == 1
    with told.xicheng.office.ledgers.transaction(read_only=True) as ledger:
        partner = ledger.partners.get(WUCHANG_NODE)
    assert partner is not None
    with pytest.raises(NotAuthentic):
        hand_over(told.xicheng.office, PartnerClient(told.xicheng.office, told.xicheng.http), partner)


def test_a_head_of_another_node_is_refused(told: Neighbours):
    office = told.xicheng.office
    with office.ledgers.transaction(read_only=True) as ledger:
        head = ledger.audit.latest_signed()[0]
        partner = ledger.partners.get(WUCHANG_NODE)
    assert partner is not None
    payload = jose.read_unverified(head.jws).payload
    with pytest.raises(AuditHeadMalformed):
        read_head(payload, WUCHANG_NODE)
    client = PartnerClient(office, told.xicheng.http)
    with pytest.raises(PartnerRefused) as refused:
        client.audit_heads(partner, b'{"heads":["' + head.jws.encode() + b'x"],"held":[]}')
    assert refused.value.status == 400


def wiped(node: Served) -> None:
    books = node.office.ledgers.unaudited._books  # type: ignore[attr-defined] # an administrator has hands on the books
    for kept in (books.audit_rows, books.audit_heads, books.audit_signed, books.audit_witnessed):
        kept.clear()


def wuchang_of(office: Office) -> Partner:
    with office.ledgers.transaction(read_only=True) as ledger:
        partner = ledger.partners.get(WUCHANG_NODE)
    assert partner is not None
    return partner


def test_who_lost_the_whole_audit_is_told_of_all_days_however_long_ago(told: Neighbours):
    reconcile(told.wuchang)
    wiped(told.xicheng)
    told.xicheng.clock.move(timedelta(days=2 * HELD_DAYS))
    office = told.xicheng.office
    client, partner = PartnerClient(office, told.xicheng.http), wuchang_of(office)
    hand_over(office, client, partner)
    assert faults(told.xicheng) == [], "the nights tell of the last month alone"
    assert recall(office, client, partner) == a_day()
    assert set(faults(told.xicheng)) == {FaultKind.NOT_AS_WITNESSED}


def test_what_one_answer_does_not_hold_comes_with_the_next(told: Neighbours):
    office, today = told.xicheng.office, civil_day(told.xicheng.clock.now())
    sign, first = office.signer(HEAD_TYPE), today - timedelta(days=150)
    held = []
    for county in ("", XICHENG):
        for day in (first + timedelta(days=n) for n in range(150)):
            head = AuditHead(
                node=XICHENG_NODE, jurisdiction=county, day=day, rows=1, digest="A" * 43, previous_day=None, previous=None
            )
            jws = sign(msgspec.json.encode(head))
            at = told.xicheng.clock.now()
            signed = SignedHead(jurisdiction=county, day=day, rows=1, digest="A" * 43, at=at, jws=jws)
            held.append(WitnessedHead(partner=XICHENG_NODE, ours=False, head=signed))
    assert len(held) > MOST_HEADS
    with told.wuchang.office.ledgers.transaction() as ledger:
        ledger.audit.witness(held)
    assert recall(office, PartnerClient(office, told.xicheng.http), wuchang_of(office)) == first
    with office.ledgers.transaction(read_only=True) as ledger:
        got = {(each.head.jurisdiction, each.head.day) for each in ledger.audit.witnessed(ours=True, partner=WUCHANG_NODE)}
    assert got >= {(each.head.jurisdiction, each.head.day) for each in held}


def test_a_partner_that_holds_nothing_has_no_first_day(told: Neighbours):
    told.wuchang.office.ledgers.unaudited._books.audit_witnessed.clear()  # type: ignore[attr-defined] # a partner that lost them
    office = told.xicheng.office
    with told.xicheng.office.ledgers.transaction(read_only=True) as ledger:
        assert ledger.audit.latest_signed() != []
    books = office.ledgers.unaudited._books  # type: ignore[attr-defined] # nothing to hand over
    books.audit_signed.clear()
    assert recall(office, PartnerClient(office, told.xicheng.http), wuchang_of(office)) is None


@pytest.mark.parametrize("body", [b"", b"[]", b'{"heads":[]}x', b'{"heads":[1]}', b'{"heads":[],"rows":[]}'])
def test_what_is_no_exchange_of_heads_is_refused(body: bytes):
    with pytest.raises(AuditHeadMalformed):
        read_heads(body)


def test_nothing_is_signed_twice_and_nothing_is_added_to_a_signed_day(told: Neighbours):
    assert sealed(told.xicheng).startswith("0 days signed")
    told.xicheng.clock.move(-timedelta(days=1))
    told.xicheng.get("/entries")
    with told.xicheng.office.ledgers.transaction(read_only=True) as ledger:
        *_, last = ledger.audit.rows(XICHENG)
    assert last.day == civil_day(told.xicheng.clock.now()) + timedelta(days=1)
    assert faults(told.xicheng) == []


def test_who_reads_one_person_again_and_again_is_shown_to_the_auditor(xicheng: Served):
    entry = an_entry(1)
    with xicheng.office.ledgers.transaction() as ledger:
        ledger.entries.add([replace(entry, person_index=xicheng.office.node.person_index(entry.person))])
    for _ in range(MOST_IN_A_DAY):
        xicheng.get(f"/entries/{an_id(1)}")
    xicheng.clock.move(timedelta(days=1))
    assert sealed(xicheng) == "1 days signed, 0 repeated readings"
    for _ in range(MOST_IN_A_DAY + 1):
        xicheng.get(f"/entries/{an_id(1)}")
    xicheng.clock.move(timedelta(days=1))
    assert sealed(xicheng) == "1 days signed, 1 repeated readings"
    (finding,) = xicheng.get("/findings", role="auditor")["items"]
    assert finding["kind"] == "repeated-reading"
    assert of_entry(an_id(1)) not in finding["detail"]
    assert entry.person.name not in str(finding)
    assert str(entry.person.document.number) not in str(finding)
