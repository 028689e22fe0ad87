"""The first books: links, messages, exchanges, registers, imports, agreements, partners, and what the node keeps for itself."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out once more, as they were on that day: a migration does not change with the tables.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FLAG = sa.Boolean()
BLOB = sa.LargeBinary()


def upgrade() -> None:
    """Make all tables."""
    _links()
    _exchanges()
    _registers()
    _partners()
    _node()


def downgrade() -> None:
    """Drop them, those first that refer to others."""
    for table in (
        "notifications",
        "findings",
        "job_runs",
        "used_assertions",
        "remembered_answers",
        "api_keys",
        "agreements",
        "partner_keys",
        "partners",
        "import_rows",
        "imports",
        "entry_facts",
        "entries",
        "facts",
        "exchanges",
        "messages",
        "batches",
        "links",
    ):
        op.drop_table(table)


def _columns(**kinds: sa.types.TypeEngine[Any]) -> list[sa.Column[Any]]:
    """Columns that are always filled."""
    return [sa.Column(name, kind, nullable=False) for name, kind in kinds.items()]


def _optional(**kinds: sa.types.TypeEngine[Any]) -> list[sa.Column[Any]]:
    """Columns that may be empty."""
    return [sa.Column(name, kind, nullable=True) for name, kind in kinds.items()]


def _index(name: str, table: str, columns: list[str], *, where: str | None = None, unique: bool = False) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _links() -> None:
    op.create_table(
        "links",
        *_columns(id=NUMBER, uuid=TEXT, partner=TEXT, out_sequence=NUMBER),
        *_optional(out_digest=TEXT),
        *_columns(out_turn=NUMBER, receipted=NUMBER),
        *_optional(receipt_digest=TEXT),
        *_columns(in_sequence=NUMBER),
        *_optional(in_digest=TEXT),
        *_columns(in_turn=NUMBER),
        *_optional(issued_receipt_digest=TEXT, last_received_at=NUMBER),
        *_columns(attempts=NUMBER),
        *_optional(retry_at=NUMBER, last_contact_at=NUMBER, trouble=TEXT),
        sa.PrimaryKeyConstraint("id", name="links_pkey"),
        sa.UniqueConstraint("partner", name="links_partner_key"),
        sa.UniqueConstraint("uuid", name="links_uuid_key"),
    )
    op.create_table(
        "batches",
        *_columns(link=NUMBER, direction=TEXT, sequence=NUMBER, turn=NUMBER, digest=TEXT),
        *_optional(previous=TEXT),
        *_columns(seen=NUMBER, sent_at=NUMBER, messages=NUMBER, manifest_jws=TEXT),
        *_optional(received_at=NUMBER, receipt_jws=TEXT, receipt_digest=TEXT),
        sa.PrimaryKeyConstraint("link", "direction", "sequence", name="batches_pkey"),
        sa.ForeignKeyConstraint(["link"], ["links.id"], name="batches_link_fkey"),
    )
    op.create_table(
        "messages",
        *_columns(link=NUMBER, direction=TEXT, id=TEXT, exchange=TEXT, kind=TEXT, digest=TEXT),
        *_optional(line=BLOB, in_reply_to=TEXT),
        *_columns(created_at=NUMBER),
        *_optional(
            sequence=NUMBER,
            position=NUMBER,
            turn=NUMBER,
            sent_at=NUMBER,
            received_at=NUMBER,
            known_at=NUMBER,
            outcome=TEXT,
            due=TEXT,
            result=TEXT,
            problem=TEXT,
        ),
        sa.PrimaryKeyConstraint("link", "direction", "id", name="messages_pkey"),
    )
    _index("messages_of_batch", "messages", ["link", "direction", "sequence", "position"], where="sequence IS NOT NULL")
    _index("messages_of_exchange", "messages", ["link", "exchange"])
    _index("messages_queued", "messages", ["link", "id"], where="direction = 'out' AND sequence IS NULL")
    _index("messages_rejected", "messages", ["id"], where="direction = 'out' AND outcome = 'rejected'")


def _exchanges() -> None:
    op.create_table(
        "exchanges",
        *_columns(
            exchange=TEXT, link=NUMBER, role=TEXT, own=TEXT, other=TEXT, origin=TEXT, destination=TEXT, category=TEXT, kind=TEXT
        ),
        *_optional(event=TEXT),
        *_columns(purpose=TEXT),
        *_optional(urgent=TEXT),
        *_columns(items=TEXT, agreement=TEXT, opening=TEXT, submitted_at=NUMBER, acceptance=TEXT),
        *_optional(received_at=NUMBER, known_at=NUMBER, first_due=TEXT),
        *_columns(person_index=TEXT),
        *_optional(entry=TEXT, paired_at=NUMBER, handled_by=TEXT, problem=TEXT),
        *_columns(version=NUMBER),
        *_optional(
            state=TEXT,
            round=NUMBER,
            due=TEXT,
            challenges=NUMBER,
            challenge=TEXT,
            feedback=TEXT,
            result=TEXT,
            fed_back_at=NUMBER,
            reminded_on=TEXT,
            turn=NUMBER,
            turn_sender=TEXT,
            turn_position=NUMBER,
        ),
        sa.PrimaryKeyConstraint("exchange", "link", "role", name="exchanges_pkey"),
    )
    _index("exchanges_due", "exchanges", ["own", "due"], where="state IN ('open', 'challenged')")
    _index("exchanges_listed", "exchanges", ["own", "submitted_at", "exchange", "role", "link"])
    _index("exchanges_of_entry", "exchanges", ["entry"], where="entry IS NOT NULL")
    op.create_table(
        "facts",
        *_columns(id=NUMBER, exchange=TEXT, link=NUMBER, role=TEXT, what=TEXT, round=NUMBER, happened_at=NUMBER, known_at=NUMBER),
        *_optional(voided_at=NUMBER),
        *_columns(message=TEXT),
        *_optional(due=TEXT, result=TEXT),
        sa.PrimaryKeyConstraint("id", name="facts_pkey"),
    )
    _index("facts_of_exchange", "facts", ["exchange", "link", "role"])
    _index("facts_withdrawn", "facts", ["exchange", "link", "role"], where="what = 'withdrawn' AND voided_at IS NULL")


def _registers() -> None:
    op.create_table(
        "entries",
        *_columns(id=TEXT, jurisdiction=TEXT, register=TEXT, origin=TEXT, destination=TEXT),
        *_optional(township=TEXT),
        *_columns(sealed=BLOB, person_index=TEXT, protected=FLAG, opened_at=NUMBER),
        *_optional(closed_at=NUMBER, close_reason=TEXT),
        *_columns(version=NUMBER),
        sa.PrimaryKeyConstraint("id", name="entries_pkey"),
    )
    _index("entries_listed", "entries", ["jurisdiction", "id"])
    _index("entries_of_person", "entries", ["person_index", "jurisdiction"])
    _index("entries_open_once", "entries", ["jurisdiction", "register", "person_index"], where="closed_at IS NULL", unique=True)
    op.create_table(
        "entry_facts",
        *_columns(id=NUMBER, entry=TEXT, what=TEXT, happened_at=NUMBER, known_at=NUMBER),
        *_optional(reason=TEXT),
        sa.PrimaryKeyConstraint("id", name="entry_facts_pkey"),
    )
    _index("entry_facts_of_entry", "entry_facts", ["entry"])
    op.create_table(
        "imports",
        *_columns(
            id=TEXT,
            jurisdiction=TEXT,
            layout=TEXT,
            filename=TEXT,
            sha256=TEXT,
            at=NUMBER,
            rows=NUMBER,
            accepted=NUMBER,
            unchanged=NUMBER,
            warned=NUMBER,
            refused=NUMBER,
            blank=NUMBER,
            excluded_columns=NUMBER,
            unknown_columns=TEXT,
        ),
        sa.PrimaryKeyConstraint("id", name="imports_pkey"),
        sa.UniqueConstraint("jurisdiction", "layout", "sha256", name="imports_once"),
    )
    _index("imports_listed", "imports", ["jurisdiction", "at", "id"])
    op.create_table(
        "import_rows",
        *_columns(import_id=TEXT, row=NUMBER, outcome=TEXT),
        *_optional(made=TEXT),
        *_columns(problems=TEXT),
        sa.PrimaryKeyConstraint("import_id", "row", name="import_rows_pkey"),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="import_rows_import_id_fkey"),
    )


def _partners() -> None:
    op.create_table(
        "partners",
        *_columns(
            node=TEXT,
            name=TEXT,
            url=TEXT,
            status=TEXT,
            environment=TEXT,
            fingerprint=TEXT,
            document_version=NUMBER,
            document_jws=TEXT,
            token_endpoint=TEXT,
            batches_endpoint=TEXT,
            agreements_endpoint=TEXT,
            links_endpoint=TEXT,
            claimed=TEXT,
            confirmed=TEXT,
            known_at=NUMBER,
        ),
        sa.PrimaryKeyConstraint("node", name="partners_pkey"),
    )
    op.create_table(
        "partner_keys",
        *_columns(partner=TEXT, position=NUMBER, kid=TEXT, use=TEXT, x=TEXT, y=TEXT, not_before=NUMBER),
        *_optional(not_after=NUMBER, revoked_from=NUMBER),
        sa.PrimaryKeyConstraint("partner", "position", name="partner_keys_pkey"),
        sa.ForeignKeyConstraint(["partner"], ["partners.node"], name="partner_keys_partner_fkey"),
    )
    op.create_table(
        "agreements",
        *_columns(digest=TEXT, partner=TEXT, terms=TEXT, ours=FLAG, proposal_jws=TEXT),
        *_optional(decision_jws=TEXT),
        *_columns(standing=TEXT, known_at=NUMBER),
        *_optional(decided_at=NUMBER, ended_at=NUMBER),
        *_columns(unsent=TEXT),
        sa.PrimaryKeyConstraint("digest", name="agreements_pkey"),
    )
    _index("agreements_partner_idx", "agreements", ["partner"])


def _node() -> None:
    op.create_table(
        "api_keys",
        *_columns(id=TEXT, secret_hash=TEXT, name=TEXT, jurisdiction=TEXT, role=TEXT, created_at=NUMBER),
        *_optional(revoked_at=NUMBER),
        sa.PrimaryKeyConstraint("id", name="api_keys_pkey"),
    )
    op.create_table(
        "remembered_answers",
        *_columns(
            caller=TEXT, key=TEXT, request_digest=TEXT, status=NUMBER, body=BLOB, content_type=TEXT, headers=TEXT, at=NUMBER
        ),
        sa.PrimaryKeyConstraint("caller", "key", name="remembered_answers_pkey"),
    )
    _index("remembered_answers_at_idx", "remembered_answers", ["at"])
    op.create_table(
        "used_assertions",
        *_columns(issuer=TEXT, jti=TEXT, expires=NUMBER),
        sa.PrimaryKeyConstraint("issuer", "jti", name="used_assertions_pkey"),
    )
    _index("used_assertions_expires_idx", "used_assertions", ["expires"])
    op.create_table(
        "job_runs",
        *_columns(job=TEXT, business_date=TEXT, claimed_at=NUMBER),
        *_optional(finished_at=NUMBER, outcome=TEXT),
        sa.PrimaryKeyConstraint("job", "business_date", name="job_runs_pkey"),
    )
    op.create_table(
        "findings",
        *_columns(id=TEXT, kind=TEXT),
        *_optional(partner=TEXT),
        *_columns(subject=TEXT, detail=TEXT, at=NUMBER),
        sa.PrimaryKeyConstraint("id", name="findings_pkey"),
    )
    _index("findings_listed", "findings", ["at", "id"])
    op.create_table(
        "notifications",
        *_columns(id=TEXT, type=TEXT, body=TEXT, created_at=NUMBER, attempts=NUMBER),
        *_optional(retry_at=NUMBER, sent_at=NUMBER),
        sa.PrimaryKeyConstraint("id", name="notifications_pkey"),
    )
    _index("notifications_waiting", "notifications", ["id"], where="retry_at IS NOT NULL")
    _index("notifications_done", "notifications", ["created_at"], where="retry_at IS NULL")
