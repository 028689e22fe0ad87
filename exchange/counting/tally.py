"""What exchanges add up to: counts that can be summed, so that the figure of a whole is the sum over its parts."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from exchange.codes import Result
from exchange.counting.share import Beside, Share, percentile
from exchange.counting.sums import CohortSum, WaitingSum
from exchange.counting.verdict import Verdict
from exchange.counting.version import Mark
from exchange.moments import civil_day

_JUST_BEFORE = timedelta(milliseconds=1)
_COUNTED = (
    (Mark.ANSWERED, "answered"),
    (Mark.ON_TIME, "on_time"),
    (Mark.NOT_FOUND, "not_found"),
    (Mark.REFUSED, "refused"),
    (Mark.CHALLENGED, "challenged"),
    (Mark.WITHDRAWN, "withdrawn_later"),
)


@dataclass(slots=True, kw_only=True)
class Tally:
    """The counts of one cell, or of several added up. `days` is the histogram of days to the first answer."""

    cohort: int = 0
    answered: int = 0
    on_time: int = 0
    not_found: int = 0
    refused: int = 0
    lapsed: int = 0
    challenged: int = 0
    withdrawn_later: int = 0
    withdrawn_apart: int = 0
    days: Counter[int] = field(default_factory=Counter)
    open: int = 0
    overdue: int = 0
    oldest_open: date | None = None
    oldest_overdue: date | None = None

    def count(self, verdict: Verdict) -> None:
        """Take in an exchange of the cohort."""
        if verdict.withdrawn_apart:
            self.withdrawn_apart += 1
            return
        self.cohort += 1
        self.answered += verdict.answered
        self.on_time += verdict.on_time
        self.lapsed += verdict.lapsed
        self.challenged += verdict.challenged
        self.withdrawn_later += verdict.withdrawn_at is not None
        result = verdict.result
        self.not_found += result is Result.NOT_FOUND
        self.refused += result is Result.REFUSED
        days = verdict.days_to_answer
        if days is not None:
            self.days[days] += 1

    def take_cohort(self, one: CohortSum) -> None:
        """Take in exchanges of the cohort that the ledger added up."""
        marks, number = one.marks, one.number
        if marks & Mark.APART:
            self.withdrawn_apart += number
            return
        self.cohort += number
        self.lapsed += number if one.lapsed else 0
        for mark, name in _COUNTED:
            if marks & mark:
                setattr(self, name, getattr(self, name) + number)
        if one.days >= 0:
            self.days[one.days] += number

    def take_waiting(self, one: WaitingSum) -> None:
        """Take in open exchanges that the ledger added up."""
        self.open += one.number
        self.oldest_open = _earlier(self.oldest_open, date.fromordinal(one.received))
        if one.overdue:
            self.overdue += one.number
            self.oldest_overdue = _earlier(self.oldest_overdue, date.fromordinal(one.due))

    def wait(self, verdict: Verdict) -> None:
        """Take in an exchange of whatever period that is open at the as-of moment; any other changes nothing."""
        if not verdict.open:
            return
        self.open += 1
        self.oldest_open = _earlier(self.oldest_open, civil_day(verdict.received_at))
        if verdict.overdue:
            self.overdue += 1
            self.oldest_overdue = _earlier(self.oldest_overdue, verdict.rounds[-1].due)

    def add(self, other: "Tally") -> None:
        """Take in the counts of another cell."""
        self.cohort += other.cohort
        self.answered += other.answered
        self.on_time += other.on_time
        self.not_found += other.not_found
        self.refused += other.refused
        self.lapsed += other.lapsed
        self.challenged += other.challenged
        self.withdrawn_later += other.withdrawn_later
        self.withdrawn_apart += other.withdrawn_apart
        self.days.update(other.days)
        self.open += other.open
        self.overdue += other.overdue
        self.oldest_open = _earlier(self.oldest_open, other.oldest_open)
        self.oldest_overdue = _earlier(self.oldest_overdue, other.oldest_overdue)

    def beside(self, as_of: datetime) -> Beside:
        """The figures beside the rate."""
        # At 24:00 of a day the clock shows the next one already; ages are those of the day that ends.
        today = civil_day(as_of - _JUST_BEFORE)
        return Beside(
            median_days=percentile(self.days, 50),
            p90_days=percentile(self.days, 90),
            not_found=Share(numerator=self.not_found, denominator=self.cohort),
            refused=Share(numerator=self.refused, denominator=self.cohort),
            lapsed=Share(numerator=self.lapsed, denominator=self.cohort),
            challenged=Share(numerator=self.challenged, denominator=self.cohort),
            withdrawn=Share(
                numerator=self.withdrawn_later + self.withdrawn_apart, denominator=self.cohort + self.withdrawn_apart
            ),
            withdrawn_apart=self.withdrawn_apart,
            open=self.open,
            oldest_open_days=_days(self.oldest_open, today),
            overdue=self.overdue,
            oldest_overdue_days=_days(self.oldest_overdue, today),
        )


def _earlier(one: date | None, other: date | None) -> date | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


def _days(since: date | None, today: date) -> int | None:
    return None if since is None else (today - since).days
