"""What the tests of the comparison call share."""

from dataclasses import replace
from datetime import date

import httpx

from adapters.comparing import Bounds, Comparer, Step
from adapters.office import Office
from adapters.partner_http import PartnerClient
from adapters.renewal import Renewals
from exchange.comparing.comparison import Comparison
from exchange.moments import Period
from exchange.verbs.submit import submit
from tests.api.nodes import Neighbours
from tests.jobs.offices import a_query_about

MARCH = Period(first=date(2026, 2, 21), last=date(2026, 3, 20))


def ask(nodes: Neighbours, *people: int) -> list[str]:
    """Xicheng asks Wuchang about these people."""
    office = nodes.xicheng.office
    with office.ledgers.transaction() as ledger:
        asked = [submit(ledger, office.node, a_query_about(n), office.now()).key.exchange for n in people]
    nodes.deliver()
    return asked


def compare(
    office: Office,
    http: httpx.Client,
    node: str,
    step: Step = lambda done, of: None,
    *,
    as_of: date = date(2026, 3, 11),
    bounds: Bounds | None = None,
) -> Comparison:
    """Compare as the job does."""
    client = PartnerClient(office, http)
    return Comparer(office, client, Renewals(office, client), bounds).compare(node, MARCH, as_of, step)


def spoil(office: Office, exchange: str) -> None:
    """Have one side count another due date."""
    with office.ledgers.transaction() as ledger:
        (held,) = ledger.exchanges.named(exchange)
        (fact,) = ledger.exchanges.facts(held.key)
        ledger.exchanges.void_facts(held.key, [fact.message], office.now())
        ledger.exchanges.add_facts([(held.key, replace(fact, due=date(2026, 4, 9)))])
