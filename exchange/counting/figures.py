"""From cells to the thirteen rates of a jurisdiction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from exchange.counting.cells import EntryCells, ExchangeCells, Scope, Sort, file_rows
from exchange.counting.entries import CountedEntry
from exchange.counting.query import ReportQuery
from exchange.counting.reconciled.coverage import CoverageCells
from exchange.counting.reconciled.handshakes import SideCells, two_counts
from exchange.counting.rows import Row
from exchange.counting.share import Beside
from exchange.counting.verdict import Verdict
from exchange.imports import ImportedFile
from exchange.rates import NOT_DIVIDED, NOT_RECONCILED, TOO_FEW, Rate, RateName, Reason
from exchange.reconciling.handshake import Handshakes

# A purpose tells something about the persons: fewer than these are not shown by themselves.
SMALLEST_CELL: Final = 10


def _all(sort: Sort) -> bool:
    return True


def _outflow(sort: Sort) -> bool:
    return sort.outflow


def _inflow(sort: Sort) -> bool:
    return not sort.outflow


def _key(sort: Sort) -> bool:
    return sort.key


# Which exchanges that the jurisdiction was asked a feedback rate is about.
_SORTS: Final[dict[RateName, Callable[[Sort], bool]]] = {
    RateName.FEEDBACK_GIVEN: _all,
    RateName.FEEDBACK_OBTAINED: _all,
    RateName.OUTFLOW_FEEDBACK: _outflow,
    RateName.INFLOW_FEEDBACK: _inflow,
    RateName.ON_TIME: _all,
    RateName.KEY_INFORMATION: _key,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The rates that were asked for of one jurisdiction or one township, in the order of `RateName`.

    `rejected` is how many queries and notices it submitted in the period that the other side's receipt rejected: they are
    out of all rates. None for a township, for they were never handed to one.
    """

    jurisdiction: str
    township: str | None
    rates: tuple[Rate, ...]
    rejected: int | None

    def rate(self, name: RateName) -> Rate:
        """One of the rates."""
        return next(rate for rate in self.rates if rate.name is name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was asked for, the rules and the edition of the division table that it rests on, and the figures."""

    query: ReportQuery
    rules: str
    rules_digest: str
    divisions: str
    figures: tuple[Figures, ...]

    def of(self, jurisdiction: str, township: str | None = None) -> Figures:
        """The figures of a jurisdiction, or of a township or `UNASSIGNED` as one of its parts; KeyError if not asked for."""
        for figures in self.figures:
            if (figures.jurisdiction, figures.township) == (jurisdiction, township):
                return figures
        raise KeyError(jurisdiction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """All that was counted for a report; `rejected` by county. Without `coverage` nothing was ever reconciled by then."""

    query: ReportQuery
    rules: str
    asked: ExchangeCells
    asker: ExchangeCells
    entries: EntryCells
    sides: SideCells
    coverage: CoverageCells | None
    files: tuple[ImportedFile, ...]
    rejected: Mapping[str, int]

    def figures(self, scope: Scope) -> Figures:
        """The figures of a scope."""
        return Figures(
            jurisdiction=scope.jurisdiction,
            township=scope.township,
            rates=tuple(self._rate(name, scope) for name in RateName if name in self.query.rates),
            rejected=sum(self.rejected.get(own, 0) for own in scope.counties) if scope.township is None else None,
        )

    def townships(self, county: str) -> list[str]:
        """The townships of a county in which something was counted, `UNASSIGNED` at the end."""
        cells: tuple[Mapping[str, Mapping[str, object]], ...] = (self.asked.tallies, self.asker.tallies, self.entries.tallies)
        return sorted({township for held in cells for township in held.get(county, ())})

    def _rate(self, name: RateName, scope: Scope) -> Rate:
        match name:
            case RateName.EXCHANGE | RateName.CONFIRMATION:
                return self._of_entries(name, scope)
            case RateName.ENTRY:
                return self._of_files(scope)
            case RateName.HANDSHAKE | RateName.FIELD_AGREEMENT:
                return self._of_sides(name, scope)
            case RateName.COVERAGE:
                return self._of_partners(scope)
            case RateName.CERTIFICATE_VERIFICATION:
                return self._of_certificates(scope)
            case _:
                return self._of_exchanges(name, scope)

    def _of_exchanges(self, name: RateName, scope: Scope) -> Rate:
        cells = self.asker if name is RateName.FEEDBACK_OBTAINED else self.asked
        wanted = _SORTS[name]
        tally = cells.total(scope, wanted)
        if self.query.narrowing.purpose is not None:
            rest = cells.total(scope, lambda sort: not wanted(sort))
            # The rest too: what is shown of the whole and of one part would tell the other part.
            if any(0 < cohort < SMALLEST_CELL for cohort in (tally.cohort, rest.cohort)):
                return self._without(name, scope, TOO_FEW)
        on_time = name is RateName.ON_TIME
        rows = cells.rows_of(scope, wanted, _is_on_time if on_time else _is_answered) if self._wants(name) else None
        numerator = tally.on_time if on_time else tally.answered
        return self._value(name, scope, numerator, tally.cohort, beside=tally.beside(self.query.as_of), rows=rows)

    def _of_entries(self, name: RateName, scope: Scope) -> Rate:
        if self.query.narrowing.by_matter:
            return self._without(name, scope, NOT_DIVIDED)
        confirmed = name is RateName.CONFIRMATION
        tally = self.entries.total(scope)
        rows = self.entries.rows_of(scope, _is_confirmed if confirmed else _is_exchanged) if self._wants(name) else None
        return self._value(name, scope, tally.confirmed if confirmed else tally.exchanged, tally.open, rows=rows)

    def _of_certificates(self, scope: Scope) -> Rate:
        name = RateName.CERTIFICATE_VERIFICATION
        if self.query.narrowing.by_matter:
            return self._without(name, scope, NOT_DIVIDED)
        tally = self.entries.total(scope)
        rows = self.entries.verification_rows_of(scope) if self._wants(name) else None
        return self._value(name, scope, tally.verified, tally.ended, rows=rows)

    def _of_sides(self, name: RateName, scope: Scope) -> Rate:
        total = self.sides.total(scope)
        if not total.sides:
            return self._without(name, scope, NOT_RECONCILED)
        if self._is_divided(scope):
            return self._without(name, scope, NOT_DIVIDED)
        rows = self.sides.rows_of(scope, name, self.query.as_of) if self._wants(name) else None
        numerator, denominator = two_counts(name, total.handshaken, total.known, total.agreed)
        beside = total if name is RateName.HANDSHAKE else None
        return self._value(name, scope, numerator, denominator, handshakes=beside, rows=rows)

    def _of_partners(self, scope: Scope) -> Rate:
        if self.coverage is None:
            return self._without(RateName.COVERAGE, scope, NOT_RECONCILED)
        if self._is_divided(scope):
            return self._without(RateName.COVERAGE, scope, NOT_DIVIDED)
        total = self.coverage.total(scope)
        rows = self.coverage.rows_of(scope, self.query.as_of) if self._wants(RateName.COVERAGE) else None
        return self._value(RateName.COVERAGE, scope, total.numerator, total.denominator, rows=rows)

    def _is_divided(self, scope: Scope) -> bool:
        """Whether it is asked for less than a county's registers: what two nodes compared tells no townships and no matters."""
        return self.query.narrowing.by_matter or scope.township is not None

    def _of_files(self, scope: Scope) -> Rate:
        narrowing = self.query.narrowing
        if narrowing.by_matter or narrowing.by_place or scope.township is not None:
            return self._without(RateName.ENTRY, scope, NOT_DIVIDED)
        files = [file for file in self.files if file.jurisdiction in scope.counties]
        rows = file_rows(files) if self._wants(RateName.ENTRY) else None
        entered, held = sum(file.entered for file in files), sum(file.rows for file in files)
        return self._value(RateName.ENTRY, scope, entered, held, rows=rows)

    def _wants(self, name: RateName) -> bool:
        return name in self.query.rows

    def _without(self, name: RateName, scope: Scope, reason: Reason) -> Rate:
        return self._value(name, scope, None, None, reason=reason)

    def _value(
        self,
        name: RateName,
        scope: Scope,
        numerator: int | None,
        denominator: int | None,
        *,
        reason: Reason | None = None,
        beside: Beside | None = None,
        handshakes: Handshakes | None = None,
        rows: tuple[Row, ...] | None = None,
    ) -> Rate:
        return Rate(
            name=name,
            jurisdiction=scope.jurisdiction,
            township=scope.township,
            cohort=self.query.cohort,
            period=self.query.period,
            as_of=self.query.as_of,
            numerator=numerator,
            denominator=denominator,
            reason=reason,
            rules=self.rules,
            beside=beside,
            handshakes=handshakes,
            rows=rows,
        )


def _is_answered(verdict: Verdict) -> bool:
    return verdict.answered


def _is_on_time(verdict: Verdict) -> bool:
    return verdict.on_time


def _is_exchanged(counted: CountedEntry) -> bool:
    return counted.exchanged


def _is_confirmed(counted: CountedEntry) -> bool:
    return counted.confirmed
