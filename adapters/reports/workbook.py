"""A report as an Excel workbook: a sheet a table, ready to be printed, and a sheet of definitions.

Numbers are numbers: a percentage is the exact quotient under the format 0.00%, so that what is seen and what is counted on
are one. Text is written as text, never as a formula.
"""

import io
from collections.abc import Sequence
from typing import Any, Final
from unicodedata import east_asian_width

import xlsxwriter

from adapters.reports.about import DEFINITION_HEADS, both, definitions_of, facts_of, groups_of
from exchange.counting.share import Share
from exchange.reporting.table import Cell, Column, ColumnKind, Document, Points, Row, Table, Text, shown

_FONT: Final = {"font_name": "宋体", "font_size": 11, "valign": "vcenter"}
_BOXED: Final = {**_FONT, "border": 1, "border_color": "#808080"}
_NUMBERS: Final = {
    ColumnKind.COUNT: "#,##0",
    ColumnKind.PERCENT: "0.00%",
    ColumnKind.POINTS: "+0.00;-0.00;0.00",
    ColumnKind.DAYS: "0",
}
_A4: Final = 9
_LEAST, _MOST = 5, 48
_LINE: Final = 15
_SHEET_NAMES: Final = {
    "feedback": "反馈情况 Feedback",
    "ranking": "排名 Ranking",
    "matrix": "协作矩阵 Matrix",
    "overdue": "逾期 Overdue",
    "trend": "趋势 Trend",
    "figures": "指标 Figures",
    "key": "重点信息 Key information",
}
_DEFINITION_WIDTHS: Final = (40, 18, 56, 64)
_DEFINITIONS: Final = "指标说明 Definitions"


def write_workbook(document: Document) -> bytes:
    """The bytes of an .xlsx."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": both(document.title), "subject": document.basis.rules, "author": document.basis.node})
        styles = _Styles(book)
        for number, table in enumerate(document.tables):
            _Sheet(book, styles, document, table).write(first=number == 0)
        _write_definitions(book, styles, document)
    return out.getvalue()


class _Styles:
    """The formats of one workbook."""

    def __init__(self, book: Any) -> None:
        self.title = book.add_format({**_FONT, "bold": True, "font_size": 16})
        self.english = book.add_format({**_FONT, "font_size": 11, "font_color": "#404040"})
        self.subtitle = book.add_format({**_FONT, "bold": True, "font_size": 13})
        self.plain = book.add_format(_FONT)
        self.wrapped = book.add_format({**_BOXED, "text_wrap": True, "valign": "top"})
        self.note = book.add_format({**_FONT, "font_size": 10, "font_color": "#404040"})
        self.head = book.add_format(
            {**_BOXED, "bold": True, "bg_color": "#DDE7F0", "text_wrap": True, "align": "center", "num_format": "@"}
        )
        self._cells: dict[tuple[ColumnKind, bool], Any] = {}
        self._marks: dict[bool, Any] = {}
        for strong in (False, True):
            more = {"bold": True, "bg_color": "#F2F2F2", "top": 2} if strong else {}
            for kind in ColumnKind:
                number = {"num_format": _NUMBERS[kind]} if kind in _NUMBERS else {"num_format": "@", "text_wrap": True}
                self._cells[kind, strong] = book.add_format({**_BOXED, **number, **more})
            self._marks[strong] = book.add_format({**_BOXED, "align": "right", "num_format": "@", **more})

    def of(self, column: Column, strong: bool) -> Any:
        """The format of a column's figures."""
        return self._cells[column.kind, strong]

    def mark(self, column: Column, strong: bool) -> Any:
        """The format of what stands in place of a figure."""
        return self._marks[strong] if column.kind in _NUMBERS else self._cells[column.kind, strong]


