"""Which exchanges a list shows, and in what order."""

from datetime import timedelta

import pytest

from exchange.codes import Event, Kind, Purpose, Role
from exchange.conversation import State
from exchange.cursors import BadCursor, exchange_cursor
from exchange.exchanges import Acceptance
from exchange.ledger import ExchangeFilter, Page
from exchange.moments import civil_day
from tests.builders import WUCHANG, XICHENG, YUYANG, a_conversation, a_day, a_moment, an_exchange, an_id
from tests.ledger.support import in_pages, shown

ASKER, ASKED = Role.ASKER, Role.ASKED
BORDER = a_moment(15 * 60)  # midnight in Shanghai, when 3 March begins
TODAY = a_day(16)
BEFORE = BORDER - timedelta(milliseconds=1)


def _answered(n, at, **changes):
    last_day = civil_day(at) + timedelta(days=15)
    return an_exchange(n, conversation=a_conversation(State.ANSWERED, fed_back_at=at, lapses_on=last_day), **changes)


EXCHANGES = {
    "pending": an_exchange(1),
    "rejected": an_exchange(2, acceptance=Acceptance.REJECTED),
    "open": an_exchange(3, conversation=a_conversation(due=a_day(30)), purpose=Purpose.BENEFIT),
    "open later": an_exchange(4, conversation=a_conversation(due=a_day(31)), entry=an_id(70), paired_at=a_moment(9)),
    "challenged": an_exchange(5, conversation=a_conversation(State.CHALLENGED, due=a_day(29), expected=a_day(25))),
    "answered before": _answered(6, BEFORE),
    "answered": _answered(7, BORDER, other=YUYANG),
    "lapsed": an_exchange(8, conversation=a_conversation(State.LAPSED, fed_back_at=BEFORE)),
    "closed": an_exchange(9, conversation=a_conversation(State.CLOSED, fed_back_at=BEFORE, due=a_day(1))),
    "noted": an_exchange(
        10, kind=Kind.NOTICE, event=Event.ARRIVAL, conversation=a_conversation(State.NOTED, due=None), first_due=None
    ),
    "birth": an_exchange(
        11, kind=Kind.NOTICE, event=Event.BIRTH, conversation=a_conversation(due=a_day(40)), due_provisional=True
    ),
    "asked": an_exchange(12, role=ASKED, own=XICHENG, conversation=a_conversation(due=a_day(28))),
    "elsewhere": an_exchange(13, own=WUCHANG, conversation=a_conversation(due=a_day(1)), entry=an_id(70)),
    "withdrawn": an_exchange(14, link=2, conversation=a_conversation(State.WITHDRAWN, due=a_day(1))),
}
ALL = frozenset(EXCHANGES) - {"elsewhere"}
MINE = frozenset({XICHENG})


