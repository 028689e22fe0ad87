"""What the rates read: what had happened, and was known, at a moment."""

from datetime import timedelta

import pytest

from exchange.codes import CloseReason, Role
from exchange.conversation import FactKind
from exchange.counting.entries import place_of
from exchange.exchanges import Acceptance
from exchange.ledger import CountedExchange
from exchange.people.register import EntryFactKind
from tests.builders import (
    WUCHANG,
    XICHENG,
    YUYANG,
    a_conversation,
    a_day,
    a_fact,
    a_moment,
    an_entry,
    an_entry_fact,
    an_exchange,
    an_id,
    an_import,
)

ASKER, ASKED = Role.ASKER, Role.ASKED
MINE = frozenset({XICHENG})
A_MILLISECOND = timedelta(milliseconds=1)
EXCHANGE = an_exchange(1, conversation=a_conversation())
OPENED = a_fact(FactKind.OPENED, 1, happened_at=a_moment(10), known_at=a_moment(20), due=a_day(30))
ANSWERED = a_fact(FactKind.ANSWERED, 2, happened_at=a_moment(30), known_at=a_moment(40))


def _counted(ledger, as_of, own=MINE, role=ASKER):
    counted = list(ledger.exchanges.counted(own, role, as_of))
    assert len({each.exchange.key for each in counted}) == len(counted)
    return {each.exchange.key: each for each in counted}


def _only(*facts, exchange=EXCHANGE):
    return {exchange.key: CountedExchange(exchange=exchange, facts=facts)}


def test_an_exchange_counts_with_the_facts_that_were_known_by_then(ledger):
    ledger.exchanges.add([EXCHANGE])
    ledger.exchanges.add_facts([(EXCHANGE.key, OPENED), (EXCHANGE.key, ANSWERED)])
    assert _counted(ledger, a_moment(20) - A_MILLISECOND) == {}
    assert _counted(ledger, a_moment(20)) == _only(OPENED)
    assert _counted(ledger, a_moment(40) - A_MILLISECOND) == _only(OPENED)
    assert _counted(ledger, a_moment(40)) == _only(OPENED, ANSWERED)


def test_a_voided_fact_still_counts_for_a_moment_before_it_was_voided(ledger):
    ledger.exchanges.add([EXCHANGE])
    ledger.exchanges.add_facts([(EXCHANGE.key, OPENED), (EXCHANGE.key, ANSWERED)])
    ledger.exchanges.void_facts(EXCHANGE.key, [ANSWERED.message], a_moment(50))
    later = a_fact(FactKind.ANSWERED, 2, happened_at=a_moment(31), known_at=a_moment(50))
    ledger.exchanges.add_facts([(EXCHANGE.key, later)])
    assert _counted(ledger, a_moment(50) - A_MILLISECOND) == _only(OPENED, ANSWERED)
    assert _counted(ledger, a_moment(50)) == _only(OPENED, later)


def test_a_fact_is_voided_once_so_that_an_old_report_never_changes(ledger):
    ledger.exchanges.add([EXCHANGE])
    ledger.exchanges.add_facts([(EXCHANGE.key, OPENED), (EXCHANGE.key, ANSWERED)])
    ledger.exchanges.void_facts(EXCHANGE.key, [ANSWERED.message], a_moment(50))
    ledger.exchanges.void_facts(EXCHANGE.key, [ANSWERED.message], a_moment(60))
    assert _counted(ledger, a_moment(55)) == _only(OPENED)


def test_an_exchange_whose_opening_was_voided_no_longer_counts(ledger):
    ledger.exchanges.add([EXCHANGE])
    ledger.exchanges.add_facts([(EXCHANGE.key, OPENED), (EXCHANGE.key, ANSWERED)])
    ledger.exchanges.void_facts(EXCHANGE.key, [OPENED.message], a_moment(50))
    assert _counted(ledger, a_moment(49)) == _only(OPENED, ANSWERED)
    assert _counted(ledger, a_moment(50)) == {}


def test_facts_are_counted_in_the_order_of_their_rounds_and_times(ledger):
    challenged = a_fact(FactKind.CHALLENGED, 3, round=2, happened_at=a_moment(25), known_at=a_moment(40))
    ledger.exchanges.add([EXCHANGE])
    ledger.exchanges.add_facts([(EXCHANGE.key, fact) for fact in (challenged, ANSWERED, OPENED)])
    assert _counted(ledger, a_moment(99)) == _only(OPENED, ANSWERED, challenged)


