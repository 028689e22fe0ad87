"""An exchange (信息交换) as one side holds it, and the messages and batches that made it.

Everything is kept per link and direction, and an exchange per link and *role*: two jurisdictions of one node exchange over a
local link of the node with itself, and then both sides stand in the same ledger.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from exchange.codes import Event, Item, Kind, Purpose, Result, Role, UrgentReason
from exchange.conversation import Conversation, Letter, Turn
from exchange.jurisdiction import Category
from exchange.wire.batch import Outcome, WireProblem
from exchange.wire.message import expected_date


class Direction(StrEnum):
    """Which way a message went, seen from this ledger."""

    OUT = "out"
    IN = "in"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One side of one exchange. `own` is the jurisdiction served here, `other` the partner's; both county codes.

    `conversation` is None until the opening is accepted. `entry` is the local register entry that it is about: known at once to
    the asker, found by pairing on the asked side. `agreement` is the digest of the agreement that allowed it. While
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
    problem: WireProblem | None = None
    version: int = 1

    @property
    def wants_feedback(self) -> bool:
        """Whether it counts in the feedback rates; known once the receipt named a due date."""
        return self.first_due is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedMessage:
    """One message in a link's log. `line` is what crossed the wire, None once erased; the digest stays.

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
