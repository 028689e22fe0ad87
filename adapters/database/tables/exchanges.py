"""Exchanges, and the facts that the rates count."""

from sqlalchemy import Index
from sqlalchemy import text as sql

from adapters.database.tables.columns import Row, flag, number, text

_DUE = sql("state IN ('open', 'challenged')")
_TO_PAIR = sql("state IN ('open', 'challenged') AND role = 'asked' AND paired_at IS NULL AND handled_by IS NULL")
_TO_ASSIGN = sql("state IN ('open', 'challenged') AND role = 'asked' AND paired_at IS NOT NULL AND handled_by IS NULL")
_AT_TOWNSHIP = sql("state IN ('open', 'challenged') AND role = 'asked' AND handled_by IS NOT NULL")
_REJECTED = sql("acceptance = 'rejected' AND role = 'asker'")
_FINDABLE = sql("person_index <> ''")
_SUBMITTED = sql("role = 'asker'")
_LAPSING = sql("state = 'answered'")
_TO_NOTE = sql("state = 'noted' AND role = 'asked' AND clerk IS NULL")
_PROVISIONAL = sql("due_provisional")
_PAIRED = sql("entry IS NOT NULL")
_UNPAIRED = sql("entry IS NULL AND role = 'asked'")
_WITHDRAWN = sql("what = 'withdrawn' AND voided_at IS NULL")


class ExchangeRow(Row, table=True):
    """One side of one exchange. From `state` on stand the fields of its conversation, empty until it is accepted."""

    __tablename__ = "exchanges"
    __table_args__ = (
        Index("exchanges_listed", "own", "submitted_at", "exchange", "role", "link"),
        Index("exchanges_received", "link", "received_at"),
        Index("exchanges_due", "own", "due", sqlite_where=_DUE, postgresql_where=_DUE),
        # The worklists, each in its own order.
        Index("exchanges_owed", "own", "role", "due", "exchange", "link", sqlite_where=_DUE, postgresql_where=_DUE),
        Index("exchanges_to_pair", "own", "role", "due", "exchange", "link", sqlite_where=_TO_PAIR, postgresql_where=_TO_PAIR),
        Index(
            "exchanges_to_assign", "own", "role", "due", "exchange", "link", sqlite_where=_TO_ASSIGN, postgresql_where=_TO_ASSIGN
        ),
        Index(
            "exchanges_at_township",
            "handled_by",
            "own",
            "due",
            "exchange",
            "link",
            sqlite_where=_AT_TOWNSHIP,
            postgresql_where=_AT_TOWNSHIP,
        ),
        Index(
            "exchanges_rejected", "own", "submitted_at", "exchange", "link", sqlite_where=_REJECTED, postgresql_where=_REJECTED
        ),
        Index("exchanges_to_note", "own", "received_at", "exchange", "link", sqlite_where=_TO_NOTE, postgresql_where=_TO_NOTE),
        Index("exchanges_findable", "submitted_at", sqlite_where=_FINDABLE, postgresql_where=_FINDABLE),
        Index("exchanges_of_person", "person_index", sqlite_where=_SUBMITTED, postgresql_where=_SUBMITTED),
        Index(
            "exchanges_lapsing", "own", "role", "lapses_on", "exchange", "link", sqlite_where=_LAPSING, postgresql_where=_LAPSING
        ),
        Index("exchanges_provisional", "own", "due", sqlite_where=_PROVISIONAL, postgresql_where=_PROVISIONAL),
        Index("exchanges_of_entry", "entry", sqlite_where=_PAIRED, postgresql_where=_PAIRED),
        Index("exchanges_unpaired", "person_index", "own", sqlite_where=_UNPAIRED, postgresql_where=_UNPAIRED),
    )

    # First in the key, so that the key's own index also finds an exchange by its name alone.
    exchange: str = text(primary_key=True)
    link: int = number(primary_key=True)
    role: str = text(primary_key=True)
    own: str = text()
    other: str = text()
    origin: str = text()
    destination: str = text()
    category: str = text()
    kind: str = text()
    event: str | None = text()
    purpose: str = text()
    urgent: str | None = text()
    items: str = text()
    agreement: str = text()
    opening: str = text()
    submitted_at: int = number()
    acceptance: str = text()
    received_at: int | None = number()
    known_at: int | None = number()
    first_due: str | None = text()
    due_provisional: bool = flag()
    person_index: str = text()
    entry: str | None = text()
    paired_at: int | None = number()
    pairing: str | None = text()
    handled_by: str | None = text()
    clerk: str | None = text()
    problem: str | None = text()
    version: int = number()
    state: str | None = text()
    round: int | None = number()
    due: str | None = text()
    challenges: int | None = number()
    challenge: str | None = text()
    feedback: str | None = text()
    result: str | None = text()
    fed_back_at: int | None = number()
    reminded_on: str | None = text()
    lapses_on: str | None = text()
    expected: str | None = text()
    closed_on: str | None = text()
    turn: int | None = number()
    turn_sender: str | None = text()
    turn_position: int | None = number()


class FactRow(Row, table=True):
    """One fact, with when it happened, when this ledger came to know it, and since when it no longer holds."""

    __tablename__ = "facts"
    __table_args__ = (
        Index("facts_of_exchange", "exchange", "link", "role"),
        Index("facts_withdrawn", "exchange", "link", "role", sqlite_where=_WITHDRAWN, postgresql_where=_WITHDRAWN),
    )

    id: int | None = number(primary_key=True)
    exchange: str = text()
    link: int = number()
    role: str = text()
    what: str = text()
    round: int = number()
    happened_at: int = number()
    known_at: int = number()
    voided_at: int | None = number()
    message: str = text()
    due: str | None = text()
    result: str | None = text()
