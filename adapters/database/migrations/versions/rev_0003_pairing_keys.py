"""The blind keys under which pairing looks for candidates, what linkage suggests, and how an exchange was paired."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ALWAYS = ("name", "sound")
SOMETIMES = (
    "sound_year",
    "birth_surname",
    "birth_given",
    "doc_head",
    "doc_tail",
    "doc_ends",
    "spouse_document",
    "couple",
    "size",
)


def upgrade() -> None:
    """Make the tables. Exchanges that are paired already were so by exact identity or by a clerk: nobody wrote down which."""
    op.create_table(
        "pairing_keys",
        sa.Column("entry", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        *(sa.Column(name, NUMBER, nullable=False) for name in ALWAYS),
        *(sa.Column(name, NUMBER, nullable=True) for name in SOMETIMES),
        sa.PrimaryKeyConstraint("entry", name="pairing_keys_pkey"),
    )
    for name in ALWAYS:
        op.create_index(f"pairing_keys_{name}", "pairing_keys", [name])
    for name in SOMETIMES:
        _index(f"pairing_keys_{name}", "pairing_keys", [name], where=f"{name} IS NOT NULL")
    op.create_table(
        "pairing_suggestions",
        sa.Column("exchange", TEXT, nullable=False),
        sa.Column("link", NUMBER, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("entry", TEXT, nullable=False),
        sa.Column("linked", NUMBER, nullable=False),
        sa.Column("probability", NUMBER, nullable=False),
        sa.Column("rules", TEXT, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("exchange", "link", "role", "entry", name="pairing_suggestions_pkey"),
    )
    op.create_index("pairing_suggestions_of_entry", "pairing_suggestions", ["entry"])
    op.add_column("exchanges", sa.Column("pairing", TEXT, nullable=True))
    _index("exchanges_unpaired", "exchanges", ["person_index", "own"], where="entry IS NULL AND role = 'asked'")


def downgrade() -> None:
    """Drop them."""
    op.drop_index("exchanges_unpaired", "exchanges")
    with op.batch_alter_table("exchanges") as exchanges:
        exchanges.drop_column("pairing")
    op.drop_table("pairing_suggestions")
    op.drop_table("pairing_keys")


def _index(name: str, table: str, columns: list[str], *, where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
