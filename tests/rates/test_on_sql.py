"""A report is the same on every ledger."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.database.engine import Database
from exchange.codes import Event, Kind, Purpose, Result, Role, UrgentReason
from exchange.counting.query import Narrowing, ReportQuery
from exchange.counting.rows import Row
from exchange.ledger import Ledgers, Page
from exchange.people.register import EntryFactKind
from exchange.rates import Cohort, RateName
from exchange.verbs.counting.close import close_exchanges
from exchange.verbs.report import rows_behind, rows_on_page
from tests.builders import WUCHANG, XICHENG, YUYANG, a_link, an_id, an_import
from tests.building.sealing import open_database
from tests.rates.histories import (
    HANYANG,
    HUBEI,
    History,
    a_counting_node,
    an_open_entry,
    holding,
    moment,
    reported,
    then,
    until,
    wanted,
)
from tests.rates.runs import FIVE, a_failed_run, a_pair, a_run, reconciled, working_with


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    opened.upgrade()
    yield opened
    opened.close()


def filled(ledgers: Ledgers | None = None) -> Ledgers:
    """A bit of everything that a report counts."""
    histories = [
        History().answered(2, Result.NOT_FOUND),
        History(lag=3).answered(29).challenged(30, 60).answered(70).confirmed(71),
        History(received=4).answered(9).confirmed(10),
        History(received=5).withdrawn(6),
        History(received=7, due=None),
        History(received=8),
    ]
    told = []
    for n, history in enumerate(histories, start=1):
        told.append(
            history.of(n, handled_by=WUCHANG + "001" if n % 2 else None, urgent=UrgentReason.APPOINTMENT if n > 3 else None)
        )
        told.append(history.of(100 + n, own=HANYANG, origin=XICHENG, destination=HANYANG, kind=Kind.NOTICE, event=Event.BIRTH))
        told.append(history.of(200 + n, role=Role.ASKER, entry=an_id(n % 3 + 1), result=Result.CORRECTED))
    entries = [an_open_entry(n, n) for n in (1, 2, 3)]
    entries[0][1].extend([then(EntryFactKind.CLOSED, 1, 8), then(EntryFactKind.REOPENED, 1, 20, known=90)])
    found = EntryFactKind.CERTIFICATE_FOUND
    entries[0][1].append(then(found, 1, 50, known=60))
    entries[1][1].extend([then(found, 2, 1.9), then(found, 2, 33)])
    entries[2][1].append(then(found, 3, 30, known=65))
    verifying: dict[str, Any] = {"role": Role.ASKER, "purpose": Purpose.CERTIFICATE_VERIFICATION}
    told.append(History().answered(32.5, Result.CORRECTED).of(300, entry=an_id(2), **verifying))
    told.append(History().answered(4, Result.NOT_FOUND).of(301, entry=an_id(9), **verifying))
    files = [an_import(1, jurisdiction=WUCHANG), an_import(2, jurisdiction=HANYANG)]
    entries.append(an_open_entry(9, 2, origin=YUYANG))
    runs = [
        a_run(1, 28),
        a_run(2, 72, tally=FIVE),
        a_run(3, 73, pair=a_pair(YUYANG, WUCHANG), partner="yuyang.example"),
        a_run(4, 73, pair=a_pair(WUCHANG, "420502"), partner="hubei.example"),
        a_failed_run(5, 80),
    ]
    return reconciled(runs, working_with(holding(told, entries, files, ledgers), {"yuyang.example": YUYANG}))


@pytest.mark.parametrize("cohort", Cohort)
def test_a_report_is_the_same_on_sql_as_in_memory_whatever_the_as_of_moment(database, cohort):
    with database.transaction() as ledger:
        ledger.links.add(a_link().uuid, a_link().partner)
    filled(database)
    memory = filled()
    for day in (3, 31, 60, 70, 74, 89, 90, 200):
        query = wanted(HUBEI, WUCHANG, as_of=until(day), cohort=cohort, parts=True, rows=frozenset(RateName))
        assert reported(database, query) == reported(memory, query)


def paged(ledgers: Ledgers, query: ReportQuery, rate: RateName, limit: int) -> list[Row]:
    """All rows behind a rate, read page by page."""
    found, after = list[Row](), ""
    with ledgers.transaction(read_only=True) as ledger:
        while page := rows_on_page(ledger, a_counting_node(), query, HUBEI, rate, Page(after=after, limit=limit)):
            assert len(page) <= limit
            found += [row for _, row in page]
            after = page[-1][0]
    return found


@pytest.mark.parametrize("closed", [0, 5, 100])
@pytest.mark.parametrize("township", [None, "unassigned", WUCHANG + "001"])
def test_the_rows_behind_a_rate_are_the_same_page_by_page_however_much_of_them_is_closed(database, closed, township):
    with database.transaction() as ledger:
        ledger.links.add(a_link().uuid, a_link().partner)
    filled(database)
    with database.transaction() as ledger:
        if closed:
            close_exchanges(ledger, until(200), closed)
    for day, cohort, limit in ((60, Cohort.DUE, 1), (74.4, Cohort.DUE, 3), (9.4, Cohort.SUBMITTED, 2)):
        query = wanted(HUBEI, as_of=moment(day), cohort=cohort, narrowing=Narrowing(township=township))
        for rate in RateName:
            with database.transaction(read_only=True) as ledger:
                whole = list(rows_behind(ledger, a_counting_node(), query, HUBEI, rate))
            assert paged(database, query, rate, limit) == whole


@pytest.mark.parametrize("name", RateName)
def test_a_rate_that_is_asked_for_alone_is_the_one_among_all(name):
    ledgers, query = filled(), wanted(HUBEI, as_of=until(74))
    alone = reported(ledgers, replace(query, rates=frozenset({name}))).figures[0]
    assert alone.rates == (reported(ledgers, query).figures[0].rate(name),)
