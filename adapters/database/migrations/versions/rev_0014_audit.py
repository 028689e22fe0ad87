"""The audit's chains, whose rows the database itself lets nobody change or take out."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = ("audit_rows", "audit_subjects", "audit_signed", "audit_witnessed")


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT, nullable=nullable) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, NUMBER, nullable=nullable) for name in names]


def upgrade() -> None:
    """Make the tables and what keeps them."""
    op.create_table(
        "audit_rows",
        *_texts("id", "jurisdiction"),
        *_numbers("at"),
        *_texts("actor_kind", "actor", "role", "action"),
        *_texts("purpose", "problem", nullable=True),
        *_texts("subjects", "shown"),
        sa.Column("masked", sa.Boolean, nullable=False),
        *_numbers("count"),
        *_texts("previous", nullable=True),
        *_texts("digest"),
        sa.PrimaryKeyConstraint("id", name="audit_rows_pkey"),
    )
    op.create_index("audit_rows_listed", "audit_rows", ["jurisdiction", "at", "id"])
    op.create_index("audit_rows_of_actor", "audit_rows", ["actor", "at"])
    op.create_table(
        "audit_subjects", *_texts("subject", "row"), sa.PrimaryKeyConstraint("subject", "row", name="audit_subjects_pkey")
    )
    op.create_table(
        "audit_heads",
        *_texts("jurisdiction"),
        *_texts("day", nullable=True),
        *_numbers("sequence"),
        *_texts("digest", "closed", nullable=True),
        sa.PrimaryKeyConstraint("jurisdiction", name="audit_heads_pkey"),
    )
    op.create_table(
        "audit_signed",
        *_texts("jurisdiction", "day"),
        *_numbers("rows"),
        *_texts("digest", "jws"),
        *_numbers("at"),
        sa.PrimaryKeyConstraint("jurisdiction", "day", name="audit_signed_pkey"),
    )
    op.create_table(
        "audit_witnessed",
        *_texts("partner"),
        sa.Column("ours", sa.Boolean, nullable=False),
        *_texts("jurisdiction", "day"),
        *_numbers("rows"),
        *_texts("digest", "jws"),
        *_numbers("at"),
        sa.PrimaryKeyConstraint("partner", "ours", "jurisdiction", "day", "digest", name="audit_witnessed_pkey"),
    )
    keep = _keep_postgresql if op.get_bind().dialect.name == "postgresql" else _keep_sqlite
    keep()


def downgrade() -> None:
    """Drop them; the triggers go with their tables."""
    for table in (*reversed(KEPT), "audit_heads"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_is_kept()")


def _keep_sqlite() -> None:
    for table in KEPT:
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END"
            )


def _keep_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit is only added to'; END $$"
    )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION audit_is_kept()"
        )
