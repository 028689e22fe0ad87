"""Entries of which the person is erased."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let an entry stand without its person, and find those that are due."""
    with op.batch_alter_table("entries") as entries:
        entries.alter_column("sealed", existing_type=sa.LargeBinary(), nullable=True)
    where = sa.text("closed_at IS NOT NULL AND sealed IS NOT NULL")
    op.create_index("entries_to_erase", "entries", ["closed_at", "id"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """As it was; an erased entry cannot be told without its person, so that its row goes."""
    op.drop_index("entries_to_erase", "entries")
    op.execute("DELETE FROM entries WHERE sealed IS NULL")
    with op.batch_alter_table("entries") as entries:
        entries.alter_column("sealed", existing_type=sa.LargeBinary(), nullable=False)
