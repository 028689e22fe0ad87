"""Who signs in to the pages: accounts and sessions."""

import sqlalchemy as sa
from alembic import op

from adapters.database.policies import POLICIES, released, secured

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("accounts", "sessions")


def upgrade() -> None:
    """Make the tables, and put them under their policies; SQLite has none."""
    op.create_table(
        "accounts",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("login", TEXT, nullable=False),
        sa.Column("password_hash", TEXT, nullable=True),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("totp", sa.LargeBinary, nullable=True),
        sa.Column("totp_step", NUMBER, nullable=False),
        sa.Column("failures", NUMBER, nullable=False),
        sa.Column("locked_until", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("key", name="accounts_pkey"),
    )
    op.create_index("accounts_by_login", "accounts", ["login"], unique=True)
    op.create_index("accounts_by_subject", "accounts", ["subject"], unique=True)
    op.create_table(
        "sessions",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "key", "csrf")),
        *(sa.Column(name, NUMBER, nullable=False) for name in ("opened_at", "seen_at")),
        sa.Column("closed_at", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id", name="sessions_pkey"),
    )
    op.create_index("sessions_of_key", "sessions", ["key", "opened_at", "id"])
    op.create_index("sessions_opened_at_idx", "sessions", ["opened_at"])
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            for statement in secured(table, POLICIES[table]):
                op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            for statement in released(table):
                op.execute(statement)
    for table in TABLES:
        op.drop_table(table)
