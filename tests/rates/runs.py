"""Comparisons of registers, told in days, and ledgers that hold them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from exchange.codes import Item
from exchange.ledger import Ledgers
from exchange.reconciling.pairs import Pair
from exchange.reconciling.results import Outcome, RegisterRun, Tally
from exchange.terms.agreement import Party, SignedAgreement, Standing
from tests.builders import WUCHANG, XICHENG, XICHENG_NODE, a_digest, a_partner, a_register_run, agreed_terms, an_agreement
from tests.rates.histories import holding, moment

# 80 in both and agreeing, 10 differing, 4 of coarse destinations, one of whom differs; 6 and 10 in one register alone.
TALLY = Tally(agreeing=80, differing=10, coarse=4, coarse_differing=1, outflow_only=6, inflow_only=10)
FIVE = Tally(agreeing=3, outflow_only=1, inflow_only=1)
THEIRS, OURS = "beijing.example", XICHENG_NODE


def a_pair(origin: str = WUCHANG, destination: str = XICHENG) -> Pair:
    """Wuchang's people in Xicheng, unless told otherwise."""
    return Pair(origin=origin, destination=destination)


def a_run(n: int = 1, day: float = 0, *, pair: Pair | None = None, **changes: Any) -> RegisterRun:
    """A settled run with a node of Beijing that ended on a day."""
    run = a_register_run(
        n,
        reconciliation=None,
        partner=THEIRS,
        agreement=a_digest("agreement 1"),
        pair=pair or a_pair(),
        items=(Item.MARITAL_STATUS,),
        began_at=moment(day - 0.001),
        ended_at=moment(day),
        as_of=moment(day - 0.001),
        numberless_outflow=2,
        numberless_inflow=3,
        coarse_left=5,
        tally=TALLY,
    )
    return replace(run, **changes)


def a_failed_run(n: int, day: float, outcome: Outcome = Outcome.FAILED, **changes: Any) -> RegisterRun:
    """One that came to nothing."""
    empty: dict[str, Any] = {"tally": None, "numberless_outflow": None, "numberless_inflow": None, "coarse_left": None}
    return a_run(n, day, outcome=outcome, trouble="partner-unavailable", **(empty | changes))


def reconciled(runs: Iterable[RegisterRun], ledgers: Ledgers | None = None) -> Ledgers:
    """Ledgers that hold these runs, beside what they held."""
    ledgers = ledgers or holding()
    with ledgers.transaction() as ledger:
        for run in runs:
            ledger.register_runs.put(run)
    return ledgers


def in_force(n: int, own: str, partner: str, other: str, day: float = -100, **changes: Any) -> SignedAgreement:
    """An agreement between a county of the counting node and a partner's, accepted on a day."""
    parties = [Party(node=OURS, jurisdiction=own), Party(node=partner, jurisdiction=other)]
    terms = agreed_terms(n, parties=parties, valid_from=date(2025, 1, 1), valid_until=date(2027, 12, 31))
    signed = an_agreement(n, agreement=terms, partner=partner, standing=Standing.ACCEPTED)
    return replace(signed, known_at=moment(day), decided_at=moment(day), **changes)


def working_with(ledgers: Ledgers, partners: dict[str, str], own: str = WUCHANG, since: datetime | None = None) -> Ledgers:
    """The same ledgers, knowing these partners with the place that each serves, and an agreement with each."""
    with ledgers.transaction() as ledger:
        for n, (node, place) in enumerate(partners.items(), start=1):
            ledger.partners.save(a_partner(node, claimed=(place,), confirmed=(place,), known_at=since or moment(-200)))
            ledger.agreements.add(in_force(n, own, node, place))
    return ledgers
