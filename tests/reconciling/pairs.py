"""Two nodes over real HTTP whose agreement lets their registers be compared, and people to put into them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from adapters.office import Office
from adapters.partner_http import PartnerClient
from adapters.reconciling.registers import RegisterReconciler
from adapters.reconciling.tokens import TokenKeeper
from adapters.renewal import Renewals
from exchange.codes import Item, MaritalStatus, RegisterKind
from exchange.ledger import Ledgers, Page, RegisterDifferenceFilter
from exchange.moments import civil_day
from exchange.people.record import Record
from exchange.people.register import Entry
from exchange.reconciling.pairs import Comparable, Pair, comparable
from exchange.reconciling.results import DifferenceKind, RegisterDifference, RegisterRun
from tests.api.nodes import Neighbours, Served, neighbours
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_person, an_entry, an_id
from tests.jobs.offices import HandClock

# Xicheng is the origin: its people live in Wuchang.
PAIR = Pair(origin=XICHENG, destination=WUCHANG)
ITEMS = ["name", "birth_date", "marital_status"]
UNMARRIED = Record(marital_status=MaritalStatus.UNMARRIED)
MARRIED = Record(marital_status=MaritalStatus.MARRIED)


@contextmanager
def comparing_nodes(folder: Path, ledgers: Ledgers | None = None, **comparison: Any) -> Iterator[Neighbours]:
    """Xicheng on these books and Wuchang in memory."""
    with neighbours(folder, HandClock(), xicheng=ledgers) as nodes:
        allow(nodes, **comparison)
        yield nodes


def allow(nodes: Neighbours, **comparison: Any) -> None:
    """A later agreement that lets the registers be compared, through the API."""
    terms = {"register_comparison": {"allowed": True, "items": ITEMS, **comparison}}
    proposal = {"partner": WUCHANG_NODE, "jurisdiction": XICHENG, "with": WUCHANG, **terms}
    nodes.xicheng.clock.move(timedelta(days=1))
    digest = nodes.xicheng.post("/agreements", proposal, role="coordinator", status=201)["digest"]
    nodes.xicheng.deliver()
    nodes.wuchang.post(f"/agreements/{digest}/decision", {"decision": "accepted"}, role="coordinator")
    nodes.wuchang.deliver()


def outflow(n: int, record: Record = UNMARRIED, **changes: Any) -> Entry:
    """Person `n` in Xicheng's outflow register towards Wuchang."""
    return _entry(n, 1, record, jurisdiction=XICHENG, register=RegisterKind.OUTFLOW, **changes)


def inflow(n: int, record: Record = UNMARRIED, **changes: Any) -> Entry:
    """Person `n` in Wuchang's inflow register from Xicheng."""
    return _entry(n, 2, record, jurisdiction=WUCHANG, register=RegisterKind.INFLOW, **changes)


def _entry(n: int, side: int, record: Record, **changes: Any) -> Entry:
    person = changes.pop("person", a_person(n))
    place = {"origin": XICHENG, "destination": WUCHANG, "township": None}
    return an_entry(n, **{**place, "id": an_id(side * 1_000_000 + n), "person": person, "record": record, **changes})


def enter(node: Served, entries: Iterable[Entry]) -> None:
    """Put entries into a node's register."""
    office = node.office
    with office.ledgers.transaction() as ledger:
        ledger.entries.add([replace(each, person_index=office.node.person_index(each.person)) for each in entries])


def change(node: Served, entry: Entry, **changes: Any) -> None:
    """Change an entry that is there."""
    with node.office.ledgers.transaction() as ledger:
        held = ledger.entries.get(entry.id)
        assert held is not None
        ledger.entries.save([replace(held, **changes)])


def what_of(node: Served, pair: Pair = PAIR) -> Comparable:
    """What the agreement lets this node compare with the other one."""
    office = node.office
    other = WUCHANG_NODE if office.node.name == XICHENG_NODE else XICHENG_NODE
    sides = (XICHENG_NODE, WUCHANG_NODE) if pair.origin == XICHENG else (WUCHANG_NODE, XICHENG_NODE)
    with office.ledgers.transaction(read_only=True) as ledger:
        return comparable(ledger.agreements.all(other), office.node.divisions, pair, sides, civil_day(office.now()))


def a_reconciler(office: Office, http: httpx.Client) -> RegisterReconciler:
    """What the job uses; waits for a lost answer are skipped."""
    client = PartnerClient(office, http, pause=lambda _: None)
    return RegisterReconciler(office, client, Renewals(office, client), TokenKeeper(office))


def reconcile(node: Served, *, http: httpx.Client | None = None, **options: Any) -> RegisterRun:
    """Compare the pair as the job does."""
    own = min(node.office.node.jurisdictions)
    reconciler = a_reconciler(node.office, http or node.http)
    return reconciler.reconcile(what_of(node), own, reconciliation=None, **options)


def run_of(node: Served, run: str) -> RegisterRun:
    """A run as a node keeps it."""
    with node.office.ledgers.transaction(read_only=True) as ledger:
        held = ledger.register_runs.get(run)
    assert held is not None
    return held


def found(node: Served) -> dict[str, tuple[DifferenceKind, tuple[Item, ...]]]:
    """What stands to be settled in a node's register, by entry."""
    return {each.entry: (each.kind, each.fields) for each in differences(node)}


def differences(node: Served) -> list[RegisterDifference]:
    """The standing differences of a node's county."""
    with node.office.ledgers.transaction(read_only=True) as ledger:
        wanted = RegisterDifferenceFilter(own=node.office.node.jurisdictions)
        return ledger.register_runs.differences(wanted, Page(limit=10_000))
