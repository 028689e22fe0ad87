"""Show the auditor who reads one person again and again."""

from collections.abc import Iterable
from datetime import datetime

from exchange.auditing.repeated import KIND, Reading, windows
from exchange.ledger import Finding, Ledger
from exchange.moments import Period, civil_day


def note_repeated_readings(ledger: Ledger, now: datetime) -> int:
    """Look at yesterday and at the seven days up to it; how many findings there are. The same again is the same."""
    found = [
        finding
        for period, most in windows(civil_day(now))
        for finding in _findings(ledger.audit.repeated(period, most), period, now)
    ]
    ledger.chores.add_findings(found)
    return len(found)


def _findings(readings: Iterable[Reading], period: Period, now: datetime) -> list[Finding]:
    """One for each, which names no person but by the blind index."""
    days = (period.last - period.first).days + 1
    return [
        Finding(
            id=f"{KIND}:{days}:{period.last}:{each.actor.kind}.{each.actor.id}:{each.subject.rpartition(':')[2]}",
            kind=KIND,
            partner=None,
            subject=f"{each.actor.kind} {each.actor.id}",
            detail=f"{each.times} times in {days} days to {period.last}: {each.subject}",
            at=now,
        )
        for each in readings
    ]
