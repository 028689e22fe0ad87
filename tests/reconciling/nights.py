"""A node with many partners, and partners by hand: they remember what was compared, and fail as a test says."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapters.office import Office
from adapters.reconciling.lines import Pace
from adapters.reconciling.night import Account, Reconciling
from exchange.codes import RegisterKind
from exchange.ids import new_id
from exchange.ledger import Ledgers
from exchange.node import Node
from exchange.partners import PartnerStatus
from exchange.people.register import Entry
from exchange.reconciling.pairs import Comparable, Pair
from exchange.reconciling.reconciliation import EVERYTHING, By, Scope
from exchange.reconciling.results import Outcome, RegisterRun, Starter, Tally
from exchange.settling.heads import Judgement, Stand
from exchange.settling.outcome import LedgerOutcome
from exchange.terms.agreement import Party, RegisterComparison, Standing
from tests.builders import XICHENG, a_comparison, a_digest, a_partner, agreed_terms, an_agreement, an_entry, an_id
from tests.jobs.offices import HandClock, an_office
from tests.life.two_nodes import a_node

OWN = "beijing.example"
CHAOYANG = "110105"
# Each partner serves one county of Wuhan.
COUNTIES = {"jiangan.example": "420102", "jianghan.example": "420103", "qiaokou.example": "420104", "wuchang.example": "420106"}
PARTNERS = tuple(COUNTIES)
QUICK = Pace(pause=0.01, longest=0.02, patience=0.5, tick=0.01)


def out_to(county: str) -> Pair:
    """Xicheng's people in a county."""
    return Pair(origin=XICHENG, destination=county)


def beijing() -> Node:
    """A node of two counties."""
    return replace(a_node(OWN, XICHENG), jurisdictions=frozenset({XICHENG, CHAOYANG}))


def an_office_with_partners(folder: Path, ledgers: Ledgers | None = None, partners: Iterable[str] = PARTNERS) -> Office:
    """Beijing's node: one of Xicheng's people in each partner's county, and all of it allowed to be compared."""
    office = an_office(folder, beijing(), HandClock(), ledgers)
    with office.ledgers.transaction() as ledger:
        ledger.links.add(an_id(99), OWN)
        for n, partner in enumerate(partners, 1):
            county = COUNTIES[partner]
            ledger.partners.save(a_partner(partner, claimed=(county,), confirmed=(county,)))
            ledger.links.add(an_id(n), partner)
            ledger.agreements.add(agreed(n, partner, county))
            ledger.entries.add([lives_in(n, county)])
    return office


def agreed(n: int, partner: str, county: str, *, own: str = XICHENG, **comparison: Any) -> Any:
    """An agreement in force that lets registers be compared, unless told."""
    parties = [Party(node=OWN, jurisdiction=own), Party(node=partner, jurisdiction=county)]
    terms = agreed_terms(n, parties=parties, register_comparison=RegisterComparison(**{"allowed": True, **comparison}))
    return an_agreement(n, digest=a_digest(f"agreed {n}"), agreement=terms, partner=partner, standing=Standing.ACCEPTED)


def lives_in(n: int, county: str, **changes: Any) -> Entry:
    """One of Xicheng's people, in its outflow register."""
    place = {"jurisdiction": XICHENG, "register": RegisterKind.OUTFLOW, "origin": XICHENG, "destination": county}
    return an_entry(n, **{**place, "person_index": f"person-{n}", **changes})


def suspend(office: Office, partner: str) -> None:
    """Let a partner be suspended."""
    with office.ledgers.transaction() as ledger:
        held = ledger.partners.get(partner)
        assert held is not None
        ledger.partners.save(replace(held, status=PartnerStatus.SUSPENDED))


@dataclass
class Partners:
    """All partners at once. `ledgers` and `registers` say, once for each call, what to raise, or None to be well.

    `at_work` is called in every step; a run is kept as who really compares keeps it.
    """

    office: Office
    ledgers: dict[str, list[BaseException | None]] = field(default_factory=dict)
    registers: dict[Pair, list[BaseException | None]] = field(default_factory=dict)
    tallies: dict[Pair, Tally] = field(default_factory=dict)
    at_work: Callable[[str, Pair | None], None] = lambda partner, pair: None
    calls: list[tuple[str, Pair | None]] = field(default_factory=list)

    def settle(self, partner: str, step: Callable[[int, int], None]) -> LedgerOutcome:
        self.calls.append((partner, None))
        step(1, 1)
        self.at_work(partner, None)
        _next(self.ledgers.get(partner, []))
        return LedgerOutcome(
            partner=partner,
            at=self.office.now(),
            heads=Judgement(ours=Stand.EQUAL, theirs=Stand.EQUAL),
            resent=0,
            adopted=0,
            comparison=a_comparison(1, partner=partner, equal=True, differ=0),
            open_findings=0,
            settled=True,
        )

    def compare(
        self, what: Comparable, own: str, *, reconciliation: str | None, dry_run: bool = False, step: Callable[[str], None]
    ) -> RegisterRun:
        self.calls.append((what.partner, what.pair))
        step("open")
        self.at_work(what.partner, what.pair)
        now = self.office.now()
        run = RegisterRun(
            id=new_id(now),
            reconciliation=reconciliation,
            partner=what.partner,
            agreement=what.agreement,
            pair=what.pair,
            items=what.terms.items,
            started_by=Starter.US,
            began_at=now,
            ended_at=now,
            outcome=Outcome.SETTLED,
            tally=self.tallies.get(what.pair, Tally(agreeing=1)),
        )
        _next(self.registers.get(what.pair, []))
        if not dry_run:
            with self.office.ledgers.transaction() as ledger:
                ledger.register_runs.put(run)
        return run

    def pairs(self) -> list[Pair]:
        """The pairs that were compared, as often as they were."""
        return sorted(pair for _, pair in self.calls if pair is not None)

    def night(self, stopping: threading.Event | None = None, *, pace: Pace = QUICK, **options: Any) -> Account:
        """The night's reconciliation."""
        return self.reconcile(By.NIGHT, EVERYTHING, stopping, pace=pace, **options)

    def reconcile(
        self, by: By, scope: Scope, stopping: threading.Event | None = None, *, pace: Pace = QUICK, **options: Any
    ) -> Account:
        """A reconciliation."""
        reconciling = Reconciling(self.office, self.settle, self.compare, pace)
        return reconciling.run(by, scope, stopping or threading.Event(), **options)


def _next(script: list[BaseException | None]) -> None:
    trouble = script.pop(0) if script else None
    if trouble is not None:
        raise trouble


def later(office: Office, **by: float) -> None:
    """Let time pass."""
    assert isinstance(office.clock, HandClock)
    office.clock.move(timedelta(**by))
