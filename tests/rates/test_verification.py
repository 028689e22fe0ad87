"""验证率: of the inflow entries whose 30 days ended, whose certificates were found valid or not valid in them."""

from typing import Any

import pytest

from exchange.codes import Kind, Purpose, RegisterKind, Result, Role
from exchange.counting.query import UNASSIGNED, Narrowing
from exchange.counting.rows import Row, Stamp
from exchange.moments import Period
from exchange.people.register import EntryFact, EntryFactKind
from exchange.rates import NOT_DIVIDED, RateName
from exchange.verbs.report import rows_behind
from tests.builders import WUCHANG, XICHENG, a_day, an_id
from tests.rates.histories import (
    HANYANG,
    WUHAN,
    History,
    Told,
    a_counting_node,
    an_open_entry,
    counts,
    holding,
    moment,
    reported,
    the_rate,
    then,
    until,
    wanted,
)

VERIFICATION = RateName.CERTIFICATE_VERIFICATION
FOUND, CLOSED, REOPENED = EntryFactKind.CERTIFICATE_FOUND, EntryFactKind.CLOSED, EntryFactKind.REOPENED
APRIL = Period(first=a_day(30), last=a_day(59))


def counted(*facts: EntryFact, told: tuple[Told, ...] = (), opened: float = 0, **query: Any) -> str:
    entry, opening = an_open_entry(1, opened)
    asked = wanted(**{"period": APRIL, "as_of": until(90), **query})
    rate = the_rate(holding(told, [(entry, [*opening, *facts])]), VERIFICATION, asked)
    return f"{rate.numerator}/{rate.denominator}"


def asking(history: History, **changes: Any) -> Told:
    verifying: dict[str, Any] = {"role": Role.ASKER, "entry": an_id(1), "purpose": Purpose.CERTIFICATE_VERIFICATION, **changes}
    return history.of(1, **verifying)


def test_an_entry_counts_in_the_period_in_which_its_30_days_end():
    assert counted(period=Period(first=a_day(30), last=a_day(30))) == "0/1"
    assert counted(period=Period(first=a_day(0), last=a_day(29))) == "0/0"
    assert counted(period=Period(first=a_day(31), last=a_day(59))) == "0/0"


def test_it_counts_once_the_thirtieth_day_is_over():
    assert counted(as_of=until(29)) == "0/0"
    assert counted(as_of=until(30)) == "0/1"


@pytest.mark.parametrize(("day", "rate"), [(-0.1, "0/1"), (0, "1/1"), (15, "1/1"), (30.6, "1/1"), (30.7, "0/1")])
def test_a_certificate_is_found_from_the_opening_to_the_end_of_the_thirtieth_day(day, rate):
    assert counted(then(FOUND, 1, day)) == rate


def test_a_finding_counts_once_it_is_known():
    late = then(FOUND, 1, 10, known=40)
    assert counted(late, as_of=moment(39.9)) == "0/1"
    assert counted(late, as_of=moment(40)) == "1/1"


def test_an_entry_that_was_closed_before_its_30_days_ended_is_in_neither_count():
    assert counted(then(FOUND, 1, 5), then(CLOSED, 1, 30)) == "0/0"
    assert counted(then(FOUND, 1, 5), then(CLOSED, 1, 31)) == "1/1"
    assert counted(then(CLOSED, 1, 20, known=50), as_of=until(45)) == "0/1"


def test_a_reopening_has_30_days_of_its_own():
    again = (then(FOUND, 1, 5), then(CLOSED, 1, 10), then(REOPENED, 1, 20))
    assert counted(*again) == "0/1"
    assert counted(*again, then(FOUND, 1, 25)) == "1/1"


@pytest.mark.parametrize(
    ("result", "rate"),
    [(Result.CONFIRMED, "1/1"), (Result.CORRECTED, "1/1"), (Result.NOT_FOUND, "0/1"), (Result.REFUSED, "0/1")],
)
def test_people_who_confirm_or_correct_the_certificate_have_found_it_too(result, rate):
    assert counted(told=(asking(History(received=1).answered(6, result)),)) == rate


def test_only_an_answer_in_time_to_an_own_query_that_asked_for_it_counts():
    answered = History(received=1).answered(6)
    assert counted(told=(asking(History(received=1).answered(31)),)) == "0/1"
    assert counted(told=(asking(answered, purpose=Purpose.PUBLIC_SERVICE),)) == "0/1"
    assert counted(told=(asking(answered, role=Role.ASKED),)) == "0/1"
    assert counted(told=(asking(answered, entry=an_id(2)),)) == "0/1"
    assert counted(told=(asking(History(received=1)),)) == "0/1"


def test_outflow_entries_have_none_to_verify():
    entry, facts = an_open_entry(1, register=RegisterKind.OUTFLOW, origin=WUCHANG, destination=XICHENG)
    rate = the_rate(holding([], [(entry, [*facts, then(FOUND, 1, 3)])]), VERIFICATION, wanted(as_of=until(90)))
    assert counts(rate) == (0, 0)


def test_it_is_not_divided_by_what_exchanges_are_about():
    rate = the_rate(holding(), VERIFICATION, wanted(narrowing=Narrowing(kind=Kind.QUERY)))
    assert (rate.reason, counts(rate)) == (NOT_DIVIDED, (None, None))


def test_townships_and_counties_sum_to_the_whole():
    entries = [an_open_entry(n, n % 3, township=WUCHANG + "001" if n % 2 else None) for n in range(1, 6)]
    entries += [an_open_entry(n, jurisdiction=HANYANG, destination=HANYANG) for n in (7, 8)]
    for n in (1, 2, 7):
        entries[n - 1 if n < 6 else 5][1].append(then(FOUND, n, 9))
    ledgers = holding([], entries)
    query: dict[str, Any] = {"as_of": until(90), "parts": True}
    county = reported(ledgers, wanted(WUCHANG, **query))
    assert counts(county.of(WUCHANG).rate(VERIFICATION)) == (2, 5)
    assert counts(county.of(WUCHANG, WUCHANG + "001").rate(VERIFICATION)) == (1, 3)
    assert counts(county.of(WUCHANG, UNASSIGNED).rate(VERIFICATION)) == (1, 2)
    assert counts(reported(ledgers, wanted(WUHAN, **query)).of(WUHAN).rate(VERIFICATION)) == (3, 7)


def test_the_rows_name_the_last_day_and_what_found_it():
    entry, opening = an_open_entry(1)
    ledgers = holding([], [(entry, [*opening, then(FOUND, 1, 9), then(FOUND, 1, 4, known=12)])])
    with ledgers.transaction(read_only=True) as ledger:
        rows = rows_behind(ledger, a_counting_node(), wanted(as_of=until(90)), WUCHANG, VERIFICATION)
    stamps = (
        Stamp(what="entry_opened", at=moment(0), known_at=moment(0), due=a_day(30)),
        Stamp(what="certificate_found", at=moment(4), known_at=moment(12)),
    )
    assert rows == (Row(id=an_id(1), own=WUCHANG, other=XICHENG, stamps=stamps, numerator=1, denominator=1),)
