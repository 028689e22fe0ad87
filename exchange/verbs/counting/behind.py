"""The exchanges behind a rate, a page at a time: each judged from its facts, so that the rows prove the sums."""

from collections.abc import Iterable
from dataclasses import replace

from exchange.codes import Role
from exchange.counting.cells import ExchangeCells, Scope, Sort
from exchange.counting.grid import GRID_RATES
from exchange.counting.query import ReportQuery
from exchange.counting.rows import Row
from exchange.counting.sorts import sorts_of
from exchange.counting.verdict import Verdict
from exchange.cursors import read_counted_cursor
from exchange.exchanges import ExchangeKey
from exchange.ledger import Ledger, Page
from exchange.node import Node
from exchange.rates import RateName
from exchange.verbs.counting.engine import elsewhere, judged_of, links_of, selection_of, takes


def exchanges_behind(ledger: Ledger, node: Node, wanted: ReportQuery, scope: Scope, rate: RateName, page: Page) -> list[Row]:
    """One page of the rows behind one of `GRID_RATES`, by id; BadCursor. No more exchanges are judged than it takes."""
    sorts = sorts_of(wanted.narrowing).joined(GRID_RATES[rate])
    if sorts is None:
        return []
    role = Role.ASKER if rate is RateName.FEEDBACK_OBTAINED else Role.ASKED
    links = links_of(ledger, node, wanted.narrowing.partner)
    chosen = selection_of(node, wanted, scope.counties, role, links=links, by_township=False)
    chosen = replace(chosen, sorts=sorts, township=scope.township)
    within = elsewhere(node, wanted.narrowing.other)
    cells = ExchangeCells(cohort=wanted.cohort, period=wanted.period, keep_rows=True)

    taken = set[ExchangeKey]()

    def take(keys: Iterable[ExchangeKey]) -> None:
        fresh = set(keys) - taken
        taken.update(fresh)
        for history, verdict in judged_of(ledger, node, wanted, fresh):
            if takes(history, chosen, within):
                cells.take(history.exchange, verdict, history.township_at(wanted.as_of))

    after = read_counted_cursor(page.after) if page.after else ("", "")
    take(ledger.counting.touched(chosen))
    name, number = after[0], page.limit + 1
    while True:
        keys = ledger.counting.behind(chosen, name, number)
        take(keys)
        ended = len(keys) < number
        # Of the last name there may be more, and what is touched stands wherever its name does.
        rows = [
            row
            for row in cells.rows_of(scope, _any, _on_time if rate is RateName.ON_TIME else _answered)
            if (row.id, row.own) > after and (ended or row.id < keys[-1].exchange)
        ]
        if ended or len(rows) >= page.limit:
            return rows[: page.limit]
        name, number = keys[-1].exchange, 2 * number


def _any(sort: Sort) -> bool:
    return True


def _answered(verdict: Verdict) -> bool:
    return verdict.answered


def _on_time(verdict: Verdict) -> bool:
    return verdict.on_time
