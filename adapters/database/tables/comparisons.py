"""What came of comparing a link's figures with the other side's."""

from sqlalchemy import Index

from adapters.database.tables.columns import Row, flag, number, text


class ComparisonRow(Row, table=True):
    """One comparison. `ours` and `theirs` are figures as JSON; `answer_jws` is the other side's signed word."""

    __tablename__ = "comparisons"
    __table_args__ = (Index("comparisons_listed", "at", "id"), Index("comparisons_of_partner", "partner", "at", "id"))

    id: str = text(primary_key=True)
    partner: str = text()
    at: int = number()
    since: str = text()
    as_of: str = text()
    first: str = text()
    last: str = text()
    sent: int = number()
    received: int = number()
    rules_ours: str = text()
    rules_theirs: str = text()
    equal: bool = flag()
    whole: bool = flag()
    differ: int = number()
    ours: str = text()
    theirs: str = text()
    answer_jws: str | None = text()
