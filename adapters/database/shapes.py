"""The tables as they are written: which columns in which order, what their key is, and which of them is sealed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Integer, Table

from adapters.database.tables import columns

# What a table's columns hold, to be written; and a row as SQLAlchemy reads it, whose types differ with every statement.
Values: TypeAlias = tuple[Any, ...]
AnyRow: TypeAlias = Any
TableRow: TypeAlias = type[columns.Row]
V = TypeVar("V")


def table_of(kind: TableRow) -> Table:
    """The table behind a row class, for reading."""
    return columns.Row.metadata.tables[str(kind.__tablename__)]


@dataclass(frozen=True, slots=True)
class Shape:
    """A table as it is written: all its columns but a number that the database counts up itself."""

    table: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    types: tuple[str, ...]
    key_places: tuple[int, ...]
    sealed: int | None
    """The place of the column that is sealed, if one is."""

    def key_of(self, row: AnyRow) -> Values:
        """The primary key of a row."""
        return tuple(row[place] for place in self.key_places)


@cache
def shape_of(kind: TableRow) -> Shape:
    """The shape of a row class's table."""
    table = table_of(kind)
    written = [column for column in table.columns if column is not table.autoincrement_column]
    types = {int: "int8", str: "text", bool: "bool", bytes: "bytea"}
    narrow = {column.name for column in written if type(column.type) is Integer}
    keys = [column for column in table.primary_key if column in written]
    return Shape(
        table=table.name,
        columns=tuple(column.name for column in written),
        keys=tuple(column.name for column in table.primary_key),
        types=tuple("int4" if column.name in narrow else types[column.type.python_type] for column in written),
        key_places=tuple(map(written.index, keys)),
        sealed=next((place for place, column in enumerate(written) if column.info.get(columns.SEALED)), None),
    )


def sealed_tables() -> list[TableRow]:
    """The tables that have a sealed column."""
    return [kind for kind in columns.Row.__subclasses__() if shape_of(kind).sealed is not None]


def beside(
    values: Iterable[V], key: Callable[[V], object], rows: Iterable[AnyRow], row_key: Callable[[AnyRow], object]
) -> Iterator[tuple[V, Iterator[AnyRow]]]:
    """Each value with the rows of its key, from two lists in one order; the rows of other keys are passed over."""
    groups = groupby(rows, key=row_key)
    for value in values:
        wanted = key(value)
        yield value, next(group for found, group in groups if found == wanted)
