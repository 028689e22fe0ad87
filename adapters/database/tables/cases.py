"""Cases of couples, the routes that operators pinned, and the trail of what was sent on."""

from sqlalchemy import Index
from sqlalchemy import text as sql

from adapters.database.tables.columns import Row, flag, number, sealed, text

_FOLLOWING, _CONTRADICTED = sql("following"), sql("contradicted_at IS NOT NULL")
_NAMES_COUPLE = sql("names_couple")


class CaseRow(Row, table=True):
    """One case. `sealed` holds the two spouses, with their exchanges and commitments."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("cases_listed", "jurisdiction", "id"),
        Index("cases_following", "id", sqlite_where=_FOLLOWING, postgresql_where=_FOLLOWING),
        Index("cases_contradicted", "jurisdiction", "id", sqlite_where=_CONTRADICTED, postgresql_where=_CONTRADICTED),
        Index("cases_to_erase", "finished_at", "opened_at", "id", sqlite_where=_NAMES_COUPLE, postgresql_where=_NAMES_COUPLE),
    )

    id: str = text(primary_key=True)
    jurisdiction: str = text()
    service: str = text()
    items: str = text()
    application_date: str = text()
    owner: str = text()
    opened_at: int = number()
    sealed: bytes = sealed()
    finished_at: int | None = number()
    cancelled_at: int | None = number()
    cancelled_for: str | None = text()
    following: bool = flag()
    contradicted_at: int | None = number()
    version: int = number()
    names_couple: bool = flag()


class CaseExchangeRow(Row, table=True):
    """Which case opened an exchange."""

    __tablename__ = "case_exchanges"

    exchange: str = text(primary_key=True)
    link: int = number(primary_key=True)
    case_id: str = text(foreign_key="cases.id", index=True)


class PinRow(Row, table=True):
    """A prefix that an operator pinned to a partner."""

    __tablename__ = "pins"

    prefix: str = text(primary_key=True)
    partner: str = text()
    at: int = number()


class SentOnRow(Row, table=True):
    """The exchange that was opened in place of another one."""

    __tablename__ = "sent_on"
    __table_args__ = (Index("sent_on_after", "after_exchange", "after_link"),)

    before_exchange: str = text(primary_key=True)
    before_link: int = number(primary_key=True)
    after_exchange: str = text()
    after_link: int = number()
    at: int = number()
