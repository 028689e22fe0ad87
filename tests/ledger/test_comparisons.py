"""What a comparison reads of a link, what is kept of it, and findings that no longer hold."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.codes import Role
from exchange.conversation import FactKind
from exchange.cursors import comparison_cursor, finding_cursor
from exchange.exchanges import Direction
from exchange.ledger import ComparedExchange, Page
from exchange.moments import Period
from exchange.wire.batch import Outcome
from exchange.wire.figures import LogLines
from tests.builders import (
    WUCHANG_NODE,
    a_batch,
    a_comparison,
    a_conversation,
    a_day,
    a_fact,
    a_finding,
    a_message,
    a_moment,
    an_exchange,
    an_id,
    cut,
    judged,
)
from tests.ledger.support import TAKEN, in_pages

MARCH = Period(first=a_day(), last=a_day(20))


@pytest.fixture
def link(ledgers):
    with ledgers.transaction() as ledger:
        return ledger.links.add(an_id(1), "node-1.example").id


def accepted(n, link, *, role=Role.ASKER, **changes):
    return an_exchange(n, link=link, role=role, conversation=a_conversation(), **changes)


def test_the_exchanges_of_a_link_are_those_received_on_these_civil_days(ledgers, link):
    evening = a_moment().replace(hour=15, minute=59, second=59, microsecond=999000)
    with ledgers.transaction() as ledger:
        ledger.exchanges.add(
            [
                accepted(1, link, received_at=evening - timedelta(days=1)),
                accepted(2, link, received_at=evening - timedelta(days=1) + timedelta(milliseconds=1)),
                accepted(3, link, received_at=evening + timedelta(days=20)),
                accepted(4, link, received_at=evening + timedelta(days=20, milliseconds=1)),
                accepted(5, link + 1, received_at=evening),
                an_exchange(6, link=link),
                accepted(7, link, role=Role.ASKED, received_at=evening),
                accepted(7, link, role=Role.ASKER, received_at=evening),
            ]
        )
    with ledgers.transaction(read_only=True) as ledger:
        assert ledger.comparisons.names(link, MARCH, 100) == [an_id(2), an_id(3), an_id(7)]
        assert ledger.comparisons.names(link, MARCH, 2) == [an_id(2), an_id(3)]


def test_an_exchange_comes_with_the_facts_that_hold_and_its_messages_without_their_lines(ledgers, link):
    here = judged(a_message(1, link=link))
    there = judged(a_message(2, link=link, direction=Direction.IN, exchange=an_id(1)), sequence=2)
    waiting = a_message(3, link=link, exchange=an_id(1))
    both = [accepted(1, link), accepted(1, link, role=Role.ASKED)]
    opened, answered = a_fact(), a_fact(FactKind.ANSWERED, 2)
    with ledgers.transaction() as ledger:
        ledger.messages.add([here, there, waiting])
        ledger.exchanges.add([*both, accepted(2, link), accepted(1, link + 1), an_exchange(3, link=link)])
        ledger.exchanges.add_facts([(both[0].key, opened), (both[0].key, answered), (both[1].key, opened)])
        ledger.exchanges.void_facts(both[0].key, [answered.message], a_moment(9))
    log = tuple(replace(message, line=None) for message in (here, there))
    with ledgers.transaction(read_only=True) as ledger:
        names = [an_id(1), an_id(2), an_id(3), an_id(9)]
        found = sorted(ledger.comparisons.exchanges(link, None, names), key=lambda each: each.exchange.key)
        assert found == sorted(
            [
                ComparedExchange(exchange=both[0], facts=(opened,), messages=log),
                ComparedExchange(exchange=both[1], facts=(opened,), messages=log),
                ComparedExchange(exchange=accepted(2, link), facts=(), messages=()),
            ],
            key=lambda each: each.exchange.key,
        )
        (asked,) = ledger.comparisons.exchanges(link, Role.ASKED, names)
        assert asked.exchange == both[1]
        assert list(ledger.comparisons.exchanges(link, None, [])) == []


def test_a_thousand_and_more_exchanges_are_all_read(ledgers, link):
    with ledgers.transaction() as ledger:
        ledger.exchanges.add([accepted(n, link) for n in range(1, 1203)])
        names = [an_id(n) for n in range(1, 1203)]
        assert len(list(ledger.comparisons.exchanges(link, None, names))) == 1202


def test_a_log_is_counted_up_to_its_position(ledgers, link):
    first = [judged(a_message(n, link=link), 1, n) for n in (1, 2)]
    rejected = judged(a_message(3, link=link), 1, 3, outcome=Outcome.REJECTED)
    with ledgers.transaction() as ledger:
        for sequence, direction in ((1, Direction.OUT), (2, Direction.OUT), (1, Direction.IN)):
            ledger.links.add_batch(a_batch(sequence, link=link, direction=direction))
        ledger.messages.add([*first, rejected, cut(a_message(4, link=link), 2), a_message(5, link=link)])
        ledger.messages.add([judged(a_message(6, link=link, direction=Direction.IN))])
        told = {upto: ledger.comparisons.lines(link, Direction.OUT, upto) for upto in (0, 1, 2, 9)}
        assert told == {
            0: LogLines(lines=0, accepted=0),
            1: LogLines(lines=3, accepted=2),
            2: LogLines(lines=6, accepted=2),
            9: LogLines(lines=6, accepted=2),
        }
        assert ledger.comparisons.lines(link, Direction.IN, 1) == LogLines(lines=3, accepted=1)


def test_comparisons_are_kept_and_listed_the_newest_first(ledgers):
    kept = [a_comparison(n) for n in (1, 2, 3)]
    local = a_comparison(4, partner="node-2.example", equal=True, whole=False, differ=0, answer_jws=None)
    with ledgers.transaction() as ledger:
        for comparison in (*kept, local):
            ledger.comparisons.add(comparison)
    with ledgers.transaction(read_only=True) as ledger:
        assert ledger.comparisons.get(an_id(4)) == local
        assert ledger.comparisons.get(an_id(5)) is None
        assert ledger.comparisons.find(WUCHANG_NODE, Page()) == kept[::-1]
        pages = in_pages(lambda page: ledger.comparisons.find(None, page), comparison_cursor, 3)
        assert pages == [[local, *kept[:0:-1]], [kept[0]]]


def test_a_comparison_is_kept_once(ledgers):
    with ledgers.transaction() as ledger:
        ledger.comparisons.add(a_comparison())
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.comparisons.add(a_comparison())


def test_a_finding_that_no_longer_holds_is_settled_until_it_is_found_again(ledgers):
    first = a_finding(1, kind="figures-differ", partner="node-1.example")
    other = a_finding(2, kind="figures-unequal", partner="node-1.example")
    elsewhere = a_finding(3, kind="figures-differ", partner="node-2.example")
    of_another_kind = a_finding(4, kind="clock-skew", partner="node-1.example")
    kinds = ("figures-differ", "figures-unequal")
    with ledgers.transaction() as ledger:
        ledger.chores.add_findings([first, other, elsewhere, of_another_kind])
        assert ledger.chores.open_findings(kinds, "node-1.example") == [first, other]
        ledger.chores.settle_findings([first.id, "none"], a_moment(50))
        ledger.chores.settle_findings([first.id], a_moment(60))
    with ledgers.transaction() as ledger:
        assert ledger.chores.open_findings(kinds, "node-1.example") == [other]
        settled = next(finding for finding in ledger.chores.findings(Page()) if finding.id == first.id)
        assert settled == replace(first, settled_at=a_moment(50))
        ledger.chores.add_findings([replace(first, detail="again", at=a_moment(70)), other])
    with ledgers.transaction() as ledger:
        assert ledger.chores.open_findings(kinds, "node-1.example") == [first, other]


def test_findings_are_paged_whatever_their_ids_are_made_of(ledgers):
    found = [a_finding(n, id=f"{an_id(n)}:{an_id(9)}:clock-skew") for n in (1, 2, 3)]
    with ledgers.transaction() as ledger:
        ledger.chores.add_findings(found)
        assert in_pages(ledger.chores.findings, finding_cursor, 2) == [found[:0:-1], [found[0]]]
