"""An exchange (信息交换) as one side holds it, and the messages and batches that made it.

Everything is kept per link and direction, and an exchange per link and *role*: two jurisdictions of one node exchange over a
local link of the node with itself, and then both sides stand in the same ledger.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from exchange.codes import Event, Item, Kind, Purpose, Result, Role, UrgentReason
from exchange.conversation import Conversation, Letter, State, Turn
from exchange.jurisdiction import Category
from exchange.moments import civil_day
from exchange.wire.batch import Outcome, WireProblem
from exchange.wire.message import Message, expected_date, note_of


class Direction(StrEnum):
    """Which way a message went, seen from this ledger."""

    OUT = "out"
    IN = "in"


class NoteKept(StrEnum):
    """Whether a message's line still holds its note (附言), or stands without the one that it had."""

    HELD = "held"
    ERASED = "erased"

    @classmethod
    def of(cls, message: Message) -> "NoteKept | None":
        """Of a message as it was written."""
        return None if note_of(message) is None else cls.HELD


class Acceptance(StrEnum):
    """Whether the opening message has a receipt yet: until it is accepted, the exchange exists here only."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class PairedBy(StrEnum):
    """How a pairing came about: by exact identity, by a clerk, or undone by a clerk; then exact identity tries no more."""

    EXACT = "exact"
    CLERK = "clerk"
    UNDONE = "undone"


class ExchangeKey(NamedTuple):
    """What identifies one side of an exchange in this ledger: the link's number, the exchange's UUID, the role held here."""

    link: int
    exchange: str
    role: Role


# A birth registration is told from other services no longer than this after its end (domain, purposes).
TOLD_APART = timedelta(days=90)
# A notice that wants no feedback is over when it has been on the table as long as an answer that waits to be confirmed.
NOTICE_STANDS = timedelta(days=15)
# What nobody has ended so long after it was due, or else was begun, is given up, and kept no longer than what was ended then.
GIVEN_UP = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One side of one exchange. `own` is the jurisdiction served here, `other` the partner's; both county codes.

    `conversation` is None until the opening is accepted. `entry` is the local register entry that it is about: known at once to
    the asker, found by pairing on the asked side. `clerk` is the API key of the clerk who asked, or who took it over;
    a birth registration has a `paired_at` from then on, whether an entry was found or not.
    `agreement` is the digest of the agreement that allowed it. While
    `due_provisional`, the present round's due date rests on a year whose holidays this node does not know yet.
    """

    key: ExchangeKey
    own: str
    other: str
    origin: str
    destination: str
    category: Category
    kind: Kind
    event: Event | None
    purpose: Purpose
    urgent: UrgentReason | None
    items: tuple[Item, ...]
    agreement: str
    opening: str
    submitted_at: datetime
    acceptance: Acceptance
    received_at: datetime | None = None
    known_at: datetime | None = None
    first_due: date | None = None
    due_provisional: bool = False
    conversation: Conversation | None = None
    person_index: str
    entry: str | None = None
    paired_at: datetime | None = None
    pairing: PairedBy | None = None
    handled_by: str | None = None
    clerk: str | None = None
    problem: WireProblem | None = None
    version: int = 1

    @property
    def wants_feedback(self) -> bool:
        """Whether it counts in the feedback rates; known once the receipt named a due date."""
        return self.first_due is not None

    def purpose_on(self, today: date) -> Purpose:
        """The purpose as it is shown: a birth registration is one of many public services from 90 days after its end on.

        What was said on the wire stays as it was, so that whatever comes late still fits; so do the counts of a past report.
        """
        return coarsened(self.purpose, self.over_on, today)

    def told_as_birth(self, today: date) -> bool:
        """Whether it is shown as a birth registration: until it is one of many services, a notice `registered` for good."""
        if self.purpose is not Purpose.BIRTH_REGISTRATION:
            return False
        return self.purpose_on(today) is Purpose.BIRTH_REGISTRATION or self.event is Event.REGISTERED

    def clerk_on(self, today: date) -> str | None:
        """The clerk as it is shown: nobody's from 90 days after its end on, since a birth registration always had one."""
        return self.clerk if told_apart(self.over_on, today) else None

    @property
    def over_on(self) -> date | None:
        """The last day on which it goes on, today's or a coming one while it ends by itself unless somebody acts.

        - rejected: the day of the receipt
        - confirmed or withdrawn: that day
        - answered: the last day on which the answer can be confirmed or challenged
        - wanting no feedback: some days after it was received, so that it can be read
        - owed, or never taken by the other side: when it is given up
        """
        received, talk = self.received_at or self.known_at, self.conversation
        if self.acceptance is Acceptance.REJECTED:
            return civil_day(received or self.submitted_at)
        match talk.state if talk is not None else None:
            case State.CLOSED | State.WITHDRAWN:
                return talk.closed_on if talk is not None else None
            case State.ANSWERED | State.LAPSED:
                return talk.lapses_on if talk is not None else None
            case State.NOTED:
                return civil_day((received or self.submitted_at) + NOTICE_STANDS)
            case _:
                return ((talk.due if talk is not None else None) or civil_day(self.submitted_at)) + GIVEN_UP


