"""The blind keys of the entries, and what a linkage suggested."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, literal_column, or_, select, union_all

from adapters.database.books.registers.entry_rows import entries_of
from adapters.database.tables import CertificateKeyRow, EntryRow, ExchangeRow, PairingKeyRow, PairingSuggestionRow
from adapters.database.work import AnyRow, Asked, Values, Work, table_of
from exchange.codes import Role
from exchange.exchanges import ExchangeKey
from exchange.ledger import Page
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.pairing.keys import KEYS_VERSION, PASSES, Blinding, Looked, Pass
from exchange.pairing.suggesting import Suggestion
from exchange.people.register import Entry

_ENTRIES = table_of(EntryRow)
_EXCHANGES = table_of(ExchangeRow)
_KEYS = table_of(PairingKeyRow)
_CERTIFICATES = table_of(CertificateKeyRow)
_SUGGESTIONS = table_of(PairingSuggestionRow)
# As many keys of one pass as a person is looked for under: an absent one is NULL, which nothing equals.
_SLOTS = 3
_LOOKED_FOR = tuple(each for each in PASSES if each is not Pass.SIZE)
_MILLION = 1_000_000


def _of_pass(each: Pass) -> Select[Any]:
    keys = [bindparam(f"{each.value}_{slot}", type_=_KEYS.c[each.value].type) for slot in range(_SLOTS)]
    found = (
        select(literal_column(f"'{each.value}'").label("pass"), _KEYS.c.entry)
        .where(_KEYS.c[each.value].in_(keys))
        .limit(bindparam("most"))
    )
    return select(found.subquery("found"))


_sharing = Asked(lambda _: union_all(*map(_of_pass, _LOOKED_FOR)))


def _bearing(each: Pass) -> Asked:
    column = _KEYS.c[each.value]
    # Nothing but the key is read, so that PostgreSQL counts in the index alone.
    one: ColumnElement[int] = literal_column("1")
    some = select(one.label("one")).where(column == bindparam("key", type_=column.type)).limit(bindparam("most"))
    return Asked(lambda _: select(func.count()).select_from(some.subquery("found")))


_BEARING = {each: _bearing(each) for each in (Pass.NAME, Pass.SOUND, Pass.SIZE)}


class SqlPairing:
    """`exchange.ledger.Pairing` in SQL; without a `blinding` there are no keys to write."""

    def __init__(self, work: Work, blinding: Blinding | None) -> None:
        self._work, self._blinding = work, blinding

    def sharing(self, looked: Looked, most: int) -> Mapping[Pass, list[str]]:
        values: dict[str, Any] = {"most": most}
        for each in _LOOKED_FOR:
            keys = (*looked.keys.get(each, ()), *(None,) * _SLOTS)[:_SLOTS]
            values |= {f"{each.value}_{slot}": key for slot, key in enumerate(keys)}
        found: defaultdict[Pass, list[str]] = defaultdict(list)
        for name, entry in self._work.ask(_sharing, **values):
            found[Pass(name)].append(entry)
        return dict(found)

    def bearing(self, what: Pass, key: int, most: int) -> int:
        row = self._work.ask_one(_BEARING[what], key=key, most=most)
        return 0 if row is None else int(row[0])

    def without_keys(self, page: Page) -> list[Entry]:
        missing = or_(_KEYS.c.entry.is_(None), _KEYS.c.version != KEYS_VERSION)
        found = (
            select(_ENTRIES)
            .outerjoin(_KEYS, _KEYS.c.entry == _ENTRIES.c.id)
            .where(_ENTRIES.c.id > page.after, ~_ENTRIES.c.protected, _ENTRIES.c.sealed.is_not(None), missing)
            .order_by(_ENTRIES.c.id)
            .limit(page.limit)
        )
        return entries_of(self._work, self._work.rows(found))

    def index(self, entries: Sequence[Entry]) -> None:
        replace_keys(self._work, self._blinding, entries)

    def suggest(self, suggestions: Sequence[Suggestion]) -> None:
        for key in {suggestion.exchange for suggestion in suggestions}:
            self.forget(key)
        self._work.insert(PairingSuggestionRow, [_values(suggestion) for suggestion in suggestions])

    def suggested(self, exchange: ExchangeKey) -> list[Suggestion]:
        held = _SUGGESTIONS.c
        found = select(_SUGGESTIONS).where(*_of(exchange)).order_by(held.probability.desc(), held.entry)
        return [_suggestion(row) for row in self._work.rows(found)]

    def suggestions(self, own: frozenset[str], limit: int) -> list[Suggestion]:
        held, exchanges = _SUGGESTIONS.c, _EXCHANGES.c
        of_its_exchange = (exchanges.exchange == held.exchange) & (exchanges.link == held.link) & (exchanges.role == held.role)
        found = (
            select(_SUGGESTIONS)
            .join(_EXCHANGES, of_its_exchange)
            .where(self._work.one_of(exchanges.own, own), exchanges.entry.is_(None))
            .order_by(held.probability.desc(), held.exchange, held.link, held.role, held.entry)
            .limit(limit)
        )
        return [_suggestion(row) for row in self._work.rows(found)]

    def forget(self, exchange: ExchangeKey) -> None:
        self._work.change(delete(_SUGGESTIONS).where(*_of(exchange)))


def add_keys(work: Work, blinding: Blinding | None, entries: Sequence[Entry]) -> None:
    """Write the keys of entries that have none; nothing for protected ones."""
    if blinding is None:
        return
    rows = [(entry.id, KEYS_VERSION, *keys) for entry in entries if (keys := blinding.keys(entry)) is not None]
    work.insert(PairingKeyRow, rows)
    held = [(entry.id, entry.jurisdiction, number) for entry in entries if (number := blinding.certificate(entry)) is not None]
    work.insert(CertificateKeyRow, held)


def replace_keys(work: Work, blinding: Blinding | None, entries: Sequence[Entry]) -> None:
    """Write the keys of changed entries anew; of protected ones nothing is left, suggestions neither."""
    if not entries:
        return
    ids = [entry.id for entry in entries]
    work.change(delete(_KEYS).where(work.one_of(_KEYS.c.entry, ids)))
    work.change(delete(_CERTIFICATES).where(work.one_of(_CERTIFICATES.c.entry, ids)))
    if hidden := [entry.id for entry in entries if entry.protected]:
        work.change(delete(_SUGGESTIONS).where(work.one_of(_SUGGESTIONS.c.entry, hidden)))
    add_keys(work, blinding, entries)


def drop_keys(work: Work, entries: Sequence[str]) -> None:
    """Let nothing be left by which these entries, or their certificates, would be found."""
    work.change(delete(_KEYS).where(work.one_of(_KEYS.c.entry, entries)))
    work.change(delete(_CERTIFICATES).where(work.one_of(_CERTIFICATES.c.entry, entries)))
    work.change(delete(_SUGGESTIONS).where(work.one_of(_SUGGESTIONS.c.entry, entries)))


def _of(key: ExchangeKey) -> tuple[Any, ...]:
    held = _SUGGESTIONS.c
    return held.exchange == key.exchange, held.link == key.link, held.role == key.role.value


def _values(suggestion: Suggestion) -> Values:
    key = suggestion.exchange
    return (
        key.exchange,
        key.link,
        key.role.value,
        suggestion.entry,
        round(suggestion.linked * _MILLION),
        round(suggestion.probability * _MILLION),
        suggestion.rules,
        to_milliseconds(suggestion.at),
    )


def _suggestion(row: AnyRow) -> Suggestion:
    exchange, link, role, entry, linked, probability, rules, at = row
    return Suggestion(
        exchange=ExchangeKey(link, exchange, Role(role)),
        entry=entry,
        linked=linked / _MILLION,
        probability=probability / _MILLION,
        rules=rules,
        at=from_milliseconds(at),
    )
