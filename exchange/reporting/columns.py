"""The columns that reports share, each defined once: its head, its kind, and what it means."""

from typing import Final

from exchange.counting.share import Share
from exchange.rates import Rate, RateName
from exchange.reporting.table import Cell, Column, ColumnKind, Mark, Row, Text

# What a rate is called, and what its two counts are; docs/rates.md says it at length.
RATE_TEXTS: Final[dict[RateName, tuple[Text, Text]]] = {
    RateName.FEEDBACK_GIVEN: (
        Text("反馈率", "Feedback given"),
        Text("被协查、被通报且须反馈的事项：已反馈 / 全部", "exchanges wanting feedback that it was asked: answered / all"),
    ),
    RateName.FEEDBACK_OBTAINED: (
        Text("收到反馈率", "Feedback obtained"),
        Text("发出且须反馈的事项：已收到反馈 / 全部", "exchanges wanting feedback that it submitted: answered / all"),
    ),
    RateName.OUTFLOW_FEEDBACK: (
        Text("流出信息反馈率", "Outflow feedback"),
        Text("反馈率中，被询问地是户籍地的部分", "feedback given where the asked county is the origin"),
    ),
    RateName.INFLOW_FEEDBACK: (
        Text("流入信息反馈率", "Inflow feedback"),
        Text("反馈率中，被询问地是现居住地的部分", "feedback given where the asked county is the destination"),
    ),
    RateName.ON_TIME: (
        Text("及时反馈率", "On time"),
        Text("反馈率的同一批事项：各轮均按期反馈 / 全部", "the cohort of feedback given: answered in time in every round / all"),
    ),
    RateName.KEY_INFORMATION: (
        Text("重点信息反馈率", "Key information"),
        Text("反馈率中的紧急协查，以及出生、结婚通报", "feedback given over urgent queries and notices of birth and marriage"),
    ),
    RateName.EXCHANGE: (
        Text("信息交流率", "Exchange"),
        Text("在册个案：建档以来发出并被接收过信息交换的 / 全部", "open entries: exchanged since opening / all"),
    ),
    RateName.CONFIRMATION: (
        Text("确认率", "Confirmation"),
        Text("在册个案：建档以来经对方核实并已确认的 / 全部", "open entries: confirmed since opening / all"),
    ),
    RateName.HANDSHAKE: (
        Text("握手率", "Handshake"),
        Text(
            "双方台账均有的人 / 任一方台账有的人，截至最近一次对账", "in both registers / in either, at the last reconciliation"
        ),
    ),
    RateName.FIELD_AGREEMENT: (
        Text("字段一致率", "Field agreement"),
        Text("已握手个案中所比字段全部一致的 / 已握手", "handshaken entries whose compared fields all agree / handshaken"),
    ),
    RateName.ENTRY: (
        Text("入机率", "Entry"),
        Text("已接收的行 / 非空数据行，同一文件只计一次", "rows accepted / non-blank data rows; the same file counts once"),
    ),
    RateName.CERTIFICATE_VERIFICATION: (
        Text("验证率", "Certificate verification"),
        Text("30 日内已验证的流入个案 / 期内满 30 日的流入个案", "inflow entries verified within 30 days / whose 30 days ended"),
    ),
    RateName.COVERAGE: (
        Text("协作到位率", "Coverage"),
        Text(
            "协议生效且 48 小时内已对账的协作方 / 在册个案涉及的协作方",
            "in force and reconciled within 48 h / partners that entries name",
        ),
    ),
}
PLACE: Final = Column(
    key="place",
    kind=ColumnKind.TEXT,
    head=Text("地区", "Jurisdiction"),
    means=Text("行政区划名称；未分派：未分给任何乡镇", "name of the division; 未分派: assigned to no township"),
)
CODE: Final = Column(
    key="code",
    kind=ColumnKind.TEXT,
    head=Text("代码", "Code"),
    means=Text("行政区划代码（GB/T 2260、GB/T 10114）", "division code (GB/T 2260, GB/T 10114)"),
)


def _count(key: str, zh: str, en: str, means_zh: str, means_en: str, kind: ColumnKind = ColumnKind.COUNT) -> Column:
    return Column(key=key, kind=kind, head=Text(zh, en), means=Text(means_zh, means_en))


