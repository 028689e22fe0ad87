"""What the rates are counted from: verdicts by day, their totals, standings of entries, and the queues of what is not in them.

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
# All that is added up of open entries, in the order in which they are divided.
_STANDS = (
    *("jurisdiction", "township", "register", "origin", "destination", "year"),
    *("moved_at", "settled_at", "exchanged", "confirmed", "entry"),
)
_OPEN = sql("year > 0")
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


class StandingRow(Row, table=True):
    """What an entry counts for (`exchange.counting.registers.standing.Standing`), and where it stands."""

    __tablename__ = "standings"
    __table_args__ = (
        Index("standings_open", *_STANDS, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("standings_late", "jurisdiction", "settled_at", "moved_at", "entry"),
    )

    entry: str = text(primary_key=True)
    jurisdiction: str = text()
    township: str | None = text()
    # As of `EntryRow`.
    register_: str = text(sa_column_kwargs={"name": "register"})
    origin: str = text()
    destination: str = text()
    year: int = small()
    moved_at: int = number()
    settled_at: int = number()
    exchanged: int = small()
    confirmed: int = small()


class UnsettledRow(Row, table=True):
    """Something changed by which an entry may count otherwise than its standing says."""

    __tablename__ = "unsettled"
    __table_args__ = (Index("unsettled_of_entry", "entry"),)

    id: int | None = number(primary_key=True)
    entry: str = text()
