"""The stored versions, the queue beside them and the pages of totals, on every ledger."""

from dataclasses import replace
from typing import Any

import pytest

from exchange.codes import Role
from exchange.conversation import FactKind
from exchange.counting.pages import PageKey, Piece, TotalsPage, packed, piece_of, pieces_between, spans_of
from exchange.counting.sorts import GROUP_MASK, SortFilter
from exchange.counting.sums import CohortSum, CountSum, Selection, WaitingSum
from exchange.counting.version import FOREVER, Mark, Version
from exchange.exchanges import Acceptance, ExchangeKey
from exchange.moments import Period
from exchange.rates import Cohort
from tests.builders import WUCHANG, XICHENG, YUYANG, a_conversation, a_day, a_fact, a_moment, an_exchange, an_id

KEY = ExchangeKey(1, an_id(1), Role.ASKED)
OTHER = KEY._replace(exchange=an_id(2))
DAY = a_day().toordinal()
PAGE = PageKey(Cohort.DUE, Role.ASKED, Piece(DAY, DAY + 30))


def a_version(**changes: Any) -> Version:
    """An exchange that Wuchang has to answer."""
    version = Version(
        since=DAY, own=WUCHANG, other=XICHENG, township=None, sort=0, received=DAY, first_due=DAY + 5, waiting_due=DAY + 5
    )
    return replace(version, **changes)


def wanted(**changes: Any) -> Selection:
    """What Wuchang has to answer, all of it, ten days on."""
    chosen = Selection(
        own=frozenset({WUCHANG}),
        role=Role.ASKED,
        boundary=DAY + 10,
        beyond=False,
        cohort=Cohort.DUE,
        first=1,
        last=FOREVER - 1,
        answered_before=0,
        sorts=SortFilter(0, 0),
        sort_bits=GROUP_MASK,
    )
    return replace(chosen, **changes)


def test_every_fact_and_every_undoing_is_queued_by_the_day_on_which_it_counts(ledger):
    late = a_fact(FactKind.OPENED, 1, happened_at=a_moment(0), known_at=a_moment(24 * 60))
    ledger.exchanges.add_facts([(KEY, late), (OTHER, a_fact(FactKind.OPENED, 2))])
    ledger.exchanges.void_facts(OTHER, [an_id(2)], a_moment(48 * 60))
    queued = ledger.counting.queued(FOREVER, 10)
    assert sorted((one.key, one.day) for one in queued) == [(KEY, DAY + 1), (OTHER, DAY), (OTHER, DAY + 2)]
    assert ledger.counting.in_queue([KEY, KEY._replace(link=9)]) == {KEY}


def test_what_is_taken_off_the_queue_comes_with_all_that_waits_of_its_exchanges(ledger):
    ledger.counting.queue([KEY, OTHER], DAY)
    ledger.counting.queue([KEY], DAY + 1)
    taken = ledger.counting.queued(DAY + 1, 1)
    assert [(one.key, one.day) for one in taken] == [(KEY, DAY), (KEY, DAY + 1)]
    ledger.counting.unqueue(one.id for one in taken)
    assert [one.key for one in ledger.counting.queued(FOREVER, 10)] == [OTHER]
    assert ledger.counting.queued(DAY, 10) == []


def test_versions_are_replaced_as_a_whole(ledger):
    first = (a_version(until=DAY + 3), a_version(since=DAY + 3, township=WUCHANG + "001"))
    ledger.counting.replace({KEY: first, OTHER: [a_version(sort=5)]})
    assert ledger.counting.versions([KEY, OTHER]) == {KEY: first, OTHER: (a_version(sort=5),)}
    ledger.counting.replace({KEY: [a_version()], OTHER: []})
    assert ledger.counting.versions([KEY, OTHER]) == {KEY: (a_version(),)}
    assert ledger.counting.versions([]) == {}


def test_versions_without_an_exchange_are_strays(ledger):
    ledger.exchanges.add([an_exchange(2, role=Role.ASKED)])
    ledger.counting.replace({KEY: [a_version(until=DAY + 1), a_version(since=DAY + 1)], OTHER: [a_version()]})
    assert ledger.counting.strays(10) == [KEY]


