"""The checks against other departments' sheets, the rows to look at, and the differences."""

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy import text as sql

from adapters.database.tables.columns import Row, number, sealed, text

_OPEN = sql("state = 'open'")


class CrossCheckRow(Row, table=True):
    """One check. `registers` is a register, or `both`; the same bytes in the same registers are told apart by `run`."""

    __tablename__ = "cross_checks"
    __table_args__ = (
        UniqueConstraint("jurisdiction", "layout", "registers", "digest", "run", name="cross_checks_once"),
        Index("cross_checks_listed", "jurisdiction", "at", "id"),
    )

    id: str = text(primary_key=True)
    jurisdiction: str = text()
    layout: str = text()
    registers: str = text()
    digest: str = text()
    run: int = number()
    at: int = number()
    rows: int = number()
    refused: int = number()
    no_entry: int = number()
    equal: int = number()
    differing: int = number()
    ambiguous: int = number()
    blank: int = number()
    excluded_columns: int = number()
    unknown_columns: int = number()


class CrossCheckRowRow(Row, table=True):
    """A row that was refused or could not be told; nothing about a person."""

    __tablename__ = "cross_check_rows"

    check_id: str = text(primary_key=True, foreign_key="cross_checks.id")
    row: int = number(primary_key=True)
    outcome: str = text()
    problems: str = text()


class DifferenceRow(Row, table=True):
    """One field of one entry. `sealed` holds what the two say, until the difference is settled."""

    __tablename__ = "cross_check_differences"
    __table_args__ = (
        Index("cross_check_differences_listed", "check_id", "id"),
        Index("cross_check_differences_open", "entry", "field", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("cross_check_differences_to_check", "jurisdiction", "entry", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("cross_check_differences_waiting", "at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: str = text(primary_key=True)
    check_id: str = text(foreign_key="cross_checks.id")
    jurisdiction: str = text()
    entry: str = text()
    entry_version: int = number()
    row: int = number()
    field: str = text()
    state: str = text()
    settlement: str | None = text()
    at: int = number()
    settled_at: int | None = number()
    sealed: bytes | None = sealed()
