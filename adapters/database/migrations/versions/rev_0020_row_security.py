"""Row-level security: on PostgreSQL a transaction sees the records that it was opened for, and no others."""

from alembic import op

from adapters.database.policies import POLICIES, released, secured

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# Literally: later tables bring their own policies in their own revisions.
TABLES = (
    "entries",
    "exchanges",
    "cases",
    "imports",
    "cross_checks",
    "cross_check_differences",
    "escalations",
    "register_differences",
    "certificate_keys",
    "certificate_checks",
    "entry_facts",
    "pairing_keys",
    "import_rows",
    "cross_check_rows",
    "case_exchanges",
    "facts",
    "assignments",
    "pairing_suggestions",
    "messages",
    "remembered_answers",
    "register_tokens",
    "subject_requests",
)


def upgrade() -> None:
    """Put the tables under their policies; SQLite has none."""
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            for statement in secured(table, POLICIES[table]):
                op.execute(statement)


def downgrade() -> None:
    """Take them away."""
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            for statement in released(table):
                op.execute(statement)
