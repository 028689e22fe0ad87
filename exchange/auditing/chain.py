"""The chain: each row holds the digest of the one before it, through days and months; the only place that computes it.

The first row of a day goes on from the last of the last day that has any, so that a day that is taken out shows.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from exchange.auditing.event import AuditEvent
from exchange.moments import civil_day, to_milliseconds
from exchange.wire.ijson import b64url_encode

# Begins every row's bytes: another form of them would be another word.
_FORM = "woshou-audit-1"
NODE = "node"
_ID = re.compile(r"(node|\d{6})\.(\d{4}-\d\d-\d\d)\.(\d{9})", re.ASCII)
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead:
    """Where a jurisdiction's chain ends: its last row, and the last day that was signed, to which nothing is added any more."""

    jurisdiction: str
    day: date | None = None
    sequence: int = 0
    digest: str | None = None
    closed: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """An event in its place: the civil day, its number in the day from 1, the digest before it and its own."""

    event: AuditEvent
    day: date
    sequence: int
    previous: str | None
    digest: str

    @property
    def id(self) -> str:
        """Where it stands, as one word that sorts as the chain goes on."""
        return row_id(self.event.jurisdiction, self.day, self.sequence)


def row_id(jurisdiction: str, day: date, sequence: int) -> str:
    """The id of a place in a chain: ``110102.2026-03-02.000000017``, ``node.…`` in the node's own."""
    return f"{jurisdiction or NODE}.{day}.{sequence:09d}"


def read_row_id(text: str) -> tuple[str, date, int]:
    """The jurisdiction, day and number that an id names; ValueError for a text that is none."""
    found = _ID.fullmatch(text)
    if found is None:
        raise ValueError("no id of an audit row")
    jurisdiction, day, sequence = found.groups()
    return "" if jurisdiction == NODE else jurisdiction, date.fromisoformat(day), int(sequence)


def digest_of(event: AuditEvent, day: date, sequence: int, previous: str | None) -> str:
    """SHA-256 over the whole row and the digest before it.

    A JSON list of fixed length, so that no two rows have the same bytes.
    """
    actor = event.actor
    told = [
        _FORM,
        previous,
        event.jurisdiction,
        day.isoformat(),
        sequence,
        to_milliseconds(event.at),
        actor.kind.value,
        actor.id,
        actor.role,
        event.action,
        event.purpose.value if event.purpose is not None else None,
        event.problem,
        event.subjects,
        event.shown,
        event.masked,
        event.count,
    ]
    return b64url_encode(hashlib.sha256(_encode(told)).digest())


def extend(head: ChainHead, events: Iterable[AuditEvent]) -> tuple[ChainHead, list[AuditRow]]:
    """The rows that events become behind this head, and the head behind them."""
    rows: list[AuditRow] = []
    for event in events:
        day = _open_day(head, civil_day(event.at))
        sequence = head.sequence + 1 if day == head.day else 1
        digest = digest_of(event, day, sequence, head.digest)
        rows.append(AuditRow(event=event, day=day, sequence=sequence, previous=head.digest, digest=digest))
        head = ChainHead(jurisdiction=head.jurisdiction, day=day, sequence=sequence, digest=digest, closed=head.closed)
    return head, rows


def by_jurisdiction(events: Iterable[AuditEvent]) -> Iterator[tuple[str, list[AuditEvent]]]:
    """The events of each chain, in one order of the chains for all: two that lock several never wait for each other."""
    chains: dict[str, list[AuditEvent]] = {}
    for event in events:
        chains.setdefault(event.jurisdiction, []).extend(event.parts())
    yield from sorted(chains.items())


def _open_day(head: ChainHead, day: date) -> date:
    """The event's own day, unless a clock that goes after has let a later one begin or be signed already."""
    if head.day is not None:
        day = max(day, head.day)
    return day if head.closed is None else max(day, head.closed + timedelta(days=1))
