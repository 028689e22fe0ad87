"""Monthly reports, frozen, sent and received; import them from `tests.builders`."""

from datetime import datetime
from typing import Any

from msgspec import structs

from exchange.jurisdiction import Category
from exchange.moments import default_as_of, format_moment, statistical_month
from exchange.rates import Cohort, RateName
from exchange.reporting.frozen.monthly import FrozenBeside, FrozenFigures, FrozenRate, FrozenReport, MonthlyReport, freeze_as
from exchange.reporting.frozen.upward import ReceivedHead, ReceivedReport, Sending
from exchange.terms.agreement import RulesRef
from exchange.wire import ijson
from tests.building.basics import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_digest, a_moment

MONTH = "2026-02"
_WITH_BESIDE = (
    RateName.FEEDBACK_GIVEN,
    RateName.FEEDBACK_OBTAINED,
    RateName.OUTFLOW_FEEDBACK,
    RateName.INFLOW_FEEDBACK,
    RateName.ON_TIME,
    RateName.KEY_INFORMATION,
)


def a_frozen_rate(name: RateName = RateName.FEEDBACK_GIVEN, numerator: int = 8, denominator: int = 10) -> FrozenRate:
    """A rate of 8 of 10."""
    beside = FrozenBeside(
        median_days=5,
        p90_days=9,
        not_found=1,
        refused=0,
        lapsed=0,
        challenged=1,
        withdrawn=1,
        withdrawn_apart=1,
        open=2,
        oldest_open_days=30,
        overdue=1,
        oldest_overdue_days=4,
    )
    return FrozenRate(
        rate=name,
        numerator=numerator,
        denominator=denominator,
        reason=None,
        beside=beside if name in _WITH_BESIDE else None,
    )


def frozen_line(jurisdiction: str = XICHENG, numerator: int = 8, denominator: int = 10, **changes: Any) -> FrozenFigures:
    """A line of figures, all rates alike."""
    line = FrozenFigures(
        category=Category.MIGRANT,
        jurisdiction=jurisdiction,
        township=None,
        rejected=0,
        rates=[a_frozen_rate(name, numerator, denominator) for name in RateName],
    )
    return structs.replace(line, **changes)


def a_monthly(jurisdiction: str = XICHENG, node: str = XICHENG_NODE, **changes: Any) -> MonthlyReport:
    """Xicheng's report of February 2026 as of its 27th, frozen on 2 March."""
    period = statistical_month(MONTH)
    report = MonthlyReport(
        report="monthly",
        node=node,
        jurisdiction=jurisdiction,
        counties=[jurisdiction],
        month=MONTH,
        first=period.first,
        last=period.last,
        cohort=Cohort.DUE,
        as_of=format_moment(default_as_of(MONTH)),
        rules=RulesRef(version="woshou-2026.1", digest=a_digest("rules")),
        divisions="2026-09",
        edition=1,
        supersedes=None,
        correction=None,
        frozen_at=format_moment(a_moment()),
        figures=[frozen_line(jurisdiction)],
    )
    return structs.replace(report, **changes)


def a_frozen(jurisdiction: str = XICHENG, **changes: Any) -> FrozenReport:
    """The same with its bytes."""
    return freeze_as(a_monthly(jurisdiction, **changes))


def a_sending(frozen: FrozenReport, partner: str = WUCHANG_NODE, queued_at: datetime | None = None, **changes: Any) -> Sending:
    """It waits to go to a partner."""
    return Sending(
        digest=frozen.head.digest,
        partner=partner,
        jws=f"header.{partner}.signature",
        queued_at=queued_at or a_moment(),
        **changes,
    )


def a_received(jurisdiction: str = WUCHANG, node: str = WUCHANG_NODE, **changes: Any) -> ReceivedReport:
    """Wuchang's report, as its node sent it."""
    frozen = freeze_as(a_monthly(jurisdiction, node, **changes))
    head = ReceivedHead(
        digest=ijson.digest(frozen.payload),
        sender=node,
        jurisdiction=jurisdiction,
        month=frozen.head.month,
        edition=frozen.head.edition,
        signed_at=a_moment(1),
        received_at=a_moment(2),
    )
    return ReceivedReport(head=head, payload=frozen.payload, jws=f"header.{head.digest}.signature")
