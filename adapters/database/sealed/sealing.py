"""Sealed columns as a transaction reads and writes them: whole rows in, whole rows out, and keys looked up in sets.

Without seals nothing is sealed; that is for benches and tests, and a ledger that was sealed is refused then.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ColumnElement, LargeBinary, Table, cast, func, literal, select

from adapters.database.sealed.seals import FORMAT, HEAD, ID_AT, ID_BYTES, Seals, row_key, told
from adapters.database.shapes import AnyRow, TableRow, Values, sealed_tables, shape_of, table_of
from adapters.database.tables import DoomedKeyRow, LedgerIdentityRow
from adapters.sealing.errors import SealBroken
from exchange.ledger import LedgerBusy

if TYPE_CHECKING:
    from adapters.database.work import Work

_IDENTITY = table_of(LedgerIdentityRow)
# A scan of a whole register reads more rows than need be remembered.
_REMEMBERED = 10_000


class Sealing:
    """The sealed columns of one transaction."""

    def __init__(self, work: "Work", seals: Seals | None) -> None:
        self._work, self._seals = work, seals
        # Of the rows that were read here: under which data key each one's value was, None where there was none.
        self._read: dict[tuple[str, Values], bytes | None] = {}

    def added(self, kind: TableRow, rows: Sequence[Values]) -> Sequence[Values]:
        """New rows with what they tell of persons sealed."""
        if self._seals is None or shape_of(kind).sealed is None:
            return rows
        return self._sealed(kind, rows, {})

    def changed(self, kind: TableRow, rows: Sequence[Values], *, afresh: bool = False) -> Sequence[Values]:
        """Changed rows, sealed under the keys that they have; the keys of those that tell nothing any more are doomed.

        `afresh` dooms all of them and seals under new ones, so that what stood there cannot be opened from a copy either.
        LedgerBusy if another transaction erased a row, or took something out of it, since it was read: what is gone does not
        come back by an older reading. The rows stay locked, so none can do so before this transaction ends.
        """
        shape = shape_of(kind)
        place = shape.sealed
        if self._seals is None or place is None:
            return rows
        heads = self._heads(kind, rows)
        for row in rows:
            key = shape.key_of(row)
            if row[place] is not None and key in heads and not self._is_current(shape.table, key, heads[key]):
                raise LedgerBusy
        held = {key: head for key, head in heads.items() if head is not None}
        blank = [held[key][2:] for row in rows if row[place] is None and (key := shape.key_of(row)) in held]
        self.doom_ids([head[2:] for head in held.values()] if afresh else blank)
        sealed = self._sealed(kind, rows, {} if afresh else held)
        self._remember(shape.table, ((shape.key_of(row), row[place]) for row in sealed))
        return sealed

    def opened(self, kind: TableRow, rows: Iterable[AnyRow]) -> list[Values]:
        """Whole rows with what they tell of persons opened; None where the key was destroyed."""
        held = [tuple(row) for row in rows]
        shape = shape_of(kind)
        place = shape.sealed
        if place is None or not held:
            return held
        full = [number for number, row in enumerate(held) if row[place] is not None]
        named = [((shape.table, row_key(shape.key_of(held[number]))), held[number][place]) for number in full]
        if self._seals is not None:
            self._remember(shape.table, ((shape.key_of(row), row[place]) for row in held))
        else:
            for row, value in named:
                if value[:1] == bytes((FORMAT,)):
                    raise SealBroken(told(row))
            return held
        for number, plain in zip(full, self._seals.open(named), strict=True):
            held[number] = _with(held[number], place, plain)
        return held

    def doom(self, kind: TableRow, where: Sequence[ColumnElement[bool]]) -> tuple[Table, Column[Any]]:
        """Put the keys of these rows' values on the list; their table and its sealed column."""
        table, column = sealed_column(kind)
        if self._seals is not None:
            self._seals.erased = True
            # Another transaction may be erasing the same.
            # Locked: between this and the erasure no other may seal it under another key.
            held = select(key_id_of(column)).where(*where, column.is_not(None)).with_for_update(key_share=True)
            self._work.claim_from(DoomedKeyRow, held)
        return table, column

    def doom_ids(self, ids: Sequence[bytes]) -> None:
        """Put keys on the list."""
        if ids and self._seals is not None:
            self._seals.erased = True
            self._work.claim_all(DoomedKeyRow, [{"id": key_id} for key_id in ids])

    def ledger_id(self) -> str:
        """The id by which the key store knows this ledger."""
        row = self._work.first(select(_IDENTITY.c.id))
        if row is None:
            raise LookupError("the ledger has no identity: its tables are not current")
        return str(row.id)

    def holds_values(self) -> bool:
        """Whether anything sealed is in the ledger."""
        columns = [sealed_column(kind)[1] for kind in sealed_tables()]
        return any(self._work.first(select(literal(1)).where(column.is_not(None)).limit(1)) for column in columns)

    def _sealed(self, kind: TableRow, rows: Sequence[Values], heads: dict[Values, bytes]) -> Sequence[Values]:
        seals, shape = self._seals, shape_of(kind)
        place = shape.sealed
        if seals is None or place is None:
            return rows
        seals.bind(self.ledger_id, self.holds_values)
        sealed = list(rows)
        full = [number for number, row in enumerate(rows) if row[place] is not None]
        keys = [shape.key_of(rows[number]) for number in full]
        plain = [
            ((shape.table, row_key(key)), heads.get(key), rows[number][place]) for number, key in zip(full, keys, strict=True)
        ]
        for number, value in zip(full, seals.seal(plain), strict=True):
            sealed[number] = _with(rows[number], place, value)
        return sealed

    def _heads(self, kind: TableRow, rows: Sequence[Values]) -> dict[Values, bytes | None]:
        """The heads of the sealed values that these rows have in the ledger, by the rows' keys; the rows are locked."""
        shape = shape_of(kind)
        table, column = sealed_column(kind)
        keys = [table.c[name] for name in shape.keys]
        head = cast(func.substr(column, 1, HEAD), LargeBinary)
        groups: defaultdict[Values, list[str]] = defaultdict(list)
        for row in rows:
            *first, last = shape.key_of(row)
            groups[tuple(first)].append(last)
        found: dict[Values, bytes | None] = {}
        for common, names in groups.items():
            same = [key == value for key, value in zip(keys[:-1], common, strict=True)]
            asked = select(*keys, head).where(*same, self._work.one_of(keys[-1], names)).order_by(keys[-1])
            locked = self._work.rows(asked.with_for_update(key_share=True))
            found.update((tuple(row[:-1]), None if row[-1] is None else bytes(row[-1])) for row in locked)
        return found

    def _is_current(self, table: str, key: Values, head: bytes | None) -> bool:
        """Whether a row's value is under the key that it was read under; of one that was not read, whether there is a value."""
        if (table, key) not in self._read:
            return head is not None
        return self._read[table, key] == (None if head is None else head[2:])

    def _remember(self, table: str, rows: Iterable[tuple[Values, bytes | None]]) -> None:
        if len(self._read) > _REMEMBERED:
            self._read.clear()
        self._read.update(((table, key), None if value is None else value[2:HEAD]) for key, value in rows)


