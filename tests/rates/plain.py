"""The figures of a report, counted plainly: every exchange and every entry is judged, and nothing that was stored is asked."""

from collections import Counter
from datetime import datetime, timedelta

from exchange.codes import Role
from exchange.conversation import Fact
from exchange.counting.cells import EntryCells, ExchangeCells, Scope, files_in
from exchange.counting.entries import Contact, CountedEntry, contact_of, opening_at
from exchange.counting.figures import Counted, Figures
from exchange.counting.query import ReportQuery
from exchange.counting.reconciled.handshakes import SideCells
from exchange.counting.rows import Stamp, stamp_of
from exchange.counting.verdict import Verdict, judge
from exchange.counting.verification import VerifiedEntry
from exchange.exchanges import Exchange
from exchange.jurisdiction import SameCounty
from exchange.ledger import Ledger
from exchange.moments import civil_day, day_start
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
            counted = CountedEntry(entry=entry, opening=opening, contact=contacts.get(entry.id))
            cells.take(counted, counted)
    verified_plainly(ledger, node, wanted, cells)
    return cells


def verified_plainly(ledger: Ledger, node: Node, wanted: ReportQuery, cells: EntryCells) -> None:
    """Count the entries whose 30 days ended, each fact looked at by itself."""
    answers = [
        (one.exchange.entry, stamp_of(fact))
        for county in node.jurisdictions
        for one in ledger.exchanges.counted(frozenset({county}), Role.ASKER, wanted.as_of)
        if one.exchange.kind == "query" and one.exchange.purpose == "certificate_verification"
        for fact in one.facts
        if fact.what == "answered" and fact.result in ("confirmed", "corrected")
    ]
    own = frozenset(county for county in node.jurisdictions for code in wanted.jurisdictions if _lies_in(node, code, county))
    for entry, held in ledger.entries.counted(own, wanted.as_of):
        facts = [fact for fact in sorted(held, key=lambda fact: fact.known_at) if fact.known_at <= wanted.as_of]
        facts.sort(key=lambda fact: fact.happened_at)
        for n, opening in enumerate(facts):
            day = civil_day(opening.happened_at) + timedelta(days=30)
            end = day_start(day + timedelta(days=1))
            closed = [fact for fact in facts[n:] if fact.what == "closed" and fact.happened_at < end]
            if opening.what not in ("opened", "reopened") or day not in wanted.period or end > wanted.as_of or closed:
                continue
            narrowing = wanted.narrowing
            if narrowing.by_matter or entry.register != "inflow" or narrowing.register not in (None, entry.register):
                continue
            category = node.divisions.category(entry.origin, entry.destination, civil_day(opening.happened_at))
            if narrowing.category not in (None, category) or not _lies_in(node, narrowing.other, entry.other):
                continue
            found = [
                Stamp(what="certificate_found", at=fact.happened_at, known_at=fact.known_at)
                for fact in facts
                if fact.what == "certificate_found"
            ]
            found += [stamp for about, stamp in answers if about == entry.id]
            found = sorted((stamp for stamp in found if opening.happened_at <= stamp.at < end), key=lambda stamp: stamp.at)
            cells.take_verification(VerifiedEntry(entry=entry, opening=opening, found=found[0] if found else None))


def _lies_in(node: Node, outer: str | None, code: str) -> bool:
    return outer is None or node.divisions.contains(outer, code)
