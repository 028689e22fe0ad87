"""The figures of a report, counted plainly: every exchange and every entry is judged, and nothing that was stored is asked."""

from collections import Counter
from datetime import datetime

from exchange.codes import Role
from exchange.conversation import Fact
from exchange.counting.cells import EntryCells, ExchangeCells, Scope, files_in
from exchange.counting.entries import Contact, CountedEntry, contact_of, opening_at
from exchange.counting.figures import Counted, Figures
from exchange.counting.query import ReportQuery
from exchange.counting.reconciled.handshakes import SideCells
from exchange.counting.verdict import Verdict, judge
from exchange.exchanges import Exchange
from exchange.jurisdiction import SameCounty
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.rates import RateName


def counted_plainly(ledger: Ledger, node: Node, wanted: ReportQuery) -> Counted:
    """All that a report of these jurisdictions counts."""
    own = frozenset(county for county in node.jurisdictions for code in wanted.jurisdictions if _lies_in(node, code, county))
    cells = {
        role: ExchangeCells(cohort=wanted.cohort, period=wanted.period, keep_rows=bool(wanted.rows - {RateName.EXCHANGE}))
        for role in Role
    }
    contacts: dict[str, Contact] = {}
    for role in Role:
        for exchange, verdict in _judged(ledger, node, own, role, wanted.as_of):
            if role is Role.ASKER and exchange.entry is not None and not verdict.withdrawn_apart:
                contacts[exchange.entry] = contact_of(verdict).joined(contacts.get(exchange.entry))
            if wanted.narrowing.takes(exchange) and _lies_in(node, wanted.narrowing.other, exchange.other):
                cells[role].take(exchange, verdict, _township_at(ledger, exchange, wanted.as_of))
    return Counted(
        query=wanted,
        rules=node.rules.version,
        asked=cells[Role.ASKED],
        asker=cells[Role.ASKER],
        entries=_entries(ledger, node, wanted, own, contacts),
        sides=SideCells(),
        coverage=None,
        files=tuple(files_in(ledger.imports.counted(own, wanted.as_of), wanted.period, wanted.as_of)),
        rejected=Counter[str](),
    )


def _township_at(ledger: Ledger, exchange: Exchange, as_of: datetime) -> str | None:
    """Who had the exchange then: the last step up to that moment tells; without any step, what the exchange itself names."""
    steps = ledger.assignments.of([exchange.key]).get(exchange.key, ())
    if not steps:
        return exchange.handled_by
    taken = [step for step in steps if step.at <= as_of]
    return taken[-1].township if taken else None


def figures_of(node: Node, counted: Counted, jurisdiction: str, township: str | None = None) -> Figures:
    """The figures of one jurisdiction."""
    counties = frozenset(county for county in node.jurisdictions if _lies_in(node, jurisdiction, county))
    return counted.figures(Scope(jurisdiction=jurisdiction, counties=counties, township=township))


def _judged(ledger: Ledger, node: Node, own: frozenset[str], role: Role, as_of: datetime) -> list[tuple[Exchange, Verdict]]:
    judged = []
    for one in ledger.exchanges.counted(own, role, as_of):
        facts: tuple[Fact, ...] = one.facts
        verdict = judge(facts, as_of, lapse_days=node.rules.lapse_days)
        if verdict is not None:
            judged.append((one.exchange, verdict))
    return judged


def _entries(ledger: Ledger, node: Node, wanted: ReportQuery, own: frozenset[str], contacts: dict[str, Contact]) -> EntryCells:
    cells, narrowing = EntryCells(keep_rows=bool(wanted.rows)), wanted.narrowing
    for entry, facts in ledger.entries.counted(own, wanted.as_of):
        opening = opening_at(facts, wanted.period, wanted.as_of)
        if opening is None or narrowing.by_matter or (narrowing.register not in (None, entry.register)):
            continue
        try:
            category = node.divisions.category(entry.origin, entry.destination, civil_day(opening.happened_at))
        except SameCounty:
            continue
        if narrowing.category in (None, category) and _lies_in(node, narrowing.other, entry.other):
            cells.take(CountedEntry(entry=entry, opening=opening, contact=contacts.get(entry.id)))
    return cells


def _lies_in(node: Node, outer: str | None, code: str) -> bool:
    return outer is None or node.divisions.contains(outer, code)
