"""The job that follows the cases which are over goes on from page to page."""

from pathlib import Path

from exchange.ledger import Page
from jobs.follow import follow_cases
from jobs.runner import on_shift
from tests.builders import a_moment
from tests.building.cases import a_case
from tests.jobs.offices import a_pair


def test_all_that_is_over_is_looked_at_and_what_is_done_with_is_left(tmp_path: Path):
    pair = a_pair(tmp_path)
    with pair.xicheng.ledgers.transaction() as ledger:
        for n in range(1, 131):
            ledger.cases.add(a_case(n, finished_at=a_moment(n), following=True))
    with on_shift(pair.xicheng, pair.client) as shift:
        assert follow_cases(shift) == "130 cases followed, 0 commitments found contradicted"
        assert follow_cases(shift) == "0 cases followed, 0 commitments found contradicted"
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        assert ledger.cases.following(Page()) == []
