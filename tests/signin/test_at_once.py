"""Two who sign in with one account at the same moment, on both databases."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from adapters.database.engine import Database
from exchange.errors import WoshouError
from exchange.signin.account import MOST_FAILURES
from tests.building.sealing import open_database
from tests.signin.conftest import Desk


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url, lock_seconds=30)
    opened.upgrade()
    yield opened
    opened.close()


@pytest.fixture
def desk(tmp_path: Path, database: Database) -> Desk:
    return Desk(tmp_path, database)


def outcomes(attempt: Callable[[], object], times: int) -> list[str]:
    """How so many attempts end that begin together."""
    together = Barrier(times)

    def run(_: int) -> str:
        together.wait()
        try:
            attempt()
        except WoshouError as refusal:
            return refusal.code
        return "done"

    with ThreadPoolExecutor(times) as pool:
        return sorted(pool.map(run, range(times)))


def test_of_wrong_passwords_at_once_each_one_counts(desk: Desk):
    assert outcomes(lambda: desk.sign_in("wrong password"), MOST_FAILURES - 1) == ["sign-in-refused"] * (MOST_FAILURES - 1)
    assert desk.account.failures == MOST_FAILURES - 1


def test_however_many_guess_at_once_five_are_let_guess(desk: Desk):
    found = outcomes(lambda: desk.sign_in("wrong password"), 12)
    assert found.count("sign-in-refused") == MOST_FAILURES - 1
    assert found.count("account-locked") == 12 - MOST_FAILURES + 1


def test_a_code_that_two_have_opens_one_session(desk: Desk):
    secret = desk.with_factor()
    code = desk.code(secret)
    assert outcomes(lambda: desk.sign_in(code=code), 2) == ["done", "sign-in-refused"]
