"""Take in a sheet that was read: every row has a result, the same bytes count once, and the same rows are taken once.

Reading the rows needs no ledger and comes before the transaction. In one transaction nothing is half done (`take_sheet`). A sheet
may also be taken in parts (`ReadSheet.take`), each in a transaction of its own, and is stored when all are done (`keep_results`):
whoever brings it again after a break finds the rows that were taken unchanged.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from exchange.ids import new_id
from exchange.imports import ImportedFile, RowOutcome, RowResult
from exchange.ledger import Ledger
from exchange.verbs.sheets.facts import SheetFacts

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """An import at work: its id, its moment, and the API key that sent the sheet, None for who sits at the node itself."""

    id: str
    now: datetime
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReadSheet(ABC, Generic[Row]):
    """A sheet that was read and checked, ready for a transaction."""

    chunk: ClassVar[int] = 5_000
    jurisdiction: str
    layout: str
    facts: SheetFacts
    rows: Sequence[Row]

    @abstractmethod
    def take(self, ledger: Ledger, rows: Sequence[Row], taking: Taking) -> list[RowResult]:
        """Take in some of the rows, with a few look-ups for all of them; a result for each."""

    def parts(self, size: int | None = None) -> Iterator[Sequence[Row]]:
        """The rows, as many at a time as are taken together; of a sheet without rows one part that has none."""
        size = size or self.chunk
        for start in range(0, len(self.rows) or 1, size):
            yield self.rows[start : start + size]


def take_sheet(
    ledger: Ledger, sheet: ReadSheet[Any], now: datetime, *, by: str | None = None, chunk: int | None = None
) -> ImportedFile:
    """Take in the whole sheet, `chunk` rows at a time; the same bytes again give the first result and change nothing."""
    known = known_file(ledger, sheet)
    if known is not None:
        return known
    taking = Taking(id=new_id(now), now=now, by=by)
    results = [result for rows in sheet.parts(chunk) for result in sheet.take(ledger, rows, taking)]
    return keep_results(ledger, sheet, taking, results)


def known_file(ledger: Ledger, sheet: ReadSheet[Any]) -> ImportedFile | None:
    """The import of the same bytes, if there was one."""
    return ledger.imports.by_digest(sheet.jurisdiction, sheet.layout, sheet.facts.digest)


def keep_results(ledger: Ledger, sheet: ReadSheet[Any], taking: Taking, results: Sequence[RowResult]) -> ImportedFile:
    """Store the file with the results of all its rows."""
    counts = dict.fromkeys(RowOutcome, 0)
    for result in results:
        counts[result.outcome] += 1
    facts = sheet.facts
    file = ImportedFile(
        id=taking.id,
        jurisdiction=sheet.jurisdiction,
        layout=sheet.layout,
        filename=facts.filename,
        digest=facts.digest,
        at=taking.now,
        rows=len(results),
        accepted=counts[RowOutcome.ACCEPTED],
        unchanged=counts[RowOutcome.UNCHANGED],
        warned=counts[RowOutcome.WARNED],
        refused=counts[RowOutcome.REFUSED],
        blank=facts.blank,
        excluded_columns=facts.excluded_columns,
        unknown_columns=facts.unknown_columns,
    )
    ledger.imports.add(file, sorted(results, key=lambda result: result.row))
    return file
