"""The cases of couples."""

from dataclasses import replace

import pytest
from msgspec import structs

from exchange.cases.case import Named
from exchange.codes import Purpose, Role, WithdrawalReason
from exchange.cursors import BadCursor, case_cursor
from exchange.exchanges import ExchangeKey
from exchange.ledger import CaseFilter, Page
from tests.builders import WUCHANG, XICHENG, a_moment, an_id
from tests.building.cases import a_case
from tests.ledger.support import TAKEN, in_pages

OWN = CaseFilter(own=frozenset({XICHENG}))
ENDED = a_case(
    2,
    service=Purpose.BENEFIT,
    finished_at=a_moment(7),
    following=True,
    contradicted_at=a_moment(8),
    version=3,
)
CANCELLED = a_case(3).cancelled(a_moment(9), WithdrawalReason.PERSON_WITHDREW)


@pytest.mark.parametrize("case", [a_case(1), ENDED, CANCELLED], ids=["open", "ended", "cancelled"])
def test_a_case_comes_back_as_it_was_added(ledgers, case):
    with ledgers.transaction() as ledger:
        ledger.cases.add(case)
    with ledgers.transaction() as ledger:
        assert ledger.cases.get(case.id, lock=True) == case
        assert ledger.cases.get(an_id(9)) is None


def test_a_case_that_is_saved_is_found_by_the_exchanges_that_it_has_since(ledgers):
    case = a_case(1)
    first, second = case.spouses
    told = case.with_spouse(1, structs.replace(first, notice=Named(link=1, exchange=an_id(8))))
    told = told.with_spouse(2, structs.replace(second, query=Named(link=2, exchange=an_id(1)), unasked=None))
    with ledgers.transaction() as ledger:
        ledger.cases.add(case)
        ledger.cases.save(told)
        ledger.cases.save(told)
    with ledgers.transaction() as ledger:
        assert ledger.cases.get(case.id) == told
        assert ledger.cases.of_exchanges([an_id(1), an_id(8), an_id(9)]) == {
            ExchangeKey(1, an_id(1), Role.ASKER): case.id,
            ExchangeKey(2, an_id(1), Role.ASKER): case.id,
            ExchangeKey(1, an_id(8), Role.ASKER): case.id,
        }
        assert ledger.cases.of_exchanges([]) == {}


def test_a_case_is_added_once_and_saved_only_if_it_was_added(ledgers):
    with ledgers.transaction() as ledger:
        ledger.cases.add(a_case(1))
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.cases.add(a_case(1))
    with pytest.raises(KeyError), ledgers.transaction() as ledger:
        ledger.cases.save(a_case(2))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (OWN, [4, 3, 2, 1]),
        (CaseFilter(own=frozenset()), []),
        (CaseFilter(own=frozenset({XICHENG, WUCHANG})), [5, 4, 3, 2, 1]),
        (replace(OWN, open=True), [4, 1]),
        (replace(OWN, open=False), [3, 2]),
        (replace(OWN, owner="key-2"), [4]),
        (replace(OWN, contradicted=True), [2]),
        (replace(OWN, contradicted=False, open=False), [3]),
    ],
)
def test_cases_are_listed_the_newest_first(ledgers, wanted, found):
    with ledgers.transaction() as ledger:
        for case in (a_case(4, owner="key-2"), CANCELLED, a_case(1), ENDED, a_case(5, jurisdiction=WUCHANG)):
            ledger.cases.add(case)
    with ledgers.transaction(read_only=True) as ledger:
        pages = in_pages(lambda page: ledger.cases.find(wanted, page), case_cursor, 2)
        assert [case.id for page in pages for case in page] == [an_id(n) for n in found]
        with pytest.raises(BadCursor):
            ledger.cases.find(wanted, Page(after="a b"))


def test_what_is_followed_is_found_whatever_its_county(ledgers):
    elsewhere = a_case(5, jurisdiction=WUCHANG, following=True)
    with ledgers.transaction() as ledger:
        for case in (ENDED, a_case(1), elsewhere):
            ledger.cases.add(case)
    with ledgers.transaction() as ledger:
        assert in_pages(ledger.cases.following, case_cursor, 1) == [[elsewhere], [ENDED], []]
