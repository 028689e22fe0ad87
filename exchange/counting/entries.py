"""Which register entries are open at a moment, and what was exchanged about them since they were opened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from exchange.codes import RegisterKind, Result
from exchange.conversation import Fact, FactKind
from exchange.counting.rows import Row, Stamp, stamp_of
from exchange.counting.verdict import Verdict
from exchange.moments import Period, day_end
from exchange.people.register import MOVES, Entry, EntryFact, EntryFactKind

# The other side's word on the record itself: it is right, or here is the right one.
RECORD_CONFIRMED = frozenset({Result.CONFIRMED, Result.CORRECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPlace:
    """Of a register entry only what counting asks for: where it stands, and nothing about the person."""

    id: str
    jurisdiction: str
    register: RegisterKind
    origin: str
    destination: str
    township: str | None

    @property
    def other(self) -> str:
        """As of `Entry`: the destination of an outflow, the origin of an inflow entry."""
        return self.destination if self.register is RegisterKind.OUTFLOW else self.origin


def place_of(entry: Entry) -> EntryPlace:
    """Where an entry stands."""
    return EntryPlace(
        id=entry.id,
        jurisdiction=entry.jurisdiction,
        register=entry.register,
        origin=entry.origin,
        destination=entry.destination,
        township=entry.township,
    )


class EntrySum(NamedTuple):
    """So many open entries that stand alike, opened in one year; and how many were exchanged and confirmed since."""

    jurisdiction: str
    township: str | None
    register: RegisterKind
    origin: str
    destination: str
    year: int
    open: int
    exchanged: int
    confirmed: int

    @property
    def other(self) -> str:
        """As of `Entry`."""
        return self.destination if self.register is RegisterKind.OUTFLOW else self.origin


class NamedPlace(NamedTuple):
    """What open entries of a county name; several that stand alike and were opened in one year are one."""

    jurisdiction: str
    register: RegisterKind
    origin: str
    destination: str
    year: int

    @property
    def other(self) -> str:
        """As of `Entry`."""
        return self.destination if self.register is RegisterKind.OUTFLOW else self.origin


def opening_at(facts: Iterable[EntryFact], period: Period, as_of: datetime) -> EntryFact | None:
    """The opening or reopening by which an entry is open at min(period end, as-of); None if it is closed then."""
    end = day_end(period.last)
    held = [fact for fact in facts if fact.happened_at < end and fact.happened_at <= as_of and fact.known_at <= as_of]
    opening: EntryFact | None = None
    for fact in sorted(held, key=lambda fact: (fact.happened_at, fact.known_at)):
        if fact.what is EntryFactKind.CLOSED:
            opening = None
        elif fact.what in MOVES:
            opening = fact
    return opening


class Confirmed(NamedTuple):
    """An exchange whose record was confirmed: when it was accepted by the other side, and when that record was by us."""

    accepted: Fact
    confirmed: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Of what the jurisdiction submitted about an entry: the latest acceptance, and the latest exchange that was confirmed."""

    accepted: Fact
    confirmed: Confirmed | None = None

    def joined(self, other: "Contact | None") -> "Contact":
        """The latest of both."""
        if other is None:
            return self
        confirmed = [one for one in (self.confirmed, other.confirmed) if one is not None]
        return Contact(
            accepted=max(self.accepted, other.accepted, key=_moment),
            confirmed=max(confirmed, key=lambda one: one.accepted.happened_at, default=None),
        )


def contact_of(verdict: Verdict) -> Contact:
    """What an exchange does for the entry that it is about."""
    accepted = next(fact for fact in verdict.facts if fact.what is FactKind.OPENED)
    confirmed = next((fact for fact in verdict.facts if fact.what is FactKind.CONFIRMED), None)
    if confirmed is None or confirmed.result not in RECORD_CONFIRMED:
        return Contact(accepted=accepted)
    return Contact(accepted=accepted, confirmed=Confirmed(accepted, confirmed))


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedEntry:
    """An open entry, and what was exchanged about it; before its opening counts for nothing."""

    entry: EntryPlace
    opening: EntryFact
    contact: Contact | None

    @property
    def exchanged(self) -> bool:
        """Whether an exchange about it was accepted since its opening."""
        return self.contact is not None and self.contact.accepted.happened_at >= self.opening.happened_at

    @property
    def confirmed(self) -> bool:
        """Whether an exchange since its opening confirmed or corrected the record, and that was accepted."""
        confirmed = self.contact.confirmed if self.contact is not None else None
        return confirmed is not None and confirmed.accepted.happened_at >= self.opening.happened_at

    def row(self, numerator: bool) -> Row:
        """The row behind the exchange rate or the confirmation rate."""
        opening, contact = self.opening, self.contact
        stamps = [Stamp(what=f"entry_{opening.what}", at=opening.happened_at, known_at=opening.known_at)]
        if contact is not None:
            # As an ordered set: the latest exchange is often the confirmed one.
            stamps += [stamp_of(fact) for fact in dict.fromkeys((contact.accepted, *(contact.confirmed or ())))]
        return Row(
            id=self.entry.id,
            own=self.entry.jurisdiction,
            other=self.entry.other,
            stamps=tuple(stamps),
            numerator=int(numerator),
            denominator=1,
        )


@dataclass(slots=True, kw_only=True)
class EntryTally:
    """The counts of entries of one cell, or of several added up: those that are open, and those whose 30 days ended."""

    open: int = 0
    exchanged: int = 0
    confirmed: int = 0
    ended: int = 0
    verified: int = 0

    def count(self, counted: CountedEntry) -> None:
        """Take in an open entry."""
        self.open += 1
        self.exchanged += counted.exchanged
        self.confirmed += counted.confirmed

    def take(self, one: EntrySum) -> None:
        """Take in entries that the ledger added up."""
        self.open += one.open
        self.exchanged += one.exchanged
        self.confirmed += one.confirmed

    def add(self, other: "EntryTally") -> None:
        """Take in the counts of another cell."""
        self.open += other.open
        self.exchanged += other.exchanged
        self.confirmed += other.confirmed
        self.ended += other.ended
        self.verified += other.verified


def _moment(fact: Fact) -> datetime:
    return fact.happened_at
