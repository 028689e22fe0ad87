"""Partners, links and findings as bodies."""

from typing import Annotated, Any, Literal, Self

from msgspec import Meta
from pydantic import Field

from api.models.base import Moment, Shown
from exchange.exchanges import Link
from exchange.ledger import Finding
from exchange.partners import Partner, PartnerKey, PartnerStatus
from exchange.people.record import Shape
from exchange.settling.evidence import Evidence, EvidenceKind
from exchange.settling.heads import Log
from exchange.wire.message import UUID, CountyCode

CONFIRMATION_EXAMPLE: dict[str, Any] = {
    "fingerprint": "4XJ0Q-8W1ZK-7T2MV-C9R3D-XH6PA-0BN5E-YK4GS-Q1F8W",
    "jurisdictions": ["420106"],
}


class Address(Shape, frozen=True, kw_only=True):
    """Where a node is; its document is fetched from /.well-known/migrant-exchange."""

    url: Annotated[str, Meta(min_length=8, max_length=200, pattern=r"^https?://[A-Za-z0-9.:\[\]-]+/?$")]


class Confirming(Shape, frozen=True, kw_only=True):
    """What the operators compared over another channel, and which of the claimed jurisdictions are confirmed.

    `link` is needed only where both operators agreed on another one than follows from the two fingerprints.
    """

    fingerprint: Annotated[str, Meta(min_length=1, max_length=100)]
    jurisdictions: Annotated[tuple[CountyCode, ...], Meta(min_length=1, max_length=4000)]
    link: UUID | None = None


class KeyShown(Shown):
    """A public key of a partner."""

    kid: str
    use: Literal["sig", "enc"]
    not_before: Moment
    not_after: Moment | None
    revoked_from: Moment | None

    @classmethod
    def of(cls, key: PartnerKey) -> Self:
        """From the book of partners."""
        return cls(kid=key.kid, use=key.use, not_before=key.not_before, not_after=key.not_after, revoked_from=key.revoked_from)


class LinkShown(Shown):
    """Where both logs of the link stand."""

    link: str
    queued: int = Field(description="messages that wait to be sent")
    sent: int = Field(description="last batch sent")
    receipted: int = Field(description="last batch whose receipt is stored")
    received: int = Field(description="last batch taken")
    attempts: int
    retry_at: Moment | None
    last_contact_at: Moment | None
    trouble: str | None

    @classmethod
    def of(cls, link: Link, queued: int) -> Self:
        """From the book of links."""
        return cls(
            link=link.uuid,
            queued=queued,
            sent=link.out_sequence,
            receipted=link.receipted,
            received=link.in_sequence,
            attempts=link.attempts,
            retry_at=link.retry_at,
            last_contact_at=link.last_contact_at,
            trouble=link.trouble,
        )


class PartnerShown(Shown):
    """Another node as this node's operator trusts it."""

    node: str = Field(examples=["wuchang.example"])
    name: str = Field(examples=["武汉市武昌区"])
    url: str = Field(examples=["https://wuchang.example"])
    status: PartnerStatus
    environment: Literal["production", "sandbox"]
    fingerprint: str = Field(description="to be compared with the other operator over another channel")
    document_version: int
    claimed: list[str]
    confirmed: list[str]
    keys: list[KeyShown]
    known_at: Moment
    link: LinkShown | None

    @classmethod
    def of(cls, partner: Partner, link: Link | None, queued: int) -> Self:
        """From the books of partners and links."""
        return cls(
            node=partner.node,
            name=partner.name,
            url=partner.url,
            status=partner.status,
            environment=partner.environment,
            fingerprint=partner.fingerprint,
            document_version=partner.document_version,
            claimed=list(partner.claimed),
            confirmed=list(partner.confirmed),
            keys=[KeyShown.of(key) for key in partner.keys],
            known_at=partner.known_at,
            link=LinkShown.of(link, queued) if link is not None else None,
        )


class FindingShown(Shown):
    """Something that a person should look at."""

    id: str
    kind: str = Field(examples=["clock-skew"])
    partner: str | None
    subject: str
    detail: str
    at: Moment
    settled_at: Moment | None = Field(description="since when it no longer holds; null while it does")

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """From the ledger."""
        return cls(
            id=finding.id,
            kind=finding.kind,
            partner=finding.partner,
            subject=finding.subject,
            detail=finding.detail,
            at=finding.at,
            settled_at=finding.settled_at,
        )


class EvidenceShown(Shown):
    """Both sides' signed words on one batch that they cannot settle by themselves."""

    id: str = Field(examples=["evidence.2kN8mYw1rQ0pXcVbT3sD9A"])
    partner: str = Field(examples=["wuchang.example"])
    link: str = Field(examples=["220118f5-8b6b-8d5c-9e0a-7f3f4f1f2a10"])
    kind: EvidenceKind = Field(description="fork: two batches; receipts: two receipts; gave-way: ours, cut after a restore")
    log: Log = Field(description="whose log the batch belongs to")
    sequence: int
    our_manifest: str | None = Field(description="compact JWS held here; its payload is a Manifest")
    their_manifest: str | None = Field(description="compact JWS that the partner showed")
    our_receipt: str | None = Field(description="compact JWS held here; its payload is a Receipt")
    their_receipt: str | None = Field(description="compact JWS that the partner showed")
    at: Moment
    settled_at: Moment | None = Field(description="since when nothing is left to be done; null before")

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        """From the ledger."""
        return cls(**{name: getattr(evidence, name) for name in cls.model_fields})
