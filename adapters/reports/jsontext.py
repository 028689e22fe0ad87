"""A report as JSON: the rows by the keys of their columns, percentages as they are shown, and what is withheld by name."""

import json
from datetime import date
from typing import Any

from exchange.counting.share import Share
from exchange.moments import format_moment
from exchange.reporting.table import Cell, Column, Document, Mark, Points, Row, Table, Text, shown


def as_plain(document: Document) -> dict[str, Any]:
    """The document as JSON has it."""
    basis = document.basis
    return {
        "report": document.name,
        "title": _text(document.title),
        "basis": {
            "node": basis.node,
            "jurisdiction": basis.jurisdiction,
            "place": basis.place,
            "from": basis.period.first.isoformat(),
            "to": basis.period.last.isoformat(),
            "month": basis.month,
            "as_of": format_moment(basis.as_of),
            "cohort": basis.cohort.value,
            "rules": basis.rules,
            "rules_digest": basis.rules_digest,
            "divisions": basis.divisions,
            "filters": dict(basis.filters),
        },
        "lead": [_text(text) for text in document.lead],
        "tables": [_table(table) for table in document.tables],
    }


def write_json(document: Document) -> bytes:
    """The same as UTF-8."""
    return json.dumps(as_plain(document), ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": _text(table.title),
        "unit": _text(table.unit),
        "columns": [_column(column) for column in table.columns],
        "rows": [_row(table.columns, row) for row in table.rows],
        "totals": None if table.totals is None else _row(table.columns, table.totals),
        "footnotes": [_text(text) for text in table.footnotes],
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "key": column.key,
        "kind": column.kind.value,
        "head": _text(column.head),
        "group": None if column.group is None else _text(column.group),
        "means": _text(column.means),
    }


def _row(columns: tuple[Column, ...], row: Row) -> dict[str, Any]:
    """The cells by their columns' keys; one that is marked is null, and its mark stands under `marks`."""
    cells = {column.key: _cell(cell) for column, cell in zip(columns, row, strict=True)}
    marks = {column.key: cell.value for column, cell in zip(columns, row, strict=True) if isinstance(cell, Mark)}
    return {"cells": cells, "marks": marks}


def _cell(cell: Cell) -> str | int | None:
    match cell:
        case Mark() | None:
            return None
        case Share():
            return cell.percent() if cell.denominator else None
        case Points():
            return cell.shown()
        case date() | Text():
            return shown(cell)
        case _:
            return cell


def _text(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
