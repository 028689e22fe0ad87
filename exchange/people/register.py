"""The register (台账): a jurisdiction's own migrants, one entry a person, until closed (退档); it can be reopened (回档)."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from exchange.codes import CloseReason, RegisterKind
from exchange.errors import Conflict
from exchange.people.record import Person, Record


class EntryClosed(Conflict):
    """The entry is closed; reopen it first."""

    code = "entry-closed"
    zh = "个案已退档，请先回档。"
    en = "The entry is closed; reopen it first."


class EntryOpen(Conflict):
    """The entry is open already."""

    code = "entry-open"
    zh = "个案未退档。"
    en = "The entry is open."


class EntryExists(Conflict):
    """This person has an open entry in this register already."""

    code = "entry-exists"
    zh = "该人员在本台账已有未退档个案。"
    en = "This person has an open entry in this register already."


class EntryProtected(Conflict):
    """The person's entry is protected: nothing on the wire may show that it exists."""

    code = "entry-protected"
    zh = "该人员个案受保护，不得对外交换。"
    en = "The person's entry is protected; nothing about it is exchanged."


class EntryFactKind(StrEnum):
    """What can happen to an entry."""

    OPENED = "opened"
    CHANGED = "changed"
    CLOSED = "closed"
    REOPENED = "reopened"
    CERTIFICATE_FOUND = "certificate_found"


# What makes an entry open or closed; the others say something about it.
MOVES = frozenset({EntryFactKind.OPENED, EntryFactKind.CLOSED, EntryFactKind.REOPENED})


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFact:
    """One thing that happened to an entry, with both its times."""

    entry: str
    what: EntryFactKind
    happened_at: datetime
    known_at: datetime
    reason: CloseReason | None = None


# A person closed for one of these does not come back by appearing in a sheet again: a clerk has to look.
FINAL_REASONS = frozenset({CloseReason.DECEASED, CloseReason.HOUSEHOLD_MOVED, CloseReason.DUPLICATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One person in one register of one county.

    `origin` and `destination` are division codes; an outflow entry may know its destination only to province or prefecture.
    `person_index` is the keyed blind index of the person's document, or of name and birth date where there is none.
    """

    id: str
    jurisdiction: str
    register: RegisterKind
    origin: str
    destination: str
    township: str | None = None
    person: Person
    record: Record
    person_index: str
    protected: bool = False
    opened_at: datetime
    closed_at: datetime | None = None
    close_reason: CloseReason | None = None
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Whether the entry counts as a present migrant."""
        return self.closed_at is None

    @property
    def other(self) -> str:
        """The division on the other side: the destination of an outflow, the origin of an inflow entry."""
        return self.destination if self.register is RegisterKind.OUTFLOW else self.origin

    def changed(self, *, person: Person, record: Record, origin: str, destination: str, township: str | None) -> "Entry":
        """The entry with new facts; EntryClosed if it is closed, the same value if nothing differs."""
        if not self.is_open:
            raise EntryClosed
        then = replace(self, person=person, record=record, origin=origin, destination=destination, township=township)
        return self if then == self else replace(then, version=self.version + 1)

    def closed(self, reason: CloseReason, at: datetime) -> "Entry":
        """退档; EntryClosed if it is closed already."""
        if not self.is_open:
            raise EntryClosed
        return replace(self, closed_at=at, close_reason=reason, version=self.version + 1)

    def reopened(self, at: datetime) -> "Entry":
        """回档: open again as of `at`; EntryOpen if it is not closed."""
        if self.is_open:
            raise EntryOpen
        return replace(self, opened_at=at, closed_at=None, close_reason=None, version=self.version + 1)


NOTHING_KNOWN = Record()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDraft:
    """What a clerk, a sheet or another system knows of a person to be entered."""

    register: RegisterKind
    origin: str
    destination: str
    township: str | None = None
    person: Person
    record: Record = NOTHING_KNOWN
    opened_on: date | None = None
    protected: bool = False
