"""One transaction's hands on the database: sets of rows in, sets of rows out, the two databases' ways hidden.

Rows are tuples in the order of their table's columns. Writing goes straight through the driver, past SQLAlchemy, whose insert
takes about twice the time for a thousand rows. Reading goes through its Core, which writes the SQL; for what every exchange
asks, Core writes it once (`Asked`), since with it a look-up by a key takes ten times as long as the look-up itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar

from sqlalchemy import (
    BindParameter,
    ClauseElement,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    Select,
    Table,
    bindparam,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import UpdateBase

from adapters.database.sealed.sealing import Sealing
from adapters.database.sealed.seals import Seals
from adapters.database.shapes import AnyRow, Shape, TableRow, Values, shape_of, table_of

__all__ = [
    "AnyRow",
    "Asked",
    "Shape",
    "TableRow",
    "Values",
    "Work",
    "named",
    "shape_of",
    "table_of",
]

STREAMED = 2000


@dataclass(frozen=True, eq=False)
class Asked:
    """A statement whose text is written once for each database; its values are given by name when it is run.

    `write` gets the hands on one database, for what is written differently in each (`among`). An insert or an update sets
    the columns of `sets`, each from the value of its name. `blobs`: what it reads are bytes above all, which PostgreSQL would
    otherwise spell out, two characters each.
    """

    write: "Callable[[type[Work]], ClauseElement]"
    sets: tuple[str, ...] | None = None
    blobs: bool = False


def named(table: Table, row: AnyRow) -> dict[str, Any]:
    """A whole row of a table by the names of its columns."""
    return dict(zip(table.columns.keys(), row, strict=True))


class Work(ABC):
    """What the books do with a transaction's connection."""

    mark: ClassVar[str]
    dialect: ClassVar[Dialect]

    def __init__(self, connection: Connection, seals: "Seals | None" = None) -> None:
        self._connection = connection
        self.sealing = Sealing(self, seals)
        self._driver: Any = connection.connection.driver_connection

    def rows(self, statement: Executable) -> Sequence[AnyRow]:
        """All rows of a statement."""
        return self._connection.execute(statement).all()

    def first(self, statement: Executable) -> AnyRow | None:
        """The first row of a statement."""
        return self._connection.execute(statement).first()

    def ask(self, asked: Asked, **values: Any) -> list[AnyRow]:
        """All rows of a statement that was written before, as plain tuples."""
        rows: list[AnyRow] = self._run(asked, values).fetchall()
        return rows

    def ask_one(self, asked: Asked, **values: Any) -> AnyRow | None:
        """The first row of such a statement."""
        return self._run(asked, values).fetchone()

    def tell(self, asked: Asked, values: Mapping[str, Any]) -> int:
        """Run such a statement that writes; how many rows it touched."""
        return int(self._run(asked, values).rowcount)

    def _run(self, asked: Asked, values: Mapping[str, Any]) -> Any:
        text, constants = self._written(asked)
        return self._driver.execute(text, {**constants, **values})

    def stream(self, statement: Select[Any]) -> AbstractContextManager[Iterable[AnyRow]]:
        """The rows of a statement, a few thousand in memory at a time, until the block ends."""
        return self._connection.execute(statement.execution_options(yield_per=STREAMED))

    def newest(
        self, found: Select[Any], within: ColumnElement[Any], values: Iterable[str], place: Sequence[Column[Any]], limit: int
    ) -> list[AnyRow]:
        """The last rows by `place` among those that hold one of the values."""
        return self._first(found.order_by(*(column.desc() for column in place)), within, values, place, limit, reverse=True)

    def first_of(
        self, found: Select[Any], within: ColumnElement[Any], values: Iterable[str], place: Sequence[Column[Any]], limit: int
    ) -> list[AnyRow]:
        """The first rows by `place` among those that hold one of the values."""
        return self._first(found.order_by(*place), within, values, place, limit, reverse=False)

    def _first(
        self,
        ordered: Select[Any],
        within: ColumnElement[Any],
        values: Iterable[str],
        place: Sequence[Column[Any]],
        limit: int,
        *,
        reverse: bool,
    ) -> list[AnyRow]:
        """The first rows of several lists in one order.

        Each value's rows are read in the order of an index and then put together: asked for all values at once, either
        database would read and sort everything that there is, for every page.
        """
        rows = [row for value in values for row in self.rows(ordered.where(within == value).limit(limit))]
        return sorted(rows, key=attrgetter(*(column.name for column in place)), reverse=reverse)[:limit]

    def change(self, statement: UpdateBase) -> int:
        """Run a statement that writes; how many rows it touched."""
        return self._connection.execute(statement).rowcount

    def insert(self, kind: TableRow, rows: Sequence[Values]) -> None:
        """Add rows, none of which may be there; what one tells of a person is sealed."""
        if rows:
            self._insert(shape_of(kind), self.sealing.added(kind, rows))

    def update(self, kind: TableRow, rows: Sequence[Values], *, afresh: bool = False) -> None:
        """Write rows over those with their keys; KeyError if one of them is not there. `afresh`: under new data keys."""
        if rows and self._update(shape_of(kind), self.sealing.changed(kind, rows, afresh=afresh)) != len(rows):
            raise KeyError(f"a row of {kind.__tablename__} that is to be changed was never added")

    def opened(self, kind: TableRow, rows: Iterable[AnyRow]) -> list[Values]:
        """Whole rows with what they tell of persons opened, in their order; None where it was erased."""
        return self.sealing.opened(kind, rows)

    def erase(self, kind: TableRow, *where: ColumnElement[bool], **changed: Any) -> int:
        """Erase what these rows tell of persons, with the keys that could open it; how many rows. `changed`: other columns."""
        table, sealed = self.sealing.doom(kind, where)
        return self.change(table.update().where(*where).values({sealed.name: None, **changed}))

    def delete(self, kind: TableRow, *where: ColumnElement[bool]) -> int:
        """Delete rows, with the keys that could open what they told of persons; how many."""
        table, _ = self.sealing.doom(kind, where)
        return self.change(table.delete().where(*where))

    def put(self, kind: TableRow, values: Mapping[str, Any]) -> None:
        """Write one row, over the one with its key if there is one."""
        self._connection.execute(self._unless_there(kind, values, replace=True))

    def claim(self, kind: TableRow, values: Mapping[str, Any]) -> bool:
        """Add one row unless its key is there; whether it was added."""
        added = self._unless_there(kind, values, replace=False).returning(*table_of(kind).primary_key)
        return self._connection.execute(added).first() is not None

    def claim_all(self, kind: TableRow, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add those of the rows whose keys are not there."""
        if rows:
            shape = shape_of(kind)
            self._claim_all(shape, [tuple(row[name] for name in shape.columns) for row in rows])

    def claim_from(self, kind: TableRow, found: Select[Any]) -> None:
        """Add the rows of a selection that are not there; its columns are the table's."""
        table = table_of(kind)
        self._connection.execute(self._statement(table).from_select(table.columns.keys(), found).on_conflict_do_nothing())

    def savepoint(self) -> AbstractContextManager[Any]:
        """A refusal within undoes what was done within, and nothing more."""
        return self._connection.begin_nested()

    def one_of(self, column: ColumnElement[Any], values: Iterable[str]) -> ColumnElement[bool]:
        """Whether a column holds one of these words: one parameter, and one statement text, however many they are."""
        return self.among(column, bindparam(None, self.listed(values)))

    @classmethod
    @abstractmethod
    def among(cls, column: ColumnElement[Any], listed: BindParameter[Any]) -> ColumnElement[bool]:
        """Whether a column holds one of the words of a parameter, whose value `listed` makes."""

    @classmethod
    @abstractmethod
    def each(cls, listed: BindParameter[Any]) -> ColumnElement[str]:
        """The words of such a parameter as a column, a row each."""

    @staticmethod
    @abstractmethod
    def listed(values: Iterable[str]) -> Any:
        """Words as one parameter."""

    @staticmethod
    @abstractmethod
    def joined(column: ColumnElement[bytes]) -> ColumnElement[bytes]:
        """The bytes of all rows behind one another, in any order; NULL of no rows."""

    @staticmethod
    @abstractmethod
    def civil_date(moment: ColumnElement[Any]) -> ColumnElement[str]:
        """The ISO date that a clock in Shanghai shows at a moment."""

    @staticmethod
    @abstractmethod
    def days_after(day: ColumnElement[Any], days: int) -> ColumnElement[str]:
        """The ISO date so many days after another."""

    @abstractmethod
    def lock(self, kind: TableRow) -> None:
        """Be the only one, until the transaction ends, who asks for this table's lock; readers and writers go on."""

    @classmethod
    @cache
    def _written(cls, asked: Asked) -> tuple[str, dict[str, Any]]:
        """The text of a statement, and the values that stand in it already."""
        compiled = asked.write(cls).compile(dialect=cls.dialect, column_keys=asked.sets)
        return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}

    @abstractmethod
    def _statement(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """The dialect's own insert, which alone knows ON CONFLICT."""

    def _unless_there(self, kind: TableRow, values: Mapping[str, Any], *, replace: bool) -> postgresql.Insert | sqlite.Insert:
        table, keys = table_of(kind), shape_of(kind).keys
        insert = self._statement(table).values(dict(values))
        if not replace:
            return insert.on_conflict_do_nothing(index_elements=keys)
        changed = {name: insert.excluded[name] for name in values if name not in keys}
        return insert.on_conflict_do_update(index_elements=keys, set_=changed)

    def _insert(self, shape: Shape, rows: Sequence[Values]) -> None:
        self._driver.cursor().executemany(self._insertion(shape), rows)

    def _claim_all(self, shape: Shape, rows: Sequence[Values]) -> None:
        self._driver.cursor().executemany(f"{self._insertion(shape)} ON CONFLICT DO NOTHING", rows)

    def _update(self, shape: Shape, rows: Sequence[Values]) -> int:
        changed = [name for name in shape.columns if name not in shape.keys]
        places = [shape.columns.index(name) for name in (*changed, *shape.keys)]
        cursor = self._driver.cursor()
        cursor.executemany(self._changing(shape), [[row[place] for place in places] for row in rows])
        return int(cursor.rowcount)

    @classmethod
    @cache
    def _insertion(cls, shape: Shape) -> str:
        marks = ", ".join([cls.mark] * len(shape.columns))
        return f'INSERT INTO "{shape.table}" ({listed_columns(shape)}) VALUES ({marks})'

    @classmethod
    @cache
    def _changing(cls, shape: Shape) -> str:
        changes = ", ".join(f'"{name}" = {cls.mark}' for name in shape.columns if name not in shape.keys)
        found = " AND ".join(f'"{name}" = {cls.mark}' for name in shape.keys)
        return f'UPDATE "{shape.table}" SET {changes} WHERE {found}'


def listed_columns(shape: Shape) -> str:
    """The names of a table's columns, as a statement lists them."""
    return ", ".join(f'"{name}"' for name in shape.columns)
