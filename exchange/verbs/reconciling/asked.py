"""What a partner asks within a run: how often, how much, and that it keeps to what it said before.

Who opened a run is bound to how it was opened, to one size of table for each attempt, and to one settling question. Tables of
several sizes, or of several registers, would add up to more than the limit allows; and each settling question tells of the
persons and the field digests that it names whether we know them.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from exchange.codes import Item
from exchange.errors import Conflict, Refused, Retry
from exchange.ledger import Ledger
from exchange.moments import civil_day, day_start
from exchange.partners import Partner
from exchange.reconciling.pairs import RUNS_A_DAY, Comparable, Pair
from exchange.reconciling.results import Outcome, RegisterRun, Starter
from exchange.reconciling.sketch import cells_for
from exchange.verbs.reconciling.registers import Snapshot
from exchange.wire import ijson
from exchange.wire.registers import CellsAsked, RegistersAsked, SettleAsked

# What one run may ask, repetitions included: the largest that may be settled takes some thirty calls.
CALLS_A_RUN = 100
# Of the bytes that a run's largest table takes on the wire: one lost answer in five is repeated, and a table that cannot be told
# is asked for at twice the size. More tables than that would tell more than the limit allows.
_TABLES_A_RUN = 4
_BYTES_A_CELL = 22
_BYTES_BESIDE = 64 * 1024
RUN_LASTS = timedelta(hours=24)


class TooManyRuns(Refused):
    """This pair was compared as often today as it may be."""

    code = "too-many-runs"
    retry = Retry.LATER
    zh = f"这两个台账今天已比对 {RUNS_A_DAY} 次，请明天再试。"
    en = f"These registers were compared {RUNS_A_DAY} times today; come back tomorrow."


class RunUnknown(Conflict):
    """The run was never opened, is of another pair, or is too old."""

    code = "run-unknown"
    retry = Retry.CORRECTED
    zh = "没有这次比对，或已过期；请重新开始。"
    en = "There is no such run, or it is too old; begin anew."


class TooManyDifferences(Conflict):
    """More persons differ than may be told in one run: it ends in counts only and waits for a person on both sides."""

    code = "too-many-differences"
    retry = Retry.CONTACT
    zh = "两个台账的差异超过协议限额，仅给出计数；须双方人员确认后再比对。"
    en = "The registers differ by more than the limit; the run ends in counts only and waits for people on both sides."


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What may be compared, and our county of the pair."""

    what: Comparable
    own: str

    @property
    def items(self) -> tuple[Item, ...]:
        """What is compared, in the agreement's order."""
        return self.what.terms.items


def begin(
    ledger: Ledger,
    caller: Partner,
    admitted: Admitted,
    asked: RegistersAsked,
    ours: Snapshot,
    *,
    snapshot: int,
    same: bool,
    now: datetime,
) -> RegisterRun:
    """The run that is opened, one for all repetitions: not entered yet. `same` is whether both registers are equal.

    TooManyRuns; RunUnknown for the id of another pair's run, or of one that is over.
    """
    # One at a time for each partner, or five could be counted as four.
    ledger.links.of(caller.node, lock=True)
    pair = admitted.what.pair
    run = ledger.register_runs.get(asked.run, lock=True)
    if run is None:
        _check_day(ledger, caller, pair, now)
        run = RegisterRun(
            id=asked.run,
            reconciliation=None,
            partner=caller.node,
            agreement=admitted.what.agreement,
            pair=pair,
            items=admitted.items,
            started_by=Starter.THEM,
            began_at=now,
        )
    _check_open(run, caller, pair, now)
    if run.outcome is not None:
        if not same:
            raise RunUnknown
        return run
    _check_calls(run)
    opening = _opening(asked, snapshot)
    outflow = admitted.own == pair.origin
    return replace(
        run,
        as_of=now,
        bound=run.bound if opening in run.bound else (opening,),
        outflow_size=ours.size if outflow else asked.size,
        inflow_size=asked.size if outflow else ours.size,
        numberless_outflow=ours.numberless if outflow else asked.numberless,
        numberless_inflow=asked.numberless if outflow else ours.numberless,
    )