class _Sheet:
    """One table on its sheet."""

    def __init__(self, book: Any, styles: _Styles, document: Document, table: Table) -> None:
        self._styles, self._document, self._table = styles, document, table
        self._name = _SHEET_NAMES.get(table.name, table.name)
        self._sheet = book.add_worksheet(self._name)
        self._widths = self._fitting()

    def write(self, *, first: bool) -> None:
        """Everything: what it rests on, header, rows, totals, notes, and how it is printed."""
        for index, width in enumerate(self._widths):
            self._sheet.set_column(index, index, width)
        top = self._write_front(first)
        below = self._write_header(top)
        line = below
        for line, row in enumerate(self._table.rows, below):
            self._write_row(line, row, strong=False)
        line = below + len(self._table.rows)
        if self._table.totals is not None:
            self._write_row(line, self._table.totals, strong=True)
            line += 1
        for number, note in enumerate(self._table.footnotes, line + 1):
            self._sheet.write_string(number, 0, both(note), self._styles.note)
        self._sheet.freeze_panes(below, min(2, max(len(self._table.columns) - 1, 0)))
        _print_landscape(self._sheet, self._document.title)
        self._sheet.repeat_rows(top, below - 1)

    def _write_front(self, first: bool) -> int:
        """Title, facts and sentences; the line at which the header begins."""
        styles, sheet = self._styles, self._sheet
        title = self._document.title
        sheet.set_row(0, 24)
        sheet.write_string(0, 0, title.zh, styles.title)
        sheet.write_string(1, 0, title.en, styles.english)
        line = 2
        if self._table.title != title:
            sheet.write_string(line, 0, both(self._table.title), styles.subtitle)
            line += 1
        for head, fact in facts_of(self._document.basis):
            sheet.write_string(line, 0, f"{both(head)}：{both(fact)}", styles.plain)
            line += 1
        for sentence in self._document.lead if first else ():
            sheet.write_string(line, 0, both(sentence), styles.plain)
            line += 1
        sheet.write_string(line, 0, both(self._table.unit), styles.plain)
        return line + 1

    def _write_header(self, top: int) -> int:
        """One line of heads, or two where columns are grouped; the line below."""
        columns, sheet, head = self._table.columns, self._sheet, self._styles.head
        if not any(column.group for column in columns):
            sheet.set_row(top, self._head_height(columns))
            for index, column in enumerate(columns):
                sheet.write_string(top, index, _stacked(column.head), head)
            return top + 1
        sheet.set_row(top, 2 * _LINE + 4)
        sheet.set_row(top + 1, self._head_height([column for column in columns if column.group]))
        index = 0
        for group, span in groups_of(columns):
            if group is None:
                sheet.merge_range(top, index, top + 1, index, _stacked(columns[index].head), head)
            elif span == 1:
                sheet.write_string(top, index, _stacked(group), head)
            else:
                sheet.merge_range(top, index, top, index + span - 1, _stacked(group), head)
            if group is not None:
                for place in range(index, index + span):
                    sheet.write_string(top + 1, place, _stacked(columns[place].head), head)
            index += span
        return top + 2

    def _head_height(self, columns: Sequence[Column]) -> int:
        """For the longest of these heads, each language broken at its column's width."""
        wide = dict(zip((column.key for column in self._table.columns), self._widths, strict=True))
        lines = (sum(-(-_width(text) // wide[column.key]) for text in column.head) for column in columns)
        return _LINE * max(lines, default=2) + 6

    def _write_row(self, line: int, row: Row, *, strong: bool) -> None:
        # What opens the sheet may not do it by itself: a cell that is wrapped needs its height told.
        lines = max(-(-_width(shown(cell)) // width) for cell, width in zip(row, self._widths, strict=True))
        self._sheet.set_row(line, _LINE * max(lines, 1) + 3)
        for index, (column, cell) in enumerate(zip(self._table.columns, row, strict=True)):
            number = number_of(cell)
            if number is not None:
                self._sheet.write_number(line, index, number, self._styles.of(column, strong))
            elif text := shown(cell):
                self._sheet.write_string(line, index, text, self._styles.mark(column, strong))
            else:
                self._sheet.write_blank(line, index, None, self._styles.mark(column, strong))

    def _fitting(self) -> list[int]:
        """The width of each column in characters: what it holds, and its head as far as that cannot be broken."""
        lines = self._table.rows if self._table.totals is None else (*self._table.rows, self._table.totals)
        widths = []
        for index, column in enumerate(self._table.columns):
            held = max((_width(shown(row[index])) for row in lines), default=0)
            word = max((len(word) for word in column.head.en.split()), default=0)
            head = max(min(_width(column.head.zh), 8), word)
            widths.append(min(max(held, head, _LEAST) + 1, _MOST))
        return widths


def number_of(cell: Cell) -> float | None:
    """The number that a cell is; None for text, for marks and where there is no quotient."""
    match cell:
        case bool() | str():
            return None
        case int():
            return cell
        case Share():
            return cell.numerator / cell.denominator if cell.denominator else None
        case Points():
            return cell.hundredths / 100
        case _:
            return None


def _write_definitions(book: Any, styles: _Styles, document: Document) -> None:
    sheet = book.add_worksheet(_DEFINITIONS)
    for index, (head, width) in enumerate(zip(DEFINITION_HEADS, _DEFINITION_WIDTHS, strict=True)):
        sheet.set_column(index, index, width)
        sheet.write_string(0, index, both(head), styles.head)
    for line, told in enumerate(definitions_of(document), 1):
        lines = max(-(-_width(text) // width) for text, width in zip(told, _DEFINITION_WIDTHS, strict=True))
        sheet.set_row(line, _LINE * max(lines, 1) + 3)
        for index, text in enumerate(told):
            sheet.write_string(line, index, text, styles.wrapped)
    sheet.freeze_panes(1, 0)
    _print_landscape(sheet, document.title)
    sheet.repeat_rows(0)


def _print_landscape(sheet: Any, title: Text) -> None:
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    # An ampersand is a command in a footer.
    sheet.set_footer(f"&L{title.zh.replace('&', '&&')[:100]}&R&P / &N")


def _stacked(text: Text) -> str:
    """Chinese above English."""
    return f"{text.zh}\n{text.en}" if text.en else text.zh


def _width(text: str) -> int:
    """How wide a text is in columns of a digit: a Chinese character takes two."""
    return max((_line_width(line) for line in text.split("\n")), default=0)


def _line_width(line: Sequence[str]) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in line)
