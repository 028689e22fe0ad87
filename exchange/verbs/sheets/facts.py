"""A sheet that was read, as the domain sees it, and what is told of each of its rows.

Coded cells hold the codes of `exchange.codes` (yes and no for truth values, codes separated by blanks in `items`), dates are
ISO, places a code or names: the edge has translated the words and knows the columns.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from exchange.errors import WoshouError
from exchange.imports import RowOutcome, RowProblem, RowResult
from exchange.people.whereabouts import Side

# Where a refusal's pointer leads in a sheet; what is not here goes by the pointer's last word.
_FIELDS = {
    "number": "document_number",
    "document": "document_number",
    "date": "event_date",
    "record/moving/reason": "moving_reason",
    "record/moving/returned_on": "returned_on",
    "record/marriage/place": "marriage_place",
    "record/certificate/number": "certificate_number",
    "record/certificate/issued_by": "certificate_issued_by",
    "priority/reason": "urgent_reason",
    "from": "origin",
    "to": "destination",
}
# What should stand in a cell, where the problem does not say it.
_PAST = "不晚于今天、不早于出生的日期 / a date from birth to today"
_NUMBER = "与证件类型相符、与原件一致的号码 / the number on the document, of that type"
_NAME = "1 至 60 个字符的姓名 / a name of 1 to 60 characters"
_PLACE = "行政区划代码或全称 / a division code or the full name"
_EXPORTED = "导出的清单中的编号 / the number in the exported sheet"
_LISTED = "空表下拉列表中的词 / a word of the list in the empty sheet"
_EXPECTED = {
    "name": _NAME,
    "spouse_name": _NAME,
    "document_number": _NUMBER,
    "spouse_document_number": _NUMBER,
    "birth_date": "出生日期，与证件一致 / the date of birth, as on the document",
    "sex": "与证件一致的性别 / the sex that the document tells",
    "origin": _PLACE,
    "destination": _PLACE,
    "right_county": _PLACE,
    "moved_to": _PLACE,
    "marriage_place": _PLACE,
    "items": "协议允许的协查项目 / items that the agreement allows",
    "moving_reason": "务工、经商、投靠等居住原因 / a reason of living there, such as work or family",
    "event_date": "不晚于今天的日期 / a date not after today",
    "exchange": _EXPORTED,
    "asked_message": _EXPORTED,
    **dict.fromkeys(("moved_on", "returned_on", "married_on", "certificate_issued_on"), _PAST),
    **dict.fromkeys((f"child{n}_birth_date" for n in range(1, 5)), _PAST),
    **dict.fromkeys(("kind", "event", "purpose", "urgent_reason", "result", "refusal_reason", "document_type"), _LISTED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One data row: the sheet's own number of it, its non-blank cells by field, and what the reader found."""

    number: int
    cells: Mapping[str, str]
    problems: tuple[RowProblem, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the reader found a cell that keeps the row from being taken."""
        return bool(self.lost)

    @property
    def lost(self) -> frozenset[str]:
        """The fields whose cells the reader refused: what stands there is not known."""
        return frozenset(problem.field for problem in self.problems if problem.severity == "refusal")

    def __repr__(self) -> str:
        return f"SheetRow(number={self.number}, fields={sorted(self.cells)}, problems={len(self.problems)})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SheetFacts:
    """A sheet that was read: its digest (`Node.file_digest`), the letters of its columns, what was left out, its rows."""

    filename: str
    digest: str
    columns: Mapping[str, str]
    rows: Iterable[SheetRow]
    blank: int = 0
    excluded_columns: int = 0
    unknown_columns: tuple[str, ...] = ()

    def result(
        self, import_id: str, row: SheetRow, outcome: RowOutcome, problems: Iterable[RowProblem], made: str | None = None
    ) -> RowResult:
        """The row's result, each problem at its column and told once; an accepted row with warnings is a warned one."""
        told: dict[tuple[str, str], RowProblem] = {(p.field, p.code): p for p in row.problems}
        for problem in problems:
            if problem.code == "duplicate-row" and any(code == "duplicate-row" for _, code in told):
                continue
            told.setdefault((problem.field, problem.code), self._placed(row, problem))
        if outcome is RowOutcome.ACCEPTED and told:
            outcome = RowOutcome.WARNED
        return RowResult(import_id=import_id, row=row.number, outcome=outcome, made=made, problems=tuple(told.values()))

    def _placed(self, row: SheetRow, problem: RowProblem) -> RowProblem:
        """The problem at its column, with the shape of what was found there and with what should be."""
        column = problem.column or self.columns.get(problem.field, "")
        found = problem.found or (_shape(row.cells.get(problem.field, "")) if problem.field else "")
        expected = problem.expected or _EXPECTED.get(problem.field, "")
        return replace(problem, column=column, found=found, expected=expected)


def _shape(text: str) -> str:
    """How a cell looks without what it says."""
    if not text:
        return "空白 / blank"
    if text.isascii() and text.isdigit():
        return f"{len(text)} 位数字 / {len(text)} digits"
    return f"{len(text)} 个字符 / {len(text)} characters"


def refusal_problem(refusal: WoshouError, other: Side | None = None) -> RowProblem:
    """A refusal as the problem of a cell; without a pointer it stands at the column of the `other` side."""
    field = _field_of(refusal.pointer) if refusal.pointer else other or ""
    return RowProblem(
        column="",
        field=field,
        severity="refusal",
        code=refusal.code,
        found="",
        expected=_EXPECTED.get(field, ""),
        zh=refusal.zh,
        en=refusal.en,
    )


def _field_of(pointer: str) -> str:
    path = pointer.removeprefix("/body").strip("/")
    return _FIELDS.get(path) or _FIELDS.get(path.rpartition("/")[2]) or path.rpartition("/")[2]
