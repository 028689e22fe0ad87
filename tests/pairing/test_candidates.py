"""Who is offered for an exchange that found nobody, and that an offer stays an offer."""

from dataclasses import replace

import pytest
from msgspec import structs

from adapters.memory import MemoryLedgers
from exchange.codes import CloseReason, Item, Kind, Purpose, RegisterKind, Role, WithdrawalReason
from exchange.errors import NotFound
from exchange.exchanges import PairedBy
from exchange.ledger import ExchangeFilter, Page
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef
from exchange.people.register import EntryDraft
from exchange.verbs import submit
from exchange.verbs.enrol import enrol
from exchange.verbs.keep_entry import change_entry, protect_entry, reopen_entry
from exchange.verbs.pair import NotPaired, OwnOpening, pair, unpair
from exchange.verbs.pairing.candidates import BodiesErased, candidates
from exchange.wire.message import WithdrawalBody
from tests.builders import WUCHANG, XICHENG, an_entry, an_id
from tests.life.two_nodes import Two, a_node
from tests.pairing.people import married, slips, somebody

OWN = frozenset({WUCHANG})
PEOPLE = 120


@pytest.fixture
def two():
    """Xicheng asks Wuchang, whose outflow register holds PEOPLE people, the last of them protected."""
    sides = [
        MemoryLedgers(a_node(f"{name}.example", county).keyed) for name, county in (("xicheng", XICHENG), ("wuchang", WUCHANG))
    ]
    both = Two.of(*sides)
    with both.wuchang.ledgers.transaction() as ledger:
        ledger.entries.add([an_outflow(n) for n in range(PEOPLE)])
        ledger.entries.add([an_outflow(PEOPLE, protected=True)])
    return both


def an_outflow(n, **changes):
    """Somebody of Wuchang's who lives in Xicheng."""
    person = changes.pop("person", somebody(n))
    index = a_node("wuchang.example", WUCHANG).person_index(person)
    given = {"person": person, "record": married(n), "person_index": index, "jurisdiction": WUCHANG, **changes}
    return an_entry(n, **{"origin": WUCHANG, "destination": XICHENG, **given})


def asked_about(two, person, record=None):
    """Xicheng asks about a person; Wuchang's side of the exchange."""
    draft = submit.OpeningDraft(
        own=XICHENG,
        other=WUCHANG,
        own_is_origin=False,
        purpose=Purpose.PUBLIC_SERVICE,
        person=person,
        items=(Item.MARITAL_STATUS, Item.SPOUSE, Item.MARRIAGE),
        record=record,
        requested_by_person=True,
        application_date=two.xicheng.now.date(),
    )
    with two.xicheng.ledgers.transaction() as ledger:
        exchange = submit.submit(ledger, two.xicheng.node, draft, two.xicheng.now).key.exchange
    two.calm()
    return two.wuchang.see(exchange)


def offered(two, exchange):
    """The candidates, and that looking at them has changed nothing."""
    with two.wuchang.ledgers.transaction(read_only=True) as ledger:
        found = candidates(ledger, two.wuchang.node, exchange)
    assert two.wuchang.see(exchange.key.exchange) == exchange
    return [(each.candidate.entry.id, each.candidate.probability) for each in found]


CHANGES_THE_INDEX = ["one digit", "two digits swapped", "issued elsewhere", "no number", "passport"]


@pytest.mark.parametrize("n", range(3, PEOPLE, 17))
@pytest.mark.parametrize("slip", CHANGES_THE_INDEX)
def test_one_slip_in_the_document_keeps_the_person_the_first_candidate_and_pairs_nobody(two, slip, n):
    exchange = asked_about(two, slips(n)[slip])
    assert (exchange.entry, exchange.pairing) == (None, None)
    first, *_ = offered(two, exchange)
    assert (first[0], first[1] > 0.5) == (an_id(n), True)


OTHER_SLIPS = sorted(set(slips(1)) - set(CHANGES_THE_INDEX))


@pytest.mark.parametrize("n", range(3, PEOPLE, 29))
@pytest.mark.parametrize("slip", OTHER_SLIPS)
def test_a_further_slip_of_a_person_without_a_number_keeps_them_first(two, slip, n):
    person = structs.replace(slips(n)[slip], document=DocumentRef(type=DocumentType.NONE))
    exchange = asked_about(two, person, married(n))
    assert exchange.entry is None
    first, *_ = offered(two, exchange)
    assert first[0] == an_id(n)


