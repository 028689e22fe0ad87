"""Reports out: any document as JSON, CSV, Excel or a printable page. What is written is what the document says, nothing more."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from adapters.reports.csvtext import write_csv
from adapters.reports.jsontext import write_json
from adapters.reports.page import write_page
from adapters.reports.workbook import write_workbook
from exchange.reporting.table import Document


class ReportFormat(StrEnum):
    """The forms in which a report is written."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    HTML = "html"


MEDIA_TYPES: Final = {
    ReportFormat.JSON: "application/json",
    ReportFormat.CSV: "text/csv; charset=utf-8",
    ReportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ReportFormat.HTML: "text/html; charset=utf-8",
}
_WRITERS: Final[dict[ReportFormat, Callable[[Document], bytes]]] = {
    ReportFormat.JSON: write_json,
    ReportFormat.CSV: write_csv,
    ReportFormat.XLSX: write_workbook,
    ReportFormat.HTML: write_page,
}


def write_document(document: Document, form: ReportFormat) -> bytes:
    """The bytes of a document in one of the forms."""
    return _WRITERS[form](document)


def file_name(document: Document, form: ReportFormat) -> str:
    """An ASCII name that tells which report it is: feedback-110102-2026-03.xlsx."""
    basis = document.basis
    first, last = basis.period.first.isoformat(), basis.period.last.isoformat()
    days = basis.month or (first if first == last else f"{first}_{last}")
    return f"{document.name}-{basis.jurisdiction}-{days}.{form}"