@pytest.mark.parametrize(("boundary", "cohort", "waiting"), [(0, 0, 0), (1, 0, 1), (5, 0, 1), (6, 1, 1), (8, 1, 1), (9, 1, 0)])
def test_a_version_holds_after_its_first_day_and_until_its_last(ledger, boundary, cohort, waiting):
    answered = a_version(since=DAY + 8, marks=int(Mark.ANSWERED), days=8, answered_on=DAY + 8, waiting_due=0)
    ledger.counting.replace({KEY: [a_version(until=DAY + 8), answered]})
    chosen = wanted(boundary=DAY + boundary)
    assert sum(one.number for one in ledger.counting.cohort(chosen)) == cohort
    assert sum(one.number for one in ledger.counting.waiting(chosen)) == waiting


def test_the_sums_are_divided_by_what_is_asked_for(ledger):
    township = WUCHANG + "001"
    ledger.counting.replace(
        {
            KEY: [
                a_version(township=township, marks=int(Mark.ANSWERED | Mark.BY_EVENT), days=2, answered_on=DAY + 2, waiting_due=0)
            ],
            OTHER: [a_version(sort=1 << 4 | 1)],
            OTHER._replace(exchange=an_id(3)): [a_version(own=YUYANG)],
            OTHER._replace(role=Role.ASKER): [a_version()],
        }
    )
    chosen = wanted(by_township=True, by_other=True, answered_before=DAY + 3)
    assert sorted(ledger.counting.cohort(chosen), key=lambda one: one.sort) == [
        CohortSum(WUCHANG, township, XICHENG, 0, int(Mark.ANSWERED), 2, True, 1),
        CohortSum(WUCHANG, None, XICHENG, 1, 0, -1, False, 1),
    ]
    assert ledger.counting.waiting(wanted()) == [WaitingSum(WUCHANG, None, None, 1, True, 1, DAY, DAY + 5)]
    assert sorted(ledger.counting.counts(wanted())) == [CountSum(WUCHANG, None, 0, 1, 1, 0), CountSum(WUCHANG, None, 1, 1, 0, 0)]
    assert ledger.counting.behind(wanted(township="unassigned")) == [OTHER]
    assert ledger.counting.behind(wanted(township=township)) == [KEY]
    assert ledger.counting.behind(wanted(sorts=SortFilter(1, 1))) == [OTHER]
    assert ledger.counting.behind(wanted(links=frozenset({2}))) == []
    assert ledger.counting.behind(wanted(), limit=1) == [KEY]
    assert ledger.counting.behind(wanted(), KEY.exchange, 2) == [KEY, OTHER]
    assert ledger.counting.behind(wanted(), OTHER.exchange) == [OTHER]


def test_what_is_touched_is_left_out_of_the_sums_and_named(ledger):
    exchanges = [an_exchange(n, role=Role.ASKED, own=WUCHANG, conversation=a_conversation()) for n in (1, 2, 3)]
    ledger.exchanges.add(exchanges)
    first, second, third = (exchange.key for exchange in exchanges)
    by_event, ended = int(Mark.BY_EVENT), int(Mark.ENDED)
    later = a_version(since=DAY + 10, marks=by_event)
    ledger.counting.replace({first: [a_version()], second: [a_version(until=DAY + 10, marks=ended), later], third: [a_version()]})
    ledger.counting.queue([first], DAY + 4)
    ledger.counting.queue([third], DAY + 10)
    assert (ledger.counting.touched(wanted()), ledger.counting.behind(wanted())) == ({first}, [second, third])
    beyond = wanted(beyond=True)
    assert (ledger.counting.touched(beyond), ledger.counting.behind(beyond)) == ({first, second, third}, [])
    assert ledger.counting.touched(wanted(own=frozenset({YUYANG}))) == frozenset()


