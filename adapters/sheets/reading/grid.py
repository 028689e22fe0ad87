"""A grid of raw values, one iterator of rows per sheet, whatever the format was.

Row numbers for CSV are those of records, as Excel shows them when it opens the file.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import cast
from xml.etree.ElementTree import ParseError

import python_calamine
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from adapters.sheets.reading.container import Container, Format, damaged, encrypted
from adapters.sheets.reading.csvtext import decode, rows_of
from adapters.sheets.sheet import Limits, SheetRefused

Row = list[object]
Merges = tuple[tuple[tuple[int, int], tuple[int, int]], ...]
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
# Some writers put every element under a prefix: <x:c>.
_BLANK_CELL = re.compile(rb"<(?:\w+:)?c\b[^>]*/>")
_CELL = re.compile(rb'<(?:\w+:)?c\b([^>]*?\br="([A-Z]+)(\d+)"[^>]*)>(.*?)</(?:\w+:)?c>', re.DOTALL)
_ERROR = re.compile(rb"\bt=[\"']e[\"']")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_VALUE = re.compile(rb"<(?:\w+:)?v(?: [^>]*[^/])?>[^<]")
_EMPTY_TEXT = re.compile(rb"\bt=[\"']str[\"']")


@dataclass(slots=True)
class Grid:
    """One sheet. `marks` are the cells that show as blank though they are not: row number → [(column index, code)]."""

    name: str
    rows: Iterator[Row]
    offset: int = 0
    merges: Merges = ()
    date_1904: bool = False
    marks: dict[int, list[tuple[int, str]]] = field(default_factory=dict)


def too_many(what: str, limit: int) -> SheetRefused:
    """The refusal of a sheet beyond the limit of rows or columns."""
    zh = {"rows": "行", "columns": "列"}[what]
    return SheetRefused(
        f"too-many-{what}",
        zh=f"表格超过 {limit} {zh}；请拆分，或删除数据区以外的空白格式。",
        en=f"The sheet has more than {limit} {what}: split it, or delete the formatted blank area around the data.",
    )


def open_grids(data: bytes, container: Container, limits: Limits) -> Iterator[tuple[str, Callable[[], Grid]]]:
    """The visible sheets in their order: each one's name, and what parses it."""
    if container.format is Format.CSV:
        yield "", lambda: Grid(name="", rows=_csv_rows(decode(data), limits))
        return
    with _parser_errors():
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        book = _Book(data) if container.format is Format.XLSX else None
        visible = [
            meta.name
            for meta in workbook.sheets_metadata
            if meta.typ == python_calamine.SheetTypeEnum.WorkSheet and meta.visible == python_calamine.SheetVisibleEnum.Visible
        ]
    for name in visible:
        yield name, partial(_grid, workbook, name, book, container, limits)


@contextmanager
def _parser_errors() -> Iterator[None]:
    try:
        yield
    except python_calamine.PasswordError as exc:
        raise encrypted() from exc
    except (python_calamine.CalamineError, ParseError, DefusedXmlException, KeyError, ValueError) as exc:
        raise damaged() from exc


def _csv_rows(text: str, limits: Limits) -> Iterator[Row]:
    for number, row in enumerate(rows_of(text, limits), 1):
        if number > limits.rows + limits.header_rows:
            raise too_many("rows", limits.rows)
        if len(row) > limits.columns and any(cell.strip() for cell in row[limits.columns :]):
            raise too_many("columns", limits.columns)
        yield list(row)


def _grid(
    workbook: python_calamine.CalamineWorkbook, name: str, book: "_Book | None", container: Container, limits: Limits
) -> Grid:
    with _parser_errors():
        sheet = workbook.get_sheet_by_name(name)
    if sheet.total_height > limits.rows + limits.header_rows:
        raise too_many("rows", limits.rows)
    if sheet.width > limits.columns:
        raise too_many("columns", limits.columns)
    grid = Grid(
        name=name,
        # python-calamine yields rows from the sheet's first on, but columns from the first used one on.
        rows=cast("Iterator[Row]", sheet.iter_rows()),
        offset=sheet.start[1] if sheet.start else 0,
        merges=tuple(sheet.merged_cell_ranges or ()),
    )
    if book is not None:
        grid.date_1904 = book.date_1904
        part = book.parts.get(name)
        if part is not None and part in container.marked_parts:
            grid.marks = _marks(book.read(part))
    return grid


class _Book:
    """What of an .xlsx the fast parser does not tell: the date system, and which part is which sheet."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        tree = fromstring(self.read("xl/workbook.xml"))
        links = fromstring(self.read("xl/_rels/workbook.xml.rels"))
        target = {link.get("Id"): link.get("Target", "") for link in links}
        self.date_1904 = any(node.tag.endswith("}workbookPr") and node.get("date1904") in ("1", "true") for node in tree.iter())
        self.parts = {
            node.get("name", ""): posixpath.normpath(posixpath.join("/xl", target.get(node.get(_RELATION), ""))).lstrip("/")
            for node in tree.iter()
            if node.tag.endswith("}sheet")
        }

    def read(self, part: str) -> bytes:
        with zipfile.ZipFile(io.BytesIO(self._data)) as archive:
            return archive.read(part)


def _marks(xml: bytes) -> dict[int, list[tuple[int, str]]]:
    marks: dict[int, list[tuple[int, str]]] = {}
    for attributes, letters, number, inside in _CELL.findall(_BLANK_CELL.sub(b"", xml)):
        if _ERROR.search(attributes):
            code = "cell-error"
        elif _FORMULA.search(inside) and not _VALUE.search(inside) and not _EMPTY_TEXT.search(attributes):
            code = "formula-without-value"
        else:
            continue
        index = 0
        for letter in letters:
            index = index * 26 + letter - 64
        marks.setdefault(int(number), []).append((index - 1, code))
    return marks
