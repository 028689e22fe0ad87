"""Two counties of one node exchange over a link of the node with itself: the same rules, no wire."""

from dataclasses import replace
from datetime import date

from adapters.memory import MemoryLedgers
from exchange.codes import Item, Kind, Purpose, Result, Role
from exchange.comparing.comparison import DIFFER, Outcome
from exchange.conversation import State
from exchange.exchanges import Acceptance, Exchange
from exchange.moments import Period
from exchange.partners import PartnerStatus
from exchange.terms.agreement import Party, SignedAgreement, Standing, write_terms
from exchange.verbs import reply
from exchange.verbs.compare_figures import compare_within, link_with, record
from exchange.verbs.submit import OpeningDraft, submit
from exchange.wire import ijson
from exchange.wire.figures import LogLines
from exchange.wire.message import FeedbackBody
from tests.builders import WUCHANG, XICHENG, XICHENG_NODE, a_moment, a_partner, a_person, agreed_terms
from tests.life.two_nodes import LINK, Side, a_node, signed


class LocalSide(Side):
    """A node that is its own partner."""

    def partner(self) -> object:
        """Itself, confirmed for all that it serves."""
        return replace(a_partner(self.node.name), status=PartnerStatus.ACTIVE, confirmed=tuple(sorted(self.node.jurisdictions)))


def test_both_sides_of_a_local_exchange_stand_in_one_ledger_and_agree() -> None:
    node = replace(a_node(XICHENG_NODE, XICHENG), jurisdictions=frozenset({XICHENG, WUCHANG}))
    side = LocalSide(node, XICHENG, node.name, WUCHANG, MemoryLedgers())
    terms = agreed_terms(parties=[Party(node=node.name, jurisdiction=code) for code in (XICHENG, WUCHANG)])
    payload = write_terms(terms)
    agreement = SignedAgreement(
        digest=ijson.digest(payload),
        agreement=terms,
        partner=node.name,
        ours=True,
        proposal_jws=signed(payload),
        standing=Standing.ACCEPTED,
        known_at=a_moment(),
    )
    draft = OpeningDraft(
        own=XICHENG,
        other=WUCHANG,
        own_is_origin=False,
        purpose=Purpose.PUBLIC_SERVICE,
        person=a_person(),
        items=(Item.CHILDREN,),
        requested_by_person=True,
        application_date=date(2026, 3, 1),
    )
    with side.ledgers.transaction() as ledger:
        ledger.links.add(LINK, node.name)
        ledger.agreements.add(agreement)
        exchange = submit(ledger, node, draft, side.now).key.exchange

    def carry() -> None:
        data = side.cut()
        assert data is not None
        side.settle(side.take(data))

    def held(role: Role) -> Exchange:
        with side.ledgers.transaction(read_only=True) as ledger:
            (found,) = (one for one in ledger.exchanges.named(exchange) if one.key.role is role)
            return found

    carry()
    asked, asker = held(Role.ASKED), held(Role.ASKER)
    assert (asker.own, asked.own, asked.acceptance) == (XICHENG, WUCHANG, Acceptance.ACCEPTED)
    with side.ledgers.transaction() as ledger:
        said = reply.Said(kind=Kind.FEEDBACK, body=FeedbackBody(result=Result.CONFIRMED))
        reply.reply(ledger, node, asked, said, side.now)
    carry()
    with side.ledgers.transaction() as ledger:
        reply.reply(ledger, node, held(Role.ASKER), reply.Said(kind=Kind.CONFIRMATION), side.now)
    carry()
    states = [one.conversation and one.conversation.state for one in map(held, Role)]
    assert states == [State.CLOSED, State.CLOSED]
    with side.ledgers.transaction(read_only=True) as ledger:
        facts = [ledger.exchanges.facts(one.key) for one in ledger.exchanges.named(exchange)]
    assert facts[0] == facts[1]
    assert len(facts[0]) == 3

    march, since = Period(first=date(2026, 2, 21), last=date(2026, 3, 20)), date(2025, 1, 1)

    def compare() -> Outcome:
        with side.ledgers.transaction() as ledger:
            link = link_with(ledger, node.name)
            compared = compare_within(ledger, node, link, march, since, date(2026, 3, 2))
            record(ledger, link, compared, side.now)
            return compared

    equal = compare()
    assert equal.equal
    assert equal.ours == equal.theirs
    (cell,) = equal.ours.figures.cells
    assert (cell.asked, cell.asking, cell.submitted.all, cell.submitted.answered) == (WUCHANG, XICHENG, 1, 1)
    assert equal.ours.figures.sent == equal.ours.figures.received == LogLines(lines=3, accepted=3)
    with side.ledgers.transaction() as ledger:
        key = held(Role.ASKED).key
        opened = ledger.exchanges.facts(key)[0]
        ledger.exchanges.void_facts(key, [opened.message], side.now)
        ledger.exchanges.add_facts([(key, replace(opened, due=date(2026, 3, 9)))])
    (different,) = compare().differences
    assert (different.exchange, different.what) == (exchange, ("due",))
    with side.ledgers.transaction(read_only=True) as ledger:
        assert [finding.subject for finding in ledger.chores.open_findings([DIFFER], node.name)] == [exchange]
