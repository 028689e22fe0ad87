"""What every form of a report says above and below its tables, made once for all of them."""

from datetime import datetime, time, timedelta
from typing import Final

from exchange.moments import SHANGHAI
from exchange.rates import Cohort
from exchange.reporting.table import Basis, Column, ColumnKind, Document, Text

_COHORTS: Final = {
    Cohort.DUE: Text("按首次期限", "by first due date"),
    Cohort.SUBMITTED: Text("按提交", "by submission"),
}
_FILTERS: Final = {
    "partner": Text("协作方", "partner"),
    "other": Text("对方", "other"),
    "kind": Text("种类", "kind"),
    "event": Text("事件", "event"),
    "purpose": Text("用途", "purpose"),
    "priority": Text("紧急程度", "priority"),
    "category": Text("类别", "category"),
    "township": Text("乡镇", "township"),
    "register": Text("台账", "register"),
}
_WORDS: Final = {"migrant": Text("跨县流动", "migrant"), "intra_city": Text("市内人户分离", "intra_city")}
_KINDS: Final = {
    ColumnKind.TEXT: Text("文字", "text"),
    ColumnKind.COUNT: Text("件数", "count"),
    ColumnKind.PERCENT: Text("百分比", "percent"),
    ColumnKind.POINTS: Text("百分点", "percentage points"),
    ColumnKind.DAYS: Text("天数", "days"),
    ColumnKind.DAY: Text("日期", "date"),
}
# The columns of the list of definitions.
DEFINITION_HEADS: Final = (
    Text("列", "Column"),
    Text("类型", "Kind"),
    Text("含义", ""),
    Text("", "Meaning"),
)


def facts_of(basis: Basis) -> list[tuple[Text, Text]]:
    """What the figures rest on, a line each."""
    alike = [(head, Text(fact, fact)) for head, fact in _alike(basis)]
    facts = [*alike[:3], (Text("归期", "Cohort"), _COHORTS[basis.cohort]), *alike[3:]]
    if basis.filters:
        named = [
            (_FILTERS.get(name, Text(name, name)), _WORDS.get(value, Text(value, value))) for name, value in basis.filters.items()
        ]
        zh, en = ("; ".join(f"{name[n]} = {value[n]}" for name, value in named) for n in (0, 1))
        facts.append((Text("筛选", "Filters"), Text(zh, en)))
    return facts


def _alike(basis: Basis) -> list[tuple[Text, str]]:
    """What is written alike in both languages."""
    period = f"{basis.period.first.isoformat()} – {basis.period.last.isoformat()}"
    return [
        (Text("地区", "Jurisdiction"), f"{basis.place} {basis.jurisdiction}"),
        (Text("统计期", "Period"), f"{basis.month} ({period})" if basis.month else period),
        (Text("截至", "As of"), f"{clock(basis.as_of)} (UTC+8)"),
        (Text("规则集", "Rule set"), f"{basis.rules} (SHA-256 {basis.rules_digest})"),
        (Text("区划版本", "Divisions"), basis.divisions),
        (Text("节点", "Node"), basis.node),
    ]


def clock(moment: datetime) -> str:
    """The time in Shanghai; the end of a day as its 24:00, as the rules call it."""
    there = moment.astimezone(SHANGHAI)
    if there.time() == time.min:
        return f"{there - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{there:%Y-%m-%d %H:%M:%S}"


def both(text: Text) -> str:
    """Chinese, then English; once what is written alike."""
    return text.zh if text.zh == text.en else f"{text.zh} {text.en}".strip()


def definitions_of(document: Document) -> list[tuple[str, str, str, str]]:
    """Each column: its head, its kind, and what it means in Chinese and in English."""
    return [(both(column.full), both(_KINDS[column.kind]), column.means.zh, column.means.en) for column in document.definitions()]


def groups_of(columns: tuple[Column, ...]) -> list[tuple[Text | None, int]]:
    """The heads above the columns: each group with how many columns it spans, None for a column without one."""
    spans: list[tuple[Text | None, int]] = []
    for column in columns:
        if spans and column.group is not None and spans[-1][0] == column.group:
            spans[-1] = (column.group, spans[-1][1] + 1)
        else:
            spans.append((column.group, 1))
    return spans
