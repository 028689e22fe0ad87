"""Each open exchange that we were asked has one next step, whatever its history; and what the lists say of time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory import MemoryLedgers
from exchange.codes import Role
from exchange.conversation import State
from exchange.cursors import work_cursor
from exchange.ledger import Page
from exchange.work.worklists import (
    BELONGS,
    OWED,
    Expected,
    WorkFilter,
    Worklist,
    belongs,
    silent_since,
)
from tests.builders import WUCHANG, XICHENG, a_conversation, a_day, a_link, a_moment, an_exchange

NOW = a_moment(20 * 24 * 60)
WANTED = WorkFilter.at(frozenset({WUCHANG, XICHENG}), NOW)


@st.composite
def exchanges(draw):
    made = []
    for n in range(1, draw(st.integers(0, 30)) + 1):
        role = draw(st.sampled_from(Role))
        made.append(
            an_exchange(
                n,
                role=role,
                conversation=a_conversation(
                    draw(st.sampled_from(State)),
                    due=a_day(draw(st.integers(0, 40))),
                    fed_back_at=a_moment(),
                    lapses_on=a_day(draw(st.integers(0, 40))),
                ),
                paired_at=draw(st.sampled_from([None, a_moment(n)])),
                received_at=draw(st.sampled_from([None, *(a_moment(day * 24 * 60) for day in (0, 4, 5, 19))])),
                clerk=draw(st.sampled_from([None, "k1"])),
                handled_by=draw(st.sampled_from([None, "420106001"])) if role is Role.ASKED else None,
            )
        )
    return made


def on(ledger, worklist):
    found, after = [], ""
    while rows := ledger.worklists.page(worklist, WANTED, Page(after=after, limit=3)):
        found += rows
        after = work_cursor(worklist, rows[-1])
    return found


@given(exchanges())
def test_each_open_asked_exchange_is_to_be_paired_or_assigned_or_in_a_townships_hands(made):
    with MemoryLedgers().transaction() as ledger:
        ledger.exchanges.add(made)
        lists = {worklist: [each.key for each in on(ledger, worklist)] for worklist in Worklist}
        assert {worklist: len(keys) for worklist, keys in lists.items()} == dict(ledger.worklists.counts(WANTED))
    owed = {each.key for each in made if each.key.role is Role.ASKED and each.conversation.state in OWED}
    handed = {each.key for each in made if each.key in owed and each.handled_by is not None}
    to_pair, to_assign = set(lists[Worklist.TO_PAIR]), set(lists[Worklist.TO_ASSIGN])
    assert set(lists[Worklist.TO_ANSWER]) == owed == to_pair | to_assign | handed
    assert len(owed) == len(to_pair) + len(to_assign) + len(handed)
    assert set(lists[Worklist.OVERDUE]) <= owed
    assert not set(lists[Worklist.AWAITED]) & set(lists[Worklist.TO_CONFIRM])


@given(exchanges())
def test_a_list_is_in_the_order_of_its_dates_and_holds_nothing_twice(made):
    with MemoryLedgers().transaction() as ledger:
        ledger.exchanges.add(made)
        for worklist in Worklist:
            places = [work_cursor(worklist, each) for each in on(ledger, worklist)]
            assert places == sorted(set(places))


def test_every_list_is_defined_for_one_role_and_one_order():
    assert BELONGS.keys() == set(Worklist)
    assert {worklist for worklist in Worklist if BELONGS[worklist].role is Role.ASKER} == {
        Worklist.TO_CONFIRM,
        Worklist.TO_MEND,
        Worklist.AWAITED,
    }


def test_what_is_due_today_is_not_late():
    exchange = an_exchange(role=Role.ASKED, conversation=a_conversation(due=a_day(5)))
    late = [belongs(Worklist.OVERDUE, exchange, a_day(n)) for n in (4, 5, 6)]
    assert late == [False, False, True]


def test_an_answer_waits_for_the_asker_until_its_last_day():
    exchange = an_exchange(conversation=a_conversation(State.ANSWERED, fed_back_at=a_moment(), lapses_on=a_day(15)))
    assert [belongs(Worklist.TO_CONFIRM, exchange, a_day(n)) for n in (0, 15, 16)] == [True, True, False]


def test_a_notice_that_wants_no_answer_is_to_be_noted_for_fifteen_days_unless_a_clerk_takes_it_over():
    exchange = an_exchange(role=Role.ASKED, conversation=a_conversation(State.NOTED, due=None), received_at=a_moment())
    on_the_list = [belongs(Worklist.TO_NOTE, exchange, a_day(n)) for n in (0, 15, 16)]
    assert on_the_list == [True, True, False]
    assert exchange.over_on == a_day(15)
    others = ({"clerk": "k1"}, {"conversation": a_conversation()}, {"received_at": None})
    assert not any(belongs(Worklist.TO_NOTE, replace(exchange, **each), a_day()) for each in others)


@pytest.mark.parametrize(
    ("expected", "days_ago", "silent"),
    [
        (Expected(unreceipted=0, queued=0, late=0), 400, False),
        (Expected(unreceipted=1, queued=0, late=0), 3, True),
        (Expected(unreceipted=0, queued=2, late=0), 3, True),
        (Expected(unreceipted=0, queued=0, late=1), 3, True),
        (Expected(unreceipted=1, queued=1, late=1), 2, False),
    ],
)
def test_a_partner_is_silent_if_something_is_expected_and_nothing_was_heard(expected, days_ago, silent):
    heard = NOW - timedelta(days=days_ago)
    link = a_link(last_contact_at=heard)
    assert silent_since(link, a_moment(-9), expected, NOW, 3) == (heard if silent else None)


def test_a_partner_that_was_never_heard_is_silent_since_it_was_taken_on():
    one = Expected(unreceipted=1, queued=0, late=0)
    assert silent_since(a_link(), a_moment(), one, NOW, 3) == a_moment()
    assert silent_since(a_link(), NOW, one, NOW, 3) is None
