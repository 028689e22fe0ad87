"""Frozen reports, those on their way up, and those received: the bytes as they are, and what they are found by."""

from sqlalchemy import Index
from sqlalchemy import text as sql

from adapters.database.tables.columns import Row, blob, number, text

_WAITING = sql("sent_at IS NULL AND refused IS NULL")


class FrozenReportRow(Row, table=True):
    """A frozen monthly report; no row is ever changed."""

    __tablename__ = "frozen_reports"
    __table_args__ = (Index("frozen_reports_edition", "month", "jurisdiction", "edition", unique=True),)

    digest: str = text(primary_key=True)
    jurisdiction: str = text()
    month: str = text()
    edition: int = number()
    supersedes: str | None = text()
    frozen_at: int = number()
    payload: bytes = blob()


class ReportSendingRow(Row, table=True):
    """A frozen report, signed for a partner."""

    __tablename__ = "report_sendings"
    __table_args__ = (Index("report_sendings_waiting", "queued_at", sqlite_where=_WAITING, postgresql_where=_WAITING),)

    digest: str = text(primary_key=True, foreign_key="frozen_reports.digest")
    partner: str = text(primary_key=True)
    jws: str = text()
    queued_at: int = number()
    sent_at: int | None = number()
    refused: str | None = text()


class ReceivedReportRow(Row, table=True):
    """A report that a partner signed for this node; `jws` is the text as it came."""

    __tablename__ = "received_reports"
    __table_args__ = (Index("received_reports_edition", "month", "jurisdiction", "edition", "sender", unique=True),)

    digest: str = text(primary_key=True)
    sender: str = text()
    jurisdiction: str = text()
    month: str = text()
    edition: int = number()
    signed_at: int = number()
    received_at: int = number()
    payload: bytes = blob()
    jws: str = text()
