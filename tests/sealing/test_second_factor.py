"""The secret of a second factor in the ledger: sealed, and gone for good once it was given up."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.database.engine import Database
from exchange.signin.account import NO_PASSWORD
from exchange.signin.totp import LOST, new_secret
from tests.builders import an_account
from tests.building.sealing import keys_of, open_database

SECRET, OTHER = new_secret(), new_secret()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'woshou.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    opened.upgrade()
    with opened.transaction() as ledger:
        ledger.accounts.add(an_account(1, totp=SECRET))
        ledger.accounts.add(an_account(2))
    yield opened
    opened.close()


def take(database: Database, secret: str | None) -> None:
    with database.transaction() as ledger:
        held = ledger.accounts.of_key("key-1", lock=True)
        assert held is not None
        ledger.accounts.save(replace(held, totp=secret))


def test_the_secret_stands_nowhere_in_the_file(database: Database, tmp_path: Path):
    with database.transaction(read_only=True) as ledger:
        assert ledger.accounts.named("clerk-1") == an_account(1, totp=SECRET)
    database.close()
    files = [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()]
    assert any(b"clerk-1" in data for data in files)
    assert not any(SECRET.encode() in data for data in files)


def test_an_older_copy_of_the_ledger_does_not_bring_a_second_factor_back_nor_an_account_without_one(
    database: Database, url: str, tmp_path: Path
):
    """What the account has now, the copy does not know: it asks for a code, and there is none, until an operator helps."""
    database.close()
    shutil.copy(tmp_path / "woshou.db", tmp_path / "backup")
    newer = open_database(url)
    take(newer, None)
    take(newer, OTHER)
    newer.close()
    for beside in ("woshou.db-wal", "woshou.db-shm"):
        (tmp_path / beside).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup", tmp_path / "woshou.db")
    restored = open_database(url)
    with restored.transaction(read_only=True) as ledger:
        assert ledger.accounts.all() == [an_account(1, totp=LOST), an_account(2)]
    assert keys_of(restored).erase_again() == 1
    assert keys_of(restored).erase_again() == 0
    with restored.transaction() as ledger:
        assert ledger.accounts.all() == [an_account(1, password_hash=NO_PASSWORD), an_account(2)]
    take(restored, OTHER)
    with restored.transaction(read_only=True) as ledger:
        assert ledger.accounts.named("clerk-1") == an_account(1, password_hash=NO_PASSWORD, totp=OTHER)
    restored.close()
