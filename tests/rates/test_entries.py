"""信息交流率 and 确认率: of the open entries, which were exchanged and which confirmed."""

from dataclasses import replace

import pytest

from exchange.codes import Purpose, RegisterKind, Result, Role
from exchange.counting.entries import opening_at
from exchange.counting.query import UNASSIGNED, Narrowing
from exchange.counting.rows import UNTOLD, Row, Stamp
from exchange.jurisdiction import Category
from exchange.moments import Period
from exchange.people.register import EntryFactKind
from exchange.rates import RateName
from tests.builders import WUCHANG, XICHENG, a_day, an_id
from tests.rates.histories import (
    HANYANG,
    HUBEI,
    History,
    Told,
    an_open_entry,
    holding,
    moment,
    reported,
    the_rate,
    then,
    until,
    wanted,
)

CLOSED, REOPENED, CHANGED = EntryFactKind.CLOSED, EntryFactKind.REOPENED, EntryFactKind.CHANGED


def about(n: int, history: History, result: Result = Result.CONFIRMED, entry: int = 1) -> Told:
    """An exchange that Wuchang began about one of its entries."""
    return history.of(n, role=Role.ASKER, entry=an_id(entry), result=result)


def both(told: list[Told], *facts: object, **query: object) -> tuple[str, str]:
    entry, opened = an_open_entry(1)
    figures = reported(holding(told, [(entry, [*opened, *facts])]), wanted(**query)).of(WUCHANG)  # type: ignore[list-item, arg-type]  # whatever a test tells
    rates = (figures.rate(RateName.EXCHANGE), figures.rate(RateName.CONFIRMATION))
    return tuple(f"{rate.numerator}/{rate.denominator}" for rate in rates)  # type: ignore[return-value]  # two of them


@pytest.mark.parametrize(
    ("day", "is_open"),
    [(-1, False), (0, True), (9, True), (10, False), (19, False), (20, True), (300, True)],
)
def test_an_entry_is_open_from_its_opening_to_its_closing_and_again_from_its_reopening(day, is_open):
    _, facts = an_open_entry(1)
    facts += [then(REOPENED, 1, 20), then(CHANGED, 1, 5), then(CLOSED, 1, 10), then(CHANGED, 1, 12)]
    assert (opening_at(facts, Period(first=a_day(-9), last=a_day(day)), until(400)) is not None) is is_open


def test_it_is_the_end_of_the_period_that_counts_or_the_as_of_moment_before_it():
    _, facts = an_open_entry(1, 5)
    march = Period(first=a_day(0), last=a_day(29))
    assert opening_at(facts, march, moment(4)) is None
    assert opening_at(facts, march, moment(5)) == facts[0]
    assert opening_at([*facts, then(CLOSED, 1, 31)], march, until(60)) == facts[0]


def test_a_closing_counts_once_it_is_known():
    _, facts = an_open_entry(1)
    facts.append(then(CLOSED, 1, 10, known=50))
    march = Period(first=a_day(0), last=a_day(29))
    assert opening_at(facts, march, moment(49)) == facts[0]
    assert opening_at(facts, march, moment(50)) is None


@pytest.mark.parametrize(
    ("history", "result", "rates"),
    [
        (History(received=1), Result.CONFIRMED, ("1/1", "0/1")),
        (History(received=1, due=None), Result.CONFIRMED, ("1/1", "0/1")),
        (History(received=1).answered(2), Result.CONFIRMED, ("1/1", "0/1")),
        (History(received=1).answered(2).confirmed(3), Result.CONFIRMED, ("1/1", "1/1")),
        (History(received=1).answered(2).confirmed(3), Result.CORRECTED, ("1/1", "1/1")),
        (History(received=1).answered(2).confirmed(3), Result.NOT_FOUND, ("1/1", "0/1")),
        (History(received=1).answered(2).confirmed(3), Result.REFUSED, ("1/1", "0/1")),
        (History(received=1).withdrawn(2), Result.CONFIRMED, ("0/1", "0/1")),
        (History(received=1).answered(2).withdrawn(3), Result.CONFIRMED, ("1/1", "0/1")),
        (History(received=-1), Result.CONFIRMED, ("0/1", "0/1")),
        (History(received=-9).answered(-8).confirmed(1), Result.CONFIRMED, ("0/1", "0/1")),
    ],
)
def test_an_entry_is_exchanged_by_an_accepted_exchange_and_confirmed_by_an_accepted_record(history, result, rates):
    assert both([about(1, history, result)]) == rates


def test_what_lies_before_a_reopening_no_longer_counts():
    done = about(1, History(received=1).answered(2).confirmed(3))
    assert both([done], then(CLOSED, 1, 10), then(REOPENED, 1, 20)) == ("0/1", "0/1")
    again = about(2, History(received=21))
    assert both([done, again], then(CLOSED, 1, 10), then(REOPENED, 1, 20)) == ("1/1", "0/1")


def test_a_later_exchange_that_was_not_confirmed_does_not_undo_an_earlier_confirmation():
    told = [about(1, History(received=1).answered(2).confirmed(3)), about(2, History(received=9).answered(10), Result.NOT_FOUND)]
    assert both(told) == both(told[::-1]) == ("1/1", "1/1")


