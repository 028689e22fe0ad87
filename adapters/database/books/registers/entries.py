"""The registers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal, or_, select

from adapters.database.books.counting.entry_sums import named_places, open_entries
from adapters.database.books.counting.standings import unsettle
from adapters.database.books.counting.verification_sums import verified_entries
from adapters.database.books.reconciling.tokens import drop_from_reconciling, hide_from_reconciling, queue_tokens
from adapters.database.books.registers.cross_checks import drop_differences
from adapters.database.books.registers.entry_rows import entries_of, entry_values
from adapters.database.books.registers.pairing import add_keys, drop_keys, replace_keys
from adapters.database.faults import Fault, taken
from adapters.database.shapes import beside
from adapters.database.tables import EntryFactRow, EntryRow
from adapters.database.values import words, words_or_none
from adapters.database.work import STREAMED, AnyRow, Asked, Values, Work, table_of
from exchange.codes import CloseReason, RegisterKind
from exchange.counting.entries import EntryPlace, EntrySum, NamedPlace
from exchange.counting.verification import VerificationSum, opened_between
from exchange.cursors import read_entry_cursor
from exchange.ledger import EntryFilter, Page
from exchange.moments import Period, from_milliseconds, to_milliseconds
from exchange.pairing.keys import Blinding
from exchange.people.register import MOVES, Entry, EntryExists, EntryFact, EntryFactKind
from exchange.reconciling.pairs import Pair

_ENTRIES = table_of(EntryRow)
_FACTS = table_of(EntryFactRow)
# One that is erased is a row of the figures and of nothing else.
_HELD = _ENTRIES.c.sealed.is_not(None)
_ALL = select(_ENTRIES).where(_HELD)
_TAKES_PART = (_ENTRIES.c.closed_at.is_(None), ~_ENTRIES.c.protected, _HELD)
_FACT = [_FACTS.c[name] for name in ("entry", "what", "happened_at", "known_at", "reason")]
_IN_ORDER = (_FACTS.c.happened_at, _FACTS.c.id)
_PLACE = [_ENTRIES.c[name] for name in ("id", "jurisdiction", "register", "origin", "destination", "township")]
_REGISTER = words(RegisterKind)
_REASON = words_or_none(CloseReason)
_WHAT = words(EntryFactKind)
_of_ids = Asked(lambda work: _ALL.where(work.among(_ENTRIES.c.id, bindparam("ids"))))
_of_people = Asked(lambda work: _people(work))
_locked_people = Asked(lambda work: _people(work).with_for_update(key_share=True))
_townships = Asked(
    lambda work: select(_ENTRIES.c.id, _ENTRIES.c.township).where(
        work.among(_ENTRIES.c.id, bindparam("ids")), _ENTRIES.c.township.is_not(None)
    )
)
_places_of = Asked(lambda work: select(*_PLACE).where(work.among(_ENTRIES.c.id, bindparam("entries"))).order_by(_ENTRIES.c.id))
_facts_of = Asked(
    lambda work: select(*_FACT).where(work.among(_FACTS.c.entry, bindparam("entries"))).order_by(_FACTS.c.entry, *_IN_ORDER)
)


class SqlEntries:
    """`exchange.ledger.Entries` in SQL; `blinding` makes the keys under which entries are found as candidates."""

    def __init__(self, work: Work, blinding: Blinding | None) -> None:
        self._work, self._blinding = work, blinding

    def get(self, entry: str, *, lock: bool = False) -> Entry | None:
        statement = _ALL.where(_ENTRIES.c.id == entry)
        row = self._work.first(statement.with_for_update(key_share=True) if lock else statement)
        return next(iter(self._entries([row])), None) if row is not None else None

    def load(self, entries: Iterable[str]) -> Mapping[str, Entry]:
        wanted = list(entries)
        rows = self._work.ask(_of_ids, ids=self._work.listed(wanted)) if wanted else ()
        return {entry.id: entry for entry in self._entries(rows)}

    def by_person(
        self, jurisdictions: Iterable[str], person_indexes: Iterable[str], *, lock: bool = False
    ) -> Mapping[str, list[Entry]]:
        wanted = list(person_indexes)
        found: defaultdict[str, list[Entry]] = defaultdict(list)
        if not wanted:
            return found
        listed = self._work.listed
        asked = _locked_people if lock else _of_people
        for entry in self._entries(self._work.ask(asked, indexes=listed(wanted), jurisdictions=listed(jurisdictions))):
            found[entry.person_index].append(entry)
        return dict(found)

    def townships(self, entries: Iterable[str]) -> Mapping[str, str]:
        return dict(self._work.ask(_townships, ids=self._work.listed(entries)))

    def add(self, entries: Sequence[Entry]) -> None:
        with self._one_open_each():
            self._work.insert(EntryRow, [entry_values(entry) for entry in entries])
        add_keys(self._work, self._blinding, entries)
        queue_tokens(self._work, entries)

    def save(self, entries: Sequence[Entry]) -> None:
        with self._one_open_each():
            self._work.update(EntryRow, [entry_values(entry) for entry in entries])
        replace_keys(self._work, self._blinding, entries)
        queue_tokens(self._work, entries)
        hide_from_reconciling(self._work, entries)
        unsettle(self._work, (entry.id for entry in entries))

    def add_facts(self, facts: Sequence[EntryFact]) -> None:
        self._work.insert(EntryFactRow, [_fact_values(fact) for fact in facts])
        unsettle(self._work, (fact.entry for fact in facts if fact.what in MOVES))

    def find(self, wanted: EntryFilter, page: Page) -> list[Entry]:
        entries = _ENTRIES.c
        found = _ALL.where(*_fitting(wanted))
        if page.after:
            found = found.where(entries.id < read_entry_cursor(page.after))
        rows = self._work.newest(found, entries.jurisdiction, wanted.jurisdictions, [entries.id], page.limit)
        return self._entries(rows)

    def counted(self, own: frozenset[str], as_of: datetime) -> Iterator[tuple[EntryPlace, tuple[EntryFact, ...]]]:
        within = self._work.one_of(_ENTRIES.c.jurisdiction, own)
        known = and_(_FACTS.c.entry == _ENTRIES.c.id, _FACTS.c.known_at <= to_milliseconds(as_of))
        opened = exists().where(known, _FACTS.c.what == EntryFactKind.OPENED.value)
        entries = select(*_PLACE).where(within, opened).order_by(_ENTRIES.c.id)
        facts = select(*_FACT).join(_ENTRIES, known).where(within).order_by(_ENTRIES.c.id, *_IN_ORDER)
        with self._work.stream(entries) as each, self._work.stream(facts) as then:
            for entry, rows in beside(map(_place, each), attrgetter("id"), then, itemgetter(0)):
                yield entry, tuple(_fact(*row) for row in rows)

    def sums(self, own: frozenset[str], last: date, as_of: datetime) -> list[EntrySum]:
        rows = self._work.rows(open_entries(self._work, own, last, as_of))
        return [
            EntrySum(jurisdiction, township, _REGISTER[register], origin, destination, int(year), *map(int, counts))
            for jurisdiction, township, register, origin, destination, year, *counts in rows
        ]

    def verified(self, own: frozenset[str], period: Period, as_of: datetime) -> list[VerificationSum]:
        opened = opened_between(period, as_of)
        rows = self._work.rows(verified_entries(self._work, own, opened, as_of)) if opened is not None else ()
        return [
            VerificationSum(jurisdiction, township, _REGISTER[register], origin, destination, int(year), *counts)
            for jurisdiction, township, register, origin, destination, year, *counts in rows
        ]

    def named(self, own: frozenset[str], as_of: datetime) -> list[NamedPlace]:
        rows = self._work.rows(named_places(self._work, own, as_of))
        return sorted(NamedPlace(row[0], _REGISTER[row[1]], row[2], row[3], int(row[4])) for row in rows)

    def keys(self, after: str, limit: int) -> list[str]:
        found = select(_ENTRIES.c.id).where(_ENTRIES.c.id > after).order_by(_ENTRIES.c.id).limit(limit)
        return [str(entry) for (entry,) in self._work.rows(found)]

    def histories(self, entries: Iterable[str]) -> Iterator[tuple[EntryPlace, tuple[EntryFact, ...]]]:
        listed = self._work.listed(entries)
        facts = defaultdict[str, list[EntryFact]](list)
        for row in self._work.ask(_facts_of, entries=listed):
            facts[row[0]].append(_fact(*row))
        for place in map(_place, self._work.ask(_places_of, entries=listed)):
            yield place, tuple(facts[place.id])

    def pairs(self, own: Iterable[str]) -> list[tuple[str, Pair]]:
        held = _ENTRIES.c
        named = (held.jurisdiction, held.origin, held.destination)
        found = select(*named).where(self._work.one_of(held.jurisdiction, own), *_TAKES_PART).distinct().order_by(*named)
        rows = self._work.rows(found)
        return [(county, Pair(origin=origin, destination=destination)) for county, origin, destination in rows]

    def between(self, own: str, register: RegisterKind, others: Iterable[str], page: Page) -> list[Entry]:
        held = _ENTRIES.c
        sides = (held.origin, held.destination) if register is RegisterKind.OUTFLOW else (held.destination, held.origin)
        found = _ALL.where(held.jurisdiction == own, held.register == register.value, sides[0] == own, *_TAKES_PART)
        rows = self._work.first_of(found.where(held.id > page.after), sides[1], frozenset(others), [held.id], page.limit)
        return self._entries(rows)

    def in_two_inflows(self, own: Iterable[str]) -> list[tuple[str, ...]]:
        held = _ENTRIES.c
        of_whom = (held.person_index, held.origin)
        # One open entry a person and register: more than one entry is more than one county.
        inflow = (self._work.one_of(held.jurisdiction, own), held.register == RegisterKind.INFLOW.value, *_TAKES_PART)
        twice = select(*of_whom).where(*inflow).group_by(*of_whom).having(func.count() > 1).subquery("twice")
        same = and_(held.person_index == twice.c.person_index, held.origin == twice.c.origin)
        found = select(held.id, *of_whom).join(twice, same).where(*inflow).order_by(*of_whom, held.id)
        return sorted(tuple(row[0] for row in rows) for _, rows in groupby(self._work.rows(found), key=itemgetter(1, 2)))

    def everyone(self) -> Iterator[Entry]:
        after = ""
        while rows := self._work.rows(_ALL.where(_ENTRIES.c.id > after).order_by(_ENTRIES.c.id).limit(STREAMED)):
            yield from self._entries(rows)
            after = rows[-1].id

    def closed_before(self, moment: datetime, limit: int, *, lock: bool = False) -> list[str]:
        held = _ENTRIES.c
        found = select(held.id).where(held.closed_at < to_milliseconds(moment), _HELD).order_by(held.closed_at, held.id)
        found = found.limit(limit)
        # One that somebody reopens at this moment is not among them: it is no longer closed once that is stored.
        rows = self._work.rows(found.with_for_update(key_share=True, skip_locked=True) if lock else found)
        return [str(row[0]) for row in rows]

    def erase(self, entries: Iterable[str]) -> int:
        wanted = list(entries)
        if not wanted:
            return 0
        these = self._work.one_of(_ENTRIES.c.id, wanted)
        # No index of a person, and like none: each entry's own, since an open one stands alone under its index.
        erased = self._work.erase(EntryRow, these, _HELD, person_index=literal("erased ") + _ENTRIES.c.id)
        drop_keys(self._work, wanted)
        drop_from_reconciling(self._work, wanted)
        drop_differences(self._work, wanted)
        return erased

    def _entries(self, rows: Iterable[AnyRow]) -> list[Entry]:
        return entries_of(self._work, rows)

    @contextmanager
    def _one_open_each(self) -> Iterator[None]:
        try:
            with self._work.savepoint():
                yield
        except Fault as exc:
            what = taken(exc)
            # PostgreSQL names the index, SQLite its columns.
            if what is not None and ("entries_open_once" in what or "person_index" in what):
                raise EntryExists from exc
            raise


def _people(work: type[Work]) -> Select[Any]:
    within = work.among(_ENTRIES.c.jurisdiction, bindparam("jurisdictions"))
    return _ALL.where(work.among(_ENTRIES.c.person_index, bindparam("indexes")), within).order_by(_ENTRIES.c.id)


def _fitting(wanted: EntryFilter) -> list[ColumnElement[bool]]:
    entries = _ENTRIES.c
    fitting: list[ColumnElement[bool]] = []
    if wanted.register is not None:
        fitting.append(entries.register == wanted.register.value)
    if wanted.open is not None:
        fitting.append(entries.closed_at.is_(None) if wanted.open else entries.closed_at.is_not(None))
    if wanted.other is not None:
        outflow = entries.register == RegisterKind.OUTFLOW.value
        fitting.append(or_(and_(outflow, entries.destination == wanted.other), and_(~outflow, entries.origin == wanted.other)))
    if wanted.township is not None:
        fitting.append(entries.township == wanted.township)
    if wanted.person_index is not None:
        fitting.append(entries.person_index == wanted.person_index)
    return fitting


def _place(row: AnyRow) -> EntryPlace:
    id_, jurisdiction, register, origin, destination, township = row
    return EntryPlace(
        id=id_,
        jurisdiction=jurisdiction,
        register=_REGISTER[register],
        origin=origin,
        destination=destination,
        township=township,
    )


def _fact_values(fact: EntryFact) -> Values:
    return fact.entry, fact.what.value, to_milliseconds(fact.happened_at), to_milliseconds(fact.known_at), fact.reason


def _fact(entry: str, what: str, happened_at: int, known_at: int, reason: str | None) -> EntryFact:
    return EntryFact(
        entry=entry,
        what=_WHAT[what],
        happened_at=from_milliseconds(happened_at),
        known_at=from_milliseconds(known_at),
        reason=_REASON[reason],
    )
