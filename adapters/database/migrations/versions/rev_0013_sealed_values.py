"""What is about a person is sealed, row by row; with the list of data keys to destroy, and the ledger's own id."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

Row = tuple[str, bytes]
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
# Each table's key, and the column that is sealed, as they are at this revision.
Table = tuple[str, tuple[str, ...], str]
SEALED: tuple[Table, ...] = (
    ("messages", ("link", "direction", "id"), "line"),
    ("entries", ("id",), "sealed"),
    ("cases", ("id",), "sealed"),
    ("cross_check_differences", ("id",), "sealed"),
    ("remembered_answers", ("caller", "key"), "body"),
    ("imports", ("id",), "sealed"),
)
_AT_ONCE = 1000


def upgrade() -> None:
    """Make the tables, and seal what there is; not where nothing is sealed, as in a bench."""
    op.create_table(
        "ledger_identity", sa.Column("id", TEXT, nullable=False), sa.PrimaryKeyConstraint("id", name="ledger_identity_pkey")
    )
    op.create_table(
        "doomed_keys", sa.Column("id", sa.LargeBinary, nullable=False), sa.PrimaryKeyConstraint("id", name="doomed_keys_pkey")
    )
    ledger = str(uuid.uuid4())
    op.execute(sa.text("INSERT INTO ledger_identity (id) VALUES (:id)").bindparams(id=ledger))
    _name_files_together()
    seals = context.config.attributes["seals"]
    if seals is None:
        return

    def sealed(rows: Sequence[tuple[Row, bytes]]) -> list[bytes]:
        seals.bind(lambda: ledger, lambda: False)
        made: list[bytes] = seals.seal([(row, None, plain) for row, plain in rows])
        # Before the ledger commits: if it does not, nothing uses them, and they are swept.
        seals.keep()
        return made

    for table in SEALED:
        _rewrite(table, sealed)


def downgrade() -> None:
    """Open what is sealed, and drop the tables; the keys are of no use any more."""
    seals = context.config.attributes["seals"]
    if seals is not None:
        for table in SEALED:
            _rewrite(table, seals.open)
    _name_files_apart()
    op.drop_table("doomed_keys")
    op.drop_table("ledger_identity")


def _name_files_together() -> None:
    """A file's name and its unknown headings become one value."""
    op.add_column("imports", sa.Column("sealed", sa.LargeBinary, nullable=True))
    for name, unknown, file in op.get_bind().execute(sa.text("SELECT filename, unknown_columns, id FROM imports")).all():
        value = json.dumps({"filename": name, "unknown_columns": json.loads(unknown)}, ensure_ascii=False).encode()
        _set(file, sealed=value)
    # Plain SQL, which both databases have: Alembic would copy the table on SQLite, and the rows' foreign key forbids that.
    op.execute("ALTER TABLE imports DROP COLUMN filename")
    op.execute("ALTER TABLE imports DROP COLUMN unknown_columns")


def _name_files_apart() -> None:
    op.add_column("imports", sa.Column("filename", TEXT, nullable=False, server_default=""))
    op.add_column("imports", sa.Column("unknown_columns", TEXT, nullable=False, server_default="[]"))
    for value, file in op.get_bind().execute(sa.text("SELECT sealed, id FROM imports WHERE sealed IS NOT NULL")).all():
        told = json.loads(bytes(value))
        _set(file, filename=told["filename"], unknown_columns=json.dumps(told["unknown_columns"], ensure_ascii=False))
    op.execute("ALTER TABLE imports DROP COLUMN sealed")


def _set(file: str, **values: Any) -> None:
    changes = ", ".join(f"{name} = :{name}" for name in values)
    op.get_bind().execute(sa.text(f"UPDATE imports SET {changes} WHERE id = :file"), {"file": file, **values})


def _rewrite(table: Table, change: Callable[[Sequence[tuple[Row, bytes]]], Any]) -> None:
    name, keys, column = table
    changing = sa.text(
        f'UPDATE {name} SET "{column}" = :value WHERE ' + " AND ".join(f'"{key}" = :{key}_' for key in keys)
    ).bindparams(sa.bindparam("value", type_=sa.LargeBinary))
    for rows in _pages(name, keys, column):
        named = [((name, "\0".join(map(str, row[:-1])).encode()), bytes(row[-1])) for row in rows]
        for row, value in zip(rows, change(named), strict=True):
            op.get_bind().execute(
                changing, {"value": value, **{f"{key}_": part for key, part in zip(keys, row[:-1], strict=True)}}
            )


def _pages(name: str, keys: tuple[str, ...], column: str) -> Iterator[Sequence[Any]]:
    table = sa.table(name, *(sa.column(key) for key in (*keys, column)))
    place = [table.c[key] for key in keys]
    found = sa.select(*place, table.c[column]).where(table.c[column].is_not(None)).order_by(*place).limit(_AT_ONCE)
    after = None
    while True:
        page = found if after is None else found.where(sa.tuple_(*place) > sa.tuple_(*(sa.literal(part) for part in after)))
        rows = op.get_bind().execute(page).all()
        if not rows:
            return
        after = rows[-1][:-1]
        yield rows