def test_however_sure_a_score_never_pairs(two):
    exchange = asked_about(two, slips(5)["one digit"], married(5))
    assert offered(two, exchange)[0][1] > 0.9999
    two.calm()
    with two.wuchang.ledgers.transaction() as ledger:
        unpaired = ledger.exchanges.find(ExchangeFilter(own=OWN, paired=False), Page())
    assert [held.key.exchange for held in unpaired] == [exchange.key.exchange]


def test_a_protected_entry_is_nobodys_candidate_and_changes_no_other(two):
    exchange = asked_about(two, slips(PEOPLE)["no number"], married(PEOPLE))
    assert an_id(PEOPLE) not in dict(offered(two, exchange))
    exchange = asked_about(two, slips(7)["no number"])
    before = offered(two, exchange)
    with two.wuchang.ledgers.transaction() as ledger:
        ledger.entries.add([an_outflow(PEOPLE + 1, person=slips(7)["one digit"], protected=True)])
    assert offered(two, exchange) == before
    with two.wuchang.ledgers.transaction() as ledger:
        protect_entry(ledger, OWN, an_id(7), True, two.wuchang.now)
    assert an_id(7) not in dict(offered(two, exchange))


def test_only_the_register_in_which_the_person_should_be_is_looked_at(two):
    person = slips(5)["no number"]
    with two.wuchang.ledgers.transaction() as ledger:
        inflow = {"register": RegisterKind.INFLOW, "origin": XICHENG, "destination": WUCHANG}
        ledger.entries.add([an_outflow(500, person=person, **inflow), an_outflow(501, person=person, jurisdiction="420111")])
    assert {an_id(500), an_id(501)} & dict(offered(two, asked_about(two, person))).keys() == set()


def test_a_closed_entry_comes_after_the_open_ones(two):
    namesake = somebody(5, document=slips(6)["no number"].document)
    closed = an_outflow(5, closed_at=two.wuchang.now, close_reason=CloseReason.RETURNED, version=2)
    with two.wuchang.ledgers.transaction() as ledger:
        ledger.entries.save([closed])
        ledger.entries.add([an_outflow(500, person=namesake)])
    found = offered(two, asked_about(two, slips(5)["passport"]))
    assert [entry for entry, _ in found] == [an_id(500), an_id(5)]


def test_a_clerks_pairing_is_marked_as_one_and_can_be_undone_for_good(two):
    exchange = asked_about(two, slips(5)["one digit"])
    with two.wuchang.ledgers.transaction() as ledger:
        paired = pair(ledger, exchange, an_id(5), two.wuchang.now)
        assert (paired.entry, paired.pairing, paired.paired_at) == (an_id(5), PairedBy.CLERK, two.wuchang.now)
        apart = unpair(ledger, paired, two.wuchang.now)
        assert (apart.entry, apart.pairing, apart.paired_at) == (None, PairedBy.UNDONE, None)
        with pytest.raises(NotPaired):
            unpair(ledger, apart, two.wuchang.now)
        with pytest.raises(NotFound):
            pair(ledger, apart, an_id(999), two.wuchang.now)


def test_exact_identity_is_marked_as_such_and_does_not_come_back_once_undone(two):
    exchange = asked_about(two, somebody(5))
    assert (exchange.entry, exchange.pairing) == (an_id(5), PairedBy.EXACT)
    with two.wuchang.ledgers.transaction() as ledger:
        unpair(ledger, exchange, two.wuchang.now)
    _correct(two, an_id(5), somebody(5, name="王小红"))
    assert (two.wuchang.see(exchange.key.exchange).entry) is None


def test_what_the_own_side_opened_about_its_entry_is_no_pairing(two):
    with two.wuchang.ledgers.transaction() as ledger:
        draft = submit.OpeningDraft(
            own=WUCHANG,
            other=XICHENG,
            own_is_origin=True,
            purpose=Purpose.PUBLIC_SERVICE,
            entry=an_id(5),
            items=(Item.MARITAL_STATUS,),
        )
        opened = submit.submit(ledger, two.wuchang.node, draft, two.wuchang.now)
        with pytest.raises(OwnOpening):
            unpair(ledger, opened, two.wuchang.now)


