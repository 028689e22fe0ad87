"""Assignments (分派) and the worklists' indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OWED = "state IN ('open', 'challenged')"
_WORKLISTS = (
    ("exchanges_owed", ["own", "role", "due", "exchange", "link"], _OWED),
    (
        "exchanges_to_pair",
        ["own", "role", "due", "exchange", "link"],
        f"{_OWED} AND role = 'asked' AND paired_at IS NULL AND handled_by IS NULL",
    ),
    (
        "exchanges_to_assign",
        ["own", "role", "due", "exchange", "link"],
        f"{_OWED} AND role = 'asked' AND paired_at IS NOT NULL AND handled_by IS NULL",
    ),
    (
        "exchanges_at_township",
        ["handled_by", "own", "due", "exchange", "link"],
        f"{_OWED} AND role = 'asked' AND handled_by IS NOT NULL",
    ),
    ("exchanges_rejected", ["own", "submitted_at", "exchange", "link"], "acceptance = 'rejected' AND role = 'asker'"),
    ("exchanges_of_person", ["person_index"], "role = 'asker'"),
)


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
    for name, columns, where in _WORKLISTS:
        op.create_index(name, "exchanges", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    """Drop them."""
    for name, _, _ in _WORKLISTS:
        op.drop_index(name, "exchanges")
    op.drop_table("assignments")
