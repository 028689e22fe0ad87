"""The reconciliations, what each link's came to, and what was left out."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT, nullable=nullable) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, NUMBER, nullable=nullable) for name in names]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "reconciliations",
        *_texts("id", "by"),
        *_texts("partner", "origin", "destination", nullable=True),
        *_texts("business_date"),
        *_numbers("began_at"),
        *_numbers("ended_at", nullable=True),
        *_numbers("links", "pairs"),
        sa.PrimaryKeyConstraint("id", name="reconciliations_pkey"),
    )
    op.create_index("reconciliations_listed", "reconciliations", ["began_at", "id"])
    where = sa.text("ended_at IS NULL")
    op.create_index(
        "reconciliations_unfinished", "reconciliations", ["business_date"], sqlite_where=where, postgresql_where=where
    )
    op.create_table(
        "reconciliation_links",
        *_texts("reconciliation", "partner"),
        *_numbers("at"),
        *_texts("trouble", "comparison", nullable=True),
        sa.Column("equal", sa.Boolean, nullable=True),
        *_numbers("differ", "resent", "adopted", "findings"),
        sa.Column("settled", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("reconciliation", "partner", name="reconciliation_links_pkey"),
    )
    op.create_table(
        "reconciliation_failed",
        *_texts("reconciliation", "origin", "destination", "partner"),
        *_numbers("at"),
        *_texts("trouble"),
        sa.PrimaryKeyConstraint("reconciliation", "origin", "destination", name="reconciliation_failed_pkey"),
    )
    op.create_table(
        "reconciliation_left_out",
        *_texts("reconciliation"),
        *_numbers("place"),
        *_texts("partner", "origin", "destination", nullable=True),
        *_texts("why"),
        sa.PrimaryKeyConstraint("reconciliation", "place", name="reconciliation_left_out_pkey"),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("reconciliation_left_out", "reconciliation_failed", "reconciliation_links", "reconciliations"):
        op.drop_table(table)
