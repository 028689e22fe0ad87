"""Databases as a node opens them: sealed, under a key-encryption key of the tests' own."""

import base64
from typing import Any

from adapters.database import engine
from adapters.database.engine import Database
from adapters.database.sealed.data_keys import DataKeys
from adapters.database.sealed.seals import Encryption
from adapters.sealing.wrapping import GivenKeys

KEY = base64.b64encode(bytes(range(32))).decode()
ENCRYPTION = Encryption(source=GivenKeys(f"test:{KEY}"))


def open_database(url: str, **more: Any) -> Database:
    """The sealed database at an address; otherwise as the database's own door opens it."""
    return engine.open_database(url, **{"encryption": ENCRYPTION, **more})


def keys_of(database: Database) -> DataKeys:
    """The data keys of a sealed database."""
    assert database.data_keys is not None
    return database.data_keys
