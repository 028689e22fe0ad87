"""Pages of what is listed newest first, by a moment and an id (`exchange.cursors`)."""

from typing import Any

from sqlalchemy import Column, Select, tuple_

from exchange.cursors import read_moment_cursor
from exchange.ledger import Page
from exchange.moments import to_milliseconds


def beyond(found: Select[Any], at: Column[Any], id_: Column[Any], page: Page) -> Select[Any]:
    """Only what comes after the last row of the page before; BadCursor."""
    if not page.after:
        return found
    after = read_moment_cursor(page.after)
    return found.where(tuple_(at, id_) < tuple_(to_milliseconds(after.at), after.id))


def newest_first(found: Select[Any], at: Column[Any], id_: Column[Any], page: Page) -> Select[Any]:
    """One page, the newest first; BadCursor."""
    return beyond(found, at, id_, page).order_by(at.desc(), id_.desc()).limit(page.limit)
