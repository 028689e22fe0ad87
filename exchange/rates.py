"""A rate: two counts and what they were counted for, never only a quotient (domain, "The rates").

What is counted is decided in `exchange.counting`; here stand the names, the value and how it is shown.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final

from exchange.counting.rows import Row
from exchange.counting.share import Beside, percent_of, ratio_of
from exchange.moments import Period
from exchange.reconciling.handshake import Handshakes


class RateName(StrEnum):
    """The thirteen rates, in the order in which a report shows them."""

    FEEDBACK_GIVEN = "feedback_given"
    FEEDBACK_OBTAINED = "feedback_obtained"
    OUTFLOW_FEEDBACK = "outflow_feedback"
    INFLOW_FEEDBACK = "inflow_feedback"
    ON_TIME = "on_time"
    KEY_INFORMATION = "key_information"
    EXCHANGE = "exchange"
    CONFIRMATION = "confirmation"
    HANDSHAKE = "handshake"
    FIELD_AGREEMENT = "field_agreement"
    ENTRY = "entry"
    CERTIFICATE_VERIFICATION = "certificate_verification"
    COVERAGE = "coverage"

    @property
    def zh(self) -> str:
        """The Chinese name."""
        return _ZH[self]


_ZH: Final[dict[RateName, str]] = {
    RateName.FEEDBACK_GIVEN: "反馈率",
    RateName.FEEDBACK_OBTAINED: "收到反馈率",
    RateName.OUTFLOW_FEEDBACK: "流出信息反馈率",
    RateName.INFLOW_FEEDBACK: "流入信息反馈率",
    RateName.ON_TIME: "及时反馈率",
    RateName.KEY_INFORMATION: "重点信息反馈率",
    RateName.EXCHANGE: "信息交流率",
    RateName.CONFIRMATION: "确认率",
    RateName.HANDSHAKE: "握手率",
    RateName.FIELD_AGREEMENT: "字段一致率",
    RateName.ENTRY: "入机率",
    RateName.CERTIFICATE_VERIFICATION: "验证率",
    RateName.COVERAGE: "协作到位率",
}


class Cohort(StrEnum):
    """By what an exchange falls into a period: its first due date, which never moves, or the day of its accepting receipt."""

    DUE = "due"
    SUBMITTED = "submitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a rate has no counts: a closed word, and a sentence in both languages."""

    code: str
    zh: str
    en: str


NOT_RECONCILED: Final = Reason(
    code="not-reconciled",
    zh="须先与协作方对账，截至该时点尚无对账结果。",
    en="It needs a reconciliation with the partners, and there was none by then.",
)
# Of reports that were frozen before certificates could be checked.
NO_CERTIFICATE_CHECKS: Final = Reason(
    code="no-certificate-checks",
    zh="须先启用婚育证明验证，目前尚无验证结果。",
    en="It needs certificate checks, and there are none yet.",
)
NOT_DIVIDED: Final = Reason(
    code="not-divided",
    zh="该率不能按所选条件细分。",
    en="This rate cannot be divided by the chosen filter.",
)
TOO_FEW: Final = Reason(
    code="too-few",
    zh="所选用途不足 10 件，为保护个人信息不单独列出。",
    en="Fewer than 10 for the chosen purpose: not shown, to protect the persons.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One figure: its two counts, and all that is needed to count it again.

    Both counts are None exactly if there is a `reason`. `township` is None for the whole jurisdiction, else a township's
    code or `UNASSIGNED`. `rules` is the version of the rule set. `beside` stands with the feedback rates, `handshakes` with
    the handshake rate; `rows` only where they were asked for: their numerators and denominators sum to the rate's.
    """

    name: RateName
    jurisdiction: str
    township: str | None = None
    cohort: Cohort
    period: Period
    as_of: datetime
    numerator: int | None
    denominator: int | None
    reason: Reason | None = None
    rules: str
    beside: Beside | None = None
    handshakes: Handshakes | None = None
    rows: tuple[Row, ...] | None = None

    @property
    def ratio(self) -> Fraction | None:
        """The exact quotient; None without counts, and where the denominator is 0."""
        return ratio_of(self.numerator, self.denominator)

    def percent(self) -> str:
        """As it is shown: "71.47 %", half up; "—" where there is no quotient."""
        return percent_of(self.numerator, self.denominator)

    @property
    def denominator_ids(self) -> tuple[str, ...] | None:
        """The ids of the rows behind the denominator; None unless the rows were asked for."""
        return None if self.rows is None else tuple(row.id for row in self.rows if row.denominator)

    @property
    def numerator_ids(self) -> tuple[str, ...] | None:
        """The ids of the rows behind the numerator; None unless the rows were asked for."""
        return None if self.rows is None else tuple(row.id for row in self.rows if row.numerator)
