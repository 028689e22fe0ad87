"""What a jurisdiction's own systems are told of (webhooks): that something happened, never about whom.

The receiver reads the rest through the API, with its own key and its own rights. Sent as Standard Webhooks: the bytes of
`write_announcement` are the body.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from exchange.exchanges import Exchange
from exchange.people.record import Shape
from exchange.terms.agreement import SignedAgreement
from exchange.wire.message import UUID, CountyCode, Digest, WireMoment

ExchangeEvent = Literal["exchange.received", "exchange.answered", "exchange.overdue"]


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
    """A query or notice came in, an answer came in, or an answer is late."""

    type: ExchangeEvent
    timestamp: WireMoment
    data: ExchangeTold


class AgreementAnnouncement(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """A partner has proposed an agreement."""

    type: Literal["agreement.proposed"]
    timestamp: WireMoment
    data: AgreementTold


def about_exchange(event: ExchangeEvent, exchange: Exchange, timestamp: str) -> ExchangeAnnouncement:
    """The announcement of something that happened to an exchange."""
    key = exchange.key
    told = ExchangeTold(exchange=key.exchange, role=key.role.value, own=exchange.own, other=exchange.other)
    return ExchangeAnnouncement(type=event, timestamp=timestamp, data=told)


def about_agreement(signed: SignedAgreement, timestamp: str) -> AgreementAnnouncement:
    """The announcement of a proposal."""
    told = AgreementTold(agreement=signed.digest, partner=signed.partner)
    return AgreementAnnouncement(type="agreement.proposed", timestamp=timestamp, data=told)


def write_announcement(announcement: ExchangeAnnouncement | AgreementAnnouncement) -> bytes:
    """The body, whose bytes are what the signature covers."""
    return msgspec.json.encode(announcement)
