"""Cross-checks (比对) against other departments' sheets."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COUNTS = ("rows", "refused", "no_entry", "equal", "differing", "ambiguous", "blank", "excluded_columns", "unknown_columns")
_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "cross_checks",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "jurisdiction", "layout", "registers", "sha256")),
        *(sa.Column(name, NUMBER, nullable=False) for name in ("run", "at", *_COUNTS)),
        sa.PrimaryKeyConstraint("id", name="cross_checks_pkey"),
        sa.UniqueConstraint("jurisdiction", "layout", "registers", "sha256", "run", name="cross_checks_once"),
    )
    op.create_index("cross_checks_listed", "cross_checks", ["jurisdiction", "at", "id"])
    op.create_table(
        "cross_check_rows",
        sa.Column("check_id", TEXT, nullable=False),
        sa.Column("row", NUMBER, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("problems", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("check_id", "row", name="cross_check_rows_pkey"),
        sa.ForeignKeyConstraint(["check_id"], ["cross_checks.id"], name="cross_check_rows_check_id_fkey"),
    )
    op.create_table(
        "cross_check_differences",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "check_id", "jurisdiction", "entry")),
        *(sa.Column(name, NUMBER, nullable=False) for name in ("entry_version", "row")),
        *(sa.Column(name, TEXT, nullable=False) for name in ("field", "state")),
        sa.Column("settlement", TEXT, nullable=True),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("settled_at", NUMBER, nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="cross_check_differences_pkey"),
        sa.ForeignKeyConstraint(["check_id"], ["cross_checks.id"], name="cross_check_differences_check_id_fkey"),
    )
    op.create_index("cross_check_differences_listed", "cross_check_differences", ["check_id", "id"])
    for name, columns in (("open", ["entry", "field"]), ("to_check", ["jurisdiction", "entry"]), ("waiting", ["at"])):
        op.create_index(
            f"cross_check_differences_{name}",
            "cross_check_differences",
            columns,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        )


def downgrade() -> None:
    """Drop them."""
    for table in ("cross_check_differences", "cross_check_rows", "cross_checks"):
        op.drop_table(table)
