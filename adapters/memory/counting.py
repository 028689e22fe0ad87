"""What the rates are counted from, in memory: every sum is a loop."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from adapters.memory.books import Books
from exchange.codes import Role
from exchange.counting.pages import PageKey, Piece, TotalsPage
from exchange.counting.query import UNASSIGNED
from exchange.counting.sorts import PAGE_MASK, sort_of
from exchange.counting.sums import CohortSum, CountSum, Queued, RejectedSum, Selection, WaitingSum
from exchange.counting.version import FOREVER, Mark, Version
from exchange.exchanges import Acceptance, ExchangeKey
from exchange.moments import Period, civil_day
from exchange.rates import Cohort


def enqueue(books: Books, key: ExchangeKey, day: int) -> None:
    """Remember that something happened to an exchange on a day."""
    number = next(reversed(books.queued), 0) + 1
    books.queued[number] = Queued(number, key, day)


class MemoryCounting:
    """`exchange.ledger.Counting` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def lock(self) -> None:
        """There is one writer at a time."""

    def queue(self, keys: Iterable[ExchangeKey], day: int) -> None:
        for key in keys:
            enqueue(self._books, key, day)

    def queued(self, before: int, limit: int) -> list[Queued]:
        first = list(islice((queued.key for _, queued in sorted(self._books.queued.items()) if queued.day < before), limit))
        return [queued for _, queued in sorted(self._books.queued.items()) if queued.key in first]

    def in_queue(self, keys: Iterable[ExchangeKey]) -> frozenset[ExchangeKey]:
        return frozenset(keys) & {queued.key for queued in self._books.queued.values()}

    def unqueue(self, ids: Iterable[int]) -> None:
        for number in ids:
            del self._books.queued[number]

    def versions(self, keys: Iterable[ExchangeKey]) -> Mapping[ExchangeKey, tuple[Version, ...]]:
        return {key: self._books.versions[key] for key in keys if key in self._books.versions}

    def replace(self, versions: Mapping[ExchangeKey, Sequence[Version]]) -> None:
        for key, several in versions.items():
            self._books.versions.pop(key, None)
            if several:
                self._books.versions[key] = tuple(several)

    def strays(self, limit: int) -> list[ExchangeKey]:
        return sorted(key for key in self._books.versions if key not in self._books.exchanges)[:limit]

    def touched(self, wanted: Selection) -> frozenset[ExchangeKey]:
        day, exchanges = wanted.boundary, self._books.exchanges
        queued = {one.key for one in self._books.queued.values() if one.day < day or (wanted.beyond and one.day == day)}
        changed = {
            key
            for key, versions in self._books.versions.items()
            if wanted.beyond and any(version.since == day and version.marks & Mark.BY_EVENT for version in versions)
        }
        ours = (key for key in queued | changed if key.role is wanted.role and key in exchanges)
        return frozenset(key for key in ours if exchanges[key].own in wanted.own)

    def cohort(self, wanted: Selection) -> list[CohortSum]:
        counted: Counter[tuple[object, ...]] = Counter()
        for _, version in self._in_cohort(wanted):
            marks = version.marks & ~(Mark.BY_EVENT | Mark.ENDED)
            counted[*_place(wanted, version), marks, version.days, version.answered_on < wanted.answered_before] += 1
        return [CohortSum._make((*place, number)) for place, number in counted.items()]

    def waiting(self, wanted: Selection) -> list[WaitingSum]:
        held: defaultdict[tuple[object, ...], list[Version]] = defaultdict(list)
        for _, version in self._untouched(wanted):
            if version.waiting_due:
                held[*_place(wanted, version), version.waiting_due < wanted.boundary].append(version)
        return [
            WaitingSum._make((*place, len(all_), min(one.received for one in all_), min(one.waiting_due for one in all_)))
            for place, all_ in held.items()
        ]

    def behind(self, wanted: Selection, since: str = "", limit: int | None = None) -> list[ExchangeKey]:
        found = (key for key, _ in self._in_cohort(wanted) if key.exchange >= since)
        return sorted(found, key=lambda key: (key.exchange, key.link))[:limit]

    def counts(self, wanted: Selection) -> list[CountSum]:
        return _counts((version for _, version in self._in_cohort(wanted)), wanted.sort_bits, by_other=wanted.by_other)

    def totals(self, key: PageKey, boundary: int) -> list[CountSum]:
        def counts(version: Version) -> bool:
            return key.piece.first <= _day(version, key.cohort) <= min(key.piece.last, _last(key.cohort, boundary))

        held = (version for version in self._of(key.role) if version.holds_at(boundary) and counts(version))
        return _counts(held, PAGE_MASK, by_other=False)

    def next_change(self, key: PageKey, boundary: int) -> int | None:
        days: list[int] = []
        for version in self._of(key.role):
            if key.piece.first <= _day(version, key.cohort) <= key.piece.last and version.until >= boundary:
                days += [version.since, version.until, version.first_due if key.cohort is Cohort.DUE else 0]
        return min((day for day in days if boundary <= day < FOREVER), default=None)

    def extent(self, cohort: Cohort, role: Role) -> Piece | None:
        days = [day for version in self._of(role) if (day := _day(version, cohort))]
        return Piece(min(days), max(days)) if days else None

    def rejected(self, own: frozenset[str], period: Period, as_of: datetime) -> list[RejectedSum]:
        counted: Counter[tuple[str, str, int, int]] = Counter()
        for key, row in self._books.exchanges.items():
            if key.role is not Role.ASKER or row.own not in own or row.acceptance is not Acceptance.REJECTED:
                continue
            if (row.known_at or row.submitted_at) <= as_of and civil_day(row.submitted_at) in period:
                counted[row.own, row.other, key.link, sort_of(row)] += 1
        return [RejectedSum(*place, count) for place, count in counted.items()]

    def pages(self, cohort: Cohort, role: Role, boundary: int) -> Mapping[Piece, TotalsPage]:
        return {
            page.key.piece: page
            for page in self._books.pages.values()
            if (page.key.cohort, page.key.role) == (cohort, role) and page.since < boundary <= page.until
        }

    def all_pages(self) -> list[TotalsPage]:
        return [page for _, page in sorted(self._books.pages.items())]

    def put_page(self, page: TotalsPage) -> None:
        self._books.pages[page.key, page.since] = page

    def spans(self) -> list[tuple[PageKey, Piece]]:
        return [(page.key, Piece(page.since + 1, page.until)) for _, page in sorted(self._books.pages.items())]

    def drop_page(self, key: PageKey, since: int) -> None:
        del self._books.pages[key, since]

    def cut_page(self, key: PageKey, since: int, until: int) -> None:
        self._books.pages[key, since] = replace(self._books.pages[key, since], until=until)

    def _of(self, role: Role) -> Iterator[Version]:
        for key, versions in self._books.versions.items():
            if key.role is role:
                yield from versions

    def _untouched(self, wanted: Selection) -> Iterator[tuple[ExchangeKey, Version]]:
        touched = self.touched(wanted)
        for key, versions in self._books.versions.items():
            for version in versions:
                if (
                    key.role is wanted.role
                    and key not in touched
                    and version.own in wanted.own
                    and version.holds_at(wanted.boundary)
                    and wanted.sorts.takes(version.sort)
                    and (wanted.links is None or key.link in wanted.links)
                    and wanted.township in (None, version.township or UNASSIGNED)
                ):
                    yield key, version

    def _in_cohort(self, wanted: Selection) -> Iterator[tuple[ExchangeKey, Version]]:
        for key, version in self._untouched(wanted):
            if wanted.first <= _day(version, wanted.cohort) <= wanted.last_counted:
                yield key, version


def _day(version: Version, cohort: Cohort) -> int:
    return version.first_due if cohort is Cohort.DUE else version.received


def _last(cohort: Cohort, boundary: int) -> int:
    return boundary - 1 if cohort is Cohort.DUE else FOREVER


def _place(wanted: Selection, version: Version) -> tuple[object, ...]:
    township = version.township if wanted.by_township else None
    return version.own, township, version.other if wanted.by_other else None, version.sort & wanted.sort_bits


def _counts(versions: Iterable[Version], bits: int, *, by_other: bool) -> list[CountSum]:
    counted: dict[tuple[str, str | None, int], list[int]] = {}
    for version in versions:
        counts = counted.setdefault((version.own, version.other if by_other else None, version.sort & bits), [0, 0, 0])
        counts[0] += not version.marks & Mark.APART
        counts[1] += bool(version.marks & Mark.ANSWERED)
        counts[2] += bool(version.marks & Mark.ON_TIME)
    return [CountSum(*place, *counts) for place, counts in counted.items()]
