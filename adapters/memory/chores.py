"""Job runs, findings and tidying, in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from adapters.memory.books import Books, JobRun
from adapters.memory.listing import newest_first
from exchange.cursors import finding_cursor, read_moment_cursor
from exchange.ledger import DailyRun, Finding, Page, UnfinishedRun


class MemoryChores:
    """`exchange.ledger.Chores` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def claim_run(self, job: str, business_date: date, at: datetime) -> bool:
        if (job, business_date) in self._books.runs:
            return False
        self._books.runs[job, business_date] = JobRun(claimed_at=at)
        return True

    def finish_run(self, job: str, business_date: date, at: datetime, outcome: str) -> None:
        run = self._books.runs[job, business_date]
        self._books.runs[job, business_date] = replace(run, finished_at=at, outcome=outcome)

    def last_run(self, job: str, before: date) -> date | None:
        runs = self._books.runs.items()
        return max((day for (name, day), run in runs if name == job and day < before and run.finished_at), default=None)

    def unfinished(self, since: date) -> list[UnfinishedRun]:
        runs = sorted(self._books.runs.items(), key=lambda run: run[0])
        return [UnfinishedRun(name, day, run.claimed_at) for (name, day), run in runs if day >= since and run.finished_at is None]

    def runs(self, since: date) -> list[DailyRun]:
        runs = sorted(self._books.runs.items(), key=lambda run: (-run[0][1].toordinal(), run[0][0]))
        return [DailyRun(name, day, run.claimed_at, run.finished_at, run.outcome) for (name, day), run in runs if day >= since]

    def add_findings(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            held = self._books.findings.setdefault(finding.id, finding)
            if held.settled_at is not None and held is not finding:
                self._books.findings[finding.id] = replace(held, settled_at=None)

    def findings(self, page: Page) -> list[Finding]:
        return newest_first(self._books.findings.values(), page, cursor=finding_cursor, read=read_moment_cursor)

    def open_findings(self, kinds: Sequence[str], partner: str) -> list[Finding]:
        held = self._books.findings.values()
        standing = [each for each in held if each.kind in kinds and each.partner == partner and each.settled_at is None]
        return sorted(standing, key=lambda finding: (finding.at, finding.id))

    def settle_findings(self, ids: Iterable[str], at: datetime) -> None:
        for finding_id in ids:
            held = self._books.findings.get(finding_id)
            if held is not None and held.settled_at is None:
                self._books.findings[finding_id] = replace(held, settled_at=at)

    def forget(self, *, answers_before: datetime, assertions_before: datetime) -> int:
        answers = [key for key, answer in self._books.answers.items() if answer.at < answers_before]
        assertions = [used for used, expires in self._books.assertions.items() if expires < assertions_before]
        for key in answers:
            del self._books.answers[key]
        for used in assertions:
            del self._books.assertions[used]
        return len(answers) + len(assertions)
