"""A week between two nodes, one of them on a real database, once of each kind."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from adapters.office import Office
from tests.api.restoring import Pair, a_pair
from tests.builders import XICHENG_NODE
from tests.conftest import PostgresServer
from tests.proving.making import evidence


class Week(NamedTuple):
    """Two nodes after a week of exchanges: one confirmed, one challenged, one withdrawn and erased."""

    pair: Pair
    confirmed: str
    challenged: str
    withdrawn: str

    @property
    def office(self) -> Office:
        """The asking side's, whose books are in a database."""
        return self.pair.nodes.xicheng.office


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def week(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    folder: Path = tmp_path_factory.mktemp("week")
    if request.param == "sqlite":
        with a_pair(folder, f"sqlite:///{folder / 'woshou.db'}", XICHENG_NODE, None) as pair:
            yield Week(pair, *pair.live())
        return
    server: PostgresServer = request.getfixturevalue("postgresql_server")
    with server.database() as url, a_pair(folder, url, XICHENG_NODE, server) as pair:
        yield Week(pair, *pair.live())


@pytest.fixture(scope="module")
def file(week: Week) -> bytes:
    """Evidence of the challenged exchange: six messages, in several batches both ways."""
    return evidence(week.office, week.challenged)