def test_only_accepted_exchanges_of_these_counties_in_this_role_count(ledger):
    exchanges = [
        EXCHANGE,
        an_exchange(2),
        an_exchange(3, acceptance=Acceptance.REJECTED),
        an_exchange(4, conversation=a_conversation(), own=YUYANG),
        an_exchange(1, role=ASKED, conversation=a_conversation()),
        an_exchange(5, link=2, conversation=a_conversation()),
    ]
    ledger.exchanges.add(exchanges)
    ledger.exchanges.add_facts([(exchange.key, OPENED) for exchange in exchanges])
    assert set(_counted(ledger, a_moment(99))) == {EXCHANGE.key, exchanges[5].key}
    assert set(_counted(ledger, a_moment(99), own=MINE | {YUYANG})) == {EXCHANGE.key, exchanges[3].key, exchanges[5].key}
    assert set(_counted(ledger, a_moment(99), own=frozenset({WUCHANG}), role=ASKED)) == {exchanges[4].key}
    assert _counted(ledger, a_moment(99), own=frozenset()) == {}


def test_every_one_of_many_exchanges_is_counted_with_its_own_facts(ledger):
    exchanges = [an_exchange(n, conversation=a_conversation()) for n in range(3_000)]
    answered = {exchange.key for exchange in exchanges[::3]}
    ledger.exchanges.add(exchanges)
    ledger.exchanges.add_facts([(exchange.key, OPENED) for exchange in exchanges])
    ledger.exchanges.add_facts([(exchange.key, ANSWERED) for exchange in exchanges if exchange.key in answered])
    assert _counted(ledger, a_moment(99)) == {
        exchange.key: CountedExchange(exchange=exchange, facts=(OPENED, ANSWERED) if exchange.key in answered else (OPENED,))
        for exchange in exchanges
    }


def _entries(ledger, as_of, own=MINE):
    counted = list(ledger.entries.counted(own, as_of))
    assert len({entry.id for entry, _ in counted}) == len(counted)
    return {entry.id: (entry, facts) for entry, facts in counted}


def test_an_entry_counts_with_the_facts_that_were_known_by_then(ledger):
    entry = an_entry(1, closed_at=a_moment(30), close_reason=CloseReason.RETURNED)
    opened = an_entry_fact(1, happened_at=a_moment(10), known_at=a_moment(20))
    closed = an_entry_fact(
        1, what=EntryFactKind.CLOSED, happened_at=a_moment(30), known_at=a_moment(40), reason=CloseReason.RETURNED
    )
    ledger.entries.add([entry])
    ledger.entries.add_facts([closed, opened])
    assert _entries(ledger, a_moment(20) - A_MILLISECOND) == {}
    assert _entries(ledger, a_moment(20)) == {entry.id: (place_of(entry), (opened,))}
    assert _entries(ledger, a_moment(40)) == {entry.id: (place_of(entry), (opened, closed))}


def test_an_entry_whose_opening_was_not_known_yet_does_not_count(ledger):
    ledger.entries.add([an_entry(1)])
    ledger.entries.add_facts(
        [
            an_entry_fact(1, happened_at=a_moment(10), known_at=a_moment(50)),
            an_entry_fact(1, what=EntryFactKind.CHANGED, happened_at=a_moment(20), known_at=a_moment(20)),
        ]
    )
    assert _entries(ledger, a_moment(49)) == {}


def test_only_entries_of_these_counties_count_each_with_its_own_facts(ledger):
    entries = [an_entry(1), an_entry(2), an_entry(3, jurisdiction=YUYANG), an_entry(4)]
    changed = an_entry_fact(2, what=EntryFactKind.CHANGED, happened_at=a_moment(9))
    ledger.entries.add(entries)
    ledger.entries.add_facts([*(an_entry_fact(n) for n in (1, 2, 3)), changed])
    assert _entries(ledger, a_moment(99)) == {
        an_id(1): (place_of(entries[0]), (an_entry_fact(1),)),
        an_id(2): (place_of(entries[1]), (an_entry_fact(2), changed)),
    }
    assert set(_entries(ledger, a_moment(99), own=MINE | {YUYANG})) == {an_id(1), an_id(2), an_id(3)}
    assert _entries(ledger, a_moment(99), own=frozenset()) == {}


@pytest.mark.parametrize(("as_of", "found"), [(1, []), (2, [2]), (9, [2, 3, 4])])
def test_files_count_from_the_moment_at_which_they_were_taken_in(ledger, as_of, found):
    for file in (an_import(3), an_import(2), an_import(4), an_import(1, jurisdiction=YUYANG)):
        ledger.imports.add(file, [])
    assert ledger.imports.counted(MINE, a_moment(as_of)) == [an_import(n) for n in found]
