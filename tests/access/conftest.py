"""One world a module."""

from collections.abc import Iterator

import pytest

from tests.access.serving import World, world_in


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_in(tmp_path_factory.mktemp("access")) as made:
        yield made
