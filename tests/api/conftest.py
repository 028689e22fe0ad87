"""Nodes for the tests of the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.nodes import Neighbours, Served, neighbours, served
from tests.builders import XICHENG, XICHENG_NODE
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node


@pytest.fixture
def xicheng(tmp_path: Path) -> Iterator[Served]:
    """One node with empty books."""
    with served(tmp_path / "xicheng", a_node(XICHENG_NODE, XICHENG), HandClock()) as node:
        yield node


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Neighbours]:
    """Two nodes that exchange."""
    with neighbours(tmp_path, HandClock()) as nodes:
        yield nodes
