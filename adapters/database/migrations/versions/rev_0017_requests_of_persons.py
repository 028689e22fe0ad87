"""Acceptances that outlive the end of their agreement, and the requests of persons."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table and the column; what was accepted and has not ended is known."""
    op.add_column("agreements", sa.Column("acceptance_jws", TEXT, nullable=True))
    op.execute("UPDATE agreements SET acceptance_jws = decision_jws WHERE standing = 'accepted'")
    op.create_table(
        "subject_requests",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "kind", "person_index")),
        sa.Column("at", NUMBER, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("reason", "entries", "exchanges", "recipients")),
        sa.PrimaryKeyConstraint("id", name="subject_requests_pkey"),
    )
    op.create_index("subject_requests_of_person", "subject_requests", ["person_index"])
    op.create_index("subject_requests_listed", "subject_requests", ["at", "id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("subject_requests")
    op.drop_column("agreements", "acceptance_jws")
