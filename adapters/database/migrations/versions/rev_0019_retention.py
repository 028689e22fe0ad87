"""What retention erases of exchanges, cases and files; who has an exchange, and what nobody read; what clerks do in a day."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# When an exchange was confirmed or withdrawn, in Shanghai.
_DAY = {
    "sqlite": "date(happened_at / 1000 + 28800, 'unixepoch')",
    "postgresql": "to_char(to_timestamp(happened_at / 1000 + 28800) AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}
_CLOSED_ON = """
UPDATE exchanges SET closed_on = (
    SELECT max({day}) FROM facts
    WHERE facts.exchange = exchanges.exchange AND facts.link = exchanges.link AND facts.role = exchanges.role
    AND facts.what IN ('confirmed', 'withdrawn') AND facts.voided_at IS NULL
) WHERE state IN ('closed', 'withdrawn')
"""


def upgrade() -> None:
    """Note when exchanges were closed and who has them, find what is due, and count what clerks do."""
    op.add_column("exchanges", sa.Column("clerk", TEXT, nullable=True))
    op.add_column("exchanges", sa.Column("closed_on", TEXT, nullable=True))
    unread = "state = 'noted' AND role = 'asked' AND clerk IS NULL"
    _index("exchanges_to_note", "exchanges", ["own", "received_at", "exchange", "link"], unread)
    op.execute(_CLOSED_ON.format(day=_DAY[op.get_bind().dialect.name]))
    op.add_column("messages", sa.Column("note", TEXT, nullable=True))
    _index("messages_held", "messages", ["created_at"], "line IS NOT NULL")
    _index("messages_noted", "messages", ["exchange", "link"], "note = 'held'")
    op.add_column("cases", sa.Column("names_couple", sa.Boolean, nullable=False, server_default=sa.true()))
    op.execute("UPDATE cases SET names_couple = false WHERE cancelled_at IS NOT NULL")
    _index("cases_to_erase", "cases", ["finished_at", "opened_at", "id"], "names_couple")
    op.create_table(
        "deed_counts",
        *(sa.Column(name, TEXT, nullable=False) for name in ("caller", "day", "deed")),
        sa.Column("times", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("caller", "day", "deed", name="deed_counts_pkey"),
    )
    _index("import_rows_told", "import_rows", ["import_id"], "problems <> '[]'")


def downgrade() -> None:
    """As it was."""
    op.drop_index("import_rows_told", "import_rows")
    op.drop_table("deed_counts")
    op.drop_index("cases_to_erase", "cases")
    op.drop_column("cases", "names_couple")
    for index in ("messages_noted", "messages_held"):
        op.drop_index(index, "messages")
    op.drop_column("messages", "note")
    op.drop_index("exchanges_to_note", "exchanges")
    op.drop_column("exchanges", "closed_on")
    op.drop_column("exchanges", "clerk")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
