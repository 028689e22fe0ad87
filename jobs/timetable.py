"""The timetable: what runs when. Times of day and hours are those of the node's clock, in Asia/Shanghai."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeAlias

from exchange.moments import SHANGHAI, civil_day
from jobs.auditing.seal_days import seal_days
from jobs.clocks.escalate import escalate
from jobs.clocks.foresee import foresee
from jobs.clocks.overdue import NAME as OVERDUE
from jobs.clocks.overdue import announce_overdue
from jobs.clocks.remind import remind_partners
from jobs.clocks.settle import settle
from jobs.clocks.watch import watch_for_trouble
from jobs.count import close_days, recount
from jobs.deliver import deliver
from jobs.follow import follow_cases
from jobs.index_pairing import index_pairing
from jobs.notify import notify
from jobs.reconciling.doubles import find_persons_twice
from jobs.reconciling.reconcile import NAME as RECONCILE
from jobs.reconciling.reconcile import go_on, reconcile
from jobs.reconciling.tokens import keep_tokens, turn_tokens
from jobs.renew import renew_partners
from jobs.reporting.freeze import freeze_reports
from jobs.reporting.send_reports import send_reports
from jobs.retry import retry_rejected
from jobs.shift import Shift
from jobs.upkeep.retain import NAME as RETAIN
from jobs.upkeep.retain import retain
from jobs.upkeep.sweep_keys import sweep_keys
from jobs.upkeep.tidy import tidy


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """As often as the setting `deliver_seconds` says, by the machine's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """When this long has gone by since the last run of this process."""

    interval: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """Once for each business date, from this time of day on, whichever process comes first."""

    at: time


When: TypeAlias = Rounds | Every | Daily


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A name, what to run, and when. What it returns goes into the log and the table of runs; it never names a person."""

    name: str
    run: Callable[[Shift], str]
    when: When


SCHEDULE = (
    Job(name="deliver", run=deliver, when=Rounds()),
    Job(name="notify", run=notify, when=Rounds()),
    Job(name="tokens", run=keep_tokens, when=Every(interval=timedelta(minutes=1))),
    Job(name="send-reports", run=send_reports, when=Every(interval=timedelta(minutes=5))),
    Job(name="watch", run=watch_for_trouble, when=Every(interval=timedelta(minutes=5))),
    Job(name="reconcile-on", run=go_on, when=Every(interval=timedelta(minutes=10))),
    Job(name="renew", run=renew_partners, when=Every(interval=timedelta(hours=1))),
    Job(name="retry", run=retry_rejected, when=Every(interval=timedelta(hours=1))),
    Job(name="follow", run=follow_cases, when=Every(interval=timedelta(hours=1))),
    Job(name="tidy", run=tidy, when=Every(interval=timedelta(hours=1))),
    Job(name="settle", run=settle, when=Daily(at=time(0, 5))),
    Job(name=OVERDUE, run=announce_overdue, when=Daily(at=time(0, 10))),
    Job(name="close", run=close_days, when=Daily(at=time(0, 20))),
    Job(name="audit", run=seal_days, when=Daily(at=time(0, 30))),
    Job(name="freeze", run=freeze_reports, when=Daily(at=time(1, 30))),
    Job(name=RECONCILE, run=reconcile, when=Daily(at=time(2, 0))),
    Job(name="index-pairing", run=index_pairing, when=Daily(at=time(2, 40))),
    Job(name="sweep-keys", run=sweep_keys, when=Daily(at=time(2, 50))),
    Job(name="recount", run=recount, when=Daily(at=time(3, 0))),
    Job(name=RETAIN, run=retain, when=Daily(at=time(3, 30))),
    Job(name="turn-tokens", run=turn_tokens, when=Daily(at=time(4, 0))),
    Job(name="doubles", run=find_persons_twice, when=Daily(at=time(6, 30))),
    Job(name="foresee", run=foresee, when=Daily(at=time(7, 50))),
    Job(name="remind", run=remind_partners, when=Daily(at=time(8, 0))),
    Job(name="escalate", run=escalate, when=Daily(at=time(8, 10))),
)


def is_due(when: When, last: datetime | None, now: datetime) -> bool:
    """Whether a job whose last run began at `last` should run again now.

    A simulated clock may be set back: a last run in the future does not hold a job up.
    """
    match when:
        case Rounds():
            return True
        case Every():
            return last is None or now < last or now - last >= when.interval
        case Daily():
            begun = now.astimezone(SHANGHAI).time() >= when.at
            return begun and (last is None or civil_day(last) != civil_day(now))
