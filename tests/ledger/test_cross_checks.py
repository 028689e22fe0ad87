"""The checks against other departments' sheets, the rows to look at, and the differences."""

import pytest

from exchange.checking.check import (
    CheckField,
    CheckLayout,
    CheckOutcome,
    DifferenceFilter,
    DifferenceState,
    EntryToCheck,
    Settlement,
)
from exchange.codes import RegisterKind
from exchange.cursors import BadCursor, check_cursor, check_row_cursor, difference_cursor, to_check_cursor
from exchange.ledger import LedgerBusy, Page
from tests.builders import XICHENG, YUYANG, a_check, a_check_row, a_difference, a_digest, a_moment, a_row_problem, an_id
from tests.ledger.support import TAKEN, in_pages

MINE = frozenset({XICHENG})
BIRTH_DATE, SEX = CheckField.CHILD_BIRTH_DATE, CheckField.CHILD_SEX
OPEN, CORRECTED, LAPSED = DifferenceState.OPEN, DifferenceState.CORRECTED, DifferenceState.LAPSED


def ids(found):
    return [each.id for each in found]


def listed(ledger, **wanted):
    return ledger.cross_checks.differences(DifferenceFilter(own=MINE, **wanted), Page(limit=1000))


def test_a_check_its_rows_and_its_differences_come_back_as_they_were_added(ledgers):
    rows = [a_check_row(7, outcome=CheckOutcome.AMBIGUOUS, problems=(a_row_problem(found="\\N\t\n\"'"),)), a_check_row(3)]
    found = [a_difference(2), a_difference(1, field=SEX)]
    with ledgers.transaction() as ledger:
        ledger.cross_checks.add(a_check(register=RegisterKind.INFLOW), rows, found)
    with ledgers.transaction() as ledger:
        assert ledger.cross_checks.get(an_id(1)) == a_check(register=RegisterKind.INFLOW)
        assert ledger.cross_checks.rows(an_id(1), Page()) == rows[::-1]
        assert listed(ledger) == found[::-1]
        assert ledger.cross_checks.get(an_id(2)) is None
        assert ledger.cross_checks.rows(an_id(2), Page()) == []


def test_the_last_run_of_the_same_bytes_in_the_same_registers_is_known(ledger):
    same = a_check().digest
    for check in (a_check(1), a_check(2, run=2, digest=same), a_check(3, register=RegisterKind.OUTFLOW, digest=same)):
        ledger.cross_checks.add(check, [], [])
    latest = ledger.cross_checks.latest
    assert latest(XICHENG, CheckLayout.BIRTHS, None, same) == a_check(2, run=2, digest=same)
    assert latest(XICHENG, CheckLayout.BIRTHS, RegisterKind.OUTFLOW, same) is not None
    assert latest(XICHENG, CheckLayout.BIRTHS, RegisterKind.INFLOW, same) is None
    assert latest(XICHENG, CheckLayout.MARRIAGES, None, same) is None
    assert latest(YUYANG, CheckLayout.BIRTHS, None, same) is None
    assert latest(XICHENG, CheckLayout.BIRTHS, None, a_digest("other")) is None


def test_one_run_is_added_once(ledgers):
    with ledgers.transaction() as ledger:
        ledger.cross_checks.add(a_check(1), [], [])
    with pytest.raises(LedgerBusy), ledgers.transaction() as ledger:
        ledger.cross_checks.add(a_check(2, digest=a_check().digest), [a_check_row(3, 2)], [a_difference(1, check=an_id(2))])
    with ledgers.transaction() as ledger:
        assert ledger.cross_checks.get(an_id(2)) is None
        assert listed(ledger) == []


def test_a_row_has_one_result(ledgers):
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.cross_checks.add(a_check(), [a_check_row(3), a_check_row(3)], [])


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_everything_is_listed_page_by_page(ledger, limit):
    checks = {n: a_check(n, at=a_moment(at)) for n, at in ((1, 5), (2, 9), (3, 5))}
    for n, check in checks.items():
        ledger.cross_checks.add(check, [a_check_row(row, n) for row in (100, 9, 20)], [])
    ledger.cross_checks.add(
        a_check(4, jurisdiction=YUYANG), [], [a_difference(n, check=an_id(4), entry=an_id(9 - n)) for n in (3, 1, 2)]
    )
    books, theirs = ledger.cross_checks, frozenset({YUYANG})
    pages = in_pages(lambda page: books.find(MINE, page), check_cursor, limit)
    assert [check for page in pages for check in page] == [checks[n] for n in (2, 3, 1)]
    pages = in_pages(lambda page: books.rows(an_id(2), page), check_row_cursor, limit)
    assert [row.row for page in pages for row in page] == [9, 20, 100]
    pages = in_pages(lambda page: books.differences(DifferenceFilter(own=MINE), page), difference_cursor, limit)
    assert [each.id for page in pages for each in page] == [an_id(n) for n in (1, 2, 3)]
    pages = in_pages(lambda page: books.to_check(MINE, page), to_check_cursor, limit)
    assert [each.entry for page in pages for each in page] == [an_id(n) for n in (6, 7, 8)]
    assert books.find(theirs, Page()) == [a_check(4, jurisdiction=YUYANG)]
    assert books.find(frozenset(), Page()) == []


