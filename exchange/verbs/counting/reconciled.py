"""Read what of a report rests on reconciliations: the last runs of each pair, and the partners that open entries name."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from exchange.codes import RegisterKind
from exchange.counting.query import Narrowing, ReportQuery
from exchange.counting.reconciled.coverage import CoverageCells, Named, is_recent
from exchange.counting.reconciled.handshakes import SideCells
from exchange.jurisdiction import SameCounty
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.partners import PartnerStatus
from exchange.rates import RateName
from exchange.reconciling.handshake import last_of_pairs, sides_of
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import RegisterRun
from exchange.routing.table import Confirmed, NoRoute, RouteClosed, RoutingTable
from exchange.terms.agreement import SignedAgreement
from exchange.verbs.counting.engine import elsewhere

_SIDE_RATES = frozenset({RateName.HANDSHAKE, RateName.FIELD_AGREEMENT})


class Wanted:
    """Whether a report counts one side of a pair: by register, by the other side, and by who counts as what."""

    def __init__(self, node: Node, narrowing: Narrowing) -> None:
        self._divisions, self._narrowing = node.divisions, narrowing
        self._lies_there = elsewhere(node, narrowing.other)

    def takes(self, register: RegisterKind, pair: Pair, day: date) -> bool:
        """One side, on a day: divisions change, and with them who has left their city."""
        narrowing = self._narrowing
        other = pair.destination if register is RegisterKind.OUTFLOW else pair.origin
        return (
            (narrowing.register is None or register is narrowing.register)
            and self._lies_there(other)
            and (narrowing.category is None or self._is_of_category(pair, day))
        )

    def takes_partner(self, partner: str) -> bool:
        """A partner."""
        return self._narrowing.partner in (None, partner)

    def _is_of_category(self, pair: Pair, day: date) -> bool:
        try:
            return self._divisions.category(pair.origin, pair.destination, day) is self._narrowing.category
        except SameCounty:
            return False


class Reconciled:
    """One reading of the ledger for one query. The settled runs are read once, however many jurisdictions are asked for."""

    def __init__(self, ledger: Ledger, node: Node, query: ReportQuery, own: frozenset[str]) -> None:
        self._ledger, self._node, self._query, self._own = ledger, node, query, own
        self._wanted = Wanted(node, query.narrowing)
        self._settled = ledger.register_runs.settled(own, query.as_of)

    def sides(self) -> SideCells:
        """The sides of the last settled runs by then."""
        cells = SideCells()
        last = last_of_pairs(self._settled)
        for run in last.values():
            for side in sides_of(run, self._own):
                if self._wanted.takes_partner(run.partner) and self._wanted.takes(side.register, run.pair, _day_of(run)):
                    cells.take(side)
        if self._query.rows & _SIDE_RATES:
            cells.failed = self._failed(last)
        return cells

    def coverage(self) -> CoverageCells | None:
        """The partners that open entries name; None if nothing had been settled with anybody by then."""
        as_of = self._query.as_of
        if not self._settled and not self._ledger.register_runs.began(as_of):
            return None
        if self._query.narrowing.by_matter:
            # No rate then: the entries need not be read.
            return CoverageCells()
        recent, named = self._recent(), defaultdict[str, list[Named]](list)
        agreements = defaultdict[str, list[SignedAgreement]](list)
        for signed in self._ledger.agreements.all():
            if signed.was_in_force(as_of):
                agreements[signed.partner].append(signed)
        for county, partner in sorted(self._named()):
            agreement = next((signed for signed in agreements[partner] if self._binds(signed, county)), None)
            run = recent.get((county, partner))
            named[county].append(Named(own=county, partner=partner, agreement=agreement, run=run))
        return CoverageCells(named={county: tuple(found) for county, found in named.items()})

    def _failed(self, last: dict[Pair, RegisterRun]) -> dict[Pair, RegisterRun]:
        """Of each pair the last run that came to nothing after the last settled one."""
        failed: dict[Pair, RegisterRun] = {}
        for run in self._ledger.register_runs.unsettled(self._own, self._query.as_of):
            settled, held = last.get(run.pair), failed.get(run.pair)
            later = settled is not None and _end_of(settled) < _end_of(run)
            if later and (held is None or _end_of(held) < _end_of(run)):
                failed[run.pair] = run
        return failed

    def _recent(self) -> dict[tuple[str, str], RegisterRun]:
        """Of each county and partner the last settled run of the last 48 hours, whichever of their pairs it compared."""
        recent: dict[tuple[str, str], RegisterRun] = {}
        for run in sorted(self._settled, key=lambda run: (_end_of(run), run.id)):
            for side in sides_of(run, self._own) if is_recent(run, self._query.as_of) else ():
                if self._wanted.takes(side.register, run.pair, _day_of(run)):
                    recent[side.own, run.partner] = run
        return recent

    def _named(self) -> set[tuple[str, str]]:
        """The counties with the partners that their open entries name, by the routes of those known by then."""
        way, named = _Ways(self._ledger, self._node, self._query.as_of), set[tuple[str, str]]()
        for entry in self._ledger.entries.named(self._own, self._query.as_of):
            pair = Pair(origin=entry.origin, destination=entry.destination)
            if self._wanted.takes(entry.register, pair, date(entry.year, 1, 1)):
                partner = way.partner_of(entry.other)
                if partner is not None and self._wanted.takes_partner(partner):
                    named.add((entry.jurisdiction, partner))
        return named

    def _binds(self, signed: SignedAgreement, county: str) -> bool:
        """Whether a county lies in what this node signed for."""
        side = (self._node.name, county)
        return any(party.signs_for(self._node.divisions, side) for party in signed.agreement.parties)


class _Ways:
    """To which partner a county's exchanges go, by the partners and pins that there were; a suspended partner stays one."""

    def __init__(self, ledger: Ledger, node: Node, as_of: datetime) -> None:
        self._node, self._day, self._found = node, civil_day(as_of), dict[str, str | None]()
        known = [
            Confirmed(partner=partner.node, active=partner.status is PartnerStatus.ACTIVE, codes=partner.confirmed)
            for partner in ledger.partners.all()
            if partner.known_at <= as_of
        ]
        pins = [pin for pin in ledger.routes.pins() if pin.at <= as_of]
        opened = [replace(each, active=True) for each in known]
        self._tables = [RoutingTable(node.name, node.jurisdictions, each, pins) for each in (known, opened)]

    def partner_of(self, code: str) -> str | None:
        """The partner; None where there is none, or it is this node."""
        if code not in self._found:
            today = self._node.divisions.resolve(code, self._day).code or code
            partner = next(self._leading_to(today), None)
            self._found[code] = None if partner == self._node.name else partner
        return self._found[code]

    def _leading_to(self, code: str) -> Iterator[str]:
        for table in self._tables:
            try:
                yield table.way(code).partner
            except RouteClosed:
                continue
            except NoRoute:
                return


def _end_of(run: RegisterRun) -> datetime:
    if run.ended_at is None:
        raise ValueError("a run that goes on has no result")
    return run.ended_at


def _day_of(run: RegisterRun) -> date:
    return civil_day(_end_of(run))
