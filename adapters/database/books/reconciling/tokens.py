"""The tokens of the registers, under each key, as they were at each revision."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, delete, func, or_, select, tuple_, update

from adapters.database.tables import RegisterDifferenceRow, TokenKeyRow, TokenRow, UntokenedRow
from adapters.database.values import json_of, list_of, moment_of, number_of
from adapters.database.work import AnyRow, Asked, Values, Work, table_of
from exchange.codes import Item
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.people.register import Entry
from exchange.reconciling.keys import Leaf, Register, TokenKey
from exchange.reconciling.pairs import Pair

_KEYS = table_of(TokenKeyRow)
_TOKENS = table_of(TokenRow)
_QUEUE = table_of(UntokenedRow)
_DIFFERENCES = table_of(RegisterDifferenceRow)
T = TypeVar("T")
# Values of one statement that are bytes: neither database takes them as one parameter, SQLite at most some thousands.
_AT_ONCE = 500


def _at_revision() -> ColumnElement[bool]:
    held, revision = _TOKENS.c, bindparam("revision", type_=_TOKENS.c.added.type)
    standing = or_(held.removed.is_(None), held.removed > revision)
    return and_(held.key == bindparam("key", type_=held.key.type), held.added <= revision, standing)


def _register(work: type[Work]) -> Select[bytes, int]:
    """Leaves and numberless in one reading: a register may have a million entries."""
    held = _TOKENS.c
    leaves = work.joined(case((held.numbered, held.leaf)))
    return select(leaves, func.count(case((~held.numbered, 1)))).where(_at_revision())


_read = Asked(_register, blobs=True)
_size = Asked(lambda _: select(func.count()).select_from(_TOKENS).where(_at_revision(), _TOKENS.c.numbered))
_standing = Asked(
    lambda work: select(_TOKENS).where(work.among(_TOKENS.c.entry, bindparam("entries")), _TOKENS.c.removed.is_(None))
)


class SqlTokens:
    """`exchange.ledger.Tokens` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def lock(self) -> None:
        self._work.lock(TokenRow)

    def all(self) -> list[TokenKey]:
        return [_key(row) for row in self._work.rows(select(_KEYS).order_by(_KEYS.c.id))]

    def get(self, key: int) -> TokenKey | None:
        row = self._work.first(select(_KEYS).where(_KEYS.c.id == key))
        return None if row is None else _key(row)

    def find(self, wanted: TokenKey) -> TokenKey | None:
        row = self._work.first(select(_KEYS).where(*_named(wanted)))
        return None if row is None else _key(row)

    def add(self, key: TokenKey) -> TokenKey:
        self._work.insert(TokenKeyRow, [_key_values(key)])
        ((added,),) = self._work.rows(select(_KEYS.c.id).where(*_named(key)))
        return replace(key, id=added)

    def save(self, key: TokenKey) -> None:
        moving = {
            "revision": key.revision,
            "made_through": key.made_through,
            "noted": key.noted,
            "noted_at": number_of(key.noted_at),
        }
        if self._work.change(update(_KEYS).where(_KEYS.c.id == key.id).values(**moving)) != 1:
            raise KeyError(f"key {key.id} was never added")

    def drop(self, key: int) -> None:
        self._work.change(delete(_TOKENS).where(_TOKENS.c.key == key))
        self._work.change(delete(_KEYS).where(_KEYS.c.id == key))

    def queued(self, limit: int) -> list[tuple[int, str]]:
        rows = self._work.rows(select(_QUEUE.c.id, _QUEUE.c.entry).order_by(_QUEUE.c.id).limit(limit))
        return [(int(number), str(entry)) for number, entry in rows]

    def unqueue(self, ids: Iterable[int]) -> None:
        for some in _some(ids):
            self._work.change(delete(_QUEUE).where(_QUEUE.c.id.in_(some)))

    def standing(self, entries: Iterable[str]) -> Mapping[str, list[tuple[int, Leaf]]]:
        found: defaultdict[str, list[tuple[int, Leaf]]] = defaultdict(list)
        for key, leaf, added, _, entry, numbered in self._work.ask(_standing, entries=self._work.listed(entries)):
            found[entry].append((key, Leaf(entry, bytes(leaf), bool(numbered), added)))
        return dict(found)

    def change(self, key: int, revision: int, gone: Sequence[Leaf], come: Sequence[Leaf]) -> None:
        self._work.update(TokenRow, [(key, leaf.value, leaf.added, revision, leaf.entry, leaf.numbered) for leaf in gone])
        self._work.insert(TokenRow, [(key, leaf.value, revision, None, leaf.entry, leaf.numbered) for leaf in come])

    def register(self, key: int, revision: int) -> Register:
        ((leaves, numberless),) = self._work.ask(_read, key=key, revision=revision)
        return Register(b"" if leaves is None else bytes(leaves), int(numberless))

    def size(self, key: int, revision: int) -> int:
        ((size,),) = self._work.ask(_size, key=key, revision=revision)
        return int(size)

    def entries_of(self, key: int, leaves: Iterable[bytes]) -> Mapping[bytes, str]:
        held, found = _TOKENS.c, {}
        for some in _some(leaves):
            wanted = select(held.leaf, held.entry).where(held.key == key, held.leaf.in_(some)).order_by(held.added)
            found.update({bytes(leaf): str(entry) for leaf, entry in self._work.rows(wanted)})
        return found

    def forget(self, key: int, upto: int, limit: int) -> int:
        return self._erase(limit, _TOKENS.c.key == key, _TOKENS.c.removed <= upto)

    def erase(self, key: int, limit: int) -> int:
        return self._erase(limit, _TOKENS.c.key == key)

    def _erase(self, limit: int, *which: ColumnElement[bool]) -> int:
        place = tuple_(_TOKENS.c.key, _TOKENS.c.leaf, _TOKENS.c.added)
        some = select(_TOKENS.c.key, _TOKENS.c.leaf, _TOKENS.c.added).where(*which).limit(limit)
        return self._work.change(delete(_TOKENS).where(place.in_(some)))


