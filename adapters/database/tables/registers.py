"""The registers, the files that filled them, and the checks of certificates."""

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy import text as sql

from adapters.database.tables.columns import Row, flag, number, sealed, text

_OPEN = sql("closed_at IS NULL")
_TOLD = sql("problems <> '[]'")
_TO_ERASE = sql("closed_at IS NOT NULL AND sealed IS NOT NULL")


class EntryRow(Row, table=True):
    """One person in one register. `sealed` is the person and the record, NULL once erased; `person_index` is keyed and blind."""

    __tablename__ = "entries"
    __table_args__ = (
        Index(
            "entries_open_once",
            "jurisdiction",
            "register",
            "person_index",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("entries_of_person", "person_index", "jurisdiction"),
        Index("entries_listed", "jurisdiction", "id"),
        # Which registers name which counties, and who is in each pair.
        Index("entries_paired", "jurisdiction", "origin", "destination", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("entries_to_erase", "closed_at", "id", sqlite_where=_TO_ERASE, postgresql_where=_TO_ERASE),
    )

    id: str = text(primary_key=True)
    jurisdiction: str = text()
    # A class attribute `register` would hide the one that Python's abstract classes have.
    register_: str = text(sa_column_kwargs={"name": "register"})
    origin: str = text()
    destination: str = text()
    township: str | None = text()
    sealed: bytes | None = sealed()
    person_index: str = text()
    protected: bool = flag()
    opened_at: int = number()
    closed_at: int | None = number()
    close_reason: str | None = text()
    version: int = number()


class EntryFactRow(Row, table=True):
    """One thing that happened to an entry, with both its times."""

    __tablename__ = "entry_facts"
    __table_args__ = (Index("entry_facts_of_entry", "entry"),)

    id: int | None = number(primary_key=True)
    entry: str = text()
    what: str = text()
    happened_at: int = number()
    known_at: int = number()
    reason: str | None = text()


class ImportRow(Row, table=True):
    """One file. The same bytes in the same layout count once for each jurisdiction.

    `sealed` holds its name and the headings that were not known: people name files after people.
    """

    __tablename__ = "imports"
    __table_args__ = (
        UniqueConstraint("jurisdiction", "layout", "digest", name="imports_once"),
        Index("imports_listed", "jurisdiction", "at", "id"),
    )

    id: str = text(primary_key=True)
    jurisdiction: str = text()
    layout: str = text()
    digest: str = text()
    at: int = number()
    rows: int = number()
    accepted: int = number()
    unchanged: int = number()
    warned: int = number()
    refused: int = number()
    blank: int = number()
    excluded_columns: int = number()
    sealed: bytes | None = sealed()


class ImportRowRow(Row, table=True):
    """The result of one row of a file."""

    __tablename__ = "import_rows"
    __table_args__ = (Index("import_rows_told", "import_id", sqlite_where=_TOLD, postgresql_where=_TOLD),)

    import_id: str = text(primary_key=True, foreign_key="imports.id")
    row: int = number(primary_key=True)
    outcome: str = text()
    made: str | None = text()
    problems: str = text()


class ImportRunRow(Row, table=True):
    """A file that is being taken in, or was not: counts alone. `problem` is the code and the texts of what ended it, as JSON."""

    __tablename__ = "import_runs"
    __table_args__ = (Index("import_runs_listed", "jurisdiction", "began_at", "id"),)

    id: str = text(primary_key=True)
    jurisdiction: str = text()
    layout: str = text()
    began_at: int = number()
    seen_at: int = number()
    stage: str = text()
    done: int = number()
    rows: int = number()
    made: str | None = text()
    problem: str | None = text()


class CertificateCheckRow(Row, table=True):
    """A check of a certificate, as one side keeps it; `certificate` and `holder` are keyed and blind."""

    __tablename__ = "certificate_checks"
    __table_args__ = (
        Index("certificate_checks_listed", "own", "role", "at", "id"),
        Index("certificate_checks_missed", "role", "answer", "at"),
        Index("certificate_checks_of_holder", "holder"),
    )

    id: str = text(primary_key=True)
    role: str = text(primary_key=True)
    partner: str = text(primary_key=True)
    caller: str = text()
    own: str = text()
    other: str = text()
    certificate: str = text()
    holder: str = text()
    entry: str | None = text()
    application_date: str | None = text()
    answer: str = text()
    at: int = number()