MEDIAN: Final = _count(
    "median_days",
    "天数中位数",
    "Median days",
    "首轮反馈天数的中位数，收到当日为第 0 天",
    "median of days to the first answer; the day of receipt is 0",
    ColumnKind.DAYS,
)
P90: Final = _count(
    "p90_days",
    "天数P90",
    "P90 days",
    "首轮反馈天数的第 90 百分位数（最近序位法）",
    "90th percentile of days to the first answer, nearest rank",
    ColumnKind.DAYS,
)
NOT_FOUND: Final = _count("not_found", "查无此人", "Not found", "反馈为查无此人的件数", "answered with “not found”")
REFUSED: Final = _count("refused", "拒绝", "Refused", "反馈为拒绝的件数", "answered with a refusal and its reason")
LAPSED: Final = _count(
    "lapsed", "失效", "Lapsed", "反馈后逾期未确认的件数", "answered, and neither confirmed nor challenged in time"
)
CHALLENGED: Final = _count("challenged", "再交流", "Challenged", "反馈被退回再交流的件数", "whose answer was returned")
WITHDRAWN: Final = _count("withdrawn", "撤回", "Withdrawn", "撤回的件数，含另行列出的", "withdrawn, those counted apart included")
OPEN: Final = _count("open", "在办", "Open", "截至时点在办的件数，不限统计期", "open at the as-of moment, whatever the period")
OLDEST_OPEN: Final = _count(
    "oldest_open_days",
    "最早在办天数",
    "Oldest open",
    "最早一件在办事项收到以来的天数",
    "days since the receipt of the oldest that is open",
    ColumnKind.DAYS,
)
OVERDUE: Final = _count(
    "overdue", "逾期", "Overdue", "截至时点逾期未反馈的件数，不限统计期", "overdue at the as-of moment, whatever the period"
)
OLDEST_OVERDUE: Final = _count(
    "oldest_overdue_days",
    "最早逾期天数",
    "Oldest overdue",
    "最早一件逾期事项到期以来的天数",
    "days since the earliest due date that has passed",
    ColumnKind.DAYS,
)
BESIDE: Final = (
    MEDIAN,
    P90,
    NOT_FOUND,
    REFUSED,
    LAPSED,
    CHALLENGED,
    WITHDRAWN,
    OPEN,
    OLDEST_OPEN,
    OVERDUE,
    OLDEST_OVERDUE,
)


def rate_columns(name: RateName) -> tuple[Column, Column, Column]:
    """Numerator, denominator and quotient of a rate."""
    head, means = RATE_TEXTS[name]
    told = Text(f"{head.zh}：{means.zh}", f"{head.en}: {means.en}")
    return (
        Column(key=f"{name}_numerator", kind=ColumnKind.COUNT, head=Text("分子", "Num."), means=told, group=head),
        Column(key=f"{name}_denominator", kind=ColumnKind.COUNT, head=Text("分母", "Den."), means=told, group=head),
        Column(key=f"{name}_percent", kind=ColumnKind.PERCENT, head=Text("比率", "Rate"), means=told, group=head),
    )


def rate_cells(rate: Rate) -> Row:
    """The cells under `rate_columns`: marked where the rate is withheld, empty where it has no counts."""
    if rate.numerator is None or rate.denominator is None:
        withheld = mark_of(rate)
        return (withheld, withheld, withheld)
    return rate.numerator, rate.denominator, Share(numerator=rate.numerator, denominator=rate.denominator)


def mark_of(rate: Rate) -> Cell:
    """What stands in place of a rate's figures: the mark of what is withheld, or nothing."""
    return Mark.MASKED if rate.reason is not None and rate.reason.code == "too-few" else None


def beside_cells(rate: Rate) -> Row:
    """The cells under `BESIDE`."""
    beside = rate.beside
    if beside is None:
        return (mark_of(rate),) * len(BESIDE)
    return (
        beside.median_days,
        beside.p90_days,
        beside.not_found.numerator,
        beside.refused.numerator,
        beside.lapsed.numerator,
        beside.challenged.numerator,
        beside.withdrawn.numerator,
        beside.open,
        beside.oldest_open_days,
        beside.overdue,
        beside.oldest_overdue_days,
    )
