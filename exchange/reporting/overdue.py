"""The overdue list (逾期清单): exchanges whose answer is late, ids and stamps, never a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from exchange.codes import Event, Kind, Role
from exchange.counting.query import UNASSIGNED
from exchange.exchanges import Exchange
from exchange.moments import civil_day
from exchange.reporting.basis import UNASSIGNED_NAME, Maker
from exchange.reporting.table import Basis, Cell, Column, ColumnKind, Document, Row, Table, Text

# Only what wants an answer can be late.
_MATTERS: Final[dict[str, Text]] = {
    Kind.QUERY: Text("协查", "query"),
    Event.MARRIAGE: Text("结婚通报", "marriage"),
    Event.DIVORCE: Text("离婚通报", "divorce"),
    Event.BIRTH: Text("出生通报", "birth"),
    Event.ADOPTION: Text("收养通报", "adoption"),
}
_ROLES: Final = {Role.ASKED: Text("待我方反馈", "owed"), Role.ASKER: Text("待对方反馈", "awaited")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """An overdue exchange. `interim_on` is when an interim answer to its present round last came or went, if one did."""

    exchange: Exchange
    due: date
    interim_on: date | None


def _column(key: str, kind: ColumnKind, zh: str, en: str, means_zh: str, means_en: str) -> Column:
    return Column(key=key, kind=kind, head=Text(zh, en), means=Text(means_zh, means_en))


COLUMNS: Final = (
    _column("id", ColumnKind.TEXT, "编号", "Id", "信息交换编号", "id of the exchange"),
    _column("role", ColumnKind.TEXT, "谁的反馈", "Whose", "待我方或待对方反馈", "whether we owe or await the answer"),
    _column("kind", ColumnKind.TEXT, "种类", "Kind", "协查，或通报的事件", "query, or the event of a notice"),
    _column("own", ColumnKind.TEXT, "本方", "Own", "本方行政区划", "our jurisdiction"),
    _column("other", ColumnKind.TEXT, "对方", "Other", "对方行政区划", "the other jurisdiction"),
    _column("township", ColumnKind.TEXT, "乡镇", "Township", "承办乡镇，或未分派", "township that handles it, or 未分派"),
    _column("received", ColumnKind.DAY, "收到", "Received", "接收回执之日", "day of the accepting receipt"),
    _column("due", ColumnKind.DAY, "到期", "Due", "本轮到期日", "due date of the present round"),
    _column("days_overdue", ColumnKind.DAYS, "逾期天数", "Days overdue", "到期日至今天数", "days since the due date"),
    _column("round", ColumnKind.COUNT, "轮次", "Round", "第几轮", "number of the round"),
    _column("interim", ColumnKind.DAY, "暂复", "Interim", "最近一次暂复之日", "day of the last interim answer"),
)


def overdue_list(late: Sequence[Late], basis: Basis, maker: Maker) -> Document:
    """The list as of the basis's moment, the longest overdue first."""
    today = civil_day(basis.as_of)
    rows = tuple(_row(one, today, maker) for one in sorted(late, key=lambda one: (one.due, one.exchange.key.exchange)))
    title = Text(f"{basis.place}逾期清单（{today.isoformat()}）", f"Overdue list · {basis.place} · {today.isoformat()}")
    table = Table(
        name="overdue",
        title=title,
        unit=Text("单位：天", "Unit: days"),
        columns=COLUMNS,
        rows=rows,
        footnotes=(Text(f"共 {len(rows)} 件。", f"{len(rows)} in all."),),
    )
    return Document(name="overdue", title=title, basis=basis, tables=(table,))


def _row(late: Late, today: date, maker: Maker) -> Row:
    exchange = late.exchange
    talk = exchange.conversation
    matter = exchange.event.value if exchange.event is not None else exchange.kind.value
    township: Cell = UNASSIGNED_NAME
    if exchange.handled_by is not None and exchange.handled_by != UNASSIGNED:
        township = f"{maker.divisions.name(exchange.handled_by)} {exchange.handled_by}"
    return (
        exchange.key.exchange,
        _ROLES[exchange.key.role],
        _MATTERS.get(matter, matter),
        _side(exchange.own, maker),
        _side(exchange.other, maker),
        township if exchange.key.role is Role.ASKED else "",
        civil_day(exchange.received_at) if exchange.received_at is not None else None,
        late.due,
        (today - late.due).days,
        talk.round if talk is not None else 1,
        late.interim_on,
    )


def _side(code: str, maker: Maker) -> str:
    return f"{maker.divisions.name(code)} {code}"
