"""Reconcile many partners, several at once and each one step by step: one's failure never stops the others.

All that decides stands in the caller's thread; the threads of the pool only call partners and write down what came of it. So what
nobody foresaw ends its step alone, and a stop takes hold between two steps.
"""

import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import structlog

from adapters.office import Office
from adapters.partner_calls import PartnerUnavailable
from adapters.partner_http import PartnerRefused
from adapters.reconciling.lines import Line, Pace, Task, lines_of, ready, seconds_left
from adapters.reconciling.steps import Came, ReconcileLedgers, ReconcileRegisters, Unwatched, Watch, link_step
from exchange.errors import Conflict, Retry, WoshouError
from exchange.ledger import Candidate, LedgerBusy
from exchange.reconciling.pairs import Pair
from exchange.reconciling.reconciliation import By, LeftOut, LinkStep, PairFailed, Reconciliation, Scope, is_settled
from exchange.reconciling.results import RegisterRun
from exchange.verbs.reconciling import night as verb
from exchange.verbs.reconciling.night import Begun

LEAD = "reconcile"
_log = structlog.get_logger("reconcile")


class ReconciliationUnderWay(Conflict):
    """Another process reconciles on this database."""

    code = "reconciliation-under-way"
    retry = Retry.LATER
    zh = "本节点正在对账，请等其结束后再试。"
    en = "This node is reconciling already; try again once that has ended."


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a reconciliation came to, an earlier process's steps included; `waiting` ones are left where it was stopped."""

    reconciliation: Reconciliation
    resumed: bool
    dry_run: bool
    waiting: int
    links: tuple[LinkStep, ...]
    runs: tuple[RegisterRun, ...]
    failed: tuple[PairFailed, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def settled(self) -> bool:
        """Whether nothing differs, nothing failed and nothing waits."""
        return (
            not self.waiting and not self.failed and all(step.settled for step in self.links) and all(map(is_settled, self.runs))
        )

    @property
    def summary(self) -> str:
        """One line for the log."""
        links, pairs = sum(step.settled for step in self.links), sum(map(is_settled, self.runs))
        told = f"{links} of {len(self.links)} links and {pairs} of {len(self.runs) + len(self.failed)} pairs settled"
        return f"{told}, {self.waiting} steps left to go on with" if self.waiting else told


@dataclass(slots=True)
class _Work:
    """A reconciliation under way."""

    begun: Begun
    dry_run: bool
    stopping: threading.Event
    watch: Watch
    lines: list[Line]
    links: dict[str, LinkStep]
    runs: dict[Pair, RegisterRun]
    failed: dict[Pair, PairFailed] = field(default_factory=dict)
    running: "dict[Future[LinkStep | RegisterRun], Line]" = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        """How many steps are still to be made."""
        return sum(len(line.tasks) for line in self.lines)

    @property
    def id(self) -> str | None:
        """What register runs are kept under; None in a dry run, which keeps none."""
        return None if self.dry_run else self.begun.reconciliation.id


class Reconciling:
    """Reconciles a node with its partners."""

    def __init__(
        self, office: Office, ledgers: ReconcileLedgers, registers: ReconcileRegisters, pace: Pace | None = None
    ) -> None:
        self._office, self._ledgers, self._registers = office, ledgers, registers
        self._pace = pace or Pace()

    def run(
        self, by: By, scope: Scope, stopping: threading.Event, *, dry_run: bool = False, watch: Watch | None = None
    ) -> Account:
        """Reconcile what is in the scope, going on with what was begun today; ends early when `stopping` is set.

        ReconciliationUnderWay while another process of this node does; NotFound, UnknownJurisdiction for a scope that is none. A
        dry run compares registers, keeps nothing here, and leaves the ledgers alone.
        """
        lead = self._office.ledgers.advisory_leader(LEAD)
        try:
            if not lead.held():
                raise ReconciliationUnderWay
            return self._run(by, scope, stopping, lead, dry_run, watch or Unwatched())
        finally:
            lead.release()

    def _run(self, by: By, scope: Scope, stopping: threading.Event, lead: Candidate, dry_run: bool, watch: Watch) -> Account:
        office = self._office
        with office.ledgers.transaction(read_only=dry_run) as ledger:
            begun = (verb.rehearse if dry_run else verb.begin)(ledger, office.node, by, scope, office.now())
        watch.begun(begun)
        lines, links, runs = lines_of(begun.plan), dict(begun.links), dict(begun.runs)
        work = _Work(begun=begun, dry_run=dry_run, stopping=stopping, watch=watch, lines=lines, links=links, runs=runs)
        with ThreadPoolExecutor(self._pace.partners, thread_name_prefix="reconcile") as pool:
            self._go_through(work, pool, lead)
        reconciliation = begun.reconciliation
        if not work.waiting and not dry_run:
            with office.ledgers.transaction() as ledger:
                reconciliation = verb.finish(ledger, reconciliation, office.now())
        return Account(
            reconciliation=reconciliation,
            resumed=begun.resumed,
            dry_run=dry_run,
            waiting=work.waiting,
            links=tuple(step for _, step in sorted(links.items())),
            runs=tuple(run for _, run in sorted(runs.items())),
            failed=tuple(failed for _, failed in sorted(work.failed.items())),
            left_out=begun.plan.left_out,
        )

    def _go_through(self, work: _Work, pool: ThreadPoolExecutor, lead: Candidate) -> None:
        while work.waiting and not work.stopping.is_set():
            self._start(work, pool)
            free = len(work.running) < self._pace.partners
            seconds = seconds_left(work.lines, self._pace) if free else self._pace.tick
            if work.running:
                for future in wait(work.running, timeout=seconds, return_when=FIRST_COMPLETED).done:
                    self._take(work, future)
            else:
                work.stopping.wait(seconds)
            if not lead.held():
                # Another process may have begun: nothing more is started here.
                _log.warning("the lead was lost: reconciling stops")
                break
        # Stopped: what is under way comes to its end, and is written down whole.
        for future in list(work.running):
            self._take(work, future)

    def _start(self, work: _Work, pool: ThreadPoolExecutor) -> None:
        now = time.monotonic()
        for line in ready(work.lines, now)[: self._pace.partners - len(work.running)]:
            task = line.take_up(now)
            if task is not None:
                task.since = now if task.since is None else task.since
                work.running[pool.submit(self._step, work, line.partner, task)] = line

    def _step(self, work: _Work, partner: str, task: Task) -> LinkStep | RegisterRun:
        """One step, in a thread of the pool."""
        if task.planned is None:
            came = self._ledgers(partner, lambda done, of: work.watch.told(partner, None, f"{done}/{of}"))
            step = link_step(work.begun.reconciliation, came)
            with self._office.ledgers.transaction() as ledger:
                ledger.reconciliations.put_link(step)
            return step
        what, pair = task.planned.what, task.planned.pair
        return self._registers(
            what,
            task.planned.own,
            reconciliation=work.id,
            dry_run=work.dry_run,
            step=lambda told: work.watch.told(partner, pair, told),
        )

    def _take(self, work: _Work, future: "Future[LinkStep | RegisterRun]") -> None:
        line = work.running.pop(future)
        task, fault = line.put_down(), future.exception()
        if fault is None:
            line.turns = 0
            _done(work, line, task, future.result())
        elif isinstance(fault, PartnerUnavailable | LedgerBusy):
            self._again(work, line, task, fault)
        elif isinstance(fault, WoshouError):
            self._failed(work, line, task, fault.problem if isinstance(fault, PartnerRefused) else fault.code)
        else:
            # A fault of the program: only its type is told, for what it says may quote a person.
            name = type(fault).__name__
            _log.error("reconciling failed", partner=line.partner, fault=name, exc_info=fault)
            self._failed(work, line, task, verb.BROKE_DOWN, name)

    def _again(self, work: _Work, line: Line, task: Task, trouble: PartnerUnavailable | LedgerBusy) -> None:
        """Ask later: the other pairs first where a time was named, and nothing before the pause where none was."""
        pace, now = self._pace, time.monotonic()
        asked = trouble.wait if isinstance(trouble, PartnerUnavailable) else None
        if asked is not None:
            task.due = now + min(max(asked.total_seconds(), pace.tick), pace.longest)
            if task.due - (task.since or now) > pace.patience:
                self._failed(work, line, task, trouble.code)
            return
        line.turns += 1
        if line.turns < pace.turns:
            line.put_off(now + pace.pause)
            return
        for each in list(line.tasks):
            self._failed(work, line, each, trouble.code)

    def _failed(self, work: _Work, line: Line, task: Task, code: str, fault: str | None = None) -> None:
        now, reconciliation = self._office.now(), work.begun.reconciliation.id
        _log.warning("not reconciled", partner=line.partner, pair=_name(task.pair), trouble=code)
        came: LinkStep | PairFailed
        if task.pair is None:
            came = LinkStep(reconciliation=reconciliation, partner=line.partner, at=now, trouble=code)
        else:
            came = PairFailed(reconciliation=reconciliation, partner=line.partner, pair=task.pair, at=now, trouble=code)
        if not work.dry_run:
            try:
                with self._office.ledgers.transaction() as ledger:
                    verb.note_failed(ledger, came)
                    if fault is not None:
                        verb.broke_down(ledger, line.partner, task.pair, fault, now)
            except LedgerBusy:
                # The step counts as not made, and whoever goes on makes it again.
                _log.warning("a failure was not written down: the ledger is busy", partner=line.partner)
        _done(work, line, task, came)


def _done(work: _Work, line: Line, task: Task, came: Came) -> None:
    line.tasks.remove(task)
    match came:
        case LinkStep():
            work.links[line.partner] = came
        case PairFailed():
            work.failed[came.pair] = came
        case RegisterRun():
            work.runs[came.pair] = came
    work.watch.ended(line.partner, task.pair, came)


def _name(pair: Pair | None) -> str | None:
    return None if pair is None else f"{pair.origin}-{pair.destination}"
