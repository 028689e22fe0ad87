"""Indexes that hold all that the counts of the worklists, and of what is open, read."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_LAPSING, _WAITING = "state = 'answered'", "waiting_due > 0"
_WAITS = ["own", "role", "until_day", "since_day", "marks", "sort", "waiting_due", "received", "exchange", "link"]


def upgrade() -> None:
    """Let no row be read for what is only counted, or stands behind the page that is shown."""
    _change("exchanges_lapsing", "exchanges", ["own", "role", "lapses_on", "exchange", "link"], _LAPSING)
    _change("verdicts_waiting", "verdicts", _WAITS, _WAITING)


def downgrade() -> None:
    """As it was."""
    _change("verdicts_waiting", "verdicts", ["own", "role", "until_day"], _WAITING)
    _change("exchanges_lapsing", "exchanges", ["own", "lapses_on"], _LAPSING)


def _change(name: str, table: str, columns: list[str], where: str) -> None:
    op.drop_index(name, table)
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
