"""Which township had an exchange, and since when."""

from sqlalchemy import Index

from adapters.database.tables.columns import Row, number, text


class AssignmentRow(Row, table=True):
    """One step of an assignment; `township` is empty where the exchange went back to the county."""

    __tablename__ = "assignments"
    __table_args__ = (Index("assignments_of_exchange", "exchange", "link", "role", "at", "id"),)

    id: int | None = number(primary_key=True)
    exchange: str = text()
    link: int = number()
    role: str = text()
    township: str | None = text()
    at: int = number()
    due: str | None = text()
    reason: str | None = text()
    by: str = text()
