"""Sheets out: figures, registers and lists of problems as .xlsx or .csv, with nothing in them that a program would run."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import xlsxwriter

from adapters.sheets.sheet import CellProblem, Severity

Cell = str | int | None
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_MOST_CHARACTERS = 32_767


@dataclass(frozen=True, slots=True, kw_only=True)
class OutColumn:
    """A column of an outgoing sheet: its header, its width in characters, and the words that its cells offer."""

    header: str
    width: int = 16
    choices: tuple[str, ...] = ()


def write_sheet(
    columns: Sequence[OutColumn], rows: Iterable[Sequence[Cell]], *, title: str = "", notes: Sequence[str] = ()
) -> bytes:
    """An .xlsx with the title and notes above a frozen, filtered header.

    Every str is written as text (so numbers of documents and ISO dates stay as they are, and nothing becomes a formula);
    int as a number. Rows are streamed.
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"bold": True, "font_size": 14})
        head = book.add_format({"bold": True, "bg_color": "#DDE7F0", "border": 1, "text_wrap": True, "num_format": "@"})
        sheet = book.add_worksheet((title or "数据")[:31].translate(str.maketrans("[]:*?/\\", "       ")))
        for index, column in enumerate(columns):
            sheet.set_column(index, index, column.width, text)
        top = 0
        for line, style in [(title, bold), *((note, text) for note in notes)]:
            if line:
                sheet.write_string(top, 0, line[:_MOST_CHARACTERS], style)
                top += 1
        for index, column in enumerate(columns):
            sheet.write_string(top, index, column.header, head)
        sheet.freeze_panes(top + 1, 0)
        last = top
        for last, row in enumerate(rows, top + 1):
            for index, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(last, index, cell[:_MOST_CHARACTERS], text)
                elif cell is not None:
                    sheet.write_number(last, index, cell)
        for index, column in enumerate(columns):
            if column.choices and last > top:
                # The list offers, it does not forbid: what is typed is judged when the sheet comes back.
                rule = {"validate": "list", "source": list(column.choices), "error_type": "information"}
                sheet.data_validation(top + 1, index, last, index, rule)
        if columns:
            sheet.autofilter(top, 0, last, len(columns) - 1)
    return out.getvalue()


def write_csv(columns: Sequence[OutColumn], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A .csv in UTF-8 with byte order mark; text that a spreadsheet would run as a formula gets a leading apostrophe."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([harmless(column.header) for column in columns])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def harmless(cell: Cell) -> Cell:
    """Text that a spreadsheet would run as a formula with a leading apostrophe, everything else as it is."""
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        return "'" + cell
    return cell


_PROBLEM_COLUMNS = (
    OutColumn(header="行 Row", width=8),
    OutColumn(header="列 Column", width=8),
    OutColumn(header="表头 Header", width=22),
    OutColumn(header="须改正还是提示 To mend or a remark", width=18),
    OutColumn(header="发现 Found", width=36),
    OutColumn(header="应为 Expected", width=36),
    OutColumn(header="说明", width=50),
    OutColumn(header="Explanation", width=60),
)
_SEVERITIES = {Severity.REFUSAL: "✗ 须改正 to mend", Severity.WARNING: "! 提示 remark"}


def list_problems(problems: Iterable[CellProblem], headers: Mapping[str, str]) -> bytes:
    """All problems of a file as an .xlsx, one a row: for files that cannot be annotated. `headers` calls the fields by name."""
    return write_sheet(
        _PROBLEM_COLUMNS,
        (
            (
                p.row,
                p.column,
                headers.get(p.field, "整行 the row"),
                _SEVERITIES[p.severity],
                p.found,
                p.expected,
                p.zh,
                p.en,
            )
            for p in problems
        ),
        title="导入问题 Import problems",
    )
