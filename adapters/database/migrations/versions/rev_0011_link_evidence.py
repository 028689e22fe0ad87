"""What settling a link's ledgers needs to remember."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "evidence",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "partner", "link", "kind", "log")),
        sa.Column("sequence", NUMBER, nullable=False),
        *(sa.Column(name, TEXT, nullable=True) for name in ("our_manifest", "their_manifest", "our_receipt", "their_receipt")),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("settled_at", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id", name="evidence_pkey"),
    )
    op.create_index("evidence_listed", "evidence", ["at", "id"])
    op.create_index("evidence_of_partner", "evidence", ["partner", "at", "id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("evidence")
