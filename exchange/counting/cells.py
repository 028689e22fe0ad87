"""The cells that everything is counted into, once: a figure of any jurisdiction is a sum over cells.

A cell is the finest group that a report shows: one county, one township of it, one kind of matter. Which exchanges to count
is decided before; a cell only adds up.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeVar

from exchange.codes import RegisterKind
from exchange.counting.entries import CountedEntry, EntrySum, EntryTally
from exchange.counting.query import UNASSIGNED, register_of
from exchange.counting.rows import UNTOLD, Row, Stamp, stamp_of
from exchange.counting.sorts import KEY, OUTFLOW, is_key_information
from exchange.counting.sums import CohortSum, WaitingSum
from exchange.counting.tally import Tally
from exchange.counting.verdict import Verdict
from exchange.counting.verification import VerificationSum, VerifiedEntry
from exchange.exchanges import Exchange
from exchange.imports import ImportedFile
from exchange.moments import Period, civil_day
from exchange.rates import Cohort

C = TypeVar("C")


class Place(NamedTuple):
    """A township of a county, or `UNASSIGNED`."""

    county: str
    township: str


class Sort(NamedTuple):
    """What kind of matter: whether the own side is the origin, and whether it is key information."""

    outflow: bool
    key: bool


def _no_tallies() -> defaultdict[str, defaultdict[str, defaultdict[Sort, Tally]]]:
    return defaultdict(lambda: defaultdict(lambda: defaultdict(Tally)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose figures: a jurisdiction, the counties served within it, and the township if it is about one."""

    jurisdiction: str
    counties: frozenset[str]
    township: str | None = None

    def cells(self, of: Mapping[str, Mapping[str, C]]) -> Iterator[C]:
        """The cells that belong to it, of all by county and township."""
        for county in self.counties & of.keys():
            for township, cell in of[county].items():
                if self.township in (None, township):
                    yield cell

    def holds(self, place: Place) -> bool:
        """Whether a cell of this place belongs to it."""
        return place.county in self.counties and self.township in (None, place.township)


@dataclass(slots=True, kw_only=True)
class ExchangeCells:
    """The exchanges of one role, by place and sort."""

    cohort: Cohort
    period: Period
    keep_rows: bool
    tallies: defaultdict[str, defaultdict[str, defaultdict[Sort, Tally]]] = field(default_factory=_no_tallies)
    rows: defaultdict[Place, list[tuple[Sort, Exchange, Verdict]]] = field(default_factory=lambda: defaultdict(list))

    def take_cohort(self, one: CohortSum) -> None:
        """Count exchanges of the cohort that the ledger added up."""
        self._tally(one).take_cohort(one)

    def take_waiting(self, one: WaitingSum) -> None:
        """Count open exchanges that the ledger added up."""
        self._tally(one).take_waiting(one)

    def take(self, exchange: Exchange, verdict: Verdict, township: str | None, *, waits: bool = True) -> None:
        """Count one exchange, and with `waits` also whether it is open; one that wants no feedback counts for nothing here."""
        if verdict.first_due is None:
            return
        place = Place(exchange.own, township or UNASSIGNED)
        sort = Sort(register_of(exchange) is RegisterKind.OUTFLOW, is_key_information(exchange))
        counted = (verdict.due_in if self.cohort is Cohort.DUE else verdict.submitted_in)(self.period)
        if waits and verdict.open:
            self.tallies[place.county][place.township][sort].wait(verdict)
        if counted:
            self.tallies[place.county][place.township][sort].count(verdict)
            if self.keep_rows and not verdict.withdrawn_apart:
                self.rows[place].append((sort, exchange, verdict))

    def _tally(self, one: CohortSum | WaitingSum) -> Tally:
        sort = Sort(bool(one.sort & OUTFLOW), bool(one.sort & KEY))
        return self.tallies[one.own][one.township or UNASSIGNED][sort]

    def total(self, scope: Scope, wanted: Callable[[Sort], bool]) -> Tally:
        """The sum over the cells of a scope."""
        whole = Tally()
        for sorts in scope.cells(self.tallies):
            for sort, tally in sorts.items():
                if wanted(sort):
                    whole.add(tally)
        return whole

    def rows_of(self, scope: Scope, wanted: Callable[[Sort], bool], counts: Callable[[Verdict], bool]) -> tuple[Row, ...]:
        """The rows behind such a sum, by id."""
        found = (
            Row(
                id=exchange.key.exchange,
                own=exchange.own,
                other=exchange.other,
                stamps=tuple(stamp_of(fact) for fact in verdict.facts),
                numerator=int(counts(verdict)),
                denominator=1,
            )
            for place, kept in self.rows.items()
            if scope.holds(place)
            for sort, exchange, verdict in kept
            if wanted(sort)
        )
        return tuple(sorted(found, key=_by_id))


