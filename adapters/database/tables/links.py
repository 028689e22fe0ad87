"""Links with their two logs: batches and messages; and evidence of what two sides cannot settle."""

from sqlalchemy import Index
from sqlalchemy import text as sql

from adapters.database.tables.columns import Row, number, sealed, text

_HELD, _NOTED = sql("line IS NOT NULL"), sql("note = 'held'")


class LinkRow(Row, table=True):
    """Where the two logs with one partner stand."""

    __tablename__ = "links"

    id: int | None = number(primary_key=True)
    uuid: str = text(unique=True)
    partner: str = text(unique=True)
    out_sequence: int = number()
    out_digest: str | None = text()
    out_turn: int = number()
    receipted: int = number()
    receipt_digest: str | None = text()
    in_sequence: int = number()
    in_digest: str | None = text()
    in_turn: int = number()
    issued_receipt_digest: str | None = text()
    last_received_at: int | None = number()
    attempts: int = number()
    retry_at: int | None = number()
    last_contact_at: int | None = number()
    trouble: str | None = text()


class BatchRow(Row, table=True):
    """One signed batch of a log, and its signed receipt."""

    __tablename__ = "batches"

    link: int = number(primary_key=True, foreign_key="links.id")
    direction: str = text(primary_key=True)
    sequence: int = number(primary_key=True)
    turn: int = number()
    digest: str = text()
    previous: str | None = text()
    seen: int = number()
    sent_at: int = number()
    messages: int = number()
    manifest_jws: str = text()
    received_at: int | None = number()
    receipt_jws: str | None = text()
    receipt_digest: str | None = text()


class MessageRow(Row, table=True):
    """One message of a log. `line` holds all that it says about a person."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("messages_of_exchange", "link", "exchange"),
        Index(
            "messages_of_batch",
            "link",
            "direction",
            "sequence",
            "position",
            sqlite_where=sql("sequence IS NOT NULL"),
            postgresql_where=sql("sequence IS NOT NULL"),
        ),
        Index(
            "messages_queued",
            "link",
            "id",
            sqlite_where=sql("direction = 'out' AND sequence IS NULL"),
            postgresql_where=sql("direction = 'out' AND sequence IS NULL"),
        ),
        Index(
            "messages_rejected",
            "id",
            sqlite_where=sql("direction = 'out' AND outcome = 'rejected'"),
            postgresql_where=sql("direction = 'out' AND outcome = 'rejected'"),
        ),
        Index("messages_held", "created_at", sqlite_where=_HELD, postgresql_where=_HELD),
        Index("messages_noted", "exchange", "link", sqlite_where=_NOTED, postgresql_where=_NOTED),
    )

    link: int = number(primary_key=True)
    direction: str = text(primary_key=True)
    id: str = text(primary_key=True)
    exchange: str = text()
    kind: str = text()
    digest: str = text()
    line: bytes | None = sealed()
    in_reply_to: str | None = text()
    created_at: int = number()
    sequence: int | None = number()
    position: int | None = number()
    turn: int | None = number()
    sent_at: int | None = number()
    received_at: int | None = number()
    known_at: int | None = number()
    outcome: str | None = text()
    due: str | None = text()
    result: str | None = text()
    problem: str | None = text()
    note: str | None = text()


class EvidenceRow(Row, table=True):
    """Both sides' signed words on one sequence of one log."""

    __tablename__ = "evidence"
    __table_args__ = (Index("evidence_listed", "at", "id"), Index("evidence_of_partner", "partner", "at", "id"))

    id: str = text(primary_key=True)
    partner: str = text()
    link: str = text()
    kind: str = text()
    log: str = text()
    sequence: int = number()
    our_manifest: str | None = text()
    their_manifest: str | None = text()
    our_receipt: str | None = text()
    their_receipt: str | None = text()
    at: int = number()
    settled_at: int | None = number()
