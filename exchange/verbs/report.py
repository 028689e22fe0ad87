"""Report the rates: one pass over each book of the ledger, whatever the number of jurisdictions."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from exchange.codes import Role
from exchange.counting.cells import EntryCells, ExchangeCells, Scope, files_in
from exchange.counting.entries import Contact, CountedEntry, contact_of, opening_at
from exchange.counting.figures import Counted, Figures, Report
from exchange.counting.query import ReportQuery
from exchange.counting.rows import Row
from exchange.counting.verdict import Verdict, judge
from exchange.cursors import exchange_cursor
from exchange.errors import NotFound
from exchange.exchanges import Acceptance, Exchange
from exchange.jurisdiction import Level, SameCounty
from exchange.ledger import ExchangeFilter, Ledger, Page
from exchange.moments import civil_day
from exchange.node import Node, NotServed
from exchange.people.register import Entry
from exchange.rates import RateName

_EXCHANGE_RATES = frozenset(
    {
        RateName.FEEDBACK_GIVEN,
        RateName.OUTFLOW_FEEDBACK,
        RateName.INFLOW_FEEDBACK,
        RateName.ON_TIME,
        RateName.KEY_INFORMATION,
    }
)
_ENTRY_RATES = frozenset({RateName.EXCHANGE, RateName.CONFIRMATION})
_PAGE = 1000


def report(ledger: Ledger, node: Node, wanted: ReportQuery) -> Report:
    """The thirteen rates of each jurisdiction, with what stands beside them.

    NotServed for a jurisdiction within which the node serves no county, UnknownJurisdiction for a code that never was,
    NotFound for a partner that the node does not have. A report for an as-of moment in the past never changes.
    """
    scopes = [_scope(node, code, wanted.narrowing.township) for code in wanted.jurisdictions]
    own = frozenset[str]().union(*(scope.counties for scope in scopes))
    counted = _Pass(ledger, node, wanted).count(own)
    return Report(
        query=wanted,
        rules=node.rules.version,
        rules_digest=node.rules.digest,
        divisions=node.divisions.edition,
        figures=tuple(figures for scope in scopes for figures in _figures(node, wanted, counted, scope)),
    )


def rows_behind(ledger: Ledger, node: Node, wanted: ReportQuery, jurisdiction: str, rate: RateName) -> tuple[Row, ...]:
    """The rows behind one rate of one jurisdiction, by id: their counts sum to the rate's.

    Empty for a rate that has no counts. Refusals as `report`.
    """
    wanted = replace(wanted, jurisdictions=(jurisdiction,), parts=False, rows=frozenset({rate}))
    return report(ledger, node, wanted).figures[0].rate(rate).rows or ()


class _Pass:
    """One reading of the ledger for one query."""

    def __init__(self, ledger: Ledger, node: Node, wanted: ReportQuery) -> None:
        self._ledger, self._node, self._wanted = ledger, node, wanted
        self._lies_there = _elsewhere(node, wanted.narrowing.other)
        self._links, self._in_partner = self._partner(wanted.narrowing.partner)

    def count(self, own: frozenset[str]) -> Counted:
        """Everything that these counties count."""
        wanted, ledger = self._wanted, self._ledger
        asked = ExchangeCells(cohort=wanted.cohort, period=wanted.period, keep_rows=bool(wanted.rows & _EXCHANGE_RATES))
        for exchange, verdict in self._judged(own, Role.ASKED):
            if self._takes(exchange):
                asked.take(exchange, verdict)
        contacts: dict[str, Contact] = {}
        asker = ExchangeCells(cohort=wanted.cohort, period=wanted.period, keep_rows=RateName.FEEDBACK_OBTAINED in wanted.rows)
        for exchange, verdict in self._judged(own, Role.ASKER):
            if exchange.entry is not None and not verdict.withdrawn_apart:
                contacts[exchange.entry] = contact_of(verdict).joined(contacts.get(exchange.entry))
            if self._takes(exchange):
                asker.take(exchange, verdict)
        files = files_in(ledger.imports.counted(own, wanted.as_of), wanted.period, wanted.as_of)
        register = wanted.narrowing.register
        return Counted(
            query=wanted,
            rules=self._node.rules.version,
            asked=asked,
            asker=asker,
            entries=self._entries(own, contacts),
            files=tuple(file for file in files if register is None or file.layout == register),
            rejected=tuple(self._rejected(own)),
        )

    def _judged(self, own: frozenset[str], role: Role) -> Iterator[tuple[Exchange, Verdict]]:
        as_of, lapse_days = self._wanted.as_of, self._node.rules.lapse_days
        for counted in self._ledger.exchanges.counted(own, role, as_of):
            verdict = judge(counted.facts, as_of, lapse_days=lapse_days)
            if verdict is not None:
                yield counted.exchange, verdict

    def _takes(self, exchange: Exchange) -> bool:
        by_link = self._links is None or exchange.key.link in self._links
        return by_link and self._lies_there(exchange.other) and self._wanted.narrowing.takes(exchange)

    def _entries(self, own: frozenset[str], contacts: dict[str, Contact]) -> EntryCells:
        wanted = self._wanted
        cells = EntryCells(keep_rows=bool(wanted.rows & _ENTRY_RATES))
        if wanted.narrowing.by_matter:
            return cells
        for entry, facts in self._ledger.entries.counted(own, wanted.as_of):
            opening = opening_at(facts, wanted.period, wanted.as_of)
            if opening is None:
                continue
            counted = CountedEntry(entry=entry, opening=opening, contact=contacts.get(entry.id))
            if self._takes_entry(counted):
                cells.take(counted)
        return cells

    def _takes_entry(self, counted: CountedEntry) -> bool:
        narrowing, entry = self._wanted.narrowing, counted.entry
        return (
            (narrowing.register is None or entry.register is narrowing.register)
            and self._lies_there(entry.other)
            and self._in_partner(entry.other)
            and (narrowing.category is None or self._is_of_category(counted))
        )

    def _is_of_category(self, counted: CountedEntry) -> bool:
        entry: Entry = counted.entry
        day = civil_day(counted.opening.happened_at)
        try:
            return self._node.divisions.category(entry.origin, entry.destination, day) is self._wanted.narrowing.category
        except SameCounty:
            # Its county was merged into the other side's: nobody to exchange with, so no migrant of either category.
            return False

    def _partner(self, name: str | None) -> tuple[frozenset[int] | None, Callable[[str], bool]]:
        """The links to a partner, and whether a code lies in what it was confirmed to serve."""
        if name is None:
            return None, _anywhere
        partner = self._ledger.partners.get(name)
        if partner is None and name != self._node.name:
            raise NotFound
        codes = partner.confirmed if partner is not None else tuple(self._node.jurisdictions)
        links = frozenset(link.id for link in self._ledger.links.all() if link.partner == name)
        served = [_elsewhere(self._node, code) for code in codes]
        return links, lambda code: any(within(code) for within in served)

    def _rejected(self, own: frozenset[str]) -> Iterator[str]:
        """The county of each opening that was rejected, by the day of submission: it has neither receipt day nor due date."""
        wanted = self._wanted
        found = ExchangeFilter(own=own, role=Role.ASKER, acceptance=Acceptance.REJECTED)
        for row in _listed(self._ledger, found):
            known_at = row.known_at or row.submitted_at
            if known_at <= wanted.as_of and civil_day(row.submitted_at) in wanted.period and self._takes(row):
                yield row.own


def _listed(ledger: Ledger, found: ExchangeFilter) -> Iterator[Exchange]:
    page = Page(limit=_PAGE)
    while rows := ledger.exchanges.find(found, page):
        yield from rows
        page = Page(after=exchange_cursor(rows[-1]), limit=_PAGE)


def _scope(node: Node, code: str, township: str | None) -> Scope:
    divisions = node.divisions
    code = divisions.normalise(code)
    if divisions.level_of(code) is Level.TOWNSHIP:
        county = divisions.county_of(code)
        if county is None or county not in node.jurisdictions:
            raise NotServed
        return Scope(jurisdiction=county, counties=frozenset({county}), township=code)
    counties = frozenset(county for county in node.jurisdictions if divisions.contains(code, county))
    if not counties:
        raise NotServed
    return Scope(jurisdiction=code, counties=counties, township=township)


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


def _anywhere(code: str) -> bool:
    return True


def _elsewhere(node: Node, outer: str | None) -> Callable[[str], bool]:
    """Whether a code lies within `outer`, or anywhere if that is None; each code is looked up once."""
    if outer is None:
        return _anywhere
    top, found = outer, dict[str, bool]()

    def lies_there(code: str) -> bool:
        if code not in found:
            found[code] = node.divisions.contains(top, code)
        return found[code]

    return lies_there
