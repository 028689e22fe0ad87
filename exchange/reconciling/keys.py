"""Under which key a pair's tokens of one month are made, and how far they are."""

from dataclasses import dataclass
from datetime import datetime

from exchange.codes import Item, RegisterKind
from exchange.reconciling.pairs import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """What names one key K of the protocol, and where the tokens of our side under it stand.

    `agreement` is the digest of the proposal, `kids` are the encryption keys of origin and destination, `own` is our county
    of the pair. `items` are what the agreement lets be compared. `revision` counts the changes: what is read at one revision
    stays the same however much is written afterwards. `made_through` is the last entry id up to which the tokens were first
    made; None once all are.
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

    @property
    def ready(self) -> bool:
        """Whether every entry has its token."""
        return self.made_through is None

    @property
    def register(self) -> RegisterKind:
        """Our register of the pair."""
        return self.pair.register_of(self.own)

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
