"""Make a report: ask for the figures that it needs, and hand them to the noun that makes a document of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from exchange.codes import Kind, Role
from exchange.counting.query import UNASSIGNED, Narrowing, ReportQuery
from exchange.cursors import exchange_cursor
from exchange.exchanges import Acceptance, Exchange
from exchange.jurisdiction import Level
from exchange.ledger import ExchangeFilter, Ledger, Page
from exchange.moments import Period, civil_day
from exchange.node import Node, NotServed
from exchange.rates import RateName
from exchange.reporting.basis import Counting, Maker, month_of
from exchange.reporting.bulletin import monthly_bulletin
from exchange.reporting.feedback import RATES as FEEDBACK_RATES
from exchange.reporting.feedback import feedback_report
from exchange.reporting.guarding import NotByPurpose
from exchange.reporting.league import league_table
from exchange.reporting.matrix import BEHIND, handshake_matrix, pairs_of
from exchange.reporting.overdue import Late, overdue_list
from exchange.reporting.table import Document
from exchange.reporting.trend import months_needed, trend_table
from exchange.reporting.wanted import NeedsMonth, ReportName, WantedReport
from exchange.verbs.report import report
from exchange.verbs.reporting.by_purpose import shown_report
from exchange.wire.batch import Outcome

_PAGE = 1000
# Their lines are exchanges, or so few of them that a purpose would tell what each was for.
_ROW_BY_ROW = frozenset({ReportName.MATRIX, ReportName.OVERDUE})
# Before the earliest moment that the wire can write there are no two years of months to compare with.
_FIRST_YEAR = 1972


def make_report(ledger: Ledger, node: Node, wanted: WantedReport, counting: Counting | None = None) -> Document:
    """The report as a document; refusals as `shown_report`, and NeedsMonth for a trend over other days.

    `counting` stands for `shown_report` where many reports are needed and some were made before.
    """
    if wanted.query.narrowing.purpose is not None and wanted.name in _ROW_BY_ROW:
        raise NotByPurpose(pointer="/purpose")
    count = counting or partial(shown_report, ledger, node)
    match wanted.name:
        case ReportName.FEEDBACK:
            return feedback_report(count(_divided(node, wanted.query, FEEDBACK_RATES)), maker_of(node))
        case ReportName.BULLETIN:
            return monthly_bulletin(count(replace(wanted.query, parts=True)), maker_of(node))
        case ReportName.LEAGUE:
            return _league(node, wanted, count)
        case ReportName.MATRIX:
            return _matrix(ledger, node, wanted)
        case ReportName.TREND:
            return _trend(node, wanted, count)
        case ReportName.OVERDUE:
            return _overdue(ledger, node, wanted.query)


def maker_of(node: Node) -> Maker:
    """What the builders of documents know of the node."""
    return Maker(node=node.name, divisions=node.divisions, rules=node.rules)


def counties_of(node: Node, code: str) -> frozenset[str]:
    """The served counties of a jurisdiction, or the county of a township; NotServed if there are none."""
    divisions = node.divisions
    code = divisions.county_of(code) or code
    counties = frozenset(county for county in node.jurisdictions if divisions.contains(code, county))
    if not counties:
        raise NotServed
    return counties


def _at_level(node: Node, code: str, level: Level) -> str:
    """The division of a level that a county lies in; the county itself where there is none of that level above it."""
    if level is Level.COUNTY:
        return code
    above = (outer for outer in node.divisions.ancestors(code) if node.divisions.level_of(outer) is level)
    return next(above, code)


def _divided(node: Node, query: ReportQuery, rates: Sequence[RateName]) -> ReportQuery:
    """The parts too, of these rates; of a county of all, for its townships are those in which anything is counted."""
    of_townships = any(node.divisions.normalise(code) in node.jurisdictions for code in query.jurisdictions)
    return replace(query, parts=True, rates=query.rates if of_townships else frozenset(rates))


def _league(node: Node, wanted: WantedReport, counting: Counting) -> Document:
    """Peers of a level within the jurisdiction; without a level the parts directly below, of a county its townships."""
    (code,) = wanted.query.jurisdictions
    query = _divided(node, wanted.query, (wanted.rate,))
    if wanted.level not in (None, Level.TOWNSHIP):
        peers = sorted({_at_level(node, county, wanted.level) for county in counties_of(node, code)})
        query = replace(wanted.query, jurisdictions=(code, *peers), parts=False)
    made = counting(query)
    return league_table(made, made.figures[1:], wanted.rate, maker_of(node), code)


def _matrix(ledger: Ledger, node: Node, wanted: WantedReport) -> Document:
    made = report(ledger, node, replace(wanted.query, parts=False, rates=frozenset(BEHIND), rows=frozenset(BEHIND)))
    rows = {name: made.figures[0].rate(name).rows or () for name in BEHIND}
    level = wanted.level or Level.COUNTY
    pairs = pairs_of(rows, lambda own: own, lambda other: _at_level(node, other, level))
    return handshake_matrix(made, pairs, maker_of(node))


def _trend(node: Node, wanted: WantedReport, counting: Counting) -> Document:
    query, maker = wanted.query, maker_of(node)
    last = month_of(query.period, node.rules)
    if last is None or query.period.first.year < _FIRST_YEAR:
        raise NeedsMonth
    counted = {}
    for month in months_needed(last):
        as_of = min(node.rules.default_as_of(month), query.as_of)
        asked = replace(
            query, period=node.rules.statistical_month(month), as_of=as_of, parts=False, rates=frozenset(wanted.rates)
        )
        counted[month] = counting(asked).figures[0]
    basis = maker.basis_of(query, node.rules.version, node.rules.digest)
    return trend_table(last, counted, wanted.rates, basis)


def _overdue(ledger: Ledger, node: Node, query: ReportQuery) -> Document:
    """What is overdue as of the query's moment, which is the present: the list is for chasing, not for the record."""
    maker = maker_of(node)
    late, today = list(_late(ledger, node, query)), civil_day(query.as_of)
    # It is of that day, whatever period was asked for.
    of_today = replace(query, period=Period(first=today, last=today))
    basis = maker.basis_of(of_today, node.rules.version, node.rules.digest)
    return overdue_list(late, basis, maker)


