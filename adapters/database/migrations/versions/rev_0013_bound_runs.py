"""What a partner that asks about registers is bound to within a run."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Runs that were opened before are bound to nothing that can be asked: whoever is in the midst of one begins anew."""
    # Not in batch mode: SQLite would copy the table, and its partial indices with it.
    op.add_column("register_runs", sa.Column("bound", TEXT, nullable=False, server_default="[]"))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("register_runs", "bound")
