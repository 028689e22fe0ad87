"""What a jurisdiction's own systems are told of (webhooks): that something happened, never about whom.

The receiver reads the rest through the API, with its own key and its own rights. Sent as Standard Webhooks: the bytes of
`write_announcement` are the body.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from exchange.clocks.escalation import Escalation
from exchange.clocks.troubles import Trouble
from exchange.codes import Role
from exchange.conversation import FactKind
from exchange.exchanges import Exchange
from exchange.ids import new_id
from exchange.moments import format_moment
from exchange.people.record import Shape
from exchange.terms.agreement import SignedAgreement
from exchange.wire.message import UUID, CountyCode, Digest, WireMoment

ExchangeEvent = Literal[
    "exchange.received",
    "exchange.answered",
    "exchange.challenged",
    "exchange.confirmed",
    "exchange.withdrawn",
    "exchange.overdue",
    "exchange.due_soon",
    "exchange.expected_passed",
    "exchange.lapsing",
    "exchange.reminded",
]
# Each fact is told to the side that did not make it.
TOLD: dict[tuple[FactKind, Role], ExchangeEvent] = {
    (FactKind.OPENED, Role.ASKED): "exchange.received",
    (FactKind.ANSWERED, Role.ASKER): "exchange.answered",
    (FactKind.CHALLENGED, Role.ASKED): "exchange.challenged",
    (FactKind.CONFIRMED, Role.ASKED): "exchange.confirmed",
    (FactKind.WITHDRAWN, Role.ASKED): "exchange.withdrawn",
}
# With waits of 5 s that double up to 3 h, about 33 attempts.
GIVE_UP_AFTER = timedelta(days=3)
# What was written while no process could send it still gets its chances.
LEAST_ATTEMPTS = 10
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 10_800.0


class ExchangeTold(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """Which exchange, of which side."""

    exchange: UUID
    role: Literal["asker", "asked"]
    own: CountyCode
    other: CountyCode


class AgreementTold(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """Which proposal waits for a decision."""

    agreement: Digest
    partner: Annotated[str, Meta(max_length=253)]


class ExchangeAnnouncement(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """The other side has opened, answered, challenged, confirmed or withdrawn an exchange, or a day comes near or has passed.

    `timestamp` is when it happened; when it was sent stands in the header.
    """

    type: ExchangeEvent
    timestamp: WireMoment
    data: ExchangeTold


class AgreementAnnouncement(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """A partner has proposed an agreement."""

    type: Literal["agreement.proposed"]
    timestamp: WireMoment
    data: AgreementTold


class EscalationTold(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """Which exchange lies before which jurisdiction's coordinator."""

    escalation: UUID
    exchange: UUID
    role: Literal["asker", "asked"]
    own: CountyCode
    other: CountyCode
    to: Annotated[str, Meta(pattern=r"^[0-9]{6}$")]
    level: int


class TroubleTold(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """What is, or was, wrong: a kind of trouble, and a partner's node, a job, `owed` or `awaited`."""

    trouble: UUID
    kind: Annotated[str, Meta(max_length=60)]
    subject: Annotated[str, Meta(max_length=253)]


class EscalationAnnouncement(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """An exchange whose answer is late lies before a coordinator."""

    type: Literal["escalation.raised"]
    timestamp: WireMoment
    data: EscalationTold


class TroubleAnnouncement(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """Trouble began, or ended."""

    type: Literal["trouble.began", "trouble.ended"]
    timestamp: WireMoment
    data: TroubleTold


Announcement = ExchangeAnnouncement | AgreementAnnouncement | EscalationAnnouncement | TroubleAnnouncement


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """An announcement that waits to be sent, or is done with; `id` is a UUIDv7, the same for every attempt.

    `retry_at` is when it may be tried (again), None once it was taken (`sent_at`) or given up. `body` is what is signed.
    """

    id: str
    type: str
    body: str
    created_at: datetime
    attempts: int = 0
    retry_at: datetime | None
    sent_at: datetime | None = None

    def taken(self, now: datetime) -> "Notification":
        """After an attempt that the receiver answered with a 2xx."""
        return replace(self, attempts=self.attempts + 1, retry_at=None, sent_at=now)

    def refused(self, now: datetime, wait: timedelta) -> "Notification":
        """After an attempt that failed: to be tried again after this long, or given up after about three days."""
        attempts = self.attempts + 1
        over = attempts >= LEAST_ATTEMPTS and now - self.created_at >= GIVE_UP_AFTER
        return replace(self, attempts=attempts, retry_at=None if over else now + wait)


def about_exchange(event: ExchangeEvent, exchange: Exchange, at: datetime) -> ExchangeAnnouncement:
    """The announcement of something that happened to an exchange."""
    key = exchange.key
    told = ExchangeTold(exchange=key.exchange, role=key.role.value, own=exchange.own, other=exchange.other)
    return ExchangeAnnouncement(type=event, timestamp=format_moment(at), data=told)


def about_agreement(signed: SignedAgreement, at: datetime) -> AgreementAnnouncement:
    """The announcement of a proposal."""
    told = AgreementTold(agreement=signed.digest, partner=signed.partner)
    return AgreementAnnouncement(type="agreement.proposed", timestamp=format_moment(at), data=told)


def about_escalation(escalation: Escalation) -> EscalationAnnouncement:
    """The announcement of an escalation."""
    told = EscalationTold(
        escalation=escalation.id,
        exchange=escalation.key.exchange,
        role=escalation.key.role.value,
        own=escalation.own,
        other=escalation.other,
        to=escalation.to,
        level=escalation.level,
    )
    return EscalationAnnouncement(type="escalation.raised", timestamp=format_moment(escalation.raised_at), data=told)


def about_trouble(trouble: Trouble) -> TroubleAnnouncement:
    """The announcement of trouble that began or, once it has an end, of its end."""
    told = TroubleTold(trouble=trouble.id, kind=trouble.kind.value, subject=trouble.subject)
    if trouble.ended_at is None:
        return TroubleAnnouncement(type="trouble.began", timestamp=format_moment(trouble.began_at), data=told)
    return TroubleAnnouncement(type="trouble.ended", timestamp=format_moment(trouble.ended_at), data=told)


def write_announcement(announcement: Announcement) -> bytes:
    """The body, whose bytes are what the signature covers."""
    return msgspec.json.encode(announcement)


def notification(announcement: Announcement, now: datetime) -> Notification:
    """The announcement as a row that waits from now on."""
    body = write_announcement(announcement).decode()
    return Notification(id=new_id(now), type=announcement.type, body=body, created_at=now, retry_at=now)


def wait_after(attempts: int, jitter: float) -> timedelta:
    """How long to wait after this many failed attempts: 5 s doubling up to 3 h, spread by `jitter` in 0..1."""
    seconds = min(_FIRST_WAIT * 2.0 ** min(attempts - 1, 12), _LONGEST_WAIT)
    return timedelta(seconds=seconds * (0.5 + 0.5 * jitter))
