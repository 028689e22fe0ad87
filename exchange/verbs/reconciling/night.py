"""Begin a reconciliation or go on with one, note what its steps came to, and end it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from exchange.ids import new_id
from exchange.ledger import Finding, Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.reconciling.pairs import Pair
from exchange.reconciling.reconciliation import (
    By,
    LinkStep,
    PairFailed,
    Reconciliation,
    Scope,
    latest,
)
from exchange.reconciling.results import RegisterRun
from exchange.verbs.reconciling.plan import Plan, plan

BROKE_DOWN = "reconciliation-broke-down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A reconciliation under way: what is left to do, and what was done before its process died or was stopped.

    `links` and `runs` are what came of its steps so far.
    """

    reconciliation: Reconciliation
    resumed: bool
    plan: Plan
    links: Mapping[str, LinkStep]
    runs: Mapping[Pair, RegisterRun]


def reserve(ledger: Ledger, by: By, scope: Scope, now: datetime) -> Reconciliation:
    """The unfinished reconciliation of this scope and business date, or a new one."""
    today = civil_day(now)
    known = ledger.reconciliations.unfinished(by, scope, today)
    if known is not None:
        return known
    made = Reconciliation(id=new_id(now), by=by, scope=scope, business_date=today, began_at=now)
    ledger.reconciliations.put(made)
    return made


def begin(ledger: Ledger, node: Node, by: By, scope: Scope, now: datetime) -> Begun:
    """Begin, or go on without what is done.

    NotFound for a partner, UnknownJurisdiction for a code that is none.
    """
    reconciliation = reserve(ledger, by, scope, now)
    runs = latest(ledger.register_runs.of_reconciliation(reconciliation.id))
    links = {step.partner: step for step in ledger.reconciliations.links(reconciliation.id)}
    left = plan(ledger, node, scope, by, now, done=runs.keys())
    left = replace(left, links=tuple(name for name in left.links if name not in links or links[name].trouble is not None))
    reached = frozenset(name for name, step in links.items() if step.trouble is None)
    resumed = bool(runs or links)
    reconciliation = replace(reconciliation, links=len(left.links) + len(reached), pairs=len(left.pairs) + len(runs))
    ledger.reconciliations.put(reconciliation)
    ledger.reconciliations.leave_out(reconciliation.id, left.left_out)
    return Begun(reconciliation=reconciliation, resumed=resumed, plan=left, links=links, runs=runs)


def rehearse(ledger: Ledger, node: Node, by: By, scope: Scope, now: datetime) -> Begun:
    """What `begin` would do, with nothing written; the ledgers of links are left alone."""
    reconciliation = Reconciliation(id=new_id(now), by=by, scope=scope, business_date=civil_day(now), began_at=now)
    whole = replace(plan(ledger, node, scope, by, now), links=())
    reconciliation = replace(reconciliation, pairs=len(whole.pairs))
    return Begun(reconciliation=reconciliation, resumed=False, plan=whole, links={}, runs={})


def note_failed(ledger: Ledger, came: LinkStep | PairFailed) -> None:
    """Write a failure down. The run of a pair, if it came to one, stands by itself."""
    if isinstance(came, LinkStep):
        ledger.reconciliations.put_link(came)
    else:
        ledger.reconciliations.put_failed(came)


def broke_down(ledger: Ledger, partner: str, pair: Pair | None, fault: str, now: datetime) -> None:
    """Tell people that a step ended in what nobody foresaw: a fault of the program, of which only the type is told."""
    what = "ledgers" if pair is None else f"registers {pair.origin} {pair.destination}"
    detail = f"{fault}; the log says where"
    finding = Finding(id=new_id(now), kind=BROKE_DOWN, partner=partner, subject=what, detail=detail, at=now)
    ledger.chores.add_findings([finding])


def finish(ledger: Ledger, reconciliation: Reconciliation, now: datetime) -> Reconciliation:
    """It has come to its end."""
    ended = replace(reconciliation, ended_at=now)
    ledger.reconciliations.put(ended)
    return ended