def queue_tokens(work: Work, entries: Sequence[Entry]) -> None:
    """Have the tokens of these entries made anew."""
    work.insert(UntokenedRow, [(entry.id,) for entry in entries])


def hide_from_reconciling(work: Work, entries: Sequence[Entry]) -> None:
    """Let no token and no difference of the protected ones among these be left, now and not later."""
    if hidden := [entry.id for entry in entries if entry.protected]:
        drop_from_reconciling(work, hidden)


def drop_from_reconciling(work: Work, entries: Sequence[str]) -> None:
    """Let no token and no difference of these entries be left."""
    # Tokens that are being made of what the entry was before, and the end of a run, must be there to be erased.
    work.lock(TokenRow)
    work.change(delete(_TOKENS).where(work.one_of(_TOKENS.c.entry, entries)))
    work.change(delete(_DIFFERENCES).where(work.one_of(_DIFFERENCES.c.entry, entries)))


def _some(values: Iterable[T]) -> Iterator[list[T]]:
    left = iter(values)
    while some := list(islice(left, _AT_ONCE)):
        yield some


def _named(key: TokenKey) -> Iterator[ColumnElement[bool]]:
    """Whether a key is of this name."""
    agreement, pair, own, month, (origin_kid, destination_kid) = key.name
    held = _KEYS.c
    yield held.agreement == agreement
    yield from (held.origin == pair.origin, held.destination == pair.destination, held.own == own)
    yield from (held.month == month, held.origin_kid == origin_kid, held.destination_kid == destination_kid)


def _key_values(key: TokenKey) -> Values:
    return (
        key.agreement,
        key.partner,
        key.pair.origin,
        key.pair.destination,
        key.own,
        key.month,
        *key.kids,
        json_of(key.items),
        key.revision,
        key.made_through,
        to_milliseconds(key.made_at),
        key.noted,
        number_of(key.noted_at),
    )


def _key(row: AnyRow) -> TokenKey:
    id_, agreement, partner, origin, destination, own, month, *kids, items, revision, made_through, made_at, noted, noted_at = row
    told: tuple[Any, Any] = (kids[0], kids[1])
    return TokenKey(
        id=id_,
        agreement=agreement,
        partner=partner,
        pair=Pair(origin=origin, destination=destination),
        own=own,
        month=month,
        kids=told,
        items=list_of(items, Item),
        revision=revision,
        made_through=made_through,
        made_at=from_milliseconds(made_at),
        noted=noted,
        noted_at=moment_of(noted_at),
    )
