"""Plan a reconciliation: the links and pairs to reconcile, and for all else within the scope why not."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

from exchange.errors import NotFound
from exchange.jurisdiction import UnknownJurisdiction
from exchange.ledger import Ledger
from exchange.moments import civil_day, day_start
from exchange.node import Node
from exchange.partners import PartnerStatus
from exchange.reconciling.pairs import RUNS_A_DAY, Comparable, ComparisonNotAgreed, Pair, comparable, governing
from exchange.reconciling.reconciliation import SETTLED_LATELY, By, LeftOut, Scope, Why, settled_by_partner
from exchange.reconciling.results import Starter
from exchange.routing.table import NoRoute, RouteClosed, RoutingTable
from exchange.terms.agreement import SignedAgreement
from exchange.verbs.routing.find import table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A pair to compare, and our county of it; of two own counties the origin."""

    what: Comparable
    own: str

    @property
    def pair(self) -> Pair:
        """The pair."""
        return self.what.pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to do: links by their partner, then pairs in their order; and what is left out."""

    links: tuple[str, ...]
    pairs: tuple[Planned, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def partners(self) -> tuple[str, ...]:
        """Everyone to be called; the node itself where own counties are compared."""
        return tuple(sorted({*self.links, *(planned.what.partner for planned in self.pairs)}))


def plan(ledger: Ledger, node: Node, scope: Scope, by: By, now: datetime, *, done: Container[Pair] = frozenset()) -> Plan:
    """What to reconcile now; NotFound for a partner, UnknownJurisdiction for a code that is none.

    `done` are pairs that need no word any more.
    """
    _check(ledger, node, scope)
    judge = _Judge(ledger, node, scope, by, now)
    named = {pair for _, pair in ledger.entries.pairs(node.jurisdictions)}
    # Where the last entry was closed since, what was found stands until it is no longer found.
    known = ledger.register_runs.settled(node.jurisdictions, now)
    named.update(run.pair for run in known if run.tally is not None and run.tally.known)
    pairs: list[Planned] = []
    left_out: list[LeftOut] = []
    for pair in sorted(named):
        if pair in done or not scope.holds(node.divisions, pair):
            continue
        # Of two own counties both sides may name the pair; it is compared once.
        judged = judge.pair(pair, pair.origin if pair.origin in node.jurisdictions else pair.destination)
        if isinstance(judged, Planned):
            pairs.append(judged)
        elif scope.partner in (None, judged.partner):
            left_out.append(judged)
    wanted = [each for each in pairs if scope.partner in (None, each.what.partner)]
    links, closed = _links(ledger, node, scope, {each.what.partner for each in wanted})
    return Plan(links=tuple(links), pairs=tuple(wanted), left_out=(*closed, *left_out))


def _check(ledger: Ledger, node: Node, scope: Scope) -> None:
    if scope.partner is not None and scope.partner != node.name and ledger.partners.get(scope.partner) is None:
        raise NotFound(pointer="/partner")
    for name, code in (("origin", scope.origin), ("destination", scope.destination)):
        if code is not None and not node.divisions.is_known(code):
            raise UnknownJurisdiction(pointer=f"/{name}")


def _links(ledger: Ledger, node: Node, scope: Scope, needed: Container[str]) -> tuple[list[str], list[LeftOut]]:
    """The links to reconcile: all active ones, or where places were named those of their pairs."""
    status = {partner.node: partner.status for partner in ledger.partners.all()}
    links: list[str] = []
    closed: list[LeftOut] = []
    for name in sorted({node.name, *status}):
        if scope.partner not in (None, name) or (scope.by_place and name not in needed):
            continue
        if status.get(name, PartnerStatus.ACTIVE) is not PartnerStatus.ACTIVE:
            closed.append(LeftOut(partner=name, pair=None, why=Why.NOT_ACTIVE))
        elif ledger.links.of(name) is not None:
            links.append(name)
    return links, closed


class _Judge:
    """Says of each pair what it is to be compared under, or why it is not."""

    def __init__(self, ledger: Ledger, node: Node, scope: Scope, by: By, now: datetime) -> None:
        self._ledger, self._node, self._scope, self._by, self._now = ledger, node, scope, by, now
        self._table: RoutingTable = table_of(ledger, node)
        self._agreements: dict[str, list[SignedAgreement]] = {}

    def pair(self, pair: Pair, own: str) -> Planned | LeftOut:
        node, day = self._node, civil_day(self._now)
        if not all(node.divisions.is_county_level(code) for code in (pair.origin, pair.destination)):
            return LeftOut(partner=None, pair=pair, why=Why.COARSE)
        try:
            partner = self._table.way(pair.other(own)).partner
        except RouteClosed:
            return LeftOut(partner=None, pair=pair, why=Why.NOT_ACTIVE)
        except NoRoute:
            return LeftOut(partner=None, pair=pair, why=Why.NO_ROUTE)
        sides = (node.name, partner) if own == pair.origin else (partner, node.name)
        agreements = self._agreed(partner)
        try:
            what = comparable(agreements, node.divisions, pair, sides, day)
        except ComparisonNotAgreed:
            forbidden = governing(agreements, node.divisions, pair, sides, day) is not None
            return LeftOut(partner=partner, pair=pair, why=Why.NOT_ALLOWED if forbidden else Why.NO_AGREEMENT)
        why = self._enough(pair, partner)
        return Planned(what=what, own=own) if why is None else LeftOut(partner=partner, pair=pair, why=why)

    def _agreed(self, partner: str) -> list[SignedAgreement]:
        if partner not in self._agreements:
            self._agreements[partner] = self._ledger.agreements.all(partner)
        return self._agreements[partner]

    def _enough(self, pair: Pair, partner: str) -> Why | None:
        """Whether the pair was compared enough: it may not be again today, or the partner has just done so.

        A run of ours that was broken off is gone on with, and counts once.
        """
        today, lately = day_start(civil_day(self._now)), self._now - SETTLED_LATELY
        runs = self._ledger.register_runs.since(pair, partner, min(today, lately))
        of_today = [run for run in runs if run.began_at >= today]
        broken_off = any(run.started_by is Starter.US and run.outcome is None for run in of_today)
        if len(of_today) >= RUNS_A_DAY and not broken_off:
            return Why.OFTEN
        if self._by is By.NIGHT and any(settled_by_partner(run, lately) for run in runs):
            return Why.LATELY
        return None
