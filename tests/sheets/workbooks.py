"""Builders of sheets, clean and dirty. All people are invented; the codes are real."""

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_cell_to_rowcol

from adapters.sheets.reading.reader import parse_sheet
from adapters.sheets.sheet import Layout, Limits, Sheet

LIMITS = Limits()
HEADER = ("姓名", "公民身份号码", "性别", "现居住地", "户籍地", "出生日期")
ID_NUMBER = "110102199003070017"


def a_person(**changes: Any) -> list[Any]:
    values = dict(zip(HEADER, ("热依汗·买买提", ID_NUMBER, "女", "420106", "110102", "1990-03-07"), strict=True))
    return list((values | changes).values())


def a_workbook(
    rows: Sequence[Sequence[Any]],
    *,
    merges: Sequence[str] = (),
    date_1904: bool = False,
    sheets: Sequence[str] = ("台账",),
    hidden: Sequence[str] = (),
) -> bytes:
    """Rows from A1 on in the last of `sheets`; None leaves a cell alone, a str beginning with "=" is a formula."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "date_1904": date_1904, "default_date_format": "yyyy-mm-dd"}) as book:
        for name in sheets:
            sheet = book.add_worksheet(name)
            if name in hidden:
                sheet.hide()
        sheet.activate()
        sheet.set_first_sheet()
        for number, row in enumerate(rows):
            for index, value in enumerate(row):
                if isinstance(value, str) and not value.startswith("="):
                    sheet.write_string(number, index, value)
                elif value is not None:
                    sheet.write(number, index, value)
        for area in merges:
            row, column = xl_cell_to_rowcol(area.partition(":")[0])
            sheet.merge_range(area, rows[row][column])
    return out.getvalue()


def a_register(*people: Sequence[Any], header: Sequence[str] = HEADER, **options: Any) -> bytes:
    return a_workbook([header, *(people or [a_person()])], **options)


def a_csv(*rows: Sequence[str], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    return "\r\n".join(delimiter.join(row) for row in rows).encode(encoding)


def read(data: bytes, layout: Layout = Layout.OUTFLOW, limits: Limits = LIMITS) -> Sheet:
    return parse_sheet(data, layout, limits)


def cells_of(data: bytes, layout: Layout = Layout.OUTFLOW) -> list[dict[str, str]]:
    return [row.cells for row in read(data, layout).rows]


def findings_of(data: bytes, layout: Layout = Layout.OUTFLOW) -> list[tuple[int, str, str, str, str]]:
    return [(p.row, p.column, p.field, p.severity.value, p.code) for row in read(data, layout).rows for p in row.problems]


def repacked(data: bytes, **changes: bytes | None) -> bytes:
    """The zip with parts replaced or added; names are given as `xl__workbook_xml` for xl/workbook.xml."""
    wanted = {name.replace("__", "/").replace("_xml", ".xml").replace("_bin", ".bin"): part for name, part in changes.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in wanted:
                new.writestr(name, old.read(name))
        for name, part in wanted.items():
            if part is not None:
                new.writestr(name, part)
    return out.getvalue()


def part_of(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


def everything_in(data: bytes) -> bytes:
    """All parts of a zip, unpacked, one after the other."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())
