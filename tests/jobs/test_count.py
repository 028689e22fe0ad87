"""The nightly closing and recount."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.ledger import Page
from jobs.count import close_days, recount, recount_all, repair_all
from jobs.runner import on_shift
from tests.builders import an_id
from tests.jobs.offices import Pair, a_pair
from tests.rates.histories import History, an_open_entry, holding


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return a_pair(tmp_path)


def test_the_night_counts_the_days_that_are_over_and_a_recount_agrees(pair: Pair):
    told = History().answered(3).of_many(range(1, 4))
    holding(told, [an_open_entry(1), an_open_entry(2)], ledgers=pair.wuchang.ledgers)
    with on_shift(pair.wuchang, pair.client) as shift:
        assert close_days(shift) == "0 changes counted, 2 of entries, 0 pages of totals made"
        pair.clock.move(timedelta(days=1))
        assert close_days(shift).startswith("6 changes counted, 0 of entries")
        pair.clock.move(timedelta(days=5))
        assert close_days(shift).startswith("0 changes counted")
        assert recount(shift) == "3 exchanges, 2 entries and 1 pages recounted, 0 differ"


def test_the_recount_finds_an_entry_that_counts_otherwise_than_is_kept(pair: Pair):
    holding(entries=[an_open_entry(1)], ledgers=pair.wuchang.ledgers)
    with on_shift(pair.wuchang, pair.client) as shift:
        close_days(shift)
        with pair.wuchang.ledgers.transaction() as ledger:
            (held,) = ledger.standings.load([an_id(1)]).values()
            ledger.standings.replace({an_id(1): replace(held, exchanged=True)})
        assert recount(shift) == "0 exchanges, 1 entries and 0 pages recounted, 1 differ"
        with pair.wuchang.ledgers.transaction(read_only=True) as ledger:
            (found,) = ledger.chores.findings(Page())
        assert (found.kind, found.subject) == ("rates-differ", f"entry {an_id(1)}")
        assert found.detail == "stored 2, counted 1, from - on"
        repair_all(shift.office, recount_all(shift.office, shift.stopping).differences)
        assert recount(shift).endswith(" 0 differ")


def test_a_difference_becomes_a_finding_once_a_day_and_stays(pair: Pair):
    holding(History().answered(3).of_many(range(1, 4)), ledgers=pair.wuchang.ledgers)
    pair.clock.move(timedelta(days=6))
    with on_shift(pair.wuchang, pair.client) as shift:
        close_days(shift)
        with pair.wuchang.ledgers.transaction() as ledger:
            key, *_ = ledger.exchanges.keys(None, 3)
            altered = {key: [replace(one, days=77) for one in ledger.counting.versions([key])[key]]}
            ledger.counting.replace(altered)
        for _ in range(2):
            assert recount(shift) == "3 exchanges, 0 entries and 1 pages recounted, 1 differ"
        with pair.wuchang.ledgers.transaction(read_only=True) as ledger:
            found = [finding for finding in ledger.chores.findings(Page()) if finding.kind == "rates-differ"]
            assert [finding.subject for finding in found] == [f"{key.exchange} asked {key.link}"]
            assert ledger.counting.versions([key])[key] == tuple(altered[key])
