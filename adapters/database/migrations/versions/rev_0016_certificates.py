"""The blind keys of certificates, and the checks of them.

The keys of entries that are there already are made with the keys of pairing (`woshou pairing index`, and every night).
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT, nullable=nullable) for name in names]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "certificate_keys",
        *_texts("entry", "jurisdiction"),
        sa.Column("number", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("entry", name="certificate_keys_pkey"),
    )
    op.create_index("certificate_keys_number", "certificate_keys", ["jurisdiction", "number"])
    op.create_table(
        "certificate_checks",
        *_texts("id", "role", "partner", "caller", "own", "other", "certificate", "holder"),
        *_texts("entry", "application_date", nullable=True),
        *_texts("answer"),
        sa.Column("at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", "role", "partner", name="certificate_checks_pkey"),
    )
    op.create_index("certificate_checks_listed", "certificate_checks", ["own", "role", "at", "id"])
    op.create_index("certificate_checks_missed", "certificate_checks", ["role", "answer", "at"])
    op.create_index("certificate_checks_of_holder", "certificate_checks", ["holder"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("certificate_checks")
    op.drop_table("certificate_keys")