def check_opening(ledger: Ledger, caller: Partner, pair: Pair, asked: RegistersAsked, now: datetime) -> None:
    """Whether it may be opened as far as can be told before anything is reckoned; TooManyRuns, RunUnknown."""
    run = ledger.register_runs.get(asked.run)
    if run is not None:
        _check_open(run, caller, pair, now)
        _check_calls(run)
    else:
        _check_day(ledger, caller, pair, now)


def opened(ledger: Ledger, caller: Partner, admitted: Admitted, asked: RegistersAsked, now: datetime) -> RegisterRun:
    """The run that a further question belongs to; RunUnknown."""
    run = ledger.register_runs.get(asked.run, lock=True)
    if run is None:
        raise RunUnknown
    _check_open(run, caller, admitted.what.pair, now)
    return run


def called(
    ledger: Ledger, caller: Partner, admitted: Admitted, asked: CellsAsked | SettleAsked, request: str, now: datetime
) -> RegisterRun:
    """Enter that a further question was asked, before anything is reckoned for it. `request` is the digest of its bytes.

    RunUnknown where it is not of the run as it was opened or says something else than one before; TooManyRuns; and
    TooManyDifferences in a run that has ended so, whatever is asked.
    """
    run = opened(ledger, caller, admitted, asked, now)
    settled = run.outcome is Outcome.SETTLED
    if _opening(asked, asked.snapshot) not in run.bound:
        raise RunUnknown
    if run.outcome is Outcome.COUNTS_ONLY:
        raise TooManyDifferences
    _check_calls(run)
    if isinstance(asked, CellsAsked):
        name, value = f"cells {asked.attempt} ", f"cells {asked.attempt} {asked.cells}"
        if any(each.startswith(name) and each != value for each in run.bound):
            raise RunUnknown
        bound = run.bound if settled or value in run.bound else (*run.bound, value)
    else:
        if settled and _settling(request) not in run.bound:
            raise RunUnknown
        bound = run.bound
    then = replace(run, calls=run.calls + 1, bound=bound)
    ledger.register_runs.put(then)
    return then


def told(ledger: Ledger, run: RegisterRun, size: int, limit: int) -> RegisterRun:
    """Enter that so many bytes were told; TooManyRuns beyond what one run with this limit may be told."""
    most = _TABLES_A_RUN * most_cells(limit) * _BYTES_A_CELL + _BYTES_BESIDE
    if run.bytes + size > most:
        raise TooManyRuns
    then = replace(run, bytes=run.bytes + size)
    ledger.register_runs.put(then)
    return then


def _check_calls(run: RegisterRun) -> None:
    if run.calls >= CALLS_A_RUN:
        raise TooManyRuns


def _check_day(ledger: Ledger, caller: Partner, pair: Pair, now: datetime) -> None:
    if len(ledger.register_runs.since(pair, caller.node, day_start(civil_day(now)))) >= RUNS_A_DAY:
        raise TooManyRuns


def _opening(asked: RegistersAsked, snapshot: int) -> str:
    """What all questions of a run have in common: under which key, in which salt, and what both sides hold."""
    key = (asked.agreement, asked.month, asked.origin_kid, asked.destination_kid)
    held = (asked.nonce, str(asked.size), asked.digest, str(asked.numberless), str(snapshot))
    return f"open {ijson.digest(' '.join((*key, *held)).encode('ascii'))}"


def ended_by(run: RegisterRun, request: str) -> RegisterRun:
    """The run bound to the question that ends it; RunUnknown if another one has ended it meanwhile."""
    bound = _settling(request)
    if bound in run.bound:
        return run
    if run.outcome is Outcome.SETTLED:
        raise RunUnknown
    return replace(run, bound=(*run.bound, bound))


def _settling(request: str) -> str:
    return f"settle {request}"


def _check_open(run: RegisterRun, caller: Partner, pair: Pair, now: datetime) -> None:
    fits = (run.partner, run.pair, run.started_by) == (caller.node, pair, Starter.THEM)
    if not fits or not run.began_at <= now < run.began_at + RUN_LASTS:
        raise RunUnknown


def most_cells(limit: int) -> int:
    """The largest table that a run with this limit needs: each differing person may be two elements, and a retry doubles it."""
    return 2 * cells_for(2 * limit)
