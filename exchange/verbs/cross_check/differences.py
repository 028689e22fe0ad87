"""All open differences of a check, page by page, in the order of the sheet."""

from collections.abc import Iterator

from exchange.checking.check import CrossCheck, Difference, DifferenceFilter, DifferenceState
from exchange.cursors import difference_cursor
from exchange.ledger import Ledger, Page

_PAGE = 1000


def open_differences(ledger: Ledger, check: CrossCheck) -> Iterator[Difference]:
    """The differences of a check that are not settled yet."""
    wanted = DifferenceFilter(check=check.id, own=frozenset({check.jurisdiction}), state=DifferenceState.OPEN)
    page = Page(limit=_PAGE)
    while rows := ledger.cross_checks.differences(wanted, page):
        yield from rows
        page = Page(after=difference_cursor(rows[-1]), limit=_PAGE)
