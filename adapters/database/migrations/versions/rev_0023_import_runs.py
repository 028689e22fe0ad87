"""Sheets that are taken in behind their request: how far they are."""

import sqlalchemy as sa
from alembic import op

from adapters.database.policies import POLICIES, released, secured

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table, and put it under its policy; SQLite has none."""
    op.create_table(
        "import_runs",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "jurisdiction", "layout")),
        *(sa.Column(name, NUMBER, nullable=False) for name in ("began_at", "seen_at")),
        sa.Column("stage", TEXT, nullable=False),
        *(sa.Column(name, NUMBER, nullable=False) for name in ("done", "rows")),
        *(sa.Column(name, TEXT, nullable=True) for name in ("made", "problem")),
        sa.PrimaryKeyConstraint("id", name="import_runs_pkey"),
    )
    op.create_index("import_runs_listed", "import_runs", ["jurisdiction", "began_at", "id"])
    if op.get_bind().dialect.name == "postgresql":
        for statement in secured("import_runs", POLICIES["import_runs"]):
            op.execute(statement)


def downgrade() -> None:
    """Drop it."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in released("import_runs"):
            op.execute(statement)
    op.drop_table("import_runs")
