"""Assignments (分派) and the worklists' indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "assignments",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("exchange", TEXT, nullable=False),
        sa.Column("link", NUMBER, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("township", TEXT, nullable=True),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("due", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="assignments_pkey"),
    )
    op.create_index("assignments_of_exchange", "assignments", ["exchange", "link", "role", "at", "id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("assignments")
