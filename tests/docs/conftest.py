"""The pages, as tests read them."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def protocol() -> str:
    """The contract's page."""
    return (ROOT / "docs" / "protocol.md").read_text("utf-8")


@pytest.fixture
def protocol_registers() -> str:
    """Its part about comparing registers."""
    return (ROOT / "docs" / "protocol-registers.md").read_text("utf-8")
