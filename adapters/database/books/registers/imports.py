"""The files that were taken in, and the result of every row."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import exists, literal, or_, select, tuple_

from adapters.database.faults import or_busy
from adapters.database.tables import ImportRow, ImportRowRow, ImportRunRow
from adapters.database.values import json_of, stored, words
from adapters.database.work import AnyRow, Values, Work, named, shape_of, table_of
from exchange.cursors import read_moment_cursor, read_row_cursor
from exchange.imports import ImportedFile, ImportRun, RowOutcome, RowProblem, RowResult, RunProblem, Stage
from exchange.ledger import Page
from exchange.moments import from_milliseconds, to_milliseconds

_FILES = table_of(ImportRow)
_ROWS = table_of(ImportRowRow)
_RUNS = table_of(ImportRunRow)
_OUTCOME = words(RowOutcome)
# Written into the statement, so that both databases see that the index of rows with problems serves it.
_NOTHING = literal("[]", literal_execute=True)
_problems = msgspec.json.Decoder(tuple[RowProblem, ...])
_run_problem = msgspec.json.Decoder(RunProblem)


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    """What of a file its owner has named: stored as one value."""

    filename: str = ""
    unknown_columns: tuple[str, ...] = ()


_encoder = msgspec.json.Encoder()
_named = msgspec.json.Decoder(_Named)


class SqlImports:
    """`exchange.ledger.Imports` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def by_digest(self, jurisdiction: str, layout: str, digest: str) -> ImportedFile | None:
        files = _FILES.c
        same = (files.jurisdiction == jurisdiction, files.layout == layout, files.digest == digest)
        row = self._work.first(select(_FILES).where(*same))
        return None if row is None else self._files([row])[0]

    def get(self, import_id: str) -> ImportedFile | None:
        row = self._work.first(select(_FILES).where(_FILES.c.id == import_id))
        return None if row is None else self._files([row])[0]

    def add(self, file: ImportedFile, rows: Sequence[RowResult]) -> None:
        with or_busy():
            self._work.insert(ImportRow, [_values(file)])
        self._work.insert(ImportRowRow, [(row.import_id, row.row, row.outcome, row.made, json_of(row.problems)) for row in rows])

    def find(self, own: frozenset[str], page: Page) -> list[ImportedFile]:
        files = _FILES.c
        found = select(_FILES).where(self._work.one_of(files.jurisdiction, own))
        if page.after:
            after = read_moment_cursor(page.after)
            found = found.where(tuple_(files.at, files.id) < tuple_(to_milliseconds(after.at), after.id))
        newest_first = found.order_by(files.at.desc(), files.id.desc()).limit(page.limit)
        return self._files(self._work.rows(newest_first))

    def rows(self, import_id: str, page: Page, *, outcome: str | None = None) -> list[RowResult]:
        rows = _ROWS.c
        found = select(_ROWS).where(rows.import_id == import_id)
        if page.after:
            found = found.where(rows.row > read_row_cursor(page.after))
        if outcome is not None:
            found = found.where(rows.outcome == str(outcome))
        return [_result(*row) for row in self._work.rows(found.order_by(rows.row).limit(page.limit))]

    def counted(self, own: frozenset[str], as_of: datetime) -> list[ImportedFile]:
        files = _FILES.c
        within = (self._work.one_of(files.jurisdiction, own), files.at <= to_milliseconds(as_of))
        return self._files(self._work.rows(select(_FILES).where(*within).order_by(files.at, files.id)))

    def that_made(self, made: Iterable[str]) -> Mapping[str, list[ImportedFile]]:
        theirs = select(_ROWS.c.made, _ROWS.c.import_id).where(self._work.one_of(_ROWS.c.made, made)).distinct()
        rows = self._work.rows(theirs.order_by(_ROWS.c.made, _ROWS.c.import_id))
        files = {name: file for _, name in rows if (file := self.get(name)) is not None}
        found: defaultdict[str, list[ImportedFile]] = defaultdict(list)
        for entry, name in rows:
            found[entry].append(files[name])
        return dict(found)

    def _files(self, rows: Iterable[AnyRow]) -> list[ImportedFile]:
        return [_file(named(_FILES, row)) for row in self._work.opened(ImportRow, rows)]

    def named(self) -> list[ImportedFile]:
        kept = self._files(self._work.rows(select(_FILES).where(_FILES.c.sealed.is_not(None)).order_by(_FILES.c.id)))
        return [file for file in kept if file.filename or file.unknown_columns]

    def unname(self, files: Iterable[str]) -> None:
        self._work.erase(ImportRow, self._work.one_of(_FILES.c.id, files), _FILES.c.sealed.is_not(None))

    def forget(self, before: datetime, files: int) -> int:
        rows, held = _ROWS.c, _FILES.c
        told = exists().where(rows.import_id == held.id, rows.problems != _NOTHING)
        some = select(held.id).where(held.at < to_milliseconds(before), or_(held.sealed.is_not(None), told)).limit(files)
        wanted = [row[0] for row in self._work.rows(some)]
        if not wanted:
            return 0
        these = _ROWS.update().where(self._work.one_of(rows.import_id, wanted), rows.problems != _NOTHING)
        forgotten = self._work.change(these.values(problems=_NOTHING.value))
        return max(forgotten, self._work.erase(ImportRow, self._work.one_of(held.id, wanted), held.sealed.is_not(None)))

    def put_run(self, run: ImportRun) -> None:
        problem = None if run.problem is None else _encoder.encode(run.problem).decode()
        self._work.put(ImportRunRow, {**stored(replace(run, problem=None)), "problem": problem})

    def run(self, run_id: str) -> ImportRun | None:
        row = self._work.first(select(_RUNS).where(_RUNS.c.id == run_id))
        return None if row is None else _run(named(_RUNS, row))

    def runs(self, own: frozenset[str], since: datetime) -> list[ImportRun]:
        runs = _RUNS.c
        within = (self._work.one_of(runs.jurisdiction, own), runs.began_at >= to_milliseconds(since))
        found = select(_RUNS).where(*within).order_by(runs.began_at.desc(), runs.id.desc())
        return [_run(named(_RUNS, row)) for row in self._work.rows(found)]

    def forget_runs(self, before: datetime) -> int:
        return self._work.change(_RUNS.delete().where(_RUNS.c.began_at < to_milliseconds(before)))


def _values(file: ImportedFile) -> Values:
    values = stored(file)
    values["sealed"] = _encoder.encode(_Named(filename=file.filename, unknown_columns=file.unknown_columns))
    return tuple(values[name] for name in shape_of(ImportRow).columns)


def _file(values: dict[str, Any]) -> ImportedFile:
    sealed = values.pop("sealed")
    told = _Named() if sealed is None else _named.decode(sealed)
    values["at"] = from_milliseconds(values["at"])
    return ImportedFile(**values, filename=told.filename, unknown_columns=told.unknown_columns)


def _run(values: dict[str, Any]) -> ImportRun:
    values["began_at"], values["seen_at"] = map(from_milliseconds, (values["began_at"], values["seen_at"]))
    problem = values.pop("problem")
    values["stage"] = Stage(values["stage"])
    return ImportRun(**values, problem=None if problem is None else _run_problem.decode(problem))


def _result(import_id: str, row: int, outcome: str, made: str | None, problems: str) -> RowResult:
    return RowResult(import_id=import_id, row=row, outcome=_OUTCOME[outcome], made=made, problems=_problems.decode(problems))
