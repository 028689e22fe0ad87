"""Reconcile (对账): each night with every partner; whoever leads next goes on with what a process left unfinished."""

import structlog

from adapters.reconciling.night import ReconciliationUnderWay
from exchange.moments import civil_day
from exchange.reconciling.reconciliation import EVERYTHING, By
from exchange.verbs.reconciling.night import reserve
from jobs.shift import Shift

NAME = "reconcile"
_log = structlog.get_logger("reconcile")


def reconcile(shift: Shift) -> str:
    """The night's reconciliation; while an operator's is under way it waits, and is gone on with later."""
    office = shift.office
    with office.ledgers.transaction() as ledger:
        reserve(ledger, By.NIGHT, EVERYTHING, office.now())
    try:
        return _reconcile(shift)
    except ReconciliationUnderWay:
        return "waits: another reconciliation is under way"


def go_on(shift: Shift) -> str:
    """Go on with tonight's reconciliation if its process died, was stopped, or found another one under way."""
    office = shift.office
    today = civil_day(office.now())
    with office.ledgers.transaction(read_only=True) as ledger:
        left = ledger.reconciliations.unfinished(By.NIGHT, EVERYTHING, today)
    if left is None:
        return ""
    try:
        told = _reconcile(shift)
    except ReconciliationUnderWay:
        # As a rule by the job above, in this process.
        return ""
    with office.ledgers.transaction() as ledger:
        # The run that was claimed by the process that died has come to its end after all.
        if any(run.job == NAME and run.business_date == today for run in ledger.chores.unfinished(today)):
            ledger.chores.finish_run(NAME, today, office.now(), told)
    return f"went on: {told}"


def _reconcile(shift: Shift) -> str:
    account = shift.reconciling.run(By.NIGHT, EVERYTHING, shift.stopping)
    for left in account.left_out:
        pair = None if left.pair is None else f"{left.pair.origin}-{left.pair.destination}"
        _log.info("left out", partner=left.partner, pair=pair, why=left.why.value)
    return account.summary
