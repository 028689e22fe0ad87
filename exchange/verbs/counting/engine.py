"""Count exchanges: the sums of the stored versions, and the verdicts on what is touched, which the sums leave out.

Exact at any moment, however far behind the nightly closing is: what is not in the stored versions yet, or happened on the
very day of the as-of moment, is judged from its facts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache

from exchange.codes import Role
from exchange.counting.cells import ExchangeCells, Scope
from exchange.counting.history import History
from exchange.counting.query import ReportQuery
from exchange.counting.sorts import GROUP_MASK, sort_of, sorts_of
from exchange.counting.sums import Selection
from exchange.counting.verdict import Verdict
from exchange.counting.version import boundary_of
from exchange.errors import NotFound
from exchange.exchanges import ExchangeKey
from exchange.jurisdiction import Divisions, Level
from exchange.ledger import Ledger
from exchange.node import Node, NotServed

Within = Callable[[str], bool]


def selection_of(
    node: Node, wanted: ReportQuery, own: frozenset[str], role: Role, *, links: frozenset[int] | None, by_township: bool
) -> Selection:
    """What a report asks of the stored versions."""
    boundary, beyond = boundary_of(wanted.as_of)
    return Selection(
        own=own,
        role=role,
        boundary=boundary,
        beyond=beyond,
        cohort=wanted.cohort,
        first=wanted.period.first.toordinal(),
        last=wanted.period.last.toordinal(),
        answered_before=boundary - node.rules.lapse_days,
        sorts=sorts_of(wanted.narrowing),
        sort_bits=GROUP_MASK,
        links=links,
        by_township=by_township,
        by_other=wanted.narrowing.other is not None,
    )


def count_exchanges(
    ledger: Ledger, node: Node, wanted: ReportQuery, chosen: Selection, within: Within, *, keep_rows: bool
) -> ExchangeCells:
    """The cells of one role; `within` is whether a jurisdiction on the other side is wanted.

    With the rows behind them, every exchange of the cohort is judged from its facts, so that the rows prove the sums.
    """
    cells = ExchangeCells(cohort=wanted.cohort, period=wanted.period, keep_rows=keep_rows)
    touched = ledger.counting.touched(chosen)
    judged: set[ExchangeKey] = set(touched)
    if keep_rows:
        judged.update(ledger.counting.behind(chosen))
    else:
        for one in ledger.counting.cohort(chosen):
            if one.other is None or within(one.other):
                cells.take_cohort(one)
    for waiting in ledger.counting.waiting(chosen):
        if waiting.other is None or within(waiting.other):
            cells.take_waiting(waiting)
    for history, verdict in judged_of(ledger, node, wanted, judged):
        if takes(history, chosen, within):
            # What is open was added up already, but for what is touched.
            cells.take(history.exchange, verdict, history.township_at(wanted.as_of), waits=history.exchange.key in touched)
    return cells


def judged_of(ledger: Ledger, node: Node, wanted: ReportQuery, keys: set[ExchangeKey]) -> Iterator[tuple[History, Verdict]]:
    """The verdicts on these exchanges, from their facts."""
    for history in ledger.exchanges.histories(sorted(keys)):
        verdict = history.verdict_at(wanted.as_of, lapse_days=node.rules.lapse_days)
        if verdict is not None:
            yield history, verdict


def takes(history: History, chosen: Selection, within: Within) -> bool:
    """Whether an exchange is one of those that are selected, apart from the days."""
    exchange = history.exchange
    return (
        exchange.own in chosen.own
        and exchange.key.role is chosen.role
        and (chosen.links is None or exchange.key.link in chosen.links)
        and chosen.sorts.takes(sort_of(exchange))
        and within(exchange.other)
    )


def links_of(ledger: Ledger, node: Node, partner: str | None) -> frozenset[int] | None:
    """The links to a partner, all if none is named; NotFound for one that the node does not have."""
    if partner is None:
        return None
    if ledger.partners.get(partner) is None and partner != node.name:
        raise NotFound
    return frozenset(link.id for link in ledger.links.all() if link.partner == partner)


def scope_of(node: Node, code: str, township: str | None) -> Scope:
    """Whose figures a code asks for; NotServed, or UnknownJurisdiction."""
    divisions = node.divisions
    code = divisions.normalise(code)
    if divisions.level_of(code) is Level.TOWNSHIP:
        county = divisions.county_of(code)
        if county is None or county not in node.jurisdictions:
            raise NotServed
        return Scope(jurisdiction=county, counties=frozenset({county}), township=code)
    counties = served_within(node, code)
    if not counties:
        raise NotServed
    return Scope(jurisdiction=code, counties=counties, township=township)


def served_within(node: Node, code: str) -> frozenset[str]:
    """The counties served within a place, itself included; none, or UnknownJurisdiction for a code that never was."""
    served = _served(node.divisions, node.jurisdictions)
    return served[code] if code in served else served.get(node.divisions.normalise(code), frozenset())


@lru_cache(maxsize=8)
def _served(divisions: Divisions, jurisdictions: frozenset[str]) -> dict[str, frozenset[str]]:
    """The counties by every place above them: thousands of them would be looked up in each other for every report."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for county in jurisdictions:
        for place in (county, *divisions.ancestors(county)):
            found[place].add(county)
    return {place: frozenset(counties) for place, counties in found.items()}


def anywhere(code: str) -> bool:
    """Every code."""
    return True


def elsewhere(node: Node, outer: str | None) -> Within:
    """Whether a code lies within `outer`, or anywhere if that is None; each code is looked up once."""
    if outer is None:
        return anywhere
    top, found = outer, dict[str, bool]()

    def lies_there(code: str) -> bool:
        if code not in found:
            found[code] = node.divisions.contains(top, code)
        return found[code]

    return lies_there
