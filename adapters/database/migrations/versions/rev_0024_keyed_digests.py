"""Digests by which files and requests are known again are keyed: whose number a plain one holds is found by trying."""

import secrets
from collections.abc import Callable

import sqlalchemy as sa
from alembic import context, op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# Each table's key, the column, and what the node puts before the plain digest.
PLAIN = (
    ("imports", ("id",), "digest", b"file\x00"),
    ("cross_checks", ("id",), "digest", b"file\x00"),
    ("remembered_answers", ("caller", "key"), "request_digest", b"request\x00"),
)


def upgrade() -> None:
    """Key the plain digests; without the node's key nothing is known again, as if it had never come."""
    _rename("sha256", "digest")
    keyed: Callable[[bytes], str] = context.config.attributes["keyed"] or (lambda _: secrets.token_urlsafe(32))
    for name, keys, column, kind in PLAIN:
        table = sa.table(name, *(sa.column(each) for each in (*keys, column)))
        rows = op.get_bind().execute(sa.select(*(table.c[key] for key in keys), table.c[column])).all()
        if rows:
            changing = table.update().where(*(table.c[key] == sa.bindparam(f"{key}_") for key in keys))
            changes = [
                {**{f"{key}_": part for key, part in zip(keys, place, strict=True)}, "keyed_": keyed(kind + plain.encode())}
                for *place, plain in rows
            ]
            op.get_bind().execute(changing.values({column: sa.bindparam("keyed_")}), changes)


def downgrade() -> None:
    """The column as it was called; what is keyed stays so, and is not known again."""
    _rename("digest", "sha256")


def _rename(old: str, new: str) -> None:
    # Plain SQL, which both databases have: Alembic would copy the table on SQLite, and the rows' foreign key forbids that.
    for table in ("imports", "cross_checks"):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