def test_only_exchanges_since_the_opening_can_confirm():
    confirmed_since = about(1, History(received=1).answered(2).confirmed(25))
    facts = then(CLOSED, 1, 10), then(REOPENED, 1, 20)
    assert both([confirmed_since, about(2, History(received=21))], *facts) == ("1/1", "0/1")


def test_what_was_exchanged_after_the_period_counts_if_it_was_known_by_the_as_of_moment():
    month = Period(first=a_day(0), last=a_day(18))
    told = [about(1, History(received=20).answered(21).confirmed(22))]
    assert both(told, period=month, as_of=until(25)) == ("1/1", "1/1")
    assert both(told, period=month, as_of=until(21)) == ("1/1", "0/1")
    assert both(told, period=month, as_of=until(19)) == ("0/1", "0/1")


def test_being_asked_about_a_person_is_no_exchange_of_ones_own():
    asked = History(received=1).of(1, entry=an_id(1))
    assert both([asked]) == ("0/1", "0/1")


def test_a_closed_entry_counts_for_nothing():
    assert both([about(1, History(received=1))], then(CLOSED, 1, 10)) == ("0/0", "0/0")


def test_entries_are_counted_by_register_township_category_and_other_side():
    entries = [
        an_open_entry(1, township=WUCHANG + "001"),
        an_open_entry(2, register=RegisterKind.OUTFLOW, origin=WUCHANG, destination="110000"),  # only the province is known
        an_open_entry(3, origin=HANYANG),  # another district of the same city
        an_open_entry(4, jurisdiction=HANYANG, destination=HANYANG),
    ]
    ledgers = holding(entries=entries)

    def ids(*jurisdictions: str, **narrowing: object) -> tuple[str, ...] | None:
        query = wanted(*jurisdictions, narrowing=Narrowing(**narrowing), rows=frozenset({RateName.EXCHANGE}))  # type: ignore[arg-type]  # whatever a test names
        return the_rate(ledgers, RateName.EXCHANGE, query).denominator_ids

    assert ids(HUBEI) == (an_id(1), an_id(2), an_id(4))
    assert ids(WUCHANG, register=RegisterKind.OUTFLOW) == (an_id(2),)
    assert ids(WUCHANG, township=WUCHANG + "001") == (an_id(1),)
    assert ids(WUCHANG, township=UNASSIGNED) == (an_id(2),)
    assert ids(WUCHANG, category=Category.INTRA_CITY) == (an_id(3),)
    assert ids(WUCHANG, other="110000") == (an_id(1), an_id(2))
    assert ids(WUCHANG, other=XICHENG) == (an_id(1),)


def test_the_row_behind_an_entry_tells_its_opening_and_what_was_exchanged():
    told = [about(1, History(received=1).answered(2).confirmed(3))]
    query = wanted(rows=frozenset({RateName.CONFIRMATION}))
    (row,) = the_rate(holding(told, [an_open_entry(1)]), RateName.CONFIRMATION, query).rows or ()
    stamps = (
        Stamp(what="entry_opened", at=moment(0), known_at=moment(0)),
        Stamp(what="opened", at=moment(1), known_at=moment(1), round=1, due=a_day(30)),
        Stamp(what="confirmed", at=moment(3), known_at=moment(3), round=1, result=Result.CONFIRMED),
    )
    assert row == Row(id=an_id(1), own=WUCHANG, other=XICHENG, stamps=stamps, numerator=1, denominator=1)


@pytest.mark.parametrize("name", [RateName.EXCHANGE, RateName.CONFIRMATION])
def test_the_rows_as_they_are_shown_do_not_tell_which_entries_count_by_a_birth_registration_alone(name):
    """Of two, one counts by a birth registration alone, the other by a later one as well: both counts stay as they were."""
    births = [about(n, History(received=n + 4).answered(8).confirmed(9), entry=n) for n in (1, 2)]
    told = [replace(one, exchange=replace(one.exchange, purpose=Purpose.BIRTH_REGISTRATION)) for one in births]
    told.append(about(3, History(received=1).answered(2).confirmed(3), entry=2))
    entries = [an_open_entry(n) for n in (1, 2, 3)]
    for day, apart in ((30, 1), (600, 0)):  # long after its end it is one of many services
        rate = the_rate(holding(told, entries), name, wanted(rows=frozenset({name}), told_on=a_day(day)))
        rows = {row.id: row for row in rate.rows or ()}
        assert (rate.numerator, rate.denominator) == (2, 3)
        assert [rows[an_id(n)].numerator for n in (1, 2, 3)] == [1 - apart, 1, 0]
        assert [len(rows[an_id(n)].stamps) for n in (1, 2, 3)] == [1 if apart else 3, 3, 1]
        received = {stamp.at for row in rows.values() for stamp in row.stamps if stamp.what == "opened"}
        assert received == ({moment(1)} if apart else {moment(5), moment(6)})
        untold = Row(id=UNTOLD, own=WUCHANG, other=None, stamps=(), numerator=1, denominator=0)
        assert rows.get(UNTOLD) == (untold if apart else None)
