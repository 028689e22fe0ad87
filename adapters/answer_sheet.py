"""A worklist as a sheet in which clerks write their answers: what was asked stands beside the empty cells of the answer.

Only the answer's cells can be written in. Columns whose header begins with ※ tell the clerk something and are not read again.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import xlsxwriter
from xlsxwriter.format import Format as CellFormat
from xlsxwriter.worksheet import Worksheet

from adapters.auditing.trail import showing
from adapters.exporting import Format
from adapters.sheets.facts_cells import Fact, record_cells, worded
from adapters.sheets.layout import spellings_for
from adapters.sheets.sheet import Layout, column_letter
from adapters.sheets.words import both, codes, is_coded, label
from adapters.sheets.writer import Cell, OutColumn, write_csv
from exchange.codes import ChallengeReason, Item
from exchange.jurisdiction import Divisions
from exchange.people.record import Record
from exchange.verbs.sheets.answers import FIELDS_OF, items_to_correct
from exchange.verbs.work.items import WorkItem
from exchange.wire.message import Notice

MOST_ROWS = 20_000
_SPELLINGS = spellings_for(Layout.ANSWERS)
_TOLD = _SPELLINGS.for_information
_ANSWER = ("result", "moved_to", "right_county", "refusal_reason")
_CHALLENGED = {
    ChallengeReason.INCOMPLETE: "不完整 incomplete",
    ChallengeReason.CONTRADICTS_DOCUMENT: "与证件不符 contradicts the document",
    ChallengeReason.WRONG_PERSON: "不是此人 wrong person",
}
_GUIDE = (
    (
        "每行是一件待反馈事项；只填写白色单元格，灰色单元格不能修改。",
        "Each row waits for an answer. Write in the white cells only.",
    ),
    (
        "“反馈结果”从下拉列表选择；留空的行不处理，可以以后再填。",
        "Choose the result from the list. A row left blank is passed over.",
    ),
    (
        "“有更正”：在“更正为”各列填写正确内容，一个项目的各列要填全；其他结果不填这些列。",
        "`corrected`: write the right values under 更正为, all columns of an item; no other result has any.",
    ),
    (
        "“已他往”填去向（省或市），“非本地区”填应办地区县，“拒绝”填原因。",
        "`moved_on` says where to, `wrong_jurisdiction` which county, `refused` why.",
    ),
    ("日期写作 2023-05-01；代码列可填代码或文字。", "Dates read 2023-05-01. Coded columns take the code or the word."),
    (
        "不要改动“交换编号”和“所答消息”：导出之后有变化的行在导入时会被拒绝。",
        "Leave the first two columns as they are: a row that has changed since is refused when it comes back.",
    ),
    ("本文件含个人信息，用后删除。", "This file holds personal data: delete it after use."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A column: what it says of a row, and for a cell of the answer its field; `item` is the one that it corrects."""

    header: str
    width: int
    value: Callable[[WorkItem], Cell] | None = None
    field: str | None = None
    item: Item | None = None


def write_answers(items: Sequence[WorkItem], divisions: Divisions, form: Format) -> bytes:
    """The worklist as a sheet of the layout `answers`; what has no message any more, or an answer under way, is left out."""
    asked = [item for item in items if item.opening is not None and not item.under_way]
    showing(asked)
    columns = _columns(asked, divisions)
    if form is Format.CSV:
        heads = [OutColumn(header=column.header, width=column.width) for column in columns]
        return write_csv(heads, (_cells(columns, item) for item in asked))
    return _workbook(columns, asked)


def _columns(asked: Sequence[WorkItem], divisions: Divisions) -> list[_Column]:
    wanted = {item for each in asked for item in items_to_correct(each.exchange)}
    return [
        _Column(header=f"{_header('exchange')}*", width=38, value=lambda item: item.exchange.key.exchange),
        _Column(header=f"{_header('asked_message')}*", width=38, value=_asked_message),
        *_told(divisions),
        *(
            _Column(
                header=_header(field) + ("*" if field == "result" else ""), width=26 if field == "result" else 18, field=field
            )
            for field in _ANSWER
        ),
        *(column for item in Item if item in wanted for field in FIELDS_OF[item] for column in _pair(item, field)),
    ]


