"""Sheets that are taken in behind the request that brought them, one after the other, and tell how far they are.

The file is nowhere but in this process, as before: a node that is stopped in the middle has lost it, and says so. What had been
taken by then stays, and bringing the same file again takes the rest. Each part of a sheet is a transaction of its own, so that
on SQLite, which has one writer, the others get their turn; a sheet of one part is taken in one.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Any, Final, TypeVar

import structlog

from adapters.auditing.trail import Trail, hand_on, leaving
from adapters.office import Office
from adapters.sheets import Layout
from adapters.taking import ReadFile, read_file
from api.serving.books import in_transaction
from api.serving.limiting import ImportsWaiting
from exchange.errors import WoshouError
from exchange.ids import new_id
from exchange.imports import ImportBroken, ImportedFile, ImportRun, RowResult, RunProblem, Stage
from exchange.ledger import Ledger, LedgerBusy, Within
from exchange.verbs.sheets.take import Taking, keep_results, known_file

T = TypeVar("T")
# By what the same file is known again: jurisdiction, layout, digest.
Same = tuple[str, str, str]
# What is taken in so soon is answered at once, and has no run of its own to be told of.
QUICK_SECONDS: Final = 2.0
# Files of one county that are under way or wait in this process; of all there are as many as have a place (`Limiter.reading`).
_EACH = 2
_PULSE_SECONDS = 2.0
# Who waits for SQLite's writer looks every tenth of a second whether it is free.
_REST_SECONDS = 0.15
_TRIES, _PATIENCE_SECONDS = 10, 3.0
_CLOSING_SECONDS = 5.0
_KEPT = timedelta(days=30)
_log = structlog.get_logger("imports")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Brought:
    """A file as a clerk brought it: for whose books, of what kind, with what key and on what records.

    `place` is its place among the few sheets that are read at one time: an import that is begun keeps it to its end.
    """

    jurisdiction: str
    layout: Layout
    filename: str
    data: bytes
    key: str
    within: Within | None
    place: ExitStack = field(default_factory=ExitStack)


class Importing:
    """The imports of one process: one at work, the others wait."""

    def __init__(self, office: Office, *, quick_seconds: float = QUICK_SECONDS) -> None:
        self._office, self._quick = office, quick_seconds
        self._lock, self._turn, self._stopping = threading.Lock(), threading.Semaphore(), threading.Event()
        self._works: dict[Same, _Work] = {}
        # Those that have ended, which could not be written yet.
        self._owing: list[_Work] = []
        self._pulse: threading.Thread | None = None

    def bring(self, brought: Brought) -> ImportedFile | ImportRun:
        """What came of the file, or its run if that takes longer. What the file is refused for; ImportsWaiting, ImportBroken.

        The same file that is under way already is not begun twice.
        """
        work = self._begin(brought)
        if not work.ended.wait(self._quick):
            self._beat()
            if work.tell():
                return work.run
        return work.result()

    def close(self) -> None:
        """Break off what is under way, at the end of the part that it is at."""
        self._stopping.set()
        until = monotonic() + _CLOSING_SECONDS
        for work in list(self._works.values()):
            if not work.ended.wait(max(until - monotonic(), 0)):
                work.end(failure=ImportBroken())
        for work in self._owing:
            work.beat()

    def _begin(self, brought: Brought) -> "_Work":
        same = brought.jurisdiction, brought.layout.value, self._office.node.file_digest(brought.data)
        with self._lock:
            if self._stopping.is_set():
                raise ImportBroken
            found = self._works.get(same)
            if found is not None:
                return found
            of_county = sum(1 for jurisdiction, *_ in self._works if jurisdiction == brought.jurisdiction)
            if of_county >= _EACH:
                raise ImportsWaiting(seconds=60)
            work = self._works[same] = _Work(self._office, brought, same, hand_on(), self._stopping)
            threading.Thread(target=self._run, args=(work,), name="import", daemon=True).start()
            return work

    def _run(self, work: "_Work") -> None:
        try:
            with self._turn, work.place:
                work.do()
        finally:
            told = work.beat()
            with self._lock:
                del self._works[work.same]
                if not told:
                    self._owing.append(work)

    def _beat(self) -> None:
        with self._lock:
            if self._pulse is None:
                self._pulse = threading.Thread(target=self._beating, name="imports' pulse", daemon=True)
                self._pulse.start()

    def _beating(self) -> None:
        while not self._stopping.wait(_PULSE_SECONDS):
            with self._lock:
                works = [*self._works.values(), *self._owing]
            told = {work for work in works if work.beat()}
            with self._lock:
                self._owing = [work for work in self._owing if work not in told]


class _Work:
    """One file in a thread of its own."""

    def __init__(self, office: Office, brought: Brought, same: Same, trail: Trail | None, stopping: threading.Event) -> None:
        now = office.now()
        self._office, self._brought, self._trail, self._stopping = office, brought, trail, stopping
        self.same = same
        self.run = ImportRun(
            id=new_id(now), jurisdiction=brought.jurisdiction, layout=brought.layout.value, began_at=now, seen_at=now
        )
        self.place = brought.place.pop_all()
        self.ended = threading.Event()
        # Held by whoever writes what is told of the run: the last word is its end.
        self._telling = threading.Lock()
        self._told = self._ending_told = False
        self._made: ImportedFile | None = None
        self._failure: Exception | None = None

    def result(self) -> ImportedFile:
        """What came of it, once it has ended; the refusal that it ended with."""
        if self._made is None:
            raise self._refusal from self._failure
        return self._made

    @property
    def _refusal(self) -> WoshouError:
        return self._failure if isinstance(self._failure, WoshouError) else ImportBroken()

    def tell(self) -> bool:
        """Have others know of the run from now on, unless it has ended."""
        with self._telling:
            if self.ended.is_set():
                return False
            self._told = True
            with leaving(None), self._office.ledgers.transaction(within=self._brought.within) as ledger:
                ledger.imports.forget_runs(self.run.began_at - _KEPT)
                ledger.imports.put_run(self.run)
            return True

    def beat(self) -> bool:
        """Give a sign of life, and say how far it is, if others know of it; whether all is told that there will be to tell."""
        with self._telling:
            if self._told and not self._ending_told:
                ended = self.ended.is_set()
                try:
                    # With its end goes the row of the audit that tells of it.
                    with leaving(self._trail if ended else None):
                        self._put(replace(self.run, seen_at=self._office.now()))
                    self._ending_told = ended
                except Exception as exc:  # noqa: BLE001 # the next beat may find room; if none does, its silence tells
                    _log.warning("import not told of", error=type(exc).__name__)
            return self._ending_told or (self.ended.is_set() and not self._told)

    def do(self) -> None:
        """Take the file in, and tell what came of it."""
        with leaving(self._trail):
            try:
                made = self._take()
                if self._trail is not None:
                    self._trail.settle()
            except Exception as exc:  # noqa: BLE001 # whatever it is, the clerk is told that it has ended
                self.end(failure=exc)
            else:
                self.end(made)

    def end(self, made: ImportedFile | None = None, failure: Exception | None = None) -> None:
        """Tell the end; what was quick is told by the request that waits for it."""
        with self._telling:
            if self.ended.is_set():
                return
            self._made, self._failure = made, failure
            if failure is not None and self._refusal is not failure:
                _log.error("import failed", exc_info=failure)
            if made is not None:
                self.run = replace(self.run, stage=Stage.DONE, made=made.id)
            else:
                told = self._refusal
                self.run = replace(self.run, stage=Stage.FAILED, problem=RunProblem(code=told.code, zh=told.zh, en=told.en))
                if self._trail is not None and self._told:
                    self._trail.problem = told.code
            self.ended.set()
        self.beat()

    def _take(self) -> ImportedFile:
        office, brought = self._office, self._brought
        self._at(Stage.READING)
        with office.ledgers.transaction(read_only=True, within=brought.within) as ledger:
            known = ledger.imports.by_digest(*self.same)
        if known is not None:
            return known
        sheet = read_file(office, brought.jurisdiction, brought.layout, brought.filename, brought.data, told=self._judged)
        made, results = new_id(office.now()), list[RowResult]()
        *parts, last = sheet.parts()
        self._at(Stage.TAKING, 0, len(sheet.rows))
        for rows in parts:
            results += self._patiently(partial(self._part, sheet, made, rows))
            self._at(Stage.TAKING, len(results), len(sheet.rows))
            self.beat()
            self._stopping.wait(_REST_SECONDS)
        self._at(Stage.TAKING, len(results), len(sheet.rows))  # unless the node stops
        return self._patiently(partial(self._finished, sheet, made, results, last))

    def _part(self, sheet: ReadFile, made: str, rows: Sequence[Any], ledger: Ledger) -> list[RowResult]:
        return sheet.take(ledger, rows, Taking(id=made, now=self._office.now(), by=self._brought.key))

    def _finished(self, sheet: ReadFile, made: str, before: list[RowResult], rows: Sequence[Any], ledger: Ledger) -> ImportedFile:
        """The last part, and the file with the results of all; the first result if another process was quicker."""
        known = known_file(ledger, sheet)
        if known is not None:
            return known
        results = [*before, *self._part(sheet, made, rows, ledger)]
        return keep_results(ledger, sheet, Taking(id=made, now=self._office.now()), results)

    def _judged(self, done: int, rows: int) -> None:
        self._at(Stage.JUDGING, done, rows)

    def _at(self, stage: Stage, done: int = 0, rows: int = 0) -> None:
        """Note how far it is; ImportBroken if the node stops."""
        if self._stopping.is_set():
            raise ImportBroken
        self.run = replace(self.run, stage=stage, done=done, rows=rows)

    def _patiently(self, work: Callable[[Ledger], T]) -> T:
        """Do it in a transaction; nobody waits for the answer, so that others may go first for half a minute."""
        for _ in range(_TRIES):
            with suppress(LedgerBusy):
                return in_transaction(self._office.ledgers, work, self._brought.within)
            if self._stopping.wait(_PATIENCE_SECONDS):
                raise ImportBroken
        return in_transaction(self._office.ledgers, work, self._brought.within)

    def _put(self, run: ImportRun) -> None:
        with self._office.ledgers.transaction(within=self._brought.within) as ledger:
            ledger.imports.put_run(run)
