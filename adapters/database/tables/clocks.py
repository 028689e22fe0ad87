"""What administrators have added to rules and holidays, what lies before coordinators, and what went wrong."""

from sqlalchemy import Index
from sqlalchemy import text as sql

from adapters.database.tables.columns import Row, flag, number, text

_STANDING, _LASTING = sql("resolved_at IS NULL"), sql("ended_at IS NULL")


class RulesFileRow(Row, table=True):
    """Rules of one version, word for word; never changed."""

    __tablename__ = "rules_files"

    kind: str = text(primary_key=True)
    version: str = text(primary_key=True)
    digest: str = text()
    content: str = text()
    added_at: int = number()


class RulesUseRow(Row, table=True):
    """The word that a version is used from a day on."""

    __tablename__ = "rules_uses"

    id: int | None = number(primary_key=True)
    kind: str = text()
    version: str = text()
    since: str = text()
    known_at: int = number()


class HolidayRow(Row, table=True):
    """What a notice makes of a day; a later known row on the same day counts instead."""

    __tablename__ = "holidays"

    id: int | None = number(primary_key=True)
    day: str = text(index=True)
    kind: str = text()
    name: str | None = text()
    issued_on: str = text()
    known_at: int = number()


class EscalationRow(Row, table=True):
    """An exchange before a coordinator."""

    __tablename__ = "escalations"
    __table_args__ = (
        Index("escalations_listed", "own", "raised_at", "id"),
        Index("escalations_standing", "exchange", sqlite_where=_STANDING, postgresql_where=_STANDING),
    )

    id: str = text(primary_key=True)
    exchange: str = text()
    link: int = number()
    role: str = text()
    own: str = text()
    other: str = text()
    level: int = number()
    to: str = text()
    stays: bool = flag()
    why: str = text()
    due: str | None = text()
    raised_at: int = number()
    acknowledged_at: int | None = number()
    resolved_at: int | None = number()


class TroubleRow(Row, table=True):
    """One stretch of trouble; at most one for a kind and subject lasts."""

    __tablename__ = "troubles"
    __table_args__ = (
        Index("troubles_listed", "began_at", "id"),
        Index("troubles_lasting", "kind", "subject", unique=True, sqlite_where=_LASTING, postgresql_where=_LASTING),
    )

    id: str = text(primary_key=True)
    kind: str = text()
    subject: str = text()
    began_at: int = number()
    ended_at: int | None = number()


class TellingRow(Row, table=True):
    """What own systems were told of an exchange and a day, so that they are told once."""

    __tablename__ = "tellings"

    exchange: str = text(primary_key=True)
    link: int = number(primary_key=True)
    role: str = text(primary_key=True)
    what: str = text(primary_key=True)
    day: str = text(primary_key=True)
