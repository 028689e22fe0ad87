"""The files that were taken in, in memory."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from adapters.memory.books import Books, KeyTaken, add
from adapters.memory.listing import newest_first
from exchange.cursors import import_cursor, read_moment_cursor, read_row_cursor
from exchange.imports import ImportedFile, ImportRun, RowResult
from exchange.ledger import LedgerBusy, Page


class MemoryImports:
    """`exchange.ledger.Imports` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def by_digest(self, jurisdiction: str, layout: str, digest: str) -> ImportedFile | None:
        same = (jurisdiction, layout, digest)
        return next((file for file in self._books.imports.values() if _bytes_of(file) == same), None)

    def get(self, import_id: str) -> ImportedFile | None:
        return self._books.imports.get(import_id)

    def add(self, file: ImportedFile, rows: Sequence[RowResult]) -> None:
        if self.by_digest(*_bytes_of(file)) is not None:
            raise LedgerBusy
        add(self._books.imports, [(file.id, file)])
        if len({row.row for row in rows}) != len(rows):
            raise KeyTaken("a row has two results")
        self._books.import_rows[file.id] = tuple(sorted(rows, key=lambda row: row.row))

    def find(self, own: frozenset[str], page: Page) -> list[ImportedFile]:
        found = (file for file in self._books.imports.values() if file.jurisdiction in own)
        return newest_first(found, page, cursor=import_cursor, read=read_moment_cursor)

    def rows(self, import_id: str, page: Page, *, outcome: str | None = None) -> list[RowResult]:
        start = read_row_cursor(page.after) if page.after else 0
        rows = self._books.import_rows.get(import_id, ())
        return [row for row in rows if row.row > start and outcome in (None, row.outcome)][: page.limit]

    def counted(self, own: frozenset[str], as_of: datetime) -> list[ImportedFile]:
        counted = (file for file in self._books.imports.values() if file.jurisdiction in own and file.at <= as_of)
        return sorted(counted, key=lambda file: (file.at, file.id))

    def that_made(self, made: Iterable[str]) -> Mapping[str, list[ImportedFile]]:
        wanted, found = frozenset(made), defaultdict[str, list[ImportedFile]](list)
        for name, rows in sorted(self._books.import_rows.items()):
            for entry in sorted({row.made for row in rows if row.made is not None and row.made in wanted}):
                found[entry].append(self._books.imports[name])
        return dict(found)

    def named(self) -> list[ImportedFile]:
        return [file for _, file in sorted(self._books.imports.items()) if file.filename or file.unknown_columns]

    def unname(self, files: Iterable[str]) -> None:
        for name in files:
            self._books.imports[name] = replace(self._books.imports[name], filename="", unknown_columns=())

    def forget(self, before: datetime, files: int) -> int:
        problems = names = 0
        for file in [file for file in self._books.imports.values() if file.at < before and self._tells(file)][:files]:
            rows = self._books.import_rows.get(file.id, ())
            problems += sum(1 for row in rows if row.problems)
            names += 1
            self._books.import_rows[file.id] = tuple(replace(row, problems=()) for row in rows)
            self._books.imports[file.id] = replace(file, filename="", unknown_columns=())
        return max(problems, names)

    def put_run(self, run: ImportRun) -> None:
        self._books.import_runs[run.id] = run

    def run(self, run_id: str) -> ImportRun | None:
        return self._books.import_runs.get(run_id)

    def runs(self, own: frozenset[str], since: datetime) -> list[ImportRun]:
        found = (run for run in self._books.import_runs.values() if run.jurisdiction in own and run.began_at >= since)
        return sorted(found, key=lambda run: (run.began_at, run.id), reverse=True)

    def forget_runs(self, before: datetime) -> int:
        old = [run.id for run in self._books.import_runs.values() if run.began_at < before]
        for run_id in old:
            del self._books.import_runs[run_id]
        return len(old)

    def _tells(self, file: ImportedFile) -> bool:
        return bool(file.filename or file.unknown_columns) or any(
            row.problems for row in self._books.import_rows.get(file.id, ())
        )


def _bytes_of(file: ImportedFile) -> tuple[str, str, str]:
    return file.jurisdiction, file.layout, file.digest