def _correct(two, entry, person):
    with two.wuchang.ledgers.transaction() as ledger:
        held = ledger.entries.get(entry)
        draft = EntryDraft(register=held.register, origin=WUCHANG, destination=XICHENG, person=person, record=held.record)
        change_entry(ledger, two.wuchang.node, OWN, entry, draft, two.wuchang.now)


def test_a_waiting_exchange_is_paired_when_the_fitting_entry_is_opened(two):
    exchange = asked_about(two, somebody(700))
    assert exchange.entry is None
    draft = EntryDraft(register=RegisterKind.OUTFLOW, origin=WUCHANG, destination=XICHENG, person=somebody(700))
    with two.wuchang.ledgers.transaction() as ledger:
        (opened,) = enrol(ledger, two.wuchang.node, WUCHANG, [draft], two.wuchang.now)
    then = two.wuchang.see(exchange.key.exchange)
    assert (then.entry, then.pairing, then.version) == (opened.entry, PairedBy.EXACT, exchange.version + 1)


def test_a_waiting_exchange_is_paired_when_the_entry_is_corrected(two):
    right = somebody(5, document=slips(5)["issued elsewhere"].document)
    exchange = asked_about(two, right)
    assert exchange.entry is None
    _correct(two, an_id(5), right)
    assert two.wuchang.see(exchange.key.exchange).entry == an_id(5)


def test_a_waiting_exchange_is_paired_when_the_protection_is_lifted_or_the_entry_reopened(two):
    hidden = asked_about(two, somebody(PEOPLE))
    assert hidden.entry is None
    with two.wuchang.ledgers.transaction() as ledger:
        protect_entry(ledger, OWN, an_id(PEOPLE), False, two.wuchang.now)
    assert two.wuchang.see(hidden.key.exchange).entry == an_id(PEOPLE)
    twice = [
        an_outflow(n, person=somebody(800), closed_at=two.wuchang.now, close_reason=CloseReason.RETURNED) for n in (800, 801)
    ]
    with two.wuchang.ledgers.transaction() as ledger:
        ledger.entries.add(twice)
    unclear = asked_about(two, somebody(800))
    assert unclear.entry is None
    with two.wuchang.ledgers.transaction() as ledger:
        reopen_entry(ledger, OWN, an_id(801), two.wuchang.now)
    assert two.wuchang.see(unclear.key.exchange).entry == an_id(801)


def test_a_withdrawn_exchange_waits_for_nobody_and_an_erased_one_has_no_candidates(two):
    exchange = asked_about(two, somebody(700))
    two.xicheng.say(exchange.key.exchange, Kind.WITHDRAWAL, WithdrawalBody(reason=WithdrawalReason.ENTERED_BY_MISTAKE))
    two.calm()
    with two.wuchang.ledgers.transaction() as ledger:
        ledger.entries.add([an_outflow(700)])
        ledger.messages.erase(exchange.key.link, [exchange.key.exchange])
    then = two.wuchang.see(exchange.key.exchange)
    assert then.entry is None
    with two.wuchang.ledgers.transaction() as ledger, pytest.raises(BodiesErased):
        candidates(ledger, two.wuchang.node, then)


def test_the_birth_date_alone_is_no_candidate(two):
    stranger = somebody(7, name="欧阳锋", document=DocumentRef(type=DocumentType.NONE))
    assert offered(two, asked_about(two, stranger)) == []


def test_the_asker_finds_its_own_entry_too(two):
    """An exchange that was started about a person who is named may belong to an entry all the same."""
    exchange = asked_about(two, slips(5)["no number"])
    here = two.xicheng.see(exchange.key.exchange)
    assert here.key.role is Role.ASKER
    with two.xicheng.ledgers.transaction() as ledger:
        inflow = replace(an_outflow(5, jurisdiction=XICHENG), register=RegisterKind.INFLOW)
        ledger.entries.add([inflow])
        found = candidates(ledger, two.xicheng.node, here)
    assert [each.candidate.entry for each in found] == [inflow]
