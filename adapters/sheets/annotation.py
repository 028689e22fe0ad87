"""The user's own workbook with the results of the import in it, and without anything that was not examined.

What goes back is scrubbed: only the sheet that was read stays; excluded columns are emptied; formulas, comments, links,
pictures, charts, pivot caches, filters and document properties go, for each can hold a copy of what must not be kept.
"""

import io
from collections.abc import Iterable

from openpyxl import load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.packaging.core import DocumentProperties
from openpyxl.packaging.custom import CustomPropertyList
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedNameDict
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.datavalidation import DataValidationList
from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.worksheet import Worksheet

from adapters.sheets.reading.container import Format, damaged, look_at
from adapters.sheets.reading.csvtext import decode, rows_of
from adapters.sheets.reading.reader import locate, parse_sheet
from adapters.sheets.sheet import CellProblem, Layout, Limits, Outcome, RowResult, Severity, Sheet, SheetRefused, column_letter

_RED = PatternFill("solid", fgColor="FFC7CE")
_YELLOW = PatternFill("solid", fgColor="FFEB9C")
_MARKS = (_RED.fgColor.rgb, _YELLOW.fgColor.rgb)
# Begins as the headers do that are passed over: the copy, once mended, is what the clerk imports next.
_HEADER = "※ 导入结果 Import result"
_OUTCOMES = {
    Outcome.ACCEPTED: "已接收 accepted",
    Outcome.WARNED: "已接收，有提示 accepted with warnings",
    Outcome.REFUSED: "未接收 refused",
    Outcome.UNCHANGED: "无变化 unchanged",
}
_COMMENT_CHARACTERS = 1_000
_CELL_CHARACTERS = 32_767


def annotated(data: bytes, layout: Layout, results: Iterable[RowResult], limits: Limits) -> bytes:
    """The copy that goes back to the clerk, as .xlsx, also of a .csv; SheetRefused if the file cannot be annotated."""
    form = look_at(data, limits).format
    if form not in (Format.XLSX, Format.CSV):
        raise SheetRefused(
            "annotation-not-possible",
            zh="只有 .xlsx 和 .csv 文件可以标注；请下载问题清单。",
            en="Only .xlsx and .csv files can be annotated: download the list of problems.",
        )
    read = parse_sheet(data, layout, limits)
    if read.data_rows + read.blank_rows > limits.annotated_rows:
        raise SheetRefused(
            "annotation-not-possible",
            zh=f"超过 {limits.annotated_rows} 行的文件不作标注；请下载问题清单。",
            en=f"Files of more than {limits.annotated_rows} rows are not annotated: download the list of problems.",
        )
    if form is Format.CSV:
        book, sheet = _from_text(data, limits)
    else:
        try:
            book = load_workbook(io.BytesIO(data), keep_vba=False, keep_links=False)
        except (KeyError, ValueError, TypeError, AttributeError, IndexError) as exc:
            # openpyxl reads more of a workbook than the values, and says so in these ways when a part is amiss.
            raise damaged() from exc
        sheet = book[read.sheet_name]
        _scrub_book(book, sheet)
    _scrub_cells(sheet, read, locate(data, layout, limits).header.excluded)
    _mark(sheet, read, _unmarked(sheet, read) or sheet.max_column + 1, results)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _from_text(data: bytes, limits: Limits) -> tuple[Workbook, Worksheet]:
    """The rows of a CSV as a workbook, for text has no place for marks: all of it as text, so that nothing changes its form."""
    book = Workbook()
    sheet = book.worksheets[0]
    for number, row in enumerate(rows_of(decode(data), limits), 1):
        for index, text in enumerate(row[: limits.columns], 1):
            cell = sheet.cell(number, index, ILLEGAL_CHARACTERS_RE.sub("", text)[:_CELL_CHARACTERS] or None)
            cell.number_format = "@"
            if text:
                cell.data_type = "s"  # also of what begins as a formula does
    return book, sheet


def _scrub_book(book: Workbook, keep: Worksheet) -> None:
    for other in list(book.worksheets) + list(book.chartsheets):
        if other is not keep:
            book.remove(other)
    book.defined_names = DefinedNameDict()
    book.properties = DocumentProperties()
    book.custom_doc_props = CustomPropertyList()  # type: ignore[attr-defined] # missing in the stubs
    keep.defined_names = DefinedNameDict()
    keep.conditional_formatting = ConditionalFormattingList()
    keep.data_validations = DataValidationList()
    keep.auto_filter = AutoFilter()
    keep.tables.clear()
    keep._images = []  # type: ignore[attr-defined] # openpyxl has no public way to drop pictures,
    keep._charts = []  # type: ignore[attr-defined] # charts
    keep._pivots = []  # type: ignore[attr-defined] # and pivot caches
    keep.legacy_drawing = None


def _scrub_cells(sheet: Worksheet, read: Sheet, excluded: frozenset[int]) -> None:
    fields = {column.index: field for field, column in read.columns.items()}
    cleaned = {row.number: row.cells for row in read.rows}
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell, MergedCell):
                continue
            cell.comment = None
            cell.hyperlink = None
            index = cell.column - 1
            if index in excluded and cell.row > read.header_row:
                cell.value = None
            elif cell.data_type == "f":
                cell.value = cleaned.get(cell.row, {}).get(fields.get(index, ""))


def _unmarked(sheet: Worksheet, read: Sheet) -> int | None:
    """The column of results that the sheet has if it is itself such a copy, emptied, and its marks taken away."""
    column = next((cell.column for cell in sheet[read.header_row] if cell.value == _HEADER), None)
    if column is None:
        return None
    for row in sheet.iter_rows(min_row=read.header_row + 1):
        for cell in row:
            if isinstance(cell, MergedCell):
                continue
            if cell.fill.fgColor.rgb in _MARKS:
                cell.fill = PatternFill()
            if cell.column == column:
                cell.value = None
    return column


def _mark(sheet: Worksheet, read: Sheet, column: int, results: Iterable[RowResult]) -> None:
    sheet.cell(read.header_row, column, _HEADER).font = Font(bold=True)
    for result in results:
        texts = [f"{p.column} {'✗' if p.severity is Severity.REFUSAL else '!'} {p.zh} {p.en}" for p in result.problems]
        told = sheet.cell(result.number, column)
        told.value = "\n".join([_OUTCOMES[result.outcome], *texts])
        told.fill = _fill(result)
        for problem in result.problems:
            place = read.columns.get(problem.field)
            cell = sheet.cell(result.number, place.index + 1) if place else told
            if isinstance(cell, Cell):
                _comment(cell, problem)
    sheet.column_dimensions[column_letter(column - 1)].width = 60


def _fill(result: RowResult) -> PatternFill:
    if result.outcome is Outcome.REFUSED:
        return _RED
    return _YELLOW if result.outcome is Outcome.WARNED else PatternFill()


def _comment(cell: Cell, problem: CellProblem) -> None:
    refusal = problem.severity is Severity.REFUSAL
    if refusal or cell.fill.fill_type is None:
        cell.fill = _RED if refusal else _YELLOW
    before = cell.comment.text + "\n" if cell.comment else ""
    expected = f"\n应为 expected: {problem.expected}" if problem.expected else ""
    text = f"{before}{problem.zh}\n{problem.en}{expected}"
    cell.comment = Comment(text[:_COMMENT_CHARACTERS], "Woshou")
