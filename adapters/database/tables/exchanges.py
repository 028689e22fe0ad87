"""Exchanges, and the facts that the rates count."""

from sqlalchemy import Index
from sqlalchemy import text as sql

from adapters.database.tables.columns import Row, number, text

_DUE = sql("state IN ('open', 'challenged')")
_PAIRED = sql("entry IS NOT NULL")
_UNPAIRED = sql("entry IS NULL AND role = 'asked'")
_WITHDRAWN = sql("what = 'withdrawn' AND voided_at IS NULL")


class ExchangeRow(Row, table=True):
    """One side of one exchange. From `state` on stand the fields of its conversation, empty until it is accepted."""

    __tablename__ = "exchanges"
    __table_args__ = (
        Index("exchanges_listed", "own", "submitted_at", "exchange", "role", "link"),
        Index("exchanges_due", "own", "due", sqlite_where=_DUE, postgresql_where=_DUE),
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
    person_index: str = text()
    entry: str | None = text()
    paired_at: int | None = number()
    pairing: str | None = text()
    handled_by: str | None = text()
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