def _told(divisions: Divisions) -> Iterator[_Column]:
    """What the clerk must know of a row."""
    columns: tuple[tuple[str, int, Callable[[WorkItem], Cell]], ...] = (
        ("姓名 name", 14, lambda item: item.opening.body.person.name if item.opening else None),
        ("证件号码 document", 22, lambda item: item.opening.body.person.document.number if item.opening else None),
        ("性别 sex", 8, lambda item: worded("sex", item.opening.body.person.sex) if item.opening else None),
        ("出生日期 born", 12, lambda item: worded("birth_date", item.opening.body.person.birth_date) if item.opening else None),
        ("期限 due", 12, lambda item: _day(item.exchange.conversation.due if item.exchange.conversation else None)),
        ("内部时限 internal due", 14, lambda item: _day(item.assignment.due if item.assignment else None)),
        ("紧急 urgent", 12, lambda item: label("urgent_reason", item.exchange.urgent) if item.exchange.urgent else None),
        ("种类 kind", 10, lambda item: label("event", item.exchange.event) if item.exchange.event else "协查"),
        ("发生日期 event date", 14, lambda item: _day(item.opening.body.date) if isinstance(item.opening, Notice) else None),
        ("用途 purpose", 14, lambda item: label("purpose", item.exchange.purpose)),
        ("对方 other side", 30, lambda item: f"{item.exchange.other} {divisions.full_name(item.exchange.other)}"),
        ("询问项目 items", 30, _items),
        ("再交流 challenged", 24, lambda item: _CHALLENGED[item.challenge.reason] if item.challenge else None),
        ("承办乡镇 township", 12, lambda item: item.exchange.handled_by),
    )
    for header, width, value in columns:
        yield _Column(header=_TOLD + header, width=width, value=value)


def _pair(item: Item, field: str) -> Iterator[_Column]:
    """The asker's value, and the empty cell for the corrected one."""
    zh = _header(field)
    yield _Column(header=f"{_TOLD}询方 {zh}", width=16, value=lambda each: worded(field, _facts(each).get(field)))
    yield _Column(header=f"{zh}（更正为）", width=18, field=field, item=item)


def _facts(item: WorkItem) -> dict[str, Fact]:
    record = item.opening.body.record if item.opening is not None else None
    return {} if record is None else {**_of_person(record), **record_cells(record)}


def _of_person(record: Record) -> dict[str, Fact]:
    return {"name": record.name, "sex": record.sex, "birth_date": record.birth_date}


def _asked_message(item: WorkItem) -> str:
    talk = item.exchange.conversation
    return (talk.challenge if talk is not None else None) or item.exchange.opening


def _items(item: WorkItem) -> str:
    # With the code behind it, no cell reads like a header.
    wanted = item.challenge.items if item.challenge is not None else item.exchange.items
    return "、".join(both("items", one) for one in wanted)


def _header(field: str) -> str:
    return _SPELLINGS.fields[field].zh


def _day(day: object) -> str | None:
    return None if day is None else str(day)


def _cells(columns: Sequence[_Column], item: WorkItem) -> list[Cell]:
    return [column.value(item) if column.value is not None else None for column in columns]


def _workbook(columns: Sequence[_Column], asked: Sequence[WorkItem]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        text = {"num_format": "@", "valign": "top"}
        head = book.add_format({**text, "bold": True, "bg_color": "#DDE7F0", "border": 1, "text_wrap": True})
        needed = book.add_format({**text, "bold": True, "bg_color": "#FBE3D6", "border": 1, "text_wrap": True})
        told = book.add_format({**text, "bg_color": "#F2F2F2"})
        free = book.add_format({**text, "locked": False, "border": 1})
        sheet = book.add_worksheet(_SPELLINGS.zh)
        _guide(book.add_worksheet("填写说明 Guide"), book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"}))
        choices = book.add_worksheet("选项 Choices")
        for index, column in enumerate(columns):
            sheet.set_column(index, index, column.width)
            sheet.write_string(0, index, column.header, needed if column.field is not None else head)
            if column.field is not None and is_coded(column.field) and asked:
                _offer(sheet, choices, index, column.field, len(asked))
        for number, item in enumerate(asked, 1):
            corrected = items_to_correct(item.exchange)
            for index, column in enumerate(columns):
                open_cell = column.field is not None and (column.item is None or column.item in corrected)
                _write(sheet, number, index, column.value(item) if column.value else None, free if open_cell else told)
        sheet.freeze_panes(1, 3)
        sheet.autofilter(0, 0, max(len(asked), 1), len(columns) - 1)
        # Nobody is kept out, hence no password: it keeps a slip of the hand from the columns by which a row is found again.
        sheet.protect("", {"format_cells": True, "format_columns": True, "format_rows": True, "sort": True, "autofilter": True})
        choices.hide()
    return out.getvalue()


def _write(sheet: Worksheet, row: int, index: int, value: Cell, style: CellFormat) -> None:
    if value is None:
        sheet.write_blank(row, index, None, style)
    else:
        sheet.write_string(row, index, str(value), style)


def _offer(sheet: Worksheet, choices: Worksheet, index: int, field: str, rows: int) -> None:
    words = [both(field, code) for code in codes(field)]
    choices.write_column(0, index, words)
    letter = column_letter(index)
    source = f"='选项 Choices'!${letter}$1:${letter}${len(words)}"
    # A code or another spelling may be written as well: the list offers, it does not forbid.
    sheet.data_validation(1, index, rows, index, {"validate": "list", "source": source, "error_type": "information"})


def _guide(sheet: Worksheet, style: CellFormat) -> None:
    sheet.set_column(0, 1, 80, style)
    for row, (zh, en) in enumerate(_GUIDE):
        sheet.write_string(row, 0, zh, style)
        sheet.write_string(row, 1, en, style)
