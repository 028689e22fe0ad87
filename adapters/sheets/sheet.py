"""What a sheet holds once it has been read: cleaned cells, problems and notes, never a formatting or a formula.

These values cross the border of the process that parses the file, hence msgspec structs.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Literal

import msgspec

from exchange.errors import Invalid


class Layout(StrEnum):
    """The sheets that can be read: imports, other departments' sheets to check entries against, and what is decided on these."""

    OUTFLOW = "outflow"
    INFLOW = "inflow"
    MATTERS = "matters"
    ANSWERS = "answers"
    BIRTHS = "births"
    MARRIAGES = "marriages"
    HOUSEHOLD_MOVES = "household-moves"
    IMMUNISATION = "immunisation"
    DECISIONS = "decisions"


class ImportLayout(StrEnum):
    """The sheets that can be imported."""

    OUTFLOW = "outflow"
    INFLOW = "inflow"
    MATTERS = "matters"
    ANSWERS = "answers"


class Severity(StrEnum):
    """Whether the row can still be taken."""

    WARNING = "warning"
    REFUSAL = "refusal"


class Outcome(StrEnum):
    """What became of a row."""

    ACCEPTED = "accepted"
    WARNED = "warned"
    REFUSED = "refused"
    UNCHANGED = "unchanged"


class SheetRefused(Invalid):
    """The file as a whole cannot be read; `code` says why, from the table in docs/sheets.md."""

    code = "sheet-refused"
    zh = "无法读取该文件。"
    en = "The file cannot be read."

    def __init__(self, code: str, *, zh: str, en: str) -> None:
        super().__init__(zh=zh, en=en)
        self.code = code


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a file is read; beyond any of these it is refused."""

    file_bytes: int = 50 * 2**20
    unpacked_bytes: int = 768 * 2**20
    ratio: int = 250
    entries: int = 1_000
    rows: int = 200_000
    columns: int = 200
    header_rows: int = 30
    cell_characters: int = 1_000
    line_characters: int = 200_000
    annotated_rows: int = 20_000
    seconds: int = 120
    memory_bytes: int = 3 * 2**30


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """Where a field stands in the sheet: `index` counts from 0, `letter` is Excel's."""

    index: int
    letter: str
    header: str


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something about the file as a whole that the clerk should know."""

    code: str
    zh: str
    en: str


class CellProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one cell; `found` tells its shape (Chinese and English), never its content."""

    row: int
    column: str
    field: str
    severity: Severity
    code: str
    found: str
    expected: str
    zh: str
    en: str


class SheetRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One data row: its number in Excel, the cleaned text of its non-blank cells by field, and their problems."""

    number: int
    cells: dict[str, str]
    problems: tuple[CellProblem, ...] = ()

    def __repr__(self) -> str:
        return f"SheetRow(number={self.number}, cells={sorted(self.cells)}, problems={len(self.problems)})"

    @property
    def refused(self) -> bool:
        """Whether any cell keeps the row from being taken."""
        return any(problem.severity is Severity.REFUSAL for problem in self.problems)


_decode_rows = msgspec.msgpack.Decoder(list[SheetRow]).decode


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet that was read.

    `header_row` is the number of the (lower) header row; `columns` the fields found;
    `unknown_columns` the headers that no field goes by, which were ignored;
    `excluded_columns` only the number of columns dropped unread. `data_rows` counts the rows in `rows`, `blank_rows` and
    `skipped_rows` (totals, repeated headers) those left out.
    """

    layout: Layout
    spellings: str
    sheet_name: str
    header_row: int
    columns: dict[str, Column]
    unknown_columns: tuple[str, ...]
    excluded_columns: int
    education_code_set: Literal["1984", "2006"]
    data_rows: int
    blank_rows: int
    skipped_rows: int
    notes: tuple[Note, ...]
    packed: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Sheet(layout={self.layout.value!r}, header_row={self.header_row}, data_rows={self.data_rows})"

    @property
    def rows(self) -> Iterator[SheetRow]:
        """The data rows in their order, unpacked a thousand at a time; each reading begins anew."""
        for chunk in self.packed:
            yield from _decode_rows(chunk)

    def problem(
        self, row: int, field: str, *, code: str, severity: Severity, found: str, expected: str, zh: str, en: str
    ) -> CellProblem:
        """A problem that only the domain can see (an unknown place, say), put at the field's column."""
        column = self.columns.get(field)
        letter = column.letter if column else ""
        return CellProblem(
            row=row,
            column=letter,
            field=field,
            severity=severity,
            code=code,
            found=found,
            expected=expected,
            zh=zh,
            en=en,
        )


class RowResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one row, for the copy of the file that goes back to the clerk."""

    number: int
    outcome: Outcome
    problems: tuple[CellProblem, ...] = ()


def column_letter(index: int) -> str:
    """Excel's name of the column that stands at `index` from 0: A … Z, AA …"""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name
