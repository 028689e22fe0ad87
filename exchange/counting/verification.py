"""Which inflow entries' certificates were found valid or not valid within 30 days of opening (验证率).

Each opening and reopening counts for itself, by the day on which its 30 days end: day 0 is the day of opening, and they end at
24:00 of day 30. An entry that was closed before that is in neither count, for there was nobody left to verify.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from exchange.codes import Kind, Purpose, RegisterKind
from exchange.conversation import Fact, FactKind
from exchange.counting.entries import RECORD_CONFIRMED, EntryPlace
from exchange.counting.rows import Row, Stamp, stamp_of
from exchange.exchanges import Exchange
from exchange.moments import Period, civil_day, day_end
from exchange.people.register import EntryFact, EntryFactKind

VERIFICATION_DAYS: Final = 30
_OPENINGS: Final = frozenset({EntryFactKind.OPENED, EntryFactKind.REOPENED})
_DAYS: Final = timedelta(days=VERIFICATION_DAYS)


class VerificationSum(NamedTuple):
    """So many inflow entries that stand alike, opened in one year, whose 30 days ended; and how many were verified in them."""

    jurisdiction: str
    township: str | None
    register: RegisterKind
    origin: str
    destination: str
    year: int
    ended: int
    verified: int

    @property
    def other(self) -> str:
        """As of `Entry`; only inflow entries have a certificate to verify."""
        return self.origin


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedEntry:
    """An entry whose 30 days ended, and by what its certificate was found valid or not valid in them, if it was."""

    entry: EntryPlace
    opening: EntryFact
    found: Stamp | None

    @property
    def verified(self) -> bool:
        """Whether it counts in the numerator."""
        return self.found is not None

    def row(self) -> Row:
        """The row behind the rate."""
        opening = self.opening
        opened = Stamp(what=f"entry_{opening.what}", at=opening.happened_at, known_at=opening.known_at, due=last_day(opening))
        return Row(
            id=self.entry.id,
            own=self.entry.jurisdiction,
            other=self.entry.other,
            stamps=(opened,) if self.found is None else (opened, self.found),
            numerator=int(self.verified),
            denominator=1,
        )


def last_day(opening: EntryFact) -> date:
    """The last of the 30 days."""
    return civil_day(opening.happened_at) + _DAYS


def opened_between(period: Period, as_of: datetime) -> tuple[date, date] | None:
    """First and last day of opening of entries whose 30 days end in the period, and are over as of a moment; None without any."""
    first, last = period.first - _DAYS, min(period.last, civil_day(as_of) - timedelta(days=1)) - _DAYS
    return (first, last) if first <= last else None


def is_verifying(exchange: Exchange) -> bool:
    """Whether it asks people to verify a certificate."""
    return exchange.kind is Kind.QUERY and exchange.purpose is Purpose.CERTIFICATE_VERIFICATION


def verifications(
    entry: EntryPlace, facts: Iterable[EntryFact], answers: Iterable[Fact], period: Period, as_of: datetime
) -> Iterator[VerifiedEntry]:
    """The openings of an entry that count in the period, as of a moment.

    `answers` are the facts, as they stand then, of the queries for certificate verification about it.
    """
    days = opened_between(period, as_of)
    if entry.register is not RegisterKind.INFLOW or days is None:
        return
    known = sorted(
        (fact for fact in facts if fact.happened_at <= as_of and fact.known_at <= as_of),
        key=lambda fact: (fact.happened_at, fact.known_at),
    )
    found = [_stamp(fact) for fact in known if fact.what is EntryFactKind.CERTIFICATE_FOUND]
    found += [stamp_of(fact) for fact in answers if fact.what is FactKind.ANSWERED and fact.result in RECORD_CONFIRMED]
    for place, opening in enumerate(known):
        if opening.what not in _OPENINGS or not days[0] <= civil_day(opening.happened_at) <= days[1]:
            continue
        end = day_end(last_day(opening))
        if any(later.what is EntryFactKind.CLOSED and later.happened_at < end for later in known[place + 1 :]):
            continue
        within = [stamp for stamp in found if opening.happened_at <= stamp.at < end]
        yield VerifiedEntry(entry=entry, opening=opening, found=min(within, key=_moments, default=None))


def _stamp(fact: EntryFact) -> Stamp:
    return Stamp(what=fact.what.value, at=fact.happened_at, known_at=fact.known_at)


def _moments(stamp: Stamp) -> tuple[datetime, datetime]:
    return stamp.at, stamp.known_at
