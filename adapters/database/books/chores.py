"""Job runs, findings and tidying."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime

from sqlalchemy import func, select

from adapters.database.pages import newest_first
from adapters.database.tables import FindingRow, JobRunRow, RememberedAnswerRow, UsedAssertionRow
from adapters.database.values import day_of, moment_of, number_of
from adapters.database.work import AnyRow, Work, table_of
from exchange.ledger import DailyRun, Finding, Page, UnfinishedRun
from exchange.moments import from_milliseconds, to_milliseconds

_RUNS = table_of(JobRunRow)
_FINDINGS = table_of(FindingRow)
_ANSWERS = table_of(RememberedAnswerRow)
_ASSERTIONS = table_of(UsedAssertionRow)


class SqlChores:
    """`exchange.ledger.Chores` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def claim_run(self, job: str, business_date: date, at: datetime) -> bool:
        return self._work.claim(
            JobRunRow, {"job": job, "business_date": business_date.isoformat(), "claimed_at": to_milliseconds(at)}
        )

    def finish_run(self, job: str, business_date: date, at: datetime, outcome: str) -> None:
        claimed = _RUNS.update().where(_RUNS.c.job == job, _RUNS.c.business_date == business_date.isoformat())
        if self._work.change(claimed.values(finished_at=to_milliseconds(at), outcome=outcome)) != 1:
            raise KeyError(f"{job} was never claimed for {business_date}")

    def last_run(self, job: str, before: date) -> date | None:
        finished = (_RUNS.c.job == job, _RUNS.c.business_date < before.isoformat(), _RUNS.c.finished_at.is_not(None))
        return day_of(self._work.rows(select(func.max(_RUNS.c.business_date)).where(*finished))[0][0])

    def unfinished(self, since: date) -> list[UnfinishedRun]:
        begun = select(_RUNS).where(_RUNS.c.business_date >= since.isoformat(), _RUNS.c.finished_at.is_(None))
        return [
            UnfinishedRun(row.job, date.fromisoformat(row.business_date), from_milliseconds(row.claimed_at))
            for row in self._work.rows(begun.order_by(_RUNS.c.job, _RUNS.c.business_date))
        ]

    def runs(self, since: date) -> list[DailyRun]:
        found = select(_RUNS).where(_RUNS.c.business_date >= since.isoformat())
        return [
            DailyRun(
                row.job,
                date.fromisoformat(row.business_date),
                from_milliseconds(row.claimed_at),
                moment_of(row.finished_at),
                row.outcome,
            )
            for row in self._work.rows(found.order_by(_RUNS.c.business_date.desc(), _RUNS.c.job))
        ]

    def add_findings(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            values = {**asdict(finding), "at": to_milliseconds(finding.at), "settled_at": number_of(finding.settled_at)}
            if not self._work.claim(FindingRow, values):
                settled = _FINDINGS.c.id == finding.id, _FINDINGS.c.settled_at.is_not(None)
                self._work.change(_FINDINGS.update().where(*settled).values(settled_at=None))

    def findings(self, page: Page) -> list[Finding]:
        findings = _FINDINGS.c
        found = select(_FINDINGS)
        return [_finding(row) for row in self._work.rows(newest_first(found, findings.at, findings.id, page))]

    def open_findings(self, kinds: Sequence[str], partner: str) -> list[Finding]:
        findings = _FINDINGS.c
        standing = (findings.partner == partner, self._work.one_of(findings.kind, kinds), findings.settled_at.is_(None))
        return [_finding(row) for row in self._work.rows(select(_FINDINGS).where(*standing).order_by(findings.at, findings.id))]

    def settle_findings(self, ids: Iterable[str], at: datetime) -> None:
        standing = (self._work.one_of(_FINDINGS.c.id, ids), _FINDINGS.c.settled_at.is_(None))
        self._work.change(_FINDINGS.update().where(*standing).values(settled_at=to_milliseconds(at)))

    def forget(self, *, answers_before: datetime, assertions_before: datetime) -> int:
        assertions = _ASSERTIONS.delete().where(_ASSERTIONS.c.expires < to_milliseconds(assertions_before))
        answers = self._work.delete(RememberedAnswerRow, _ANSWERS.c.at < to_milliseconds(answers_before))
        return answers + self._work.change(assertions)


def _finding(row: AnyRow) -> Finding:
    return Finding(**{**row._mapping, "at": from_milliseconds(row.at), "settled_at": moment_of(row.settled_at)})
