from pathlib import Path

import pytest

from adapters.keys.keyring import Keyring
from tests.keys.forge import NOW


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def keyring(folder: Path) -> Keyring:
    return Keyring.create(folder, NOW)