def _late(ledger: Ledger, node: Node, query: ReportQuery) -> Iterator[Late]:
    (code,) = query.jurisdictions
    narrowing = query.narrowing
    if node.divisions.level_of(code) is Level.TOWNSHIP:
        narrowing = replace(narrowing, township=node.divisions.normalise(code))
    links = {link.id for link in ledger.links.all() if narrowing.partner in (None, link.partner)}
    for role in Role:
        wanted = ExchangeFilter(
            own=counties_of(node, code), role=role, acceptance=Acceptance.ACCEPTED, overdue_on=civil_day(query.as_of)
        )
        page = Page(limit=_PAGE)
        while rows := ledger.exchanges.find(wanted, page):
            taken = [row for row in rows if row.key.link in links and _is_wanted(row, node, narrowing)]
            yield from _with_interims(ledger, taken)
            page = Page(after=exchange_cursor(rows[-1]), limit=_PAGE)


def _is_wanted(exchange: Exchange, node: Node, narrowing: Narrowing) -> bool:
    there = narrowing.other is None or node.divisions.contains(narrowing.other, exchange.other)
    handled = narrowing.township is None or (exchange.handled_by or UNASSIGNED) == narrowing.township
    return there and handled and narrowing.takes(exchange)


def _with_interims(ledger: Ledger, rows: list[Exchange]) -> Iterator[Late]:
    by_link: dict[int, list[str]] = {}
    for row in rows:
        by_link.setdefault(row.key.link, []).append(row.key.exchange)
    said = {
        (link, exchange): messages
        for link, exchanges in by_link.items()
        for exchange, messages in ledger.messages.of_exchanges(link, exchanges).items()
    }
    for row in rows:
        talk = row.conversation
        if talk is None or talk.due is None:
            continue
        interims = [
            civil_day(message.received_at)
            for message in said.get((row.key.link, row.key.exchange), [])
            if message.kind is Kind.INTERIM and message.outcome is Outcome.ACCEPTED and message.received_at is not None
        ]
        yield Late(exchange=row, due=talk.due, interim_on=max(interims, default=None))
