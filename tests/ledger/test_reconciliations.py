"""Reconciliations, their steps, and what they left out; who leads."""

from datetime import timedelta

import pytest

from exchange.cursors import reconciliation_cursor
from exchange.ledger import Page
from exchange.reconciling.pairs import Pair
from exchange.reconciling.reconciliation import EVERYTHING, By, LeftOut, Scope, Why
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, a_day, a_failed_pair, a_link_step, a_moment, a_reconciliation, an_id
from tests.ledger.support import in_pages

NARROW = Scope(partner=WUCHANG_NODE, destination=WUCHANG)


def test_reconciliations_are_kept_written_over_and_listed_the_newest_first(ledgers):
    kept = [a_reconciliation(n) for n in (1, 2, 3)]
    by_hand = a_reconciliation(4, by=By.HAND, scope=NARROW, ended_at=None, links=0, pairs=7)
    with ledgers.transaction() as ledger:
        for each in (*kept, by_hand):
            ledger.reconciliations.put(each)
        ended = a_reconciliation(2, pairs=5)
        ledger.reconciliations.put(ended)
    with ledgers.transaction(read_only=True) as ledger:
        assert ledger.reconciliations.get(an_id(4)) == by_hand
        assert ledger.reconciliations.get(an_id(9)) is None
        pages = in_pages(ledger.reconciliations.find, reconciliation_cursor, 3)
        assert pages == [[by_hand, kept[2], ended], [kept[0]]]
        assert ledger.reconciliations.find(Page(limit=1)) == [by_hand]


@pytest.mark.parametrize(
    ("by", "scope", "day", "found"),
    [
        (By.NIGHT, EVERYTHING, a_day(), 2),
        (By.NIGHT, EVERYTHING, a_day(1), None),
        (By.HAND, EVERYTHING, a_day(), None),
        (By.HAND, NARROW, a_day(), 4),
        (By.HAND, Scope(partner=WUCHANG_NODE), a_day(), None),
        (By.HAND, Scope(partner=WUCHANG_NODE, destination=XICHENG), a_day(), None),
    ],
)
def test_what_has_not_ended_is_found_by_who_began_it_its_scope_and_its_day(ledgers, by, scope, day, found):
    with ledgers.transaction() as ledger:
        for n in (1, 2):
            ledger.reconciliations.put(a_reconciliation(n, ended_at=None))
        ledger.reconciliations.put(a_reconciliation(3))
        ledger.reconciliations.put(a_reconciliation(4, by=By.HAND, scope=NARROW, ended_at=None))
        left = ledger.reconciliations.unfinished(by, scope, day)
    assert (left.id if left else None) == (an_id(found) if found else None)


def test_link_steps_and_failed_pairs_are_written_over_and_listed_in_order(ledgers):
    away = a_link_step(1, partner="away.example", trouble="partner-unavailable", comparison=None, equal=None, settled=False)
    back = Pair(origin=WUCHANG, destination=XICHENG)
    with ledgers.transaction() as ledger:
        for step in (a_link_step(1, settled=False), a_link_step(1, differ=3, equal=False), away, a_link_step(2)):
            ledger.reconciliations.put_link(step)
        for failed in (a_failed_pair(1, pair=back), a_failed_pair(1), a_failed_pair(1, trouble="refused"), a_failed_pair(2)):
            ledger.reconciliations.put_failed(failed)
    with ledgers.transaction(read_only=True) as ledger:
        assert ledger.reconciliations.links(an_id(1)) == [away, a_link_step(1, differ=3, equal=False)]
        assert ledger.reconciliations.failed(an_id(1)) == [a_failed_pair(1, trouble="refused"), a_failed_pair(1, pair=back)]
        assert ledger.reconciliations.links(an_id(3)) == ledger.reconciliations.failed(an_id(3)) == []


def test_what_was_left_out_is_replaced_and_keeps_its_order(ledgers):
    link = LeftOut(partner="away.example", pair=None, why=Why.NOT_ACTIVE)
    pairs = [LeftOut(partner=None, pair=Pair(origin=XICHENG, destination=f"4201{n:02}"), why=Why.NO_ROUTE) for n in range(40)]
    with ledgers.transaction() as ledger:
        ledger.reconciliations.leave_out(an_id(1), [link])
        ledger.reconciliations.leave_out(an_id(1), [*pairs, link])
        ledger.reconciliations.leave_out(an_id(2), [])
        assert ledger.reconciliations.left_out(an_id(1)) == [*pairs, link]
        assert ledger.reconciliations.left_out(an_id(2)) == []


def test_one_candidate_leads_at_a_time_for_each_name(ledgers):
    first, second, other = (ledgers.advisory_leader(name) for name in ("reconcile", "reconcile", "jobs"))
    assert [first.held(), second.held(), first.held(), other.held()] == [True, False, True, True]
    second.release()
    assert not second.held()
    first.release()
    assert second.held()
    for each in (first, second, other):
        each.release()


def test_a_reconciliation_that_began_in_another_night_is_listed_by_its_beginning(ledgers):
    with ledgers.transaction() as ledger:
        ledger.reconciliations.put(a_reconciliation(9, began_at=a_moment() - timedelta(days=1)))
        ledger.reconciliations.put(a_reconciliation(1))
        assert [each.id for each in ledger.reconciliations.find(Page())] == [an_id(1), an_id(9)]
