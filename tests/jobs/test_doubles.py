"""The nightly look at who is in two inflow registers."""

from dataclasses import replace
from pathlib import Path

from exchange.codes import RegisterKind
from exchange.ledger import Page
from jobs.reconciling.doubles import find_persons_twice
from jobs.runner import on_shift
from tests.builders import WUCHANG, XICHENG, YUYANG, an_entry, an_id
from tests.jobs.offices import a_pair


def test_each_night_doubles_become_findings_and_settle_themselves(tmp_path: Path):
    pair = a_pair(tmp_path)
    office = pair.xicheng
    pair.xicheng.node = replace(office.node, jurisdictions=frozenset({XICHENG, WUCHANG}))
    facts = {"register": RegisterKind.INFLOW, "origin": YUYANG, "person_index": "person-1"}
    entries = [an_entry(1, **facts), an_entry(2, jurisdiction=WUCHANG, **facts)]
    with office.ledgers.transaction() as ledger:
        ledger.entries.add(entries)
    with on_shift(office, pair.client) as shift:
        assert find_persons_twice(shift) == "1 in two inflow registers, 0 no more"
        with office.ledgers.transaction() as ledger:
            (finding,) = ledger.chores.findings(Page())
            assert (finding.subject, finding.settled_at) == (f"{an_id(1)} {an_id(2)}", None)
            ledger.entries.save([replace(entries[1], protected=True)])
        assert find_persons_twice(shift) == "0 in two inflow registers, 1 no more"
    with office.ledgers.transaction(read_only=True) as ledger:
        assert [each.settled_at is None for each in ledger.chores.findings(Page())] == [False]
