"""Which report is asked for, beside the figures that it is made of."""

from dataclasses import dataclass
from enum import StrEnum

from exchange.counting.query import ReportQuery
from exchange.errors import Invalid
from exchange.jurisdiction import Level
from exchange.rates import RateName
from exchange.reporting.trend import RATES


class ReportName(StrEnum):
    """The reports."""

    FEEDBACK = "feedback"
    LEAGUE = "league"
    MATRIX = "matrix"
    OVERDUE = "overdue"
    TREND = "trend"
    BULLETIN = "bulletin"


class NeedsMonth(Invalid):
    """The trend goes by statistical months."""

    code = "needs-month"
    zh = "趋势表按统计月编制，请用 month 指定最后一个统计月。"
    en = "The trend goes by statistical months: name the last one with `month`."


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedReport:
    """One report on the query's one jurisdiction.

    `level` is that of the peers of a league table (else the divisions directly below), and of the other side of a matrix
    (else counties). `rate` ranks a league table, `rates` are shown in a trend.
    """

    name: ReportName
    query: ReportQuery
    rate: RateName = RateName.FEEDBACK_GIVEN
    rates: tuple[RateName, ...] = RATES
    level: Level | None = None
