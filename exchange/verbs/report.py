"""Report the rates of some jurisdictions, by whatever is asked for, as of any moment."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import replace
from datetime import date

from exchange.codes import Role
from exchange.conversation import Fact
from exchange.counting.cells import EntryCells, ExchangeCells, Scope, files_in
from exchange.counting.entries import Contact, CountedEntry, EntryPlace, EntrySum, contact_of, opening_at
from exchange.counting.figures import Counted, Figures, Report
from exchange.counting.grid import GRID_RATES, HANDSHAKE_RATES
from exchange.counting.query import ReportQuery
from exchange.counting.reconciled.handshakes import SideCells
from exchange.counting.rows import Row
from exchange.counting.sorts import sorts_of
from exchange.counting.verdict import judge
from exchange.counting.verification import VerificationSum, is_verifying, verifications
from exchange.cursors import BadCursor, counted_cursor
from exchange.imports import ImportedFile
from exchange.jurisdiction import Category, SameCounty
from exchange.ledger import CountedExchange, Ledger, Page
from exchange.moments import civil_day
from exchange.node import Node
from exchange.rates import RateName
from exchange.reporting.guarding import NotByPurpose
from exchange.verbs.counting.behind import exchanges_behind
from exchange.verbs.counting.engine import anywhere, count_exchanges, elsewhere, links_of, scope_of, selection_of
from exchange.verbs.counting.reconciled import Reconciled

_GIVEN = frozenset(GRID_RATES) - {RateName.FEEDBACK_OBTAINED}
_ENTRY_RATES = frozenset({RateName.EXCHANGE, RateName.CONFIRMATION, RateName.CERTIFICATE_VERIFICATION})
_RECONCILED = frozenset({*HANDSHAKE_RATES, RateName.COVERAGE})


def report(ledger: Ledger, node: Node, wanted: ReportQuery) -> Report:
    """The thirteen rates of each jurisdiction, with what stands beside them.

    NotServed for a jurisdiction within which the node serves no county, UnknownJurisdiction for a code that never was,
    NotFound for a partner that the node does not have. A report for an as-of moment in the past never changes.
    """
    scopes = [scope_of(node, code, wanted.narrowing.township) for code in wanted.jurisdictions]
    own = frozenset[str]().union(*(scope.counties for scope in scopes))
    by_township = any(scope.township is not None or (wanted.parts and scope.counties == {scope.jurisdiction}) for scope in scopes)
    counted = _Pass(ledger, node, wanted).count(own, by_township=by_township)
    return Report(
        query=wanted,
        rules=node.rules.version,
        rules_digest=node.rules.digest,
        divisions=node.divisions.edition,
        figures=tuple(figures for scope in scopes for figures in _figures(node, wanted, counted, scope)),
    )


def rows_behind(ledger: Ledger, node: Node, wanted: ReportQuery, jurisdiction: str, rate: RateName) -> tuple[Row, ...]:
    """The rows behind one rate of one jurisdiction, by id: their counts sum to the rate's.

    Empty for a rate that has no counts. Refusals as `report`, and NotByPurpose.
    """
    if wanted.narrowing.purpose is not None:
        raise NotByPurpose(pointer="/purpose")
    wanted = replace(wanted, jurisdictions=(jurisdiction,), parts=False, rates=frozenset({rate}), rows=frozenset({rate}))
    return report(ledger, node, wanted).figures[0].rate(rate).rows or ()


def rows_on_page(
    ledger: Ledger, node: Node, wanted: ReportQuery, jurisdiction: str, rate: RateName, page: Page
) -> list[tuple[str, Row]]:
    """One page of these rows, each with its cursor; refusals as `rows_behind`, and BadCursor."""
    if rate in GRID_RATES and wanted.narrowing.purpose is None:
        scope = scope_of(node, jurisdiction, wanted.narrowing.township)
        rows = exchanges_behind(ledger, node, wanted, scope, rate, page)
        return [(counted_cursor(row), row) for row in rows]
    # Of the others there are few beside the exchanges, or one for many persons: they are counted all, and told by their number.
    if page.after and not page.after.isdecimal():
        raise BadCursor
    start = int(page.after[:9]) + 1 if page.after else 0
    found = rows_behind(ledger, node, wanted, jurisdiction, rate)[start : start + page.limit]
    return [(str(number), row) for number, row in enumerate(found, start)]


class _Pass:
    """One reading of the ledger for one query."""

    def __init__(self, ledger: Ledger, node: Node, wanted: ReportQuery) -> None:
        self._ledger, self._node, self._wanted = ledger, node, wanted
        self._lies_there = elsewhere(node, wanted.narrowing.other)
        self._links, self._in_partner = self._partner(wanted.narrowing.partner)

    def count(self, own: frozenset[str], *, by_township: bool) -> Counted:
        """Everything that these counties count, as far as a rate that is wanted rests on it."""
        wanted = self._wanted
        reconciled = Reconciled(self._ledger, self._node, wanted, own) if wanted.rates & _RECONCILED else None
        return Counted(
            query=wanted,
            rules=self._node.rules.version,
            asked=self._exchanges(own, Role.ASKED, _GIVEN, by_township=by_township),
            asker=self._exchanges(own, Role.ASKER, {RateName.FEEDBACK_OBTAINED}, by_township=by_township),
            entries=self._entries(own),
            sides=reconciled.sides() if reconciled is not None else SideCells(),
            coverage=reconciled.coverage() if reconciled is not None and RateName.COVERAGE in wanted.rates else None,
            files=self._files(own) if RateName.ENTRY in wanted.rates else (),
            rejected=self._rejected(own),
        )

    def _exchanges(self, own: frozenset[str], role: Role, rates: Set[RateName], *, by_township: bool) -> ExchangeCells:
        """What one role counts for some rates."""
        wanted = self._wanted
        if not wanted.rates & rates:
            return ExchangeCells(cohort=wanted.cohort, period=wanted.period, keep_rows=False)
        chosen = selection_of(self._node, wanted, own, role, links=self._links, by_township=by_township)
        keep_rows = bool(wanted.rows & rates)
        return count_exchanges(self._ledger, self._node, wanted, chosen, self._lies_there, keep_rows=keep_rows)

    def _files(self, own: frozenset[str]) -> tuple[ImportedFile, ...]:
        wanted, register = self._wanted, self._wanted.narrowing.register
        files = files_in(self._ledger.imports.counted(own, wanted.as_of), wanted.period, wanted.as_of)
        return tuple(file for file in files if register is None or file.layout == register)

    def _entries(self, own: frozenset[str]) -> EntryCells:
        wanted = self._wanted
        cells = EntryCells(keep_rows=bool(wanted.rows & _ENTRY_RATES))
        if wanted.narrowing.by_matter or not wanted.rates & _ENTRY_RATES:
            return cells
        if not cells.keep_rows:
            verifying = {RateName.CERTIFICATE_VERIFICATION}
            for one in self._ledger.entries.sums(own, wanted.period.last, wanted.as_of) if wanted.rates - verifying else ():
                if self._takes_entry(one, date(one.year, 1, 1)):
                    cells.take_sum(one)
            for verified in self._ledger.entries.verified(own, wanted.period, wanted.as_of) if wanted.rates & verifying else ():
                if self._takes_entry(verified, date(verified.year, 1, 1)):
                    cells.take_verification_sum(verified)
            return cells
        asked = list(self._ledger.exchanges.counted(own, Role.ASKER, wanted.as_of))
        contacts, answers = self._contacts(asked), self._answers(asked)
        told = contacts if wanted.told_on is None else self._contacts(_not_births(asked, wanted.told_on))
        for entry, facts in self._ledger.entries.counted(own, wanted.as_of):
            opening = opening_at(facts, wanted.period, wanted.as_of)
            if opening is not None and self._takes_entry(entry, civil_day(opening.happened_at)):
                counted = CountedEntry(entry=entry, opening=opening, contact=contacts.get(entry.id))
                cells.take(counted, replace(counted, contact=told.get(entry.id)))
            for ended in verifications(entry, facts, answers[entry.id], wanted.period, wanted.as_of):
                if self._takes_entry(entry, civil_day(ended.opening.happened_at)):
                    cells.take_verification(ended)
        return cells

    def _answers(self, asked: Iterable[CountedExchange]) -> defaultdict[str, list[Fact]]:
        """Of each entry the facts of the queries that asked to verify its certificate."""
        answers = defaultdict[str, list[Fact]](list)
        for counted in asked:
            if counted.exchange.entry is not None and is_verifying(counted.exchange):
                answers[counted.exchange.entry] += counted.facts
        return answers

    def _contacts(self, asked: Iterable[CountedExchange]) -> dict[str, Contact]:
        """What was exchanged about each entry, whatever the narrowing."""
        contacts: dict[str, Contact] = {}
        for counted in asked:
            verdict = judge(counted.facts, self._wanted.as_of, lapse_days=self._node.rules.lapse_days)
            about = counted.exchange.entry
            if verdict is not None and about is not None and not verdict.withdrawn_apart:
                contacts[about] = contact_of(verdict).joined(contacts.get(about))
        return contacts

    def _takes_entry(self, entry: EntryPlace | EntrySum | VerificationSum, opened: date) -> bool:
        narrowing = self._wanted.narrowing
        return (
            (narrowing.register is None or entry.register is narrowing.register)
            and self._lies_there(entry.other)
            and self._in_partner(entry.other)
            and (narrowing.category is None or self._category(entry, opened) is narrowing.category)
        )

    def _category(self, entry: EntryPlace | EntrySum | VerificationSum, opened: date) -> Category | None:
        """Who counts, by the division table of the year of opening."""
        try:
            return self._node.divisions.category(entry.origin, entry.destination, opened)
        except SameCounty:
            # Its county was merged into the other side's: nobody to exchange with, so no migrant of either category.
            return None

    def _partner(self, name: str | None) -> tuple[frozenset[int] | None, Callable[[str], bool]]:
        """The links to a partner, and whether a code lies in what it was confirmed to serve."""
        links = links_of(self._ledger, self._node, name)
        if name is None:
            return links, anywhere
        partner = self._ledger.partners.get(name)
        codes = partner.confirmed if partner is not None else tuple(self._node.jurisdictions)
        served = [elsewhere(self._node, code) for code in codes]
        return links, lambda code: any(within(code) for within in served)

    def _rejected(self, own: frozenset[str]) -> Counter[str]:
        """By county the openings that were rejected, by the day of submission: they have neither receipt day nor due date."""
        wanted, found = sorts_of(self._wanted.narrowing), Counter[str]()
        for one in self._ledger.counting.rejected(own, self._wanted.period, self._wanted.as_of):
            by_link = self._links is None or one.link in self._links
            if by_link and self._lies_there(one.other) and wanted.takes(one.sort):
                found[one.own] += one.number
        return found


def _not_births(asked: Iterable[CountedExchange], today: date) -> Iterator[CountedExchange]:
    """Those which are not told as birth registrations, that are shown to their clerk alone."""
    return (counted for counted in asked if not counted.exchange.told_as_birth(today))


def _figures(node: Node, wanted: ReportQuery, counted: Counted, scope: Scope) -> Iterator[Figures]:
    yield counted.figures(scope)
    if not wanted.parts or scope.township is not None:
        return
    if scope.counties == {scope.jurisdiction}:
        for township in counted.townships(scope.jurisdiction):
            yield counted.figures(replace(scope, township=township))
        return
    below: dict[str, set[str]] = {}
    for county in scope.counties:
        line = (county, *node.divisions.ancestors(county))
        below.setdefault(line[line.index(scope.jurisdiction) - 1], set()).add(county)
    for part, counties in sorted(below.items()):
        yield counted.figures(Scope(jurisdiction=part, counties=frozenset(counties)))
