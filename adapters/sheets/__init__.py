"""Sheets in and out: registers and matters as .xlsx, .xls, .ods or .csv.

Reading stands here; writing in `writer`, `template`. This module stays light, for the process that parses imports it.
"""

from adapters.sheets.reading.isolated import annotate, read_sheet
from adapters.sheets.sheet import (
    CellProblem,
    Column,
    ImportLayout,
    Layout,
    Limits,
    Note,
    Outcome,
    RowResult,
    Severity,
    Sheet,
    SheetRefused,
    SheetRow,
)

__all__ = [
    "CellProblem",
    "Column",
    "ImportLayout",
    "Layout",
    "Limits",
    "Note",
    "Outcome",
    "RowResult",
    "Severity",
    "Sheet",
    "SheetRefused",
    "SheetRow",
    "annotate",
    "read_sheet",
]