def in_use(work: "Work", kind: TableRow, wanted: Iterable[tuple[bytes, Values]]) -> set[bytes]:
    """Of some data keys of a table, each with its row's key, those that a value of that row is sealed under."""
    shape = shape_of(kind)
    table, column = sealed_column(kind)
    keys = [table.c[name] for name in shape.keys]
    used: set[bytes] = set()
    ordered = sorted(wanted, key=lambda each: each[1][:-1])
    for first, group in groupby(ordered, key=lambda each: each[1][:-1]):
        of_group = dict(group)
        same = [key == key.type.python_type(value) for key, value in zip(keys[:-1], first, strict=True)]
        last = [key[-1] for key in of_group.values()]
        asked = select(key_id_of(column)).where(*same, work.one_of(keys[-1], last), column.is_not(None))
        used.update(bytes(row[0]) for row in work.rows(asked))
    return used


def sealed_column(kind: TableRow) -> tuple[Table, Column[Any]]:
    """A table and its sealed column."""
    table, place = table_of(kind), shape_of(kind).sealed
    if place is None:
        raise LookupError(f"{table.name} has no sealed column")
    return table, table.c[shape_of(kind).columns[place]]


def key_id_of(column: Column[Any]) -> ColumnElement[bytes]:
    """The id of the data key that a sealed value is under."""
    return cast(func.substr(column, ID_AT, ID_BYTES), LargeBinary)


def _with(row: Values, place: int, value: Any) -> Values:
    return (*row[:place], value, *row[place + 1 :])
