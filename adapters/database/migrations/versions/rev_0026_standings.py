"""What each register entry counts for is kept, so that a report reads that instead of everything that happened."""

import sqlalchemy as sa
from alembic import op

from adapters.database.policies import POLICIES, released, secured

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PLACE = ["jurisdiction", "township", "register", "origin", "destination"]
_COUNTS = ["year", "moved_at", "settled_at", "exchanged", "confirmed"]


def upgrade() -> None:
    """Make the tables, and queue all entries: the next closing settles them, until then they are counted from their facts."""
    op.create_table(
        "standings",
        sa.Column("entry", TEXT, nullable=False),
        *(sa.Column(name, TEXT, nullable=name == "township") for name in _PLACE),
        *(sa.Column(name, NUMBER if name.endswith("_at") else sa.Integer(), nullable=False) for name in _COUNTS),
        sa.PrimaryKeyConstraint("entry", name="standings_pkey"),
    )
    is_open = sa.text("year > 0")
    stands = [*_PLACE, *_COUNTS, "entry"]
    op.create_index("standings_open", "standings", stands, sqlite_where=is_open, postgresql_where=is_open)
    op.create_index("standings_late", "standings", ["jurisdiction", "settled_at", "moved_at", "entry"])
    op.create_table(
        "unsettled",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("entry", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="unsettled_pkey"),
    )
    op.execute("INSERT INTO unsettled (entry) SELECT id FROM entries ORDER BY id")
    op.create_index("unsettled_of_entry", "unsettled", ["entry"])
    if op.get_bind().dialect.name == "postgresql":
        for statement in secured("standings", POLICIES["standings"]):
            op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("unsettled")
    if op.get_bind().dialect.name == "postgresql":
        for statement in released("standings"):
            op.execute(statement)
    op.drop_table("standings")
