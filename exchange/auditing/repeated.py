"""Repeated reading: one caller who reads one person again and again is shown to the auditor."""

from dataclasses import dataclass
from datetime import date, timedelta

from exchange.auditing.event import Actor
from exchange.moments import Period

KIND = "repeated-reading"
# A matter is opened, read, answered and confirmed within a day: six or seven looks at one person. Over a week the same person
# comes up with each message of a conversation, of which there are at most a dozen.
MOST_IN_A_DAY = 10
MOST_IN_SEVEN_DAYS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How often one actor was shown one subject."""

    jurisdiction: str
    actor: Actor
    subject: str
    times: int


def windows(today: date) -> tuple[tuple[Period, int], ...]:
    """The days that are looked at the morning after, each with the most readings that nobody asks about."""
    yesterday = today - timedelta(days=1)
    week = Period(first=yesterday - timedelta(days=6), last=yesterday)
    return (Period(first=yesterday, last=yesterday), MOST_IN_A_DAY), (week, MOST_IN_SEVEN_DAYS)