def _named(*names):
    return frozenset(names)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ExchangeFilter(own=MINE), ALL),
        (ExchangeFilter(own=MINE | {WUCHANG}), frozenset(EXCHANGES)),
        (ExchangeFilter(own=frozenset()), _named()),
        (ExchangeFilter(own=MINE, role=ASKED), _named("asked")),
        (ExchangeFilter(own=MINE, role=ASKER), ALL - {"asked"}),
        (ExchangeFilter(own=MINE, kind="notice"), _named("noted", "birth")),
        (ExchangeFilter(own=MINE, event="birth"), _named("birth")),
        (ExchangeFilter(own=MINE, purpose="benefit"), _named("open")),
        (ExchangeFilter(own=MINE, other=YUYANG), _named("answered")),
        (ExchangeFilter(own=MINE, acceptance="pending"), _named("pending")),
        (ExchangeFilter(own=MINE, acceptance="rejected"), _named("rejected")),
        (ExchangeFilter(own=MINE, acceptance="accepted"), ALL - {"pending", "rejected"}),
        (ExchangeFilter(own=MINE, entry=an_id(70)), _named("open later")),
        (ExchangeFilter(own=MINE, paired=True), _named("open later")),
        (ExchangeFilter(own=MINE, paired=False), ALL - {"open later"}),
        (ExchangeFilter(own=MINE, state="open"), _named("open", "open later", "birth", "asked")),
        (ExchangeFilter(own=MINE, state="challenged"), _named("challenged")),
        (ExchangeFilter(own=MINE, state="noted"), _named("noted")),
        (ExchangeFilter(own=MINE, state="withdrawn"), _named("withdrawn")),
        (ExchangeFilter(own=MINE, state="closed", lapsed_on=TODAY), _named("closed")),
        # Without a clock's word a state is what it was when the last message came.
        (ExchangeFilter(own=MINE, state="answered"), _named("answered before", "answered")),
        (ExchangeFilter(own=MINE, state="lapsed"), _named("lapsed")),
        # An answer whose last day lies before today has lapsed; one whose last day is today has not.
        (ExchangeFilter(own=MINE, state="answered", lapsed_on=TODAY), _named("answered")),
        (ExchangeFilter(own=MINE, state="lapsed", lapsed_on=TODAY), _named("answered before", "lapsed")),
        (ExchangeFilter(own=MINE, lapsed_on=TODAY), ALL),
        # A due day's own end is still in time; what was answered or closed is not overdue.
        (ExchangeFilter(own=MINE, overdue_on=a_day(30)), _named("challenged", "asked")),
        (ExchangeFilter(own=MINE, overdue_on=a_day(31)), _named("open", "challenged", "asked")),
        (ExchangeFilter(own=MINE, overdue_on=a_day(31), role=ASKER, state="open"), _named("open")),
        (ExchangeFilter(own=MINE, overdue_on=a_day(1)), _named()),
        (ExchangeFilter(own=MINE, expected_before=a_day(26)), _named("challenged")),
        (ExchangeFilter(own=MINE, expected_before=a_day(25)), _named()),
        (ExchangeFilter(own=MINE, due_provisional=True), _named("birth")),
    ],
    ids=shown,
)
def test_a_filter_finds_these(ledger, wanted, found):
    ledger.exchanges.add(list(EXCHANGES.values()))
    names = {exchange.key: name for name, exchange in EXCHANGES.items()}
    assert {names[exchange.key] for exchange in ledger.exchanges.find(wanted, Page())} == found


def test_a_list_begins_with_what_was_submitted_last(ledger):
    ledger.exchanges.add([an_exchange(n, submitted_at=a_moment(at)) for n, at in ((1, 5), (2, 9), (3, 7))])
    found = ledger.exchanges.find(ExchangeFilter(own=MINE), Page())
    assert [exchange.key.exchange for exchange in found] == [an_id(2), an_id(3), an_id(1)]


def _tied():
    """Exchanges of which many share their moment, and some their name."""
    return [
        an_exchange(n, link=link, role=role, own=XICHENG, submitted_at=a_moment(n // 3))
        for n in range(6)
        for link in (1, 2, 10)
        for role in (ASKER, ASKED)
    ]


@pytest.mark.parametrize("limit", [1, 2, 5, 36, 100])
def test_pages_go_on_where_the_one_before_ended_through_all_ties(ledger, limit):
    exchanges = _tied()
    ledger.exchanges.add(exchanges)
    in_order = sorted(exchanges, key=lambda e: (e.submitted_at, e.key.exchange, e.key.role, e.key.link), reverse=True)
    pages = in_pages(lambda page: ledger.exchanges.find(ExchangeFilter(own=MINE), page), exchange_cursor, limit)
    assert [exchange for page in pages for exchange in page] == in_order
    assert all(len(page) == limit for page in pages[:-1])


def test_what_is_submitted_meanwhile_shifts_no_page(ledger):
    ledger.exchanges.add([an_exchange(n) for n in range(1, 5)])
    first = ledger.exchanges.find(ExchangeFilter(own=MINE), Page(limit=2))
    ledger.exchanges.add([an_exchange(9)])
    second = ledger.exchanges.find(ExchangeFilter(own=MINE), Page(after=exchange_cursor(first[-1]), limit=2))
    assert [exchange.key.exchange for exchange in (*first, *second)] == [an_id(n) for n in (4, 3, 2, 1)]


def test_a_filter_holds_on_every_page(ledger):
    ledger.exchanges.add([an_exchange(n, kind=Kind.NOTICE if n % 2 else Kind.QUERY) for n in range(9)])
    wanted = ExchangeFilter(own=MINE, kind="notice")
    pages = in_pages(lambda page: ledger.exchanges.find(wanted, page), exchange_cursor, 3)
    assert [[exchange.key.exchange for exchange in page] for page in pages] == [[an_id(7), an_id(5), an_id(3)], [an_id(1)]]


@pytest.mark.parametrize("cursor", ["x", "1~2", an_id(1), "0~0~nobody~0"])
def test_a_cursor_that_no_page_gave_is_refused(ledger, cursor):
    with pytest.raises(BadCursor):
        ledger.exchanges.find(ExchangeFilter(own=MINE), Page(after=cursor))
