"""Follow a request: how far each recipient has been told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from exchange.cases.case import Reason
from exchange.codes import Kind, Result
from exchange.exchanges import Direction
from exchange.ledger import Ledger
from exchange.persons.request import Recipient, SubjectRequest
from exchange.wire.batch import Outcome


class Told(StrEnum):
    """How far a recipient has been told."""

    NOT_SENT = "not_sent"
    WAITING = "waiting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FED_BACK = "fed_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientStatus:
    """A recipient and how far it was told; `reason` says why it could not be told, or why it refused."""

    partner: str
    own: str
    other: str
    exchange: str | None
    told: Told
    received_at: datetime | None = None
    result: Result | None = None
    reason: Reason | None = None


def follow(ledger: Ledger, request: SubjectRequest) -> list[RecipientStatus]:
    """Each recipient of a request, in its order."""
    return [_follow(ledger, request.at, recipient) for recipient in request.recipients]


def _follow(ledger: Ledger, at: datetime, recipient: Recipient) -> RecipientStatus:
    place = (recipient.partner, recipient.own, recipient.other)
    if recipient.exchange is None:
        return _status(place, None, Told.NOT_SENT, reason=recipient.refused)
    log = ledger.messages.of_exchanges(recipient.link, [recipient.exchange]).get(recipient.exchange, [])
    # What was told is the last word of ours since: a notice, or a withdrawal.
    ours = [each for each in log if each.direction is Direction.OUT and each.created_at >= at and each.kind is not Kind.FEEDBACK]
    if not ours:
        return _status(place, recipient.exchange, Told.NOT_SENT)
    told = ours[-1]
    answers = [
        each for each in log if each.kind is Kind.FEEDBACK and each.in_reply_to == told.id and each.direction is Direction.IN
    ]
    if answers:
        return _status(place, recipient.exchange, Told.FED_BACK, told.received_at, answers[-1].result)
    if told.outcome is None:
        return _status(place, recipient.exchange, Told.WAITING)
    problem = told.problem
    if told.outcome is Outcome.REJECTED:
        reason = Reason(code=problem.type.rpartition(":")[2], zh=problem.title, en=problem.detail) if problem else None
        return _status(place, recipient.exchange, Told.REJECTED, told.received_at, reason=reason)
    return _status(place, recipient.exchange, Told.ACCEPTED, told.received_at)


def _status(
    place: tuple[str, str, str],
    exchange: str | None,
    told: Told,
    received_at: datetime | None = None,
    result: Result | None = None,
    reason: Reason | None = None,
) -> RecipientStatus:
    partner, own, other = place
    return RecipientStatus(
        partner=partner,
        own=own,
        other=other,
        exchange=exchange,
        told=told,
        received_at=received_at,
        result=result,
        reason=reason,
    )
