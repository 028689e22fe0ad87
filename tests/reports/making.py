"""Reports made of told histories, as their documents."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from exchange.codes import Role
from exchange.ledger import Ledgers
from exchange.moments import default_as_of, statistical_month
from exchange.reporting.table import Document, Table
from exchange.reporting.wanted import ReportName, WantedReport
from exchange.verbs.reporting.make_report import make_report
from tests.builders import WUCHANG, XICHENG
from tests.rates.histories import HANYANG, History, Told, a_counting_node, holding, wanted

MARCH = "2026-03"
WUHAN = "420100"
# Received on 10 February, due on 12 March: of the statistical month of March.
IN_TIME, LATE, OWED = (History(received=-20, due=10) for _ in range(3))
IN_TIME.answered(-10)
LATE.answered(12)


def answered(numbers: Iterable[int], **changes: Any) -> list[Told]:
    """Asked of Wuchang by Xicheng and answered in time, unless told otherwise."""
    return IN_TIME.of_many(numbers, **changes)


def owed(numbers: Iterable[int], **changes: Any) -> list[Told]:
    """Not answered at all."""
    return OWED.of_many(numbers, **changes)


OF_HANYANG = {"own": HANYANG, "origin": HANYANG}
SUBMITTED = {"role": Role.ASKER, "own": WUCHANG, "other": XICHENG, "origin": XICHENG, "destination": WUCHANG}


def some_books() -> Ledgers:
    """Wuchang 30 of 40, Hanyang 0 of 12 and 20 of 20 submitted by Wuchang."""
    return holding(
        [
            *answered(range(1, 31)),
            *owed(range(31, 41)),
            *owed(range(41, 53), **OF_HANYANG),
            *answered(range(60, 80), **SUBMITTED),
        ]
    )


def made(ledgers: Ledgers, name: ReportName, place: str = WUHAN, *, as_of: datetime | None = None, **changes: Any) -> Document:
    """A report of March on Wuhan; `changes` go to the query, but for `rate`, `rates` and `level`."""
    own = {key: changes.pop(key) for key in ("rate", "rates", "level") if key in changes}
    period = changes.pop("period", statistical_month(MARCH))
    query = wanted(place, period=period, as_of=as_of or default_as_of(MARCH), **changes)
    with ledgers.transaction(read_only=True) as ledger:
        return make_report(ledger, a_counting_node(), WantedReport(name=name, query=query, **own))


def the_table(document: Document) -> Table:
    """The only table of a document."""
    (table,) = document.tables
    return table
