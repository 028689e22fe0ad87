"""Registers and exchanges out as sheets: entries in the very columns that an import reads, exchanges without persons."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Self

from adapters.auditing.trail import showing
from adapters.sheets.facts_cells import Fact, record_cells, worded
from adapters.sheets.layout import spellings_for
from adapters.sheets.sheet import Layout
from adapters.sheets.writer import Cell, OutColumn, write_csv, write_sheet
from exchange.codes import RegisterKind
from exchange.exchanges import Exchange
from exchange.moments import civil_day, format_moment
from exchange.people.register import Entry


class Format(StrEnum):
    """The forms in which a sheet is written."""

    XLSX = "xlsx"
    CSV = "csv"

    @classmethod
    def of(cls, suffix: str) -> Self | None:
        """The form that a file of this suffix has; None if it is neither."""
        return next((form for form in cls if suffix.lower() == f".{form}"), None)


MEDIA_TYPES = {
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.CSV: "text/csv; charset=utf-8",
}
# What a register sheet does not import, in front: the entry's own facts.
_ENTRY_COLUMNS = (OutColumn(header="个案编号 id", width=38), OutColumn(header="建档日期 opened", width=14))
_CLOSED_COLUMNS = (OutColumn(header="退档日期 closed", width=14), OutColumn(header="退档原因 reason", width=18))
_EXCHANGE_COLUMNS = tuple(
    OutColumn(header=header, width=width)
    for header, width in (
        ("编号 exchange", 38),
        ("角色 role", 8),
        ("本方 own", 10),
        ("对方 other", 10),
        ("户籍地 origin", 10),
        ("现居住地 destination", 10),
        ("类别 category", 12),
        ("种类 kind", 8),
        ("事件 event", 20),
        ("用途 purpose", 26),
        ("紧急 urgent", 22),
        ("受理 acceptance", 12),
        ("状态 state", 12),
        ("提交 submitted", 26),
        ("收到 received", 26),
        ("答复 answered", 26),
        ("配对 paired", 26),
        ("首次期限 first_due", 14),
        ("期限 due", 14),
        ("期限暂定 due_provisional", 14),
        ("预计答复 expected", 14),
        ("最后确认日 lapses_on", 14),
        ("轮次 round", 8),
        ("结果 result", 18),
    )
)


def write_entries(register: RegisterKind, entries: Iterable[Entry], form: Format) -> bytes:
    """A register as a sheet that can be imported again."""
    fields = list(spellings_for(Layout(register.value)).fields.values())
    read = tuple(OutColumn(header=field.zh, width=22 if field.cleaning in ("number", "place") else 14) for field in fields)
    names = [field.name for field in fields]
    rows = (_entry_row(entry, names) for entry in entries)
    return _written((*_ENTRY_COLUMNS, *read, *_CLOSED_COLUMNS), rows, form, spellings_for(Layout(register.value)).zh)


def write_exchanges(exchanges: Iterable[Exchange], now: datetime, lapse_days: int, form: Format) -> bytes:
    """Exchanges with their stamps; nothing about a person."""
    return _written(_EXCHANGE_COLUMNS, (_exchange_row(one, now, lapse_days) for one in exchanges), form, "信息交换 Exchanges")


def _written(columns: Sequence[OutColumn], rows: Iterator[Sequence[Cell]], form: Format, title: str) -> bytes:
    return write_csv(columns, rows) if form is Format.CSV else write_sheet(columns, rows, title=title)


def _entry_row(entry: Entry, names: Sequence[str]) -> list[Cell]:
    showing(entry)
    known = _cells(entry)
    closed = [_day(entry.closed_at), entry.close_reason.value if entry.close_reason else None]
    return [entry.id, _day(entry.opened_at), *(worded(name, known.get(name)) for name in names), *closed]


def _cells(entry: Entry) -> dict[str, Fact]:
    """The facts of an entry by the fields of a register sheet, as codes."""
    person = entry.person
    own = "origin_township" if entry.register is RegisterKind.OUTFLOW else "destination_township"
    return {
        "name": person.name,
        "sex": person.sex,
        "document_type": person.document.type,
        "document_number": person.document.number,
        "birth_date": person.birth_date,
        "origin": entry.origin,
        "destination": entry.destination,
        own: entry.township,
        **record_cells(entry.record),
    }


def _exchange_row(exchange: Exchange, now: datetime, lapse_days: int) -> list[Cell]:
    talk = exchange.conversation
    moments = (exchange.submitted_at, exchange.received_at, talk.fed_back_at if talk else None, exchange.paired_at)
    dues = (exchange.first_due, talk.due if talk else None)
    return [
        exchange.key.exchange,
        exchange.key.role.value,
        exchange.own,
        exchange.other,
        exchange.origin,
        exchange.destination,
        exchange.category.value,
        exchange.kind.value,
        exchange.event.value if exchange.event else None,
        exchange.purpose_on(civil_day(now)).value,
        exchange.urgent.value if exchange.urgent else None,
        exchange.acceptance.value,
        talk.state_at(now, lapse_days).value if talk else None,
        *(format_moment(moment) if moment else None for moment in moments),
        *(due.isoformat() if due else None for due in dues),
        "是 yes" if exchange.due_provisional else None,
        *(day.isoformat() if day else None for day in (talk.expected if talk else None, talk.lapses_on if talk else None)),
        talk.round if talk else 1,
        talk.result.value if talk and talk.result else None,
    ]


def _day(moment: datetime | None) -> str | None:
    return civil_day(moment).isoformat() if moment is not None else None