def test_rejected_openings_are_counted_by_the_day_of_submission(ledger):
    rejected = an_exchange(1, role=Role.ASKER, acceptance=Acceptance.REJECTED, submitted_at=a_moment(0), known_at=a_moment(30))
    ledger.exchanges.add([rejected, an_exchange(2, role=Role.ASKER)])
    one_day = Period(first=a_day(0), last=a_day(0))
    (found,) = ledger.counting.rejected(frozenset({rejected.own}), one_day, a_moment(30))
    assert (found.own, found.other, found.link, found.number) == (rejected.own, rejected.other, 1, 1)
    assert ledger.counting.rejected(frozenset({rejected.own}), one_day, a_moment(29)) == []
    assert ledger.counting.rejected(frozenset({rejected.own}), Period(first=a_day(1), last=a_day(9)), a_moment(99)) == []


def test_a_page_is_found_at_the_boundaries_at_which_it_holds(ledger):
    content = packed(
        [CountSum(WUCHANG, None, 3, 5, 4, 2), CountSum(XICHENG, None, 1, 2, 1, 1), CountSum(YUYANG, None, 1, 0, 0, 0)]
    )
    page = TotalsPage(key=PAGE, since=DAY, until=DAY + 3, content=content)
    ledger.counting.put_page(page)
    assert ledger.counting.pages(Cohort.DUE, Role.ASKED, DAY) == {}
    assert ledger.counting.pages(Cohort.DUE, Role.ASKED, DAY + 1) == {PAGE.piece: page}
    assert ledger.counting.pages(Cohort.SUBMITTED, Role.ASKED, DAY + 1) == {}
    cells = page.cells
    assert [column.tolist() for column in cells] == [[110102, 420106], [1, 3], [2, 5], [1, 4], [1, 2]]
    assert ledger.counting.spans() == [(PAGE, Piece(DAY + 1, DAY + 3))]
    ledger.counting.cut_page(PAGE, DAY, DAY + 1)
    assert [page.until for page in ledger.counting.all_pages()] == [DAY + 1]
    ledger.counting.drop_page(PAGE, DAY)
    assert list(ledger.counting.all_pages()) == []


def test_a_page_adds_up_what_holds_and_knows_when_that_changes_next(ledger):
    ledger.counting.replace(
        {
            KEY: [a_version(until=DAY + 8), a_version(since=DAY + 8, marks=int(Mark.ANSWERED))],
            OTHER: [a_version(first_due=DAY + 20)],
        }
    )
    assert ledger.counting.totals(PAGE, DAY + 6) == [CountSum(WUCHANG, None, 0, 1, 0, 0)]
    assert ledger.counting.totals(PAGE, DAY + 9) == [CountSum(WUCHANG, None, 0, 1, 1, 0)]
    assert [ledger.counting.next_change(PAGE, DAY + day) for day in (6, 9, 21)] == [DAY + 8, DAY + 20, None]
    assert ledger.counting.extent(Cohort.DUE, Role.ASKED) == Piece(DAY + 5, DAY + 20)
    assert ledger.counting.extent(Cohort.SUBMITTED, Role.ASKED) == Piece(DAY, DAY)
    assert ledger.counting.extent(Cohort.DUE, Role.ASKER) is None


def test_pieces_make_statistical_and_calendar_months():
    statistical = Period(first=a_day(19), last=a_day(49))  # 21 March to 20 April
    calendar = Period(first=a_day(30), last=a_day(59))  # April
    whole = pieces_between(a_day(0).toordinal(), a_day(90).toordinal(), 21)
    for period in (statistical, calendar):
        inside, rest = spans_of(period, whole)
        assert (len(inside), rest) == (2, [])
        assert sum(piece.last - piece.first + 1 for piece in inside) == (period.last - period.first).days + 1
    odd, rest = spans_of(Period(first=a_day(25), last=a_day(70)), whole)
    edges = [Piece(a_day(25).toordinal(), whole[1].first - 1), Piece(whole[2].last + 1, a_day(70).toordinal())]
    assert (odd, rest) == (whole[1:3], edges)
    assert all(piece_of(day, 21) == piece for piece in whole for day in piece)
