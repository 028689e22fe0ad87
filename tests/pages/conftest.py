"""Two nodes whose pages are read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.nodes import Neighbours, neighbours
from tests.jobs.offices import HandClock
from tests.pages import support


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Whoever read pages has left when the test is over."""
    yield
    while support.OPEN:
        support.OPEN.pop().close()


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Neighbours]:
    """Two nodes that exchange."""
    with neighbours(tmp_path, HandClock()) as nodes:
        yield nodes
