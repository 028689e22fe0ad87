"""A partner (协作方): another node, as this node's operator has come to trust it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from exchange.errors import Conflict, Forbidden

LEEWAY = timedelta(seconds=60)


class PartnerSuspended(Forbidden):
    """The partner is suspended, or its operator has not been confirmed yet."""

    code = "not-your-link"
    zh = "与该协作方的联络尚未开通或已暂停。"
    en = "The link with this partner is not open."


class FingerprintDiffers(Conflict):
    """The fingerprint read over the other channel is not that of the fetched node document."""

    code = "fingerprint-differs"
    zh = "核对的指纹与所取节点文件不符，请勿继续，并与对方管理员再次核对。"
    en = "The fingerprint differs from the fetched node document's; do not go on, and check again with the other operator."


class EnvironmentsDiffer(Conflict):
    """Production never talks to a sandbox."""

    code = "environments-differ"
    zh = "生产节点不得与测试（沙箱）节点联络。"
    en = "Production and sandbox nodes do not talk to each other."


class PartnerStatus(StrEnum):
    """How far the onboarding has come."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerKey:
    """A public key that this node trusts a partner with, for a time. All historic keys are kept."""

    kid: str
    use: Literal["sig", "enc"]
    x: str
    y: str
    not_before: datetime
    not_after: datetime | None
    revoked_from: datetime | None = None

    def trusted_at(self, moment: datetime) -> bool:
        """Whether a signature made at this moment may be trusted; a slow clock may sign with a key that is just being born."""
        ended = self.not_after is not None and moment >= self.not_after
        revoked = self.revoked_from is not None and moment >= self.revoked_from
        return self.not_before - LEEWAY <= moment and not ended and not revoked


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """Another node. `claimed` is what its document claims; `confirmed` what our operator confirmed of it.

    Both are codes of counties, or of a prefecture or province for all counties below.
    """

    node: str
    name: str
    url: str
    status: PartnerStatus
    environment: Literal["production", "sandbox"]
    fingerprint: str
    document_version: int
    document_jws: str
    token_endpoint: str
    batches_endpoint: str
    agreements_endpoint: str
    links_endpoint: str
    claimed: tuple[str, ...]
    confirmed: tuple[str, ...] = ()
    keys: tuple[PartnerKey, ...] = ()
    known_at: datetime

    def signing_key_at(self, kid: str, moment: datetime) -> PartnerKey | None:
        """The signing key of that id, if it may be trusted for a signature of that moment."""
        for key in self.keys:
            if key.kid == kid and key.use == "sig" and key.trusted_at(moment):
                return key
        return None
