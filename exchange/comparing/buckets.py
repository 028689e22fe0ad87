"""Rows in 256 buckets by their exchange's id, so that equality costs one digest a bucket and a difference one bucket's rows."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from exchange.comparing.standing import Standing, short_digest
from exchange.wire.figures import BUCKETS, MAX_HELD, MAX_ROWS, BucketLook, FigureRow, FiguresDoNotFit


def bucket_of(exchange: str) -> int:
    """The bucket of an exchange: the first byte of the SHA-256 of its id, which neither side can crowd by its numbering."""
    return hashlib.sha256(exchange.encode()).digest()[0]


def digests_of(standings: Iterable[Standing]) -> list[str | None]:
    """For each bucket the digest over its rows' digests, in the order of the exchanges' ids; None for an empty one."""
    held: defaultdict[int, list[Standing]] = defaultdict(list)
    for standing in standings:
        held[bucket_of(standing.row.exchange)].append(standing)
    return [_digest(held[number]) if number in held else None for number in range(BUCKETS)]


def _digest(standings: Sequence[Standing]) -> str:
    return short_digest("\n".join(each.digest for each in sorted(standings, key=lambda each: each.row.exchange)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What the answering side says to a look into buckets."""

    rows: list[FigureRow]
    unknown: list[str]
    left: int


def seek(standings: Iterable[Standing], look: Iterable[BucketLook]) -> Sought:
    """The rows of these buckets that the other side does not hold, and what it holds that is not here."""
    held = {each.bucket: set(each.held) for each in look}
    ours: set[str] = set()
    rows: list[FigureRow] = []
    left = 0
    for standing in sorted(standings, key=lambda each: each.row.exchange):
        theirs = held.get(bucket_of(standing.row.exchange))
        if theirs is None:
            continue
        ours.add(standing.digest)
        if standing.digest in theirs:
            continue
        if len(rows) < MAX_ROWS:
            rows.append(standing.row)
        else:
            left += 1
    unknown = sorted(set().union(*held.values()) - ours)
    return Sought(rows=rows, unknown=unknown, left=left)


class Search:
    """The asking side's way through the buckets that differ, a bounded number of rows at a time.

    `differing` are the rows of both sides, by exchange, where they are not alike; `left` counts what was not told or not asked.
    """

    def __init__(self, standings: Iterable[Standing], most_held: int = MAX_HELD) -> None:
        self._most_held = most_held
        self._ours = {standing.digest: standing.row for standing in standings}
        self._digests = {row.exchange: digest for digest, row in self._ours.items()}
        self.differing: dict[str, tuple[FigureRow | None, FigureRow | None]] = {}
        self.left = 0

    def looks(self, buckets: Iterable[int]) -> Iterator[list[BucketLook]]:
        """The questions to ask about these buckets, each within the limit of one call."""
        held: defaultdict[int, list[str]] = defaultdict(list)
        for exchange, digest in self._digests.items():
            held[bucket_of(exchange)].append(digest)
        looks: list[BucketLook] = []
        room = self._most_held
        for number in buckets:
            digests = sorted(held[number])
            if len(digests) > self._most_held:
                self.left += 1  # at least one row of a bucket that cannot be asked about
                continue
            if len(digests) > room:
                yield looks
                looks, room = [], self._most_held
            looks.append(BucketLook(bucket=number, held=digests))
            room -= len(digests)
        if looks:
            yield looks

    def take(self, look: Sequence[BucketLook], rows: Sequence[FigureRow], unknown: Sequence[str], left: int) -> None:
        """Take in one answer; FiguresDoNotFit for rows or digests that were not asked about."""
        buckets = {each.bucket for each in look}
        held = {digest for each in look for digest in each.held}
        theirs = {row.exchange: row for row in rows}
        stray = any(bucket_of(exchange) not in buckets for exchange in theirs)
        if stray or len(theirs) != len(rows) or not held.issuperset(unknown):
            raise FiguresDoNotFit
        for exchange, row in theirs.items():
            ours = self._ours.get(self._digests.get(exchange, ""))
            if ours != row:
                self.differing[exchange] = (ours, row)
        for digest in unknown:
            ours = self._ours[digest]
            # Where rows were left out for want of room, one that seems missing there may be among them.
            if ours.exchange not in theirs and not left:
                self.differing[ours.exchange] = (ours, None)
        self.left += left