def coarsened(purpose: Purpose, over_on: date | None, today: date) -> Purpose:
    """The purpose of what was over on a day, as it is shown on another."""
    told = purpose is not Purpose.BIRTH_REGISTRATION or told_apart(over_on, today)
    return purpose if told else Purpose.PUBLIC_SERVICE


def told_apart(over_on: date | None, today: date) -> bool:
    """Whether what was over on a day is still told apart by what it was for on another."""
    return over_on is None or today < over_on + TOLD_APART


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedMessage:
    """One message in a link's log. `line` is what crossed the wire, None once erased; the digest stays.

    Once its note is erased, `line` is what is left of it, which is no longer what the digest was made of.

    An outgoing message has no `sequence` until it is cut into a batch, and no `outcome` until the receipt is stored.
    """

    link: int
    direction: Direction
    id: str
    exchange: str
    kind: Kind
    digest: str
    line: bytes | None
    in_reply_to: str | None
    created_at: datetime
    sequence: int | None = None
    position: int | None = None
    turn: int | None = None
    sent_at: datetime | None = None
    received_at: datetime | None = None
    known_at: datetime | None = None
    outcome: Outcome | None = None
    due: date | None = None
    result: Result | None = None
    problem: WireProblem | None = None
    note: NoteKept | None = None

    @property
    def travelled(self) -> bytes | None:
        """The line as it crossed the wire, byte for byte; None where that is no longer held."""
        return None if self.note is NoteKept.ERASED else self.line

    def letter(self, sender: str, stamp: datetime) -> Letter:
        """What the state machine needs of it; only an accepted message has one."""
        if self.turn is None or self.position is None or self.known_at is None:
            raise ValueError("only a delivered message has a place in the canonical order")
        return Letter(
            id=self.id,
            kind=self.kind,
            turn=Turn(self.turn, sender, self.position),
            stamp=stamp,
            known_at=self.known_at,
            in_reply_to=self.in_reply_to,
            due=self.due,
            result=self.result,
            expected=expected_date(self.line) if self.kind is Kind.INTERIM and self.line is not None else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """One batch of a link's log: its signed manifest, and its signed receipt once there is one."""

    link: int
    direction: Direction
    sequence: int
    turn: int
    digest: str
    previous: str | None
    seen: int
    sent_at: datetime
    messages: int
    manifest_jws: str
    received_at: datetime | None = None
    receipt_jws: str | None = None
    receipt_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The two logs between this node and one partner, and where each of them stands.

    `out_*` is the head of what this node sent: `receipted` is the last sequence whose receipt is stored. `in_*` is the head of
    what it took. `last_received_at` never goes back. `attempts` and `retry_at` are the backoff of the batch under way.
    """

    id: int
    uuid: str
    partner: str
    out_sequence: int = 0
    out_digest: str | None = None
    out_turn: int = 0
    receipted: int = 0
    receipt_digest: str | None = None
    in_sequence: int = 0
    in_digest: str | None = None
    in_turn: int = 0
    issued_receipt_digest: str | None = None
    last_received_at: datetime | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    last_contact_at: datetime | None = None
    trouble: str | None = None
