"""Cases (事项) of a couple, and routes."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "cases",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("jurisdiction", TEXT, nullable=False),
        sa.Column("service", TEXT, nullable=False),
        sa.Column("items", TEXT, nullable=False),
        sa.Column("application_date", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("opened_at", NUMBER, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("finished_at", NUMBER, nullable=True),
        sa.Column("cancelled_at", NUMBER, nullable=True),
        sa.Column("cancelled_for", TEXT, nullable=True),
        sa.Column("following", sa.Boolean(), nullable=False),
        sa.Column("contradicted_at", NUMBER, nullable=True),
        sa.Column("version", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name="cases_pkey"),
    )
    following, contradicted = sa.text("following"), sa.text("contradicted_at IS NOT NULL")
    op.create_index("cases_listed", "cases", ["jurisdiction", "id"])
    op.create_index("cases_following", "cases", ["id"], sqlite_where=following, postgresql_where=following)
    op.create_index(
        "cases_contradicted", "cases", ["jurisdiction", "id"], sqlite_where=contradicted, postgresql_where=contradicted
    )
    op.create_table(
        "case_exchanges",
        sa.Column("exchange", TEXT, nullable=False),
        sa.Column("link", NUMBER, nullable=False),
        sa.Column("case_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("exchange", "link", name="case_exchanges_pkey"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="case_exchanges_case_id_fkey"),
    )
    op.create_index("case_exchanges_case_id_idx", "case_exchanges", ["case_id"])
    op.create_table(
        "pins",
        sa.Column("prefix", TEXT, nullable=False),
        sa.Column("partner", TEXT, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("prefix", name="pins_pkey"),
    )
    op.create_table(
        "sent_on",
        sa.Column("before_exchange", TEXT, nullable=False),
        sa.Column("before_link", NUMBER, nullable=False),
        sa.Column("after_exchange", TEXT, nullable=False),
        sa.Column("after_link", NUMBER, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("before_exchange", "before_link", name="sent_on_pkey"),
    )
    op.create_index("sent_on_after", "sent_on", ["after_exchange", "after_link"])


def downgrade() -> None:
    """Drop them."""
    for table in ("sent_on", "pins", "case_exchanges", "cases"):
        op.drop_table(table)
