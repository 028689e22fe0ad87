"""A node of three counties of Wuhan with months of history, for the pages that show figures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from exchange.codes import Purpose
from exchange.verbs.reporting.freeze import freeze
from tests.api.nodes import Served, served
from tests.builders import WUCHANG, XICHENG, a_partner
from tests.jobs.offices import HandClock
from tests.life.two_nodes import LINK, a_node
from tests.rates.histories import HANYANG, JIANGAN, WUHAN, History, Told, holding
from tests.rates.runs import THEIRS, a_run, reconciled

# Asked in March 2026, and so due in the statistical month of April; the next month, and the one a year after that.
APRIL, MAY, NEXT_MAY = "2026-04", "2026-05", "2027-05"


@contextmanager
def wuhan(folder: Path) -> Iterator[Served]:
    """April: 40, 12 and 3 for a benefit, all answered, and 20 each for a public service, none of them.

    May: Wuchang answered 9 of 10; a year later 5 of 10. One reconciliation in March, with 94 of 110.
    """
    clock = HandClock()
    node = replace(a_node("wuhan.example", WUCHANG), jurisdictions=frozenset({WUCHANG, HANYANG, JIANGAN}))
    with served(folder / "node", node, clock) as made:
        told: list[Told] = []
        for n, (county, many) in enumerate(((WUCHANG, 40), (HANYANG, 12), (JIANGAN, 3)), 1):
            place = {"own": county, "origin": county}
            told += History().answered(10).of_many(range(1000 * n, 1000 * n + many), purpose=Purpose.BENEFIT, **place)
            told += History().of_many(range(1000 * n + 500, 1000 * n + 520), purpose=Purpose.PUBLIC_SERVICE, **place)
        for start, day, answered in ((5000, 30, 9), (6000, 395, 5)):
            told += History(received=day, due=day + 30).answered(day + 10).of_many(range(start, start + answered))
            told += History(received=day, due=day + 30).of_many(range(start + answered, start + 10))
        holding(told, ledgers=made.office.ledgers)
        reconciled([a_run(1, 3)], made.office.ledgers)
        with made.office.ledgers.transaction() as ledger:
            ledger.partners.save(a_partner(THEIRS, confirmed=(XICHENG,)))
            ledger.links.add(LINK, THEIRS)
        clock.move(timedelta(days=700))
        with made.office.ledgers.transaction() as ledger:
            freeze(ledger, made.office.node, WUHAN, APRIL, clock.now())
        yield made
