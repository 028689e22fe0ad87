"""Indexes that hold all that the counts of the worklists, and of reports, read."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_KEY = ["exchange", "link"]
_LAPSING, _WAITING = "state = 'answered'", "waiting_due > 0"
_WAITS = ["own", "role", "until_day", "since_day", "marks", "sort", "waiting_due", "received", *_KEY]
_FALLS_DUE = ["own", "role", "first_due", "until_day", "since_day", "marks", "sort", "days", "answered_on", *_KEY]


def upgrade() -> None:
    """Let no row be read for what is only counted, or stands behind the page that is shown."""
    _change("exchanges_lapsing", "exchanges", ["own", "role", "lapses_on", *_KEY], _LAPSING)
    _change("verdicts_waiting", "verdicts", _WAITS, _WAITING)
    _change("verdicts_due", "verdicts", _FALLS_DUE)


def downgrade() -> None:
    """As it was."""
    _change("verdicts_due", "verdicts", ["own", "role", "first_due", "until_day"])
    _change("verdicts_waiting", "verdicts", ["own", "role", "until_day"], _WAITING)
    _change("exchanges_lapsing", "exchanges", ["own", "lapses_on"], _LAPSING)


def _change(name: str, table: str, columns: list[str], where: str | None = None) -> None:
    held = None if where is None else sa.text(where)
    op.drop_index(name, table)
    op.create_index(name, table, columns, sqlite_where=held, postgresql_where=held)
