"""The checks against other departments' sheets, in memory."""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from adapters.memory.books import Books, KeyTaken, add, save
from adapters.memory.listing import newest_first
from exchange.checking.check import (
    CheckField,
    CheckLayout,
    CheckRow,
    CrossCheck,
    Difference,
    DifferenceFilter,
    DifferenceState,
    EntryToCheck,
    FieldCounts,
)
from exchange.codes import RegisterKind
from exchange.cursors import check_cursor, read_entry_cursor, read_moment_cursor, read_row_cursor
from exchange.ledger import LedgerBusy, Page

_OPEN = DifferenceState.OPEN


class MemoryCrossChecks:
    """`exchange.ledger.CrossChecks` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def latest(self, jurisdiction: str, layout: CheckLayout, register: RegisterKind | None, digest: str) -> CrossCheck | None:
        same = (jurisdiction, layout, register, digest)
        runs = [check for check in self._books.checks.values() if _bytes_of(check) == same]
        return max(runs, key=lambda check: check.run, default=None)

    def get(self, check: str) -> CrossCheck | None:
        return self._books.checks.get(check)

    def add(self, check: CrossCheck, rows: Sequence[CheckRow], differences: Sequence[Difference]) -> None:
        if any((*_bytes_of(held), held.run) == (*_bytes_of(check), check.run) for held in self._books.checks.values()):
            raise LedgerBusy
        add(self._books.checks, [(check.id, check)])
        if len({row.row for row in rows}) != len(rows):
            raise KeyTaken("a row has two results")
        self._books.check_rows[check.id] = tuple(sorted(rows, key=lambda row: row.row))
        add(self._books.differences, ((difference.id, difference) for difference in differences))

    def find(self, own: frozenset[str], page: Page) -> list[CrossCheck]:
        found = (check for check in self._books.checks.values() if check.jurisdiction in own)
        return newest_first(found, page, cursor=check_cursor, read=read_moment_cursor)

    def rows(self, check: str, page: Page) -> list[CheckRow]:
        start = read_row_cursor(page.after) if page.after else 0
        return [row for row in self._books.check_rows.get(check, ()) if row.row > start][: page.limit]

    def differences(self, wanted: DifferenceFilter, page: Page) -> list[Difference]:
        start = read_entry_cursor(page.after) if page.after else ""
        return [each for each in self._sorted() if each.id > start and _fits(each, wanted)][: page.limit]

    def pick(self, check: str, ids: Iterable[str], *, lock: bool = False) -> list[Difference]:
        # There is one writer at a time: the lock that is asked for is held already.
        wanted = frozenset(ids)
        return [each for each in self._sorted() if each.check == check and each.id in wanted]

    def save(self, differences: Sequence[Difference]) -> None:
        save(self._books.differences, ((difference.id, difference) for difference in differences))

    def counts(self, checks: Iterable[str]) -> Mapping[str, FieldCounts]:
        wanted = frozenset(checks)
        found: defaultdict[str, Counter[tuple[CheckField, DifferenceState]]] = defaultdict(Counter)
        for each in self._books.differences.values():
            if each.check in wanted:
                found[each.check][each.field, each.state] += 1
        return dict(found)

    def open_fields(self, entries: Iterable[str]) -> Mapping[str, tuple[CheckField, ...]]:
        wanted = frozenset(entries)
        return self._open(lambda each: each.entry in wanted)

    def to_check(self, own: frozenset[str], page: Page) -> list[EntryToCheck]:
        start = read_entry_cursor(page.after) if page.after else ""
        places = {each.entry: each.jurisdiction for each in self._books.differences.values()}
        found = sorted(self._open(lambda each: each.jurisdiction in own and each.entry > start).items())
        return [EntryToCheck(entry=entry, jurisdiction=places[entry], fields=fields) for entry, fields in found[: page.limit]]

    def count_to_check(self, own: frozenset[str]) -> int:
        return len(self._open(lambda each: each.jurisdiction in own))

    def lapse(self, *, check: str | None = None, entry: str | None = None) -> int:
        return self._lapse(lambda each: check in (None, each.check) and entry in (None, each.entry))

    def forget(self, before: datetime) -> int:
        return self._lapse(lambda each: each.at < before)

    def _lapse(self, meant: Callable[[Difference], bool]) -> int:
        lapsed = [
            replace(each, state=DifferenceState.LAPSED, proposal=None)
            for each in self._books.differences.values()
            if each.state is _OPEN and meant(each)
        ]
        self.save(lapsed)
        return len(lapsed)

    def _open(self, meant: Callable[[Difference], bool]) -> dict[str, tuple[CheckField, ...]]:
        fields: defaultdict[str, set[CheckField]] = defaultdict(set)
        for each in self._books.differences.values():
            if each.state is _OPEN and meant(each):
                fields[each.entry].add(each.field)
        return {entry: tuple(sorted(found)) for entry, found in fields.items()}

    def _sorted(self) -> list[Difference]:
        return [each for _, each in sorted(self._books.differences.items())]


def drop_differences(books: Books, entries: Container[str]) -> None:
    """Let nothing be left of what other departments' sheets say of these entries; open ones lapse."""
    for each in [each for each in books.differences.values() if each.entry in entries]:
        state = DifferenceState.LAPSED if each.state is _OPEN else each.state
        books.differences[each.id] = replace(each, state=state, proposal=None)


def _bytes_of(check: CrossCheck) -> tuple[str, CheckLayout, RegisterKind | None, str]:
    return check.jurisdiction, check.layout, check.register, check.digest


def _fits(each: Difference, wanted: DifferenceFilter) -> bool:
    asked_for: tuple[tuple[object, object], ...] = (
        (wanted.check, each.check),
        (wanted.entry, each.entry),
        (wanted.field, each.field),
        (wanted.state, each.state),
    )
    return each.jurisdiction in wanted.own and all(want is None or want == has for want, has in asked_for)
