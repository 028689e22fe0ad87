"""A report as CSV in UTF-8 with byte order mark: what it rests on, then its tables, one below the other."""

import csv
import io
from collections.abc import Iterator

from adapters.reports.about import both, facts_of
from adapters.sheets.writer import harmless
from exchange.counting.share import Share
from exchange.reporting.table import Cell, Document, Points, shown


def write_csv(document: Document) -> bytes:
    """The bytes; no text begins as a formula does, and numbers are plain."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(_lines(document))
    return out.getvalue().encode("utf-8-sig")


def _lines(document: Document) -> Iterator[list[str | int | None]]:
    yield [harmless(both(document.title))]
    for head, fact in facts_of(document.basis):
        yield [both(head), harmless(both(fact))]
    for sentence in document.lead:
        yield [harmless(both(sentence))]
    for table in document.tables:
        yield []
        if table.title != document.title:
            yield [harmless(both(table.title))]
        yield [both(table.unit)]
        yield [harmless(both(column.full)) for column in table.columns]
        for row in table.rows if table.totals is None else (*table.rows, table.totals):
            yield [_cell(cell) for cell in row]
        for note in table.footnotes:
            yield [harmless(both(note))]


def _cell(cell: Cell) -> str | int | None:
    """Counts as numbers; percentages and points as they are shown, for their signs begin no formula."""
    match cell:
        case int():
            return cell
        case Share() | Points():
            return shown(cell)
        case _:
            return harmless(shown(cell))
