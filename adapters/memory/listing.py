"""Listings in pages, in memory."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from exchange.ledger import Page

V = TypeVar("V")


def newest_first(rows: Iterable[V], page: Page, *, cursor: Callable[[V], str], read: Callable[[str], object]) -> list[V]:
    """One page of the rows, the greatest cursor first; `read` is what refuses a cursor that is none (BadCursor)."""
    if page.after:
        read(page.after)
    placed = sorted(((cursor(row), row) for row in rows), key=lambda place: place[0], reverse=True)
    return [row for place, row in placed if not page.after or place < page.after][: page.limit]
