"""What an exchange counts for from one civil day to another: its verdicts at the days' boundaries, each for as long as it holds.

A *boundary* X is 00:00 of the civil day X, a day is its proleptic ordinal, and a version holds at X exactly if
`since < X <= until`. What happened at the very moment of a boundary counts at it, as it does in `judge`; so a fact belongs to
the day of the millisecond before.

Between two of its events an exchange changes by the clock alone, at the dates that it is due. Those days are known beforehand
and so are versions as well, which an event in between replaces. That an answer has lapsed depends on the rule set, and is
told from `answered_on` when it is asked for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import IntFlag
from itertools import pairwise
from typing import Final

from exchange.codes import Result
from exchange.counting.history import History
from exchange.counting.sorts import sort_of
from exchange.counting.verdict import Verdict
from exchange.moments import civil_day, day_start

FOREVER: Final = 2**31 - 1
_MILLISECOND = timedelta(milliseconds=1)
_ANY = 1


class Mark(IntFlag):
    """Yes or no of a version.

    `BY_EVENT`: it began with something that happened on its day; `ENDED`: so did the next. Between such a day's boundaries
    the exchange has to be judged anew.
    """

    ANSWERED = 1
    ON_TIME = 2
    NOT_FOUND = 4
    REFUSED = 8
    CHALLENGED = 16
    WITHDRAWN = 32
    APART = 64
    BY_EVENT = 128
    ENDED = 256


# As plain numbers: an exchange asks for them a dozen times, and a flag takes ten times as long.
_BY_EVENT, _ENDED = int(Mark.BY_EVENT), int(Mark.ENDED)
_TOLD: Final = tuple(
    int(mark) for mark in (Mark.ANSWERED, Mark.ON_TIME, Mark.NOT_FOUND, Mark.REFUSED, Mark.CHALLENGED, Mark.WITHDRAWN)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version. Days are ordinals; one that counts for nothing has 0 for `received` and `first_due`.

    `days` to the first answer, -1 without one; `answered_on` the day of the answer that can lapse, FOREVER without one;
    `waiting_due` the date by which an answer is being waited for, FOREVER if it has none, 0 if none is waited for.
    """

    since: int
    until: int = FOREVER
    own: str
    other: str
    township: str | None
    sort: int
    received: int = 0
    first_due: int = 0
    marks: int = 0
    days: int = -1
    answered_on: int = FOREVER
    waiting_due: int = 0

    def holds_at(self, boundary: int) -> bool:
        """Whether it is the one at a boundary."""
        return self.since < boundary <= self.until


def boundary_of(as_of: datetime) -> tuple[int, bool]:
    """The last boundary that is not after a moment, and whether the moment lies beyond it."""
    today = civil_day(as_of)
    return today.toordinal(), as_of > day_start(today)


def step_day(moment: datetime) -> int:
    """The day to whose end something counts that takes effect at a moment."""
    return civil_day(moment - _MILLISECOND).toordinal()


def versions_of(history: History) -> tuple[Version, ...]:
    """All versions of an exchange, without a gap from the first event on; none if it wants no feedback."""
    if not history.counts:
        return ()
    events = _event_days(history)
    first, sort = min(events), sort_of(history.exchange)
    clock = {kept.fact.due.toordinal() for kept in history.facts if kept.fact.due is not None}
    found: list[Version] = []
    for day in sorted(events | {due for due in clock if due > first}):
        version = _version(history, sort, day, _BY_EVENT if day in events else 0)
        if day in events or replace(found[-1], since=day, marks=found[-1].marks & ~_BY_EVENT) != version:
            found.append(version)
    return tuple(_closed(found))


def first_difference(one: Sequence[Version], other: Sequence[Version]) -> int | None:
    """The first day at whose end two rows of versions say different things; None if they never do."""
    for day in sorted({version.since for version in (*one, *other)}):
        if _said(one, day) != _said(other, day):
            return day
    return None


def _said(versions: Sequence[Version], day: int) -> Version | None:
    """What holds at the end of a day, whatever it began and ends with."""
    held = next((version for version in versions if version.holds_at(day + 1)), None)
    return None if held is None else replace(held, since=0, until=0, marks=held.marks & ~(_BY_EVENT | _ENDED))


def _event_days(history: History) -> set[int]:
    moments = {max(kept.fact.happened_at, kept.fact.known_at) for kept in history.facts}
    moments |= {kept.voided_at for kept in history.facts if kept.voided_at is not None}
    opened = step_day(min(moments))
    # Before anything was known of it there was nothing to count, whoever had it.
    return {step_day(moment) for moment in moments} | {day for h in history.assignments if (day := step_day(h.at)) > opened}


def _closed(versions: list[Version]) -> Iterable[Version]:
    for version, following in pairwise(versions):
        yield replace(version, until=following.since, marks=version.marks | (_ENDED if following.marks & _BY_EVENT else 0))
    yield versions[-1]


def _version(history: History, sort: int, day: int, marks: int) -> Version:
    """What holds at the end of a day, if nothing else happens."""
    exchange, end = history.exchange, day_start(date.fromordinal(day + 1))
    own, other, township = exchange.own, exchange.other, history.township_at(end)
    verdict = history.verdict_at(end, lapse_days=_ANY)
    if verdict is None or verdict.first_due is None:
        return Version(since=day, own=own, other=other, township=township, sort=sort, marks=marks)
    last = verdict.rounds[-1]
    ended = verdict.withdrawn_at is not None or verdict.confirmed_at is not None
    days = verdict.days_to_answer
    return Version(
        since=day,
        own=own,
        other=other,
        township=township,
        sort=sort,
        received=civil_day(verdict.received_at).toordinal(),
        first_due=verdict.first_due.toordinal(),
        marks=marks | _marks(verdict),
        days=-1 if days is None else days,
        answered_on=FOREVER if ended or last.answered_at is None else civil_day(last.answered_at).toordinal(),
        waiting_due=0 if not verdict.open else FOREVER if last.due is None else last.due.toordinal(),
    )


def _marks(verdict: Verdict) -> int:
    """Of what was withdrawn in time nothing else counts."""
    if verdict.withdrawn_apart:
        return int(Mark.APART)
    result = verdict.result
    told = (
        verdict.answered,
        verdict.on_time,
        result is Result.NOT_FOUND,
        result is Result.REFUSED,
        verdict.challenged,
        verdict.withdrawn_at is not None,
    )
    return sum(mark for mark, is_so in zip(_TOLD, told, strict=True) if is_so)
