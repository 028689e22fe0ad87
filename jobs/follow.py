"""Follow the cases that are over: withdraw what could not be withdrawn yet, notice answers that contradict a commitment."""

from exchange.cursors import case_cursor
from exchange.ledger import Page
from exchange.verbs.cases.cancelling import follow
from jobs.shift import Shift

_AT_ONCE = 100


def follow_cases(shift: Shift) -> str:
    """Go over them page by page, each in a transaction of its own."""
    found, seen, page = 0, 0, Page(limit=_AT_ONCE)
    while not shift.stopping.is_set():
        with shift.office.ledgers.transaction() as ledger:
            findings, cases = follow(ledger, shift.office.node, shift.office.now(), page)
        found, seen = found + findings, seen + len(cases)
        if len(cases) < _AT_ONCE:
            break
        page = Page(after=case_cursor(cases[-1]), limit=_AT_ONCE)
    return f"{seen} cases followed, {found} commitments found contradicted"
