"""Erasing again: what an older copy of the ledger still holds, and whose data key was destroyed since that copy was made.

Until then such a value reads as erased wherever it is read; here the row is brought to what its erasure had left of it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Select, select, tuple_

from adapters.database.books.casework.cases import SqlCases
from adapters.database.books.registers.cross_checks import lapse_differences
from adapters.database.books.registers.entries import SqlEntries
from adapters.database.sealed.key_store import KeyStore
from adapters.database.sealed.sealing import key_id_of, sealed_column
from adapters.database.shapes import TableRow, Values, shape_of, table_of
from adapters.database.tables import AccountRow, CaseRow, DifferenceRow, EntryRow, ImportRow, MessageRow, RememberedAnswerRow
from adapters.database.work import Work
from exchange.signin.account import NO_PASSWORD

_AT_ONCE = 1000
Again: TypeAlias = Callable[[Work, Sequence[Values]], object]


def erase_page(work: Work, store: KeyStore, kind: TableRow, after: Values | None, *, write: bool) -> tuple[int, Values | None]:
    """Go over a page of a table: how many of its rows are to be erased again, and its last key; None after the last page.

    `write`: they are, in this transaction.
    """
    rows = work.rows(_page(kind, after).with_for_update(key_share=True) if write else _page(kind, after))
    found = store.find([bytes(row[-1]) for row in rows])
    gone = [tuple(row[:-1]) for row in rows if found.get(bytes(row[-1]), b"") is None]
    if write and gone:
        _AGAIN[kind](work, gone)
    return len(gone), tuple(rows[-1][:-1]) if len(rows) == _AT_ONCE else None


def _page(kind: TableRow, after: Values | None) -> Select[tuple[object, ...]]:
    column, table = sealed_column(kind)[1], table_of(kind)
    keys = [table.c[name] for name in shape_of(kind).keys]
    found = select(*keys, key_id_of(column)).where(column.is_not(None)).order_by(*keys).limit(_AT_ONCE)
    return found if after is None else found.where(tuple_(*keys) > tuple_(*after))


def _messages(work: Work, keys: Sequence[Values]) -> None:
    held = table_of(MessageRow).c
    for link, direction, name in keys:
        work.erase(MessageRow, held.link == link, held.direction == direction, held.id == name, note=None)


def _cases(work: Work, keys: Sequence[Values]) -> None:
    cases = SqlCases(work)
    for (name,) in keys:
        case = cases.get(name)
        if case is not None:
            cases.save(case.without_couple())


def _answers(work: Work, keys: Sequence[Values]) -> None:
    held = table_of(RememberedAnswerRow).c
    for caller, key in keys:
        work.delete(RememberedAnswerRow, held.caller == caller, held.key == key)


def _imports(work: Work, keys: Sequence[Values]) -> None:
    work.erase(ImportRow, work.one_of(table_of(ImportRow).c.id, [name for (name,) in keys]))


def _accounts(work: Work, keys: Sequence[Values]) -> None:
    """Another second factor or none took the place of this one: before a new password is given, nobody signs in."""
    for (key,) in keys:
        work.erase(AccountRow, table_of(AccountRow).c.key == key, password_hash=NO_PASSWORD)


_AGAIN: Mapping[TableRow, Again] = {
    MessageRow: _messages,
    EntryRow: lambda work, keys: SqlEntries(work, None).erase(name for (name,) in keys),
    CaseRow: _cases,
    DifferenceRow: lambda work, keys: lapse_differences(work, [name for (name,) in keys]),
    RememberedAnswerRow: _answers,
    ImportRow: _imports,
    AccountRow: _accounts,
}
