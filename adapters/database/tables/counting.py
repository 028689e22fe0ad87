"""What the rates are counted from: verdicts by day, their totals, and the queue of what is not in them yet.

Days are proleptic ordinals. A verdict or a page holds at 00:00 of a day X exactly if since_day < X <= until_day.
"""

from sqlalchemy import Index
from sqlalchemy import text as sql

from adapters.database.tables.columns import Row, blob, number, small, text

_WAITING = sql("waiting_due > 0")
# With all that is added up of a month's cohort, and of what waits: whatever their number, no row is read for it.
_FALLS_DUE = (
    *("own", "role", "first_due", "until_day", "since_day", "marks", "sort", "days", "answered_on"),
    *("exchange", "link"),
)
_WAITS = ("own", "role", "until_day", "since_day", "marks", "sort", "waiting_due", "received", "exchange", "link")


class VerdictRow(Row, table=True):
    """One version of what one side of an exchange counts for (`exchange.counting.version.Version`)."""

    __tablename__ = "verdicts"
    __table_args__ = (
        Index("verdicts_due", *_FALLS_DUE),
        Index("verdicts_received", "own", "role", "received", "until_day"),
        Index("verdicts_since", "own", "role", "since_day"),
        Index("verdicts_waiting", *_WAITS, sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    exchange: str = text(primary_key=True)
    link: int = number(primary_key=True)
    role: str = text(primary_key=True)
    since_day: int = small(primary_key=True)
    until_day: int = small()
    own: str = text()
    other: str = text()
    township: str | None = text()
    sort: int = small()
    received: int = small()
    first_due: int = small()
    marks: int = small()
    days: int = small()
    answered_on: int = small()
    waiting_due: int = small()


class UncountedRow(Row, table=True):
    """Something happened to an exchange on a day that the verdicts do not know of yet."""

    __tablename__ = "uncounted"
    __table_args__ = (Index("uncounted_of_exchange", "exchange", "link", "role"),)

    id: int | None = number(primary_key=True)
    exchange: str = text()
    link: int = number()
    role: str = text()
    day: int = small()


class TotalsRow(Row, table=True):
    """One page of totals (`exchange.counting.pages.TotalsPage`)."""

    __tablename__ = "totals"

    cohort: str = text(primary_key=True)
    role: str = text(primary_key=True)
    first_day: int = small(primary_key=True)
    last_day: int = small(primary_key=True)
    since_day: int = small(primary_key=True)
    until_day: int = small()
    content: bytes = blob()
