"""An index of the exchanges by which a person can still be found, so that the nightly run reads those alone that are old."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_FINDABLE = sa.text("person_index <> ''")


def upgrade() -> None:
    """Make it."""
    op.create_index("exchanges_findable", "exchanges", ["submitted_at"], sqlite_where=_FINDABLE, postgresql_where=_FINDABLE)


def downgrade() -> None:
    """Drop it."""
    op.drop_index("exchanges_findable", "exchanges")
