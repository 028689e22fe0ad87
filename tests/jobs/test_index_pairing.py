"""The nightly making of keys for entries that a former release left without any."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.database.engine import Database
from exchange.ledger import Page
from jobs.index_pairing import index_pairing
from jobs.runner import on_shift
from tests.builders import XICHENG, XICHENG_NODE, an_entry
from tests.building.sealing import open_database
from tests.jobs.offices import a_pair
from tests.life.two_nodes import a_node

ENTRIES = 1_203


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Entries that were written by a node which knew of no keys; one is protected."""
    url = f"sqlite:///{tmp_path / 'woshou.db'}"
    before = open_database(url)
    before.upgrade()
    with before.transaction() as ledger:
        ledger.entries.add([an_entry(n, protected=n == 7) for n in range(ENTRIES)])
    before.close()
    now = open_database(url, keyed=a_node(XICHENG_NODE, XICHENG).keyed)
    yield now
    now.close()


def test_every_entry_but_the_protected_gets_its_keys_once(database: Database, tmp_path: Path):
    pair = a_pair(tmp_path, database)
    with on_shift(pair.xicheng, pair.client) as shift:
        first, second = index_pairing(shift), index_pairing(shift)
    assert first == f"{ENTRIES - 1} entries got the keys by which candidates are found"
    assert second == "0 entries got the keys by which candidates are found"
    with database.transaction(read_only=True) as ledger:
        assert ledger.pairing.without_keys(Page()) == []


def test_it_stops_between_two_transactions_when_told_to(database: Database, tmp_path: Path):
    pair = a_pair(tmp_path, database)
    with on_shift(pair.xicheng, pair.client) as shift:
        shift.stopping.set()
        assert index_pairing(shift).startswith("0 entries")
