"""Verify a chain: walk it once, and say where it does not hold.

- a row whose contents do not come to its digest was changed
- a number that is missing in a day is a row that was taken out
- a row that does not hold the digest before it has lost, got or seen rewritten what stood before it
- an audit that begins after what the ledger holds has lost its beginning, be it the whole
- an end that is not the head's was cut off; and an end of a day that is not the signed one was rewritten after the signing
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from exchange.auditing.chain import AuditRow, ChainHead, digest_of


class FaultKind(StrEnum):
    """What is wrong."""

    CHANGED = "changed"
    MISSING = "missing"
    UNLINKED = "unlinked"
    CUT_OFF = "cut-off"
    NOT_AS_SIGNED = "not-as-signed"
    NOT_AS_WITNESSED = "not-as-witnessed"
    SIGNATURE = "signature"
    INDEX = "index"
    BEGINS_LATE = "begins-late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong, and where: at this row of this day."""

    kind: FaultKind
    jurisdiction: str
    day: date | None
    sequence: int
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What somebody once said of the end of a day: this node by its signature, or a partner that holds it."""

    day: date
    rows: int
    digest: str
    said_by: str = ""

    @property
    def kind(self) -> FaultKind:
        """What it is called when it does not hold."""
        return FaultKind.NOT_AS_WITNESSED if self.said_by else FaultKind.NOT_AS_SIGNED


def check_chain(head: ChainHead, rows: Iterable[AuditRow], marks: Sequence[Mark] = ()) -> Iterator[Fault]:
    """All faults of a chain, in its order; the rows come by day and number."""
    by_day: dict[date, list[Mark]] = {}
    for mark in marks:
        by_day.setdefault(mark.day, []).append(mark)
    last: AuditRow | None = None
    for row in rows:
        if last is not None and row.day != last.day:
            yield from _against_marks(head.jurisdiction, last, by_day.pop(last.day, ()))
        yield from _check_row(head.jurisdiction, last, row)
        last = row
    if last is not None:
        yield from _against_marks(head.jurisdiction, last, by_day.pop(last.day, ()))
    for day in sorted(by_day):
        for mark in by_day[day]:
            detail = f"{mark.rows} rows were there{_by(mark)}, none is"
            yield Fault(kind=mark.kind, jurisdiction=head.jurisdiction, day=day, sequence=1, detail=detail)
    yield from _against_head(head, last)


def check_index(
    jurisdiction: str, rows: Iterable[AuditRow], indexed: Iterable[tuple[tuple[date, int], frozenset[str]]]
) -> Iterator[Fault]:
    """Whether who looks for a subject finds every row about it, and no other. Both come in the order of the chain."""
    entries = iter(indexed)
    found = next(entries, None)
    for row in rows:
        place = (row.day, row.sequence)
        while found is not None and found[0] < place:
            yield _astray(jurisdiction, *found[0], "there is no such row")
            found = next(entries, None)
        told: frozenset[str] = frozenset()
        if found is not None and found[0] == place:
            told, found = found[1], next(entries, None)
        if told != frozenset(row.event.subjects):
            yield _astray(jurisdiction, *place, "its subjects are not those of the row")
    while found is not None:
        yield _astray(jurisdiction, *found[0], "there is no such row")
        found = next(entries, None)


def _astray(jurisdiction: str, day: date, sequence: int, detail: str) -> Fault:
    return Fault(kind=FaultKind.INDEX, jurisdiction=jurisdiction, day=day, sequence=sequence, detail=detail)


def _check_row(jurisdiction: str, last: AuditRow | None, row: AuditRow) -> Iterator[Fault]:
    expected = last.sequence + 1 if last is not None and last.day == row.day else 1
    if row.sequence != expected:
        detail = f"row {expected} comes next, row {row.sequence} is there"
        yield Fault(kind=FaultKind.MISSING, jurisdiction=jurisdiction, day=row.day, sequence=expected, detail=detail)
    elif row.previous != (None if last is None else last.digest):
        detail = "it does not hold the digest of the row before it"
        yield Fault(kind=FaultKind.UNLINKED, jurisdiction=jurisdiction, day=row.day, sequence=row.sequence, detail=detail)
    if row.event.jurisdiction != jurisdiction or digest_of(row.event, row.day, row.sequence, row.previous) != row.digest:
        yield Fault(kind=FaultKind.CHANGED, jurisdiction=jurisdiction, day=row.day, sequence=row.sequence)


def _against_marks(jurisdiction: str, last: AuditRow, marks: Iterable[Mark]) -> Iterator[Fault]:
    for mark in marks:
        if (mark.rows, mark.digest) != (last.sequence, last.digest):
            detail = f"the day ends with row {last.sequence}; {mark.rows} rows were there{_by(mark)}"
            sequence = min(mark.rows, last.sequence)
            yield Fault(kind=mark.kind, jurisdiction=jurisdiction, day=last.day, sequence=sequence, detail=detail)


def _against_head(head: ChainHead, last: AuditRow | None) -> Iterator[Fault]:
    told = (head.day, head.sequence, head.digest)
    if told != ((last.day, last.sequence, last.digest) if last is not None else (None, 0, None)):
        ends = f"it ends with row {last.sequence} of {last.day}" if last is not None else "it has no rows"
        detail = f"the head is row {head.sequence} of {head.day}; {ends}"
        yield Fault(kind=FaultKind.CUT_OFF, jurisdiction=head.jurisdiction, day=head.day, sequence=head.sequence, detail=detail)


def _by(mark: Mark) -> str:
    return f" when {mark.said_by} was told" if mark.said_by else " when it was signed"
