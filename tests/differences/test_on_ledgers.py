"""Two clerks at once, and persons in two inflow registers, the same on every ledger."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from exchange.codes import Item, RegisterKind, Role
from exchange.ledger import Page, RegisterDifferenceFilter
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import DifferenceKind
from exchange.reconciling.settling import Means, OtherSideActs, Standing
from exchange.terms.agreement import Party, SignedAgreement, write_terms
from exchange.terms.agreement import Standing as Agreed
from exchange.verbs.reconciling.differences import described, find_difference
from exchange.verbs.reconciling.doubles import TWO_DESTINATIONS, TWO_INFLOWS, find_doubles, note_doubles
from exchange.verbs.reconciling.settle import send
from exchange.wire import ijson
from tests.builders import (
    WUCHANG,
    XICHENG,
    XICHENG_NODE,
    YUYANG,
    a_moment,
    a_person,
    a_register_difference,
    an_entry,
    an_id,
)
from tests.differences.desk import NOW, Desk, terms
from tests.life.two_nodes import LINK, a_node, signed

CLERKS = 4
HUBEI, HANYANG = "420000", "420105"
INFLOW = RegisterKind.INFLOW


@pytest.mark.parametrize("kind", [DifferenceKind.ONE_SIDED, DifferenceKind.DIFFERING])
def test_of_clerks_who_send_at_once_one_sends(ledgers, kind):
    desk = Desk(WUCHANG, ledgers=ledgers)
    difference = desk.differs(kind, Item.MARITAL_STATUS)
    begin = Barrier(CLERKS)

    def press(_: int) -> tuple[str, bool]:
        begin.wait()
        sent = desk.send(difference)
        return sent.exchange.key.exchange, sent.fresh

    with ThreadPoolExecutor(CLERKS) as clerks:
        told = list(clerks.map(press, range(CLERKS)))
    (exchange,) = desk.exchanges()
    assert {name for name, _ in told} == {exchange.key.exchange}
    assert sorted(fresh for _, fresh in told) == [False] * (CLERKS - 1) + [True]


def test_a_page_shows_each_difference_with_what_would_settle_it(ledgers):
    desk = Desk(WUCHANG, ledgers=ledgers)
    first = desk.differs(DifferenceKind.ONE_SIDED)
    desk.differs(DifferenceKind.DIFFERING, Item.CHILDREN, n=2)
    desk.differs(DifferenceKind.ONE_SIDED, n=3, protected=True)
    desk.send(first)
    with ledgers.transaction(read_only=True) as ledger:
        standing = ledger.register_runs.differences(RegisterDifferenceFilter(own=desk.node.jurisdictions), Page())
        items = described(ledger, desk.node, standing, NOW)
    assert [(item.settling.means, item.settling.standing, item.draft is not None) for item in items] == [
        (Means.ARRIVAL, Standing.UNDER_WAY, False),
        (Means.QUERY, Standing.READY, True),
    ]


def test_two_counties_of_one_node_settle_with_each_other(ledgers):
    node = replace(a_node(XICHENG_NODE, XICHENG), jurisdictions=frozenset({XICHENG, WUCHANG}))
    agreed = terms(parties=[Party(node=node.name, jurisdiction=code) for code in (XICHENG, WUCHANG)])
    payload = write_terms(agreed)
    agreement = SignedAgreement(
        digest=ijson.digest(payload),
        agreement=agreed,
        partner=node.name,
        ours=True,
        proposal_jws=signed(payload),
        standing=Agreed.ACCEPTED,
        known_at=a_moment(-9),
        decided_at=a_moment(-9),
    )
    inflow = an_entry(2, jurisdiction=WUCHANG, register=INFLOW, person=a_person(1))
    here = {"partner": node.name, "kind": DifferenceKind.DIFFERING, "fields": (Item.CHILDREN,)}
    with ledgers.transaction() as ledger:
        ledger.links.add(LINK, node.name)
        ledger.agreements.add(agreement)
        ledger.entries.add([replace(entry, person_index=node.person_index(entry.person)) for entry in (an_entry(1), inflow)])
        ledger.register_runs.put_differences([a_register_difference(1, **here), a_register_difference(2, **here, own=WUCHANG)])
    with ledgers.transaction() as ledger:
        sent = send(ledger, node, find_difference(ledger, node.jurisdictions, an_id(2), None, lock=True), NOW)
        assert (sent.exchange.own, sent.exchange.other, sent.exchange.key.role) == (WUCHANG, XICHENG, Role.ASKER)
        origins = find_difference(ledger, node.jurisdictions, an_id(1), None, lock=True)
        with pytest.raises(OtherSideActs):
            send(ledger, node, origins, NOW)


def found(ledgers, node):
    """Look once; the standing findings, by kind and subject, and how many were settled."""
    with ledgers.transaction(read_only=True) as ledger:
        doubles = find_doubles(ledger, node, NOW)
    with ledgers.transaction() as ledger:
        gone = note_doubles(ledger, node, doubles, NOW)
        standing = [each for each in ledger.chores.findings(Page()) if each.settled_at is None]
    return sorted((each.kind, each.subject) for each in standing), gone


def test_a_person_in_two_inflow_registers_is_a_finding_until_it_is_so_no_more(ledgers):
    node = replace(a_node(XICHENG_NODE, XICHENG), jurisdictions=frozenset({WUCHANG, HANYANG}))
    facts = {"register": INFLOW, "origin": YUYANG}
    nameless = a_person(2, document=DocumentRef(type=DocumentType.NONE))
    entries = [
        an_entry(1, jurisdiction=WUCHANG, **facts),
        an_entry(2, jurisdiction=HANYANG, **facts, person_index="person-1"),
        an_entry(3, jurisdiction=WUCHANG, **facts, person=nameless),
        an_entry(4, jurisdiction=HANYANG, **facts, person=nameless, person_index="person-3"),
        an_entry(5, jurisdiction=WUCHANG, **facts),
        an_entry(6, jurisdiction=HANYANG, **facts, person_index="person-5", protected=True),
        an_entry(7, jurisdiction=XICHENG, **facts, person_index="person-5"),
    ]
    with ledgers.transaction() as ledger:
        ledger.entries.add(entries)
    both = (TWO_INFLOWS, f"{an_id(1)} {an_id(2)}")
    assert found(ledgers, node) == ([both], 0)
    assert found(ledgers, node) == ([both], 0)
    with ledgers.transaction() as ledger:
        (finding,) = ledger.chores.findings(Page())
        assert finding.detail == f"one person from {YUYANG} is in the inflow registers of {HANYANG}, {WUCHANG}"
        ledger.entries.save([replace(entries[1], closed_at=NOW)])
    assert found(ledgers, node) == ([], 1)
    with ledgers.transaction() as ledger:
        ledger.entries.save([entries[1]])
    assert found(ledgers, node) == ([both], 0)


def test_a_coarse_entry_that_two_destinations_have_is_a_finding_until_it_is_so_no_more(ledgers):
    node = a_node(XICHENG_NODE, XICHENG)
    coarse = an_entry(1, destination=HUBEI)
    pairs = [Pair(origin=XICHENG, destination=county) for county in (WUCHANG, HANYANG)]
    matches = [a_register_difference(n, kind=DifferenceKind.COARSE, pair=pair) for n in (1, 2) for pair in pairs]
    with ledgers.transaction() as ledger:
        ledger.entries.add([coarse, an_entry(2, destination=HUBEI, protected=True)])
        ledger.register_runs.put_differences(matches)
    assert found(ledgers, node) == ([(TWO_DESTINATIONS, an_id(1))], 0)
    with ledgers.transaction() as ledger:
        (finding,) = ledger.chores.findings(Page())
        assert finding.detail == f"the entry names {HUBEI}; its person is in the inflow registers of {HANYANG}, {WUCHANG}"
        ledger.register_runs.put_differences([replace(matches[0], settled_at=NOW)])
    assert found(ledgers, node) == ([], 1)
