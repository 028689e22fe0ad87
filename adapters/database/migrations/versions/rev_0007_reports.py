"""Frozen reports, and those sent upward."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BLOB = sa.LargeBinary()
_WAITING = sa.text("sent_at IS NULL AND refused IS NULL")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "frozen_reports",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("jurisdiction", TEXT, nullable=False),
        sa.Column("month", TEXT, nullable=False),
        sa.Column("edition", NUMBER, nullable=False),
        sa.Column("supersedes", TEXT, nullable=True),
        sa.Column("frozen_at", NUMBER, nullable=False),
        sa.Column("payload", BLOB, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="frozen_reports_pkey"),
    )
    op.create_index("frozen_reports_edition", "frozen_reports", ["month", "jurisdiction", "edition"], unique=True)
    op.create_table(
        "report_sendings",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("partner", TEXT, nullable=False),
        sa.Column("jws", TEXT, nullable=False),
        sa.Column("queued_at", NUMBER, nullable=False),
        sa.Column("sent_at", NUMBER, nullable=True),
        sa.Column("refused", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("digest", "partner", name="report_sendings_pkey"),
        sa.ForeignKeyConstraint(["digest"], ["frozen_reports.digest"], name="report_sendings_digest_fkey"),
    )
    op.create_index("report_sendings_waiting", "report_sendings", ["queued_at"], sqlite_where=_WAITING, postgresql_where=_WAITING)
    op.create_table(
        "received_reports",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("sender", TEXT, nullable=False),
        sa.Column("jurisdiction", TEXT, nullable=False),
        sa.Column("month", TEXT, nullable=False),
        sa.Column("edition", NUMBER, nullable=False),
        sa.Column("signed_at", NUMBER, nullable=False),
        sa.Column("received_at", NUMBER, nullable=False),
        sa.Column("payload", BLOB, nullable=False),
        sa.Column("jws", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="received_reports_pkey"),
    )
    op.create_index("received_reports_edition", "received_reports", ["month", "jurisdiction", "edition", "sender"], unique=True)


def downgrade() -> None:
    """Drop them, the one first that refers to another."""
    for table in ("received_reports", "report_sendings", "frozen_reports"):
        op.drop_table(table)
