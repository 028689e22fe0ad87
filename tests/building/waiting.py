"""Waiting for what other threads and processes do, instead of sleeping; import it from here."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from adapters.database.engine import Database
from exchange.ledger import Ledger

_WAITING = text("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')")


def until(true: Callable[[], object], seconds: float = 10.0, *, pause: float = 0.02) -> bool:
    """Wait for something to become true, looked at so often; whether it did."""
    ends = time.monotonic() + seconds
    while not (now := bool(true())) and time.monotonic() < ends:
        time.sleep(pause)
    return now


def at_once(database: Database, first: Callable[[Ledger], object], second: Callable[[Ledger], object]) -> None:
    """The first has changed something and not committed yet when the second begins and waits for it, or goes ahead."""

    def run() -> None:
        with database.transaction() as ledger:
            second(ledger)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as ledger:
            first(ledger)
            then = pool.submit(run)
            assert until(lambda: then.done() or _somebody_waits(database), 30)
        then.result(timeout=30)


def _somebody_waits(database: Database) -> bool:
    """Whether a transaction waits for another; on SQLite a second one never gets as far as reading anything."""
    engine = database._engine
    if engine.dialect.name == "sqlite":
        return True
    with engine.connect() as connection:
        return bool(connection.execute(_WAITING).scalar())
