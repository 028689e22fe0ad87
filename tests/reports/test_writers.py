"""Every form of a report says the same: read back by other readers than those that wrote it."""

import csv
import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from adapters.reports import MEDIA_TYPES, ReportFormat, file_name, write_document
from adapters.reports.about import definitions_of
from adapters.reports.page import page_policy
from exchange.reporting.table import Document, Text
from exchange.reporting.wanted import ReportName
from tests.rates.histories import holding
from tests.reports.making import answered, made, owed, some_books

HOSTILE = '=cmd|"/c calc"!A1 <script>alert(1)</script> & "x"'


@pytest.fixture(scope="module")
def documents() -> dict[ReportName, Document]:
    books = some_books()
    return {name: made(books, name) for name in ReportName}


def hostile(document: Document) -> Document:
    """The same with something nasty wherever a name can stand."""
    (table, *others) = document.tables
    rows = tuple((HOSTILE, *row[1:]) if isinstance(row[0], str) else row for row in table.rows)
    text = Text(HOSTILE, HOSTILE)
    basis = replace(document.basis, place=HOSTILE, node=HOSTILE)
    return replace(document, title=text, basis=basis, lead=(text,), tables=(replace(table, title=text, rows=rows), *others))


def plain(document: Document) -> Any:
    return json.loads(write_document(document, ReportFormat.JSON))


def of_sheet(sheet: Any, lines: int) -> list[Any]:
    """The rows of the table on a sheet: the last of those that are boxed."""
    rows = list(sheet.iter_rows())
    last = max(row[0].row for row in rows if row[0].border.left.style)
    return rows[last - lines : last]


def same(kind: str, told: Any, cell: Any) -> bool:
    """Whether a cell of the workbook says what the JSON says, with the type that a spreadsheet counts with."""
    match kind:
        case "percent" if told is not None:
            return (f"{cell.value * 100:.2f} %", cell.number_format) == (told, "0.00%")
        case "points" if told is not None:
            return bool(cell.value == float(told))
        case "count" | "days" if told is not None:
            return cell.value == told and isinstance(cell.value, int)
        case _:
            return cell.value in (told or None, "—", "※", "*")


@pytest.mark.parametrize("name", list(ReportName))
def test_the_numbers_in_excel_are_those_of_the_json(documents, name):
    document = documents[name]
    book = load_workbook(io.BytesIO(write_document(document, ReportFormat.XLSX)))
    for told, sheet in zip(plain(document)["tables"], book.worksheets[:-1], strict=True):
        lines = [*told["rows"], *([told["totals"]] if told["totals"] else [])]
        for line, row in zip(lines, of_sheet(sheet, len(lines)), strict=True):
            cells = [(column["kind"], line["cells"][column["key"]]) for column in told["columns"]]
            assert all(same(kind, wanted, cell) for (kind, wanted), cell in zip(cells, row, strict=True)), line


def test_a_sheet_is_as_people_expect(documents):
    data = write_document(documents[ReportName.FEEDBACK], ReportFormat.XLSX)
    book: Any = load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    assert book.sheetnames == ["反馈情况 Feedback", "指标说明 Definitions"]
    front = [sheet.cell(row, 1).value for row in range(1, 12)]
    assert front[0] == "湖北省武汉市反馈情况表（2026年3月）"
    for word in ("统计期 Period：2026-03", "截至 As of：2026-03-27 24:00", "规则集 Rule set：woshou-2026.1", "单位：件"):
        assert any(str(line).startswith(word) for line in front), word
    assert sheet.freeze_panes == "C14"
    assert sheet.print_title_rows == "$12:$13"
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    # One page wide is what Excel takes where nothing is said, as high as it needs.
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    # Four Chinese characters are eight digits wide.
    assert sheet.column_dimensions["A"].width >= 9
    definitions = list(book.worksheets[1].iter_rows(values_only=True))
    assert definitions[1:] == definitions_of(documents[ReportName.FEEDBACK])


@pytest.mark.parametrize("name", list(ReportName))
def test_another_reader_opens_the_workbook_too(documents, name):
    book = CalamineWorkbook.from_filelike(io.BytesIO(write_document(documents[name], ReportFormat.XLSX)))
    assert len(book.sheet_names) == len(documents[name].tables) + 1
    assert book.get_sheet_by_index(0).to_python()[0][0] == documents[name].title.zh


def test_csv_is_utf8_with_a_mark_and_says_the_same(documents):
    document = documents[ReportName.FEEDBACK]
    data = write_document(document, ReportFormat.CSV)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    (told,) = plain(document)["tables"]
    begin = next(n for n, row in enumerate(rows) if row[:1] == ["地区 Jurisdiction"] and len(row) > 2) + 1
    lines = rows[begin : begin + len(told["rows"]) + 1]
    cells = [list(row["cells"].values()) for row in (*told["rows"], told["totals"])]
    assert lines == [["—" if cell is None else str(cell) for cell in row] for row in cells]


class Page(HTMLParser):
    """What a browser would see: elements, attributes, the text of cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data):
        if self.elements and self.elements[-1] == "td" and self.cells:
            self.cells[-1] += data


@pytest.mark.parametrize("name", list(ReportName))
def test_a_page_has_no_script_no_style_of_its_elements_and_nothing_from_elsewhere(documents, name):
    text = write_document(hostile(documents[name]), ReportFormat.HTML).decode()
    page = Page(text)
    names = {attribute for attribute, _ in page.attributes}
    assert not {"script", "img", "link", "iframe", "object", "form", "a"} & set(page.elements)
    assert not {"style", "src", "href"} & names
    assert not any(attribute.startswith("on") for attribute in names)
    assert "http://" not in text
    assert "https://" not in text
    assert "url(" not in text
    assert ("content", page_policy()) in page.attributes
    assert {"thead", "th"} <= set(page.elements)
    assert "A4 landscape" in text
    assert "table-header-group" in text


def test_a_page_shows_the_cells_of_its_table(documents):
    document = documents[ReportName.LEAGUE]
    page = Page(write_document(document, ReportFormat.HTML).decode())
    (table,) = document.tables
    assert [cell.strip() for cell in page.cells[: len(table.columns)]] == ["1", "武昌区", "420106", "30", "40", "75.00 %"]


def test_no_text_becomes_a_formula(documents):
    nasty = hostile(documents[ReportName.FEEDBACK])
    book = load_workbook(io.BytesIO(write_document(nasty, ReportFormat.XLSX)))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert not any(cell.data_type == "f" for cell in cells)
    assert any(cell.value == HOSTILE for cell in cells)
    rows = list(csv.reader(io.StringIO(write_document(nasty, ReportFormat.CSV).decode("utf-8-sig"))))
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)
    assert any(cell == f"'{HOSTILE}" for row in rows for cell in row)


def test_the_same_document_gives_the_same_text_each_time(documents):
    document = documents[ReportName.BULLETIN]
    for form in (ReportFormat.JSON, ReportFormat.CSV, ReportFormat.HTML):
        assert write_document(document, form) == write_document(document, form)
    assert set(MEDIA_TYPES) == set(ReportFormat)


def test_a_file_is_named_after_its_report():
    document = made(holding([*answered([1]), *owed([2])]), ReportName.FEEDBACK)
    assert file_name(document, ReportFormat.XLSX) == "feedback-420100-2026-03.xlsx"
    assert file_name(document, ReportFormat.XLSX).isascii()
