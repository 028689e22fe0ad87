"""Under which key a pair's tokens of one month are made, and how far they are."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from exchange.codes import Item, RegisterKind
from exchange.errors import Conflict, Retry
from exchange.reconciling.pairs import Pair

# No comparison takes longer than this: what a run may still ask for is kept for so long.
KEPT = timedelta(days=1)


class KidNotTrusted(Conflict):
    """An encryption key that the comparison was to rest on is unknown, expired or revoked."""

    code = "encryption-key-not-trusted"
    retry = Retry.LATER
    zh = "对账所用的加密密钥未知、已过期或已吊销；请取双方最新的节点文档后重试。"
    en = "An encryption key of this comparison is unknown, expired or revoked; fetch both node documents and try again."

    def __init__(self, kid: str) -> None:
        self.kid = kid
        super().__init__()


class TokenKeyGone(Conflict):
    """The tokens of this key were dropped in the meantime."""

    code = "tokens-dropped"
    retry = Retry.LATER
    zh = "该月的对账标识已清除，请重新发起对账。"
    en = "The tokens of that month were dropped in the meantime; begin the comparison anew."


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """What names one key K of the protocol, and where the tokens of our side under it stand.

    `agreement` is the digest of the proposal, `kids` are the encryption keys of origin and destination, `own` is our county
    of the pair. `items` are what the agreement lets be compared. `revision` counts the changes: what is read at one revision
    stays the same however much is written afterwards. `made_through` is the last entry id up to which the tokens were first
    made; None once all are. `noted` is the revision that stood at `noted_at`, from which follows what nobody can ask for any
    more.
    """

    id: int = 0
    agreement: str
    partner: str
    pair: Pair
    own: str
    month: str
    kids: tuple[str, str]
    items: tuple[Item, ...]
    revision: int = 0
    made_through: str | None = ""
    made_at: datetime
    noted: int = 0
    noted_at: datetime | None = None

    @property
    def name(self) -> tuple[str, Pair, str, str, tuple[str, str]]:
        """What no two keys of a node have in common."""
        return self.agreement, self.pair, self.own, self.month, self.kids

    @property
    def ready(self) -> bool:
        """Whether every entry has its token."""
        return self.made_through is None

    @property
    def register(self) -> RegisterKind:
        """Our register of the pair."""
        return self.pair.register_of(self.own)

    def at_next_revision(self) -> "TokenKey":
        """The key with one change more."""
        return replace(self, revision=self.revision + 1)

    def forgettable(self, now: datetime) -> int | None:
        """The revision by which what has ended may be erased, None as long as a run could read at an older one."""
        return self.noted if self.noted_at is not None and now - self.noted_at >= KEPT else None

    def with_note(self, now: datetime) -> "TokenKey":
        """The key with a note of the revision that stands now."""
        return replace(self, noted=self.revision, noted_at=now)

    @property
    def info(self) -> bytes:
        """What HKDF is told: the protocol's parts, separated by 0x00."""
        parts = ("mx-token-v1", self.agreement, self.pair.origin, self.pair.destination, self.month, *self.kids)
        return "\0".join(parts).encode("ascii")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry under one key: 16 bytes of token and 8 bytes of content digest, or for a person without a number its place
    marker.

    `value` is 24 bytes. People without a number are counted apart and never compared (`numbered` false). `added` is the revision
    that it came with.
    """

    entry: str
    value: bytes
    numbered: bool = True
    added: int = 0


class Register(NamedTuple):
    """Our side of a pair at one revision: its leaves, 24 bytes each behind one another in any order, of people with a number.

    `numberless` counts the others.
    """

    leaves: bytes
    numberless: int
