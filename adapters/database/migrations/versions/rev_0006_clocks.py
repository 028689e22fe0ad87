"""The administrator's days and rule sets, escalations, and troubles that began or ended."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Written out once more, as they were on that day: a migration does not change with the tables.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FLAG = sa.Boolean()
# Until then every exchange lapsed fifteen days after the day of its answer, in Shanghai.
_LAST_DAY = {
    "sqlite": "date(fed_back_at / 1000 + 28800 + 15 * 86400, 'unixepoch')",
    "postgresql": "to_char(to_timestamp(fed_back_at / 1000 + 28800 + 15 * 86400) AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}


def upgrade() -> None:
    """Make the tables, and give each exchange its last day and what its due date rests on."""
    _rules()
    _escalations()
    _troubles()
    # Not in batch mode: SQLite would copy the table, and its partial indices with it.
    op.add_column("exchanges", sa.Column("due_provisional", FLAG, nullable=False, server_default=sa.false()))
    op.add_column("exchanges", sa.Column("lapses_on", TEXT, nullable=True))
    op.add_column("exchanges", sa.Column("expected", TEXT, nullable=True))
    _index("exchanges_lapsing", "exchanges", ["own", "lapses_on"], where="state = 'answered'")
    _index("exchanges_provisional", "exchanges", ["own", "due"], where="due_provisional")
    last_day = _LAST_DAY[op.get_bind().dialect.name]
    op.execute(f"UPDATE exchanges SET lapses_on = {last_day} WHERE fed_back_at IS NOT NULL")


def downgrade() -> None:
    """Drop them."""
    op.drop_index("exchanges_provisional", "exchanges")
    op.drop_index("exchanges_lapsing", "exchanges")
    for column in ("expected", "lapses_on", "due_provisional"):
        op.drop_column("exchanges", column)
    for name in ("tellings", "troubles", "escalations", "holidays", "rules_uses", "rules_files"):
        op.drop_table(name)


def _columns(**kinds: sa.types.TypeEngine[Any]) -> list[sa.Column[Any]]:
    """Columns that are always filled."""
    return [sa.Column(name, kind, nullable=False) for name, kind in kinds.items()]


def _optional(**kinds: sa.types.TypeEngine[Any]) -> list[sa.Column[Any]]:
    """Columns that may be empty."""
    return [sa.Column(name, kind, nullable=True) for name, kind in kinds.items()]


def _index(name: str, table: str, columns: list[str], *, where: str | None = None, unique: bool = False) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _rules() -> None:
    op.create_table(
        "rules_files",
        *_columns(kind=TEXT, version=TEXT, digest=TEXT, content=TEXT, added_at=NUMBER),
        sa.PrimaryKeyConstraint("kind", "version", name="rules_files_pkey"),
    )
    op.create_table(
        "rules_uses",
        *_columns(id=NUMBER, kind=TEXT, version=TEXT, since=TEXT, known_at=NUMBER),
        sa.PrimaryKeyConstraint("id", name="rules_uses_pkey"),
    )
    op.create_table(
        "holidays",
        *_columns(id=NUMBER, day=TEXT, kind=TEXT),
        *_optional(name=TEXT),
        *_columns(issued_on=TEXT, known_at=NUMBER),
        sa.PrimaryKeyConstraint("id", name="holidays_pkey"),
    )
    _index("holidays_day_idx", "holidays", ["day"])


def _escalations() -> None:
    op.create_table(
        "escalations",
        *_columns(id=TEXT, exchange=TEXT, link=NUMBER, role=TEXT, own=TEXT, other=TEXT),
        *_columns(level=NUMBER, to=TEXT, stays=FLAG, why=TEXT),
        *_optional(due=TEXT),
        *_columns(raised_at=NUMBER),
        *_optional(acknowledged_at=NUMBER, resolved_at=NUMBER),
        sa.PrimaryKeyConstraint("id", name="escalations_pkey"),
    )
    _index("escalations_listed", "escalations", ["own", "raised_at", "id"])
    _index("escalations_standing", "escalations", ["exchange"], where="resolved_at IS NULL")


def _troubles() -> None:
    op.create_table(
        "troubles",
        *_columns(id=TEXT, kind=TEXT, subject=TEXT, began_at=NUMBER),
        *_optional(ended_at=NUMBER),
        sa.PrimaryKeyConstraint("id", name="troubles_pkey"),
    )
    _index("troubles_listed", "troubles", ["began_at", "id"])
    _index("troubles_lasting", "troubles", ["kind", "subject"], where="ended_at IS NULL", unique=True)
    op.create_table(
        "tellings",
        *_columns(exchange=TEXT, link=NUMBER, role=TEXT, what=TEXT, day=TEXT),
        sa.PrimaryKeyConstraint("exchange", "link", "role", "what", "day", name="tellings_pkey"),
    )
