"""The division table, read once."""

import pytest

from adapters.divisions import load_divisions
from exchange.jurisdiction import Divisions


@pytest.fixture(scope="session")
def divisions() -> Divisions:
    """The division table of this release."""
    return load_divisions()
