"""What two nodes found when they compared the rates of their link."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "comparisons",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "partner")),
        sa.Column("at", NUMBER, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("since", "as_of", "first", "last")),
        *(sa.Column(name, NUMBER, nullable=False) for name in ("sent", "received")),
        *(sa.Column(name, TEXT, nullable=False) for name in ("rules_ours", "rules_theirs")),
        *(sa.Column(name, sa.Boolean, nullable=False) for name in ("equal", "whole")),
        sa.Column("differ", NUMBER, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("ours", "theirs")),
        sa.Column("answer_jws", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="comparisons_pkey"),
    )
    op.create_index("comparisons_listed", "comparisons", ["at", "id"])
    op.create_index("comparisons_of_partner", "comparisons", ["partner", "at", "id"])
    # Which exchanges of a link were received on these days.
    op.create_index("exchanges_received", "exchanges", ["link", "received_at"])
    with op.batch_alter_table("findings") as findings:
        findings.add_column(sa.Column("settled_at", NUMBER, nullable=True))
    where = sa.text("settled_at IS NULL")
    op.create_index("findings_open", "findings", ["partner", "kind"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Drop them."""
    op.drop_index("findings_open", "findings")
    with op.batch_alter_table("findings") as findings:
        findings.drop_column("settled_at")
    op.drop_index("exchanges_received", "exchanges")
    op.drop_table("comparisons")
