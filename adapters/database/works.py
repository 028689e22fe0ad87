"""The hands on a transaction as each of the two databases needs them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

import msgspec
from sqlalchemy import ARRAY, BindParameter, ColumnElement, Date, LargeBinary, Table, any_, cast, func, select, type_coerce
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from adapters.database.policies import POLICIES
from adapters.database.shapes import Shape, TableRow, Values
from adapters.database.tables import columns
from adapters.database.work import Asked, Work, listed_columns

_SHANGHAI = 8 * 60 * 60 * 1000


class SqliteWork(Work):
    """SQLite: one prepared statement, run for each row within this process."""

    mark = "?"
    dialect = sqlite.dialect(paramstyle="named")

    def _statement(self, table: Table) -> sqlite.Insert:
        return sqlite.insert(table)

    @classmethod
    def among(cls, column: ColumnElement[Any], listed: BindParameter[Any]) -> ColumnElement[bool]:
        return column.in_(select(cls.each(listed)))

    @classmethod
    def each(cls, listed: BindParameter[Any]) -> ColumnElement[str]:
        column: ColumnElement[str] = func.json_each(listed).table_valued("value").c.value
        return column

    @staticmethod
    def listed(values: Iterable[str]) -> str:
        return msgspec.json.encode(list(values)).decode()

    @staticmethod
    def joined(column: ColumnElement[bytes]) -> ColumnElement[bytes]:
        # Joined as text, which in a UTF-8 database is the same bytes, and taken for bytes again before anything reads it as text.
        return cast(func.group_concat(column, ""), LargeBinary)

    @staticmethod
    def civil_date(moment: ColumnElement[Any]) -> ColumnElement[str]:
        return func.date((moment + _SHANGHAI) // 1000, "unixepoch")

    @staticmethod
    def days_after(day: ColumnElement[Any], days: int) -> ColumnElement[str]:
        return func.date(day, f"+{days} days")

    def lock(self, kind: TableRow) -> None:
        """There is one writer at a time."""


class PostgresWork(Work):
    """PostgreSQL: binary COPY for many rows, or arrays where there are policies; pipelined statements for few."""

    mark = "%s"
    dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it without types
    # Up to these numbers of rows the round trips of COPY cost more than they save (docs/decisions/storage.md).
    few_inserted: ClassVar[int] = 20
    few_changed: ClassVar[int] = 50

    def _statement(self, table: Table) -> postgresql.Insert:
        return postgresql.insert(table)

    @classmethod
    def among(cls, column: ColumnElement[Any], listed: BindParameter[Any]) -> ColumnElement[bool]:
        return column == any_(type_coerce(listed, ARRAY(columns.TEXT)))

    @classmethod
    def each(cls, listed: BindParameter[Any]) -> ColumnElement[str]:
        return func.unnest(type_coerce(listed, ARRAY(columns.TEXT)), type_=columns.TEXT).column_valued("value")

    @staticmethod
    def listed(values: Iterable[str]) -> list[str]:
        return [str(value) for value in values]

    @staticmethod
    def joined(column: ColumnElement[bytes]) -> ColumnElement[bytes]:
        return func.string_agg(column, cast("", LargeBinary))

    @staticmethod
    def civil_date(moment: ColumnElement[Any]) -> ColumnElement[str]:
        clock = func.timezone("UTC", func.to_timestamp((moment + _SHANGHAI) // 1000))
        return func.to_char(clock, "YYYY-MM-DD")

    @staticmethod
    def days_after(day: ColumnElement[Any], days: int) -> ColumnElement[str]:
        return func.to_char(cast(day, Date) + days, "YYYY-MM-DD")

    def lock(self, kind: TableRow) -> None:
        # Advisory: a lock of the table itself would also wait for its vacuuming, and be refused while that goes on.
        self._driver.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{kind.__tablename__}"])

    def _run(self, asked: Asked, values: Mapping[str, Any]) -> Any:
        text, constants = self._written(asked)
        return self._driver.execute(text, {**constants, **values}, binary=asked.blobs)

    def _insert(self, shape: Shape, rows: Sequence[Values]) -> None:
        if len(rows) <= self.few_inserted:
            super()._insert(shape, rows)
        elif shape.table not in POLICIES:
            self._copy(shape, shape.table, rows)
        else:  # PostgreSQL refuses to COPY into a table under row-level security
            self._driver.execute(self._adding(shape), [list(column) for column in zip(*rows, strict=True)])

    def _claim_all(self, shape: Shape, rows: Sequence[Values]) -> None:
        columns = [list(column) for column in zip(*rows, strict=True)]
        self._driver.execute(f"{self._adding(shape)} ON CONFLICT DO NOTHING", columns)

    def _update(self, shape: Shape, rows: Sequence[Values]) -> int:
        if len(rows) <= self.few_changed:
            return super()._update(shape, rows)
        beside = f"changed_{shape.table}"
        with self._driver.cursor() as cursor:
            # Once for each session: made anew in every transaction, it takes twice the time and bloats the catalogue.
            cursor.execute(f'CREATE TEMPORARY TABLE IF NOT EXISTS "{beside}" (LIKE "{shape.table}") ON COMMIT DELETE ROWS')
            self._copy(shape, beside, rows)
            cursor.execute(self._changing_from(shape, beside))
            return int(cursor.rowcount)

    def _copy(self, shape: Shape, into: str, rows: Sequence[Values]) -> None:
        statement = f'COPY "{into}" ({listed_columns(shape)}) FROM STDIN (FORMAT BINARY)'
        with self._driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(shape.types)
            for row in rows:
                copy.write_row(row)

    @staticmethod
    @cache
    def _adding(shape: Shape) -> str:
        columns = ", ".join(f"%b::{kind}[]" for kind in shape.types)
        return f'INSERT INTO "{shape.table}" ({listed_columns(shape)}) SELECT * FROM unnest({columns})'

    @staticmethod
    @cache
    def _changing_from(shape: Shape, beside: str) -> str:
        changes = ", ".join(f'"{name}" = n."{name}"' for name in shape.columns if name not in shape.keys)
        found = " AND ".join(f't."{name}" = n."{name}"' for name in shape.keys)
        emptied = f'WITH n AS (DELETE FROM "{beside}" RETURNING *)'
        return f'{emptied} UPDATE "{shape.table}" AS t SET {changes} FROM n WHERE {found}'