@dataclass(slots=True, kw_only=True)
class EntryCells:
    """The open entries, and those whose 30 days ended, by place."""

    keep_rows: bool
    tallies: defaultdict[str, defaultdict[str, EntryTally]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(EntryTally))
    )
    rows: defaultdict[Place, list[tuple[CountedEntry, CountedEntry]]] = field(default_factory=lambda: defaultdict(list))
    verifications: defaultdict[Place, list[VerifiedEntry]] = field(default_factory=lambda: defaultdict(list))

    def take_sum(self, one: EntrySum) -> None:
        """Count open entries that the ledger added up."""
        self.tallies[one.jurisdiction][one.township or UNASSIGNED].take(one)

    def take(self, counted: CountedEntry, told: CountedEntry) -> None:
        """Count one open entry; `told` is the same by what its row may tell."""
        place = Place(counted.entry.jurisdiction, counted.entry.township or UNASSIGNED)
        self.tallies[place.county][place.township].count(counted)
        if self.keep_rows:
            self.rows[place].append((counted, told))

    def take_verification_sum(self, one: VerificationSum) -> None:
        """Count entries whose 30 days ended, that the ledger added up."""
        tally = self.tallies[one.jurisdiction][one.township or UNASSIGNED]
        tally.ended += one.ended
        tally.verified += one.verified

    def take_verification(self, counted: VerifiedEntry) -> None:
        """Count one entry whose 30 days ended."""
        place = Place(counted.entry.jurisdiction, counted.entry.township or UNASSIGNED)
        tally = self.tallies[place.county][place.township]
        tally.ended += 1
        tally.verified += counted.verified
        if self.keep_rows:
            self.verifications[place].append(counted)

    def total(self, scope: Scope) -> EntryTally:
        """The sum over the cells of a scope."""
        whole = EntryTally()
        for tally in scope.cells(self.tallies):
            whole.add(tally)
        return whole

    def rows_of(self, scope: Scope, counts: Callable[[CountedEntry], bool]) -> tuple[Row, ...]:
        """The rows behind such a sum, by id; what the entries' own may not tell is one more for each county."""
        found, untold = list[Row](), Counter[str]()
        for place, kept in self.rows.items():
            if scope.holds(place):
                found += [told.row(counts(told)) for _, told in kept]
                untold[place.county] += sum(counts(counted) - counts(told) for counted, told in kept)
        found += [
            Row(id=UNTOLD, own=county, other=None, stamps=(), numerator=number, denominator=0)
            for county, number in untold.items()
            if number
        ]
        return tuple(sorted(found, key=_by_id))

    def verification_rows_of(self, scope: Scope) -> tuple[Row, ...]:
        """The rows behind the verification rate, by id; one for each opening."""
        found = (counted.row() for place, kept in self.verifications.items() if scope.holds(place) for counted in kept)
        return tuple(sorted(found, key=_by_id))


def files_in(files: Iterable[ImportedFile], period: Period, as_of: datetime) -> list[ImportedFile]:
    """The files of a period that enter something; of the same bytes in one jurisdiction only the first, whenever that was."""
    first: dict[tuple[str, str], ImportedFile] = {}
    for file in sorted(files, key=lambda file: (file.at, file.id)):
        if file.at <= as_of and file.is_entry:
            first.setdefault((file.jurisdiction, file.digest), file)
    return [file for file in first.values() if civil_day(file.at) in period]


def file_rows(files: Iterable[ImportedFile]) -> tuple[Row, ...]:
    """The rows behind the entry rate: one a file."""
    found = (
        Row(
            id=file.id,
            own=file.jurisdiction,
            other=None,
            stamps=(Stamp(what="imported", at=file.at, known_at=file.at),),
            numerator=file.entered,
            denominator=file.rows,
        )
        for file in files
    )
    return tuple(sorted(found, key=_by_id))


def _by_id(row: Row) -> tuple[str, str]:
    return row.id, row.own
