"""What a person asked for and what became of it; of the person only the blind index is kept."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from exchange.cases.case import Reason
from exchange.people.record import Shape
from exchange.wire.message import UUID, UUID7, CountyCode


class RequestKind(StrEnum):
    """What was asked for, of those that change something."""

    CORRECTION = "correction"
    ERASURE = "erasure"


class CorrectionReason(StrEnum):
    """Why the person asks for a correction."""

    WRONG = "wrong"
    INCOMPLETE = "incomplete"
    OUTDATED = "outdated"


class Recipient(Shape, frozen=True, kw_only=True):
    """A county to which the data had gone. `about` is the message that took it there.

    `exchange` is the one in which it is told, None if it could not be: then `refused` says why, and people must call.
    """

    partner: str
    own: CountyCode
    other: CountyCode
    link: int
    about: UUID7
    exchange: UUID | None = None
    refused: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRequest:
    """One request. `entries` and `exchanges` are those that were corrected or erased here."""

    id: str
    kind: RequestKind
    person_index: str
    at: datetime
    reason: str
    entries: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()
    recipients: tuple[Recipient, ...] = ()
