"""What the contract tests share: how a ledger refuses a key that is taken, and how a listing is read to its end."""

import sqlite3
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import TypeVar

import psycopg
import sqlalchemy.exc

from adapters.memory import KeyTaken
from exchange.ledger import Page

V = TypeVar("V")

# A key that is taken is a fault of the program: each ledger says so in its own words, and none keeps anything.
TAKEN = (KeyTaken, sqlalchemy.exc.IntegrityError, sqlite3.IntegrityError, psycopg.IntegrityError)


def in_pages(find: Callable[[Page], list[V]], cursor: Callable[[V], str], limit: int) -> list[list[V]]:
    """All pages of a listing up to the first that is not full, each begun after the last row of the one before."""
    pages: list[list[V]] = []
    after = ""
    while True:
        rows = find(Page(after=after, limit=limit))
        pages.append(rows)
        if len(rows) < limit:
            return pages
        assert cursor(rows[-1]) != after, "the listing does not go on"
        after = cursor(rows[-1])


def shown(wanted: object) -> str:
    """A filter, or the names that it finds, as a test's id: the same in every process, whatever order a set has there."""
    if is_dataclass(wanted) and not isinstance(wanted, type):
        asked = {name: value for name, value in asdict(wanted).items() if value is not None}
        return ",".join(f"{name}={shown(value)}" for name, value in asked.items())
    return "+".join(sorted(wanted)) if isinstance(wanted, frozenset) else str(wanted)
