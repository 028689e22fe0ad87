"""Show the auditor of a county who reads one person of it again and again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from exchange.auditing.chain import NODE
from exchange.auditing.repeated import KIND, Reading, windows
from exchange.ledger import Finding, Ledger
from exchange.moments import Period, civil_day
from exchange.wire import ijson

# Behind it stands who was read, for the county's own auditor alone.
PERSON_AFTER: Final = ": "


def note_repeated_readings(ledger: Ledger, now: datetime) -> int:
    """Look at yesterday and at the seven days up to it; how many findings there are. The same again is the same."""
    found = [
        finding
        for period, most in windows(civil_day(now))
        for finding in _findings(ledger.audit.repeated(period, most), period, now)
    ]
    ledger.chores.add_findings(found)
    return len(found)


def _findings(readings: Sequence[Reading], period: Period, now: datetime) -> list[Finding]:
    """One for each, which begins with the county whose it is, and names no person but by the blind index."""
    days = (period.last - period.first).days + 1
    keys = [f"{days} {period.last} {each.jurisdiction} {each.actor.kind} {each.actor.id} {each.subject}" for each in readings]
    return [
        Finding(
            id=f"{KIND}.{ijson.digest(key.encode())}",
            kind=KIND,
            partner=None,
            subject=f"{each.jurisdiction or NODE} {each.actor.kind} {each.actor.id}",
            detail=f"{each.times} times in {days} days to {period.last}{PERSON_AFTER}{each.subject}",
            at=now,
        )
        for each, key in zip(readings, keys, strict=True)
    ]
