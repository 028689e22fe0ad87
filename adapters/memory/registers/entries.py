"""The registers, in memory."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from adapters.memory.books import Books, add, save
from adapters.memory.exchanges import MemoryExchanges
from adapters.memory.listing import newest_first
from adapters.memory.reconciling.tokens import drop_from_reconciling, hide_from_reconciling, queue_tokens
from adapters.memory.registers.cross_checks import drop_differences
from adapters.memory.registers.pairing import drop_keys, keep_keys
from adapters.memory.registers.standings import unsettle
from exchange.codes import RegisterKind, Role
from exchange.conversation import Fact
from exchange.counting.entries import (
    Contact,
    CountedEntry,
    EntryPlace,
    EntrySum,
    EntryTally,
    NamedPlace,
    contact_of,
    opening_at,
    place_of,
)
from exchange.counting.verdict import judge
from exchange.counting.verification import VerificationSum, is_verifying, verifications
from exchange.cursors import entry_cursor, read_entry_cursor
from exchange.ledger import EntryFilter, Page
from exchange.moments import Period, civil_day
from exchange.pairing.keys import Blinding
from exchange.people.register import MOVES, Entry, EntryExists, EntryFact, EntryFactKind
from exchange.reconciling.pairs import Pair, pair_of, takes_part


class MemoryEntries:
    """`exchange.ledger.Entries` on dictionaries; `blinding` makes the keys under which entries are found as candidates."""

    def __init__(self, books: Books, blinding: Blinding | None) -> None:
        self._books, self._blinding = books, blinding

    def get(self, entry: str, *, lock: bool = False) -> Entry | None:
        # There is one writer at a time: the lock that is asked for is held already.
        return self._books.entries.get(entry)

    def load(self, entries: Iterable[str]) -> Mapping[str, Entry]:
        held = self._books.entries
        return {entry: held[entry] for entry in entries if entry in held}

    def by_person(
        self, jurisdictions: Iterable[str], person_indexes: Iterable[str], *, lock: bool = False
    ) -> Mapping[str, list[Entry]]:
        within, wanted = frozenset(jurisdictions), frozenset(person_indexes)
        found: defaultdict[str, list[Entry]] = defaultdict(list)
        for _, entry in sorted(self._books.entries.items()):
            if entry.jurisdiction in within and entry.person_index in wanted:
                found[entry.person_index].append(entry)
        return dict(found)

    def townships(self, entries: Iterable[str]) -> Mapping[str, str]:
        held: Mapping[str, Entry | EntryPlace] = {**self._books.erased_entries, **self._books.entries}
        return {entry: township for entry in entries if entry in held and (township := held[entry].township) is not None}

    def add(self, entries: Sequence[Entry]) -> None:
        add(self._books.entries, ((entry.id, entry) for entry in entries))
        self._require_one_open_each(entries)
        keep_keys(self._books, self._blinding, entries)
        queue_tokens(self._books, entries)

    def save(self, entries: Sequence[Entry]) -> None:
        save(self._books.entries, ((entry.id, entry) for entry in entries))
        self._require_one_open_each(entries)
        keep_keys(self._books, self._blinding, entries)
        queue_tokens(self._books, entries)
        hide_from_reconciling(self._books, entries)
        unsettle(self._books, {entry.id for entry in entries})

    def add_facts(self, facts: Sequence[EntryFact]) -> None:
        for fact in facts:
            self._books.entry_facts[fact.entry] = (*self._books.entry_facts.get(fact.entry, ()), fact)
        unsettle(self._books, {fact.entry for fact in facts if fact.what in MOVES})

    def find(self, wanted: EntryFilter, page: Page) -> list[Entry]:
        found = (entry for entry in self._books.entries.values() if _fits(entry, wanted))
        return newest_first(found, page, cursor=entry_cursor, read=read_entry_cursor)

    def counted(self, own: frozenset[str], as_of: datetime) -> Iterable[tuple[EntryPlace, tuple[EntryFact, ...]]]:
        for entry in (*map(place_of, self._books.entries.values()), *self._books.erased_entries.values()):
            facts = tuple(
                sorted(
                    (fact for fact in self._books.entry_facts.get(entry.id, ()) if fact.known_at <= as_of),
                    key=lambda fact: fact.happened_at,
                )
            )
            if entry.jurisdiction in own and any(fact.what is EntryFactKind.OPENED for fact in facts):
                yield entry, facts

    def sums(self, own: frozenset[str], last: date, as_of: datetime) -> list[EntrySum]:
        contacts: dict[str, Contact] = {}
        for counted in MemoryExchanges(self._books).counted(own, Role.ASKER, as_of):
            verdict, about = judge(counted.facts, as_of, lapse_days=1), counted.exchange.entry
            if verdict is not None and about is not None and not verdict.withdrawn_apart:
                contacts[about] = contact_of(verdict).joined(contacts.get(about))
        sums: defaultdict[tuple[Any, ...], EntryTally] = defaultdict(EntryTally)
        for entry, facts in self.counted(own, as_of):
            opening = opening_at(facts, Period(first=last, last=last), as_of)
            if opening is not None:
                year = civil_day(opening.happened_at).year
                place = (entry.jurisdiction, entry.township, entry.register, entry.origin, entry.destination, year)
                sums[place].count(CountedEntry(entry=entry, opening=opening, contact=contacts.get(entry.id)))
        return [EntrySum._make((*place, tally.open, tally.exchanged, tally.confirmed)) for place, tally in sums.items()]

    def verified(self, own: frozenset[str], period: Period, as_of: datetime) -> list[VerificationSum]:
        answers = defaultdict[str, list[Fact]](list)
        for counted in MemoryExchanges(self._books).counted(own, Role.ASKER, as_of):
            if counted.exchange.entry is not None and is_verifying(counted.exchange):
                answers[counted.exchange.entry] += counted.facts
        sums: defaultdict[tuple[Any, ...], list[bool]] = defaultdict(list)
        for entry, facts in self.counted(own, as_of):
            for one in verifications(entry, facts, answers[entry.id], period, as_of):
                year = civil_day(one.opening.happened_at).year
                place = (entry.jurisdiction, entry.township, entry.register, entry.origin, entry.destination, year)
                sums[place].append(one.verified)
        return [VerificationSum._make((*place, len(found), sum(found))) for place, found in sums.items()]

    def named(self, own: frozenset[str], as_of: datetime) -> list[NamedPlace]:
        day, found = civil_day(as_of), set[NamedPlace]()
        for entry, facts in self.counted(own, as_of):
            opening = opening_at(facts, Period(first=day, last=day), as_of)
            if opening is not None:
                year = civil_day(opening.happened_at).year
                found.add(NamedPlace(entry.jurisdiction, entry.register, entry.origin, entry.destination, year))
        return sorted(found)

    def keys(self, after: str, limit: int) -> list[str]:
        return sorted(each for each in (*self._books.entries, *self._books.erased_entries) if each > after)[:limit]

    def histories(self, entries: Iterable[str]) -> Iterable[tuple[EntryPlace, tuple[EntryFact, ...]]]:
        places = {**self._books.erased_entries, **{entry.id: place_of(entry) for entry in self._books.entries.values()}}
        for entry in sorted(set(entries)):
            if entry in places:
                facts = sorted(self._books.entry_facts.get(entry, ()), key=lambda fact: fact.happened_at)
                yield places[entry], tuple(facts)

    def pairs(self, own: Iterable[str]) -> list[tuple[str, Pair]]:
        within = frozenset(own)
        held = (entry for entry in self._books.entries.values() if entry.jurisdiction in within)
        return sorted({(entry.jurisdiction, pair_of(entry)) for entry in held if takes_part(entry)})

    def between(self, own: str, register: RegisterKind, others: Iterable[str], page: Page) -> list[Entry]:
        places = frozenset(others)
        found = [
            entry
            for _, entry in sorted(self._books.entries.items())
            if (entry.jurisdiction, entry.register) == (own, register)
            and entry.other in places
            and takes_part(entry)
            and entry.id > page.after
        ]
        return found[: page.limit]

    def in_two_inflows(self, own: Iterable[str]) -> list[tuple[str, ...]]:
        within, groups = frozenset(own), defaultdict[tuple[str, str], list[Entry]](list)
        for _, entry in sorted(self._books.entries.items()):
            if entry.jurisdiction in within and entry.register is RegisterKind.INFLOW and takes_part(entry):
                groups[entry.person_index, entry.origin].append(entry)
        return sorted(tuple(entry.id for entry in group) for group in groups.values() if len(group) > 1)

    def everyone(self) -> Iterable[Entry]:
        return [entry for _, entry in sorted(self._books.entries.items())]

    def closed_before(self, moment: datetime, limit: int, *, lock: bool = False) -> list[str]:
        closed = sorted((entry.closed_at, entry.id) for entry in self._books.entries.values() if entry.closed_at is not None)
        return [entry for at, entry in closed if at < moment][:limit]

    def erase(self, entries: Iterable[str]) -> int:
        gone = [self._books.entries.pop(entry) for entry in entries if entry in self._books.entries]
        self._books.erased_entries.update((entry.id, place_of(entry)) for entry in gone)
        erased = {entry.id for entry in gone}
        drop_keys(self._books, erased)
        drop_from_reconciling(self._books, erased)
        drop_differences(self._books, erased)
        return len(gone)

    def _require_one_open_each(self, changed: Sequence[Entry]) -> None:
        touched = {_one_of(entry) for entry in changed if entry.is_open}
        seen = set()
        for entry in self._books.entries.values():
            if entry.is_open and (one := _one_of(entry)) in touched:
                if one in seen:
                    raise EntryExists
                seen.add(one)


def _one_of(entry: Entry) -> tuple[str, str, str]:
    return entry.jurisdiction, entry.register, entry.person_index


def _fits(entry: Entry, wanted: EntryFilter) -> bool:
    asked_for: tuple[tuple[object, object], ...] = (
        (wanted.register, entry.register),
        (wanted.open, entry.is_open),
        (wanted.other, entry.other),
        (wanted.township, entry.township),
        (wanted.person_index, entry.person_index),
    )
    return entry.jurisdiction in wanted.jurisdictions and all(want is None or want == has for want, has in asked_for)