def test_differences_are_found_by_check_entry_field_state_and_county(ledger):
    ledger.cross_checks.add(
        a_check(1),
        [],
        [a_difference(1), a_difference(2, field=SEX), a_difference(3, entry=an_id(7)), a_difference(4, jurisdiction=YUYANG)],
    )
    ledger.cross_checks.add(a_check(2), [], [a_difference(5, check=an_id(2)).corrected(a_moment(9))])
    assert ids(listed(ledger)) == [an_id(n) for n in (1, 2, 3, 5)]
    assert ids(listed(ledger, check=an_id(1))) == [an_id(n) for n in (1, 2, 3)]
    assert ids(listed(ledger, entry=an_id(7))) == [an_id(3)]
    assert ids(listed(ledger, field=SEX)) == [an_id(2)]
    assert ids(listed(ledger, state=OPEN)) == [an_id(n) for n in (1, 2, 3)]
    assert ids(listed(ledger, state=CORRECTED, check=an_id(2))) == [an_id(5)]
    assert ids(ledger.cross_checks.pick(an_id(1), [an_id(3), an_id(1), an_id(5)], lock=True)) == [an_id(1), an_id(3)]


def test_settled_differences_are_counted_by_field_and_state_and_say_nothing(ledger):
    ledger.cross_checks.add(a_check(), [], [a_difference(1), a_difference(2), a_difference(3, field=SEX)])
    settled = [a_difference(1).corrected(a_moment(5)), a_difference(3, field=SEX).kept(Settlement.VERIFIED, a_moment(6))]
    ledger.cross_checks.save(settled)
    assert listed(ledger) == [settled[0], a_difference(2), settled[1]]
    assert ledger.cross_checks.counts([an_id(1), an_id(2)]) == {
        an_id(1): {(BIRTH_DATE, CORRECTED): 1, (BIRTH_DATE, OPEN): 1, (SEX, DifferenceState.KEPT): 1}
    }
    assert ledger.cross_checks.counts([]) == {}


def test_entries_to_check_are_those_with_open_differences(ledger):
    ledger.cross_checks.add(a_check(1), [], [a_difference(1), a_difference(2, field=SEX), a_difference(3, entry=an_id(2))])
    ledger.cross_checks.add(a_check(2), [], [a_difference(4, check=an_id(2), field=SEX)])
    ledger.cross_checks.save([a_difference(3, entry=an_id(2)).corrected(a_moment(5))])
    books = ledger.cross_checks
    assert books.to_check(MINE, Page()) == [EntryToCheck(entry=an_id(1), jurisdiction=XICHENG, fields=(BIRTH_DATE, SEX))]
    assert (books.count_to_check(MINE), books.count_to_check(frozenset({YUYANG}))) == (1, 0)
    assert books.open_fields([an_id(1), an_id(2), an_id(3)]) == {an_id(1): (BIRTH_DATE, SEX)}
    assert books.open_fields([]) == {}


def test_what_lapses_is_erased_and_what_was_settled_stays(ledger):
    settled = a_difference(4).corrected(a_moment(5))
    ledger.cross_checks.add(
        a_check(1), [], [a_difference(1), a_difference(2, entry=an_id(2)), a_difference(3, at=a_moment(50)), settled]
    )
    ledger.cross_checks.add(a_check(2), [], [a_difference(5, check=an_id(2), entry=an_id(5), at=a_moment(50))])
    books = ledger.cross_checks
    assert books.lapse(entry=an_id(2)) == 1
    assert books.forget(a_moment(50)) == 1
    assert books.lapse(check=an_id(2)) == 1
    assert [(each.state, each.proposal is None) for each in listed(ledger)] == [
        (LAPSED, True),
        (LAPSED, True),
        (OPEN, False),
        (CORRECTED, True),
        (LAPSED, True),
    ]
    assert books.forget(a_moment(50)) == 0


@pytest.mark.parametrize("cursor", ["~", "-1.5 "])
def test_a_cursor_that_no_page_gave_is_refused(ledger, cursor):
    books = ledger.cross_checks
    for find in (
        lambda page: books.find(MINE, page),
        lambda page: books.rows(an_id(1), page),
        lambda page: books.differences(DifferenceFilter(own=MINE), page),
        lambda page: books.to_check(MINE, page),
    ):
        with pytest.raises(BadCursor):
            find(Page(after=cursor))
