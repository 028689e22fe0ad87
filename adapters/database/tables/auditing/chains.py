"""The audit's chains. Triggers of the database refuse whoever would change or take out a row, this program included."""

from sqlalchemy import Index

from adapters.database.tables.columns import Row, flag, number, text


class AuditRowRow(Row, table=True):
    """One event in its place; `id` names jurisdiction, day and number, and sorts as the chain goes on."""

    __tablename__ = "audit_rows"
    __table_args__ = (
        Index("audit_rows_listed", "jurisdiction", "at", "id"),
        Index("audit_rows_of_actor", "actor", "at"),
    )

    id: str = text(primary_key=True)
    jurisdiction: str = text()
    at: int = number()
    actor_kind: str = text()
    actor: str = text()
    role: str = text()
    action: str = text()
    purpose: str | None = text()
    problem: str | None = text()
    subjects: str = text()
    shown: str = text()
    masked: bool = flag()
    count: int = number()
    previous: str | None = text()
    digest: str = text()


class AuditSubjectRow(Row, table=True):
    """By which row a subject is found."""

    __tablename__ = "audit_subjects"

    subject: str = text(primary_key=True)
    row: str = text(primary_key=True)


class AuditHeadRow(Row, table=True):
    """Where a chain ends now; who appends holds this row."""

    __tablename__ = "audit_heads"

    jurisdiction: str = text(primary_key=True)
    day: str | None = text()
    sequence: int = number()
    digest: str | None = text()
    closed: str | None = text()


class AuditSignedRow(Row, table=True):
    """The signed end of a day."""

    __tablename__ = "audit_signed"

    jurisdiction: str = text(primary_key=True)
    day: str = text(primary_key=True)
    rows: int = number()
    digest: str = text()
    jws: str = text()
    at: int = number()


class AuditWitnessedRow(Row, table=True):
    """A signed end of a day of ours that a partner holds, or of a partner's that we hold."""

    __tablename__ = "audit_witnessed"

    partner: str = text(primary_key=True)
    ours: bool = flag(primary_key=True)
    jurisdiction: str = text(primary_key=True)
    day: str = text(primary_key=True)
    rows: int = number()
    digest: str = text(primary_key=True)
    jws: str = text()
    at: int = number()
