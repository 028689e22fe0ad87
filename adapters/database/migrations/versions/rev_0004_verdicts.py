"""What the rates are counted from: verdicts by day, and their totals."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.Integer()


def upgrade() -> None:
    """Make the tables, and have everything counted that was there before."""
    op.create_table(
        "verdicts",
        sa.Column("exchange", TEXT, nullable=False),
        sa.Column("link", NUMBER, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("since_day", SMALL, nullable=False, autoincrement=False),
        sa.Column("until_day", SMALL, nullable=False),
        sa.Column("own", TEXT, nullable=False),
        sa.Column("other", TEXT, nullable=False),
        sa.Column("township", TEXT, nullable=True),
        *(
            sa.Column(name, SMALL, nullable=False)
            for name in ("sort", "received", "first_due", "marks", "days", "answered_on", "waiting_due")
        ),
        sa.PrimaryKeyConstraint("exchange", "link", "role", "since_day", name="verdicts_pkey"),
    )
    waiting = sa.text("waiting_due > 0")
    op.create_index("verdicts_due", "verdicts", ["own", "role", "first_due", "until_day"])
    op.create_index("verdicts_received", "verdicts", ["own", "role", "received", "until_day"])
    op.create_index("verdicts_since", "verdicts", ["own", "role", "since_day"])
    op.create_index("verdicts_waiting", "verdicts", ["own", "role", "until_day"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "uncounted",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("exchange", TEXT, nullable=False),
        sa.Column("link", NUMBER, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("day", SMALL, nullable=False),
        sa.PrimaryKeyConstraint("id", name="uncounted_pkey"),
    )
    op.create_table(
        "totals",
        sa.Column("cohort", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("first_day", SMALL, nullable=False, autoincrement=False),
        sa.Column("last_day", SMALL, nullable=False, autoincrement=False),
        sa.Column("since_day", SMALL, nullable=False, autoincrement=False),
        sa.Column("until_day", SMALL, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("cohort", "role", "first_day", "last_day", "since_day", name="totals_pkey"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Read whole and often, and a third of the time would go into unpacking them.
        op.execute("ALTER TABLE totals ALTER COLUMN content SET STORAGE EXTERNAL")
    # The day 0 is before all that can be asked for: it counts as not yet counted, whatever the moment.
    op.execute(
        "INSERT INTO uncounted (exchange, link, role, day)"
        " SELECT exchange, link, role, 0 FROM facts GROUP BY exchange, link, role"
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("totals", "uncounted", "verdicts"):
        op.drop_table(table)
