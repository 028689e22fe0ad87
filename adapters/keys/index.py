"""keyring.json: the public memory of a key folder."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

import msgspec

from adapters.keys.errors import KeyringDamaged, KeyringMissing, UnusableKey
from adapters.keys.files import read_private, write_private
from adapters.keys.jose import PublicKey
from adapters.sealing.suites import SuiteName
from exchange.moments import format_moment, parse_moment

FILE = "keyring.json"
Use = Literal["sig", "enc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeKey:
    """The public half of an own key; trusted from `not_before` until just before `not_after` (None: no end set)."""

    public: PublicKey
    use: Use
    not_before: datetime
    not_after: datetime | None

    def in_time(self, at: datetime) -> bool:
        """Whether `at` lies in the key's time; revocation is another question."""
        return self.not_before <= at and (self.not_after is None or at < self.not_after)

    def ending(self, end: datetime) -> "NodeKey":
        """The key with an end: `end`, or the one that it has if that is earlier."""
        until = end if self.not_after is None else min(end, self.not_after)
        return NodeKey(public=self.public, use=self.use, not_before=self.not_before, not_after=until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """What was signed with `kid` from `since` on is doubtful."""

    kid: str
    since: datetime
    reason: str


class KeyRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One key, as keyring.json and the node document write it; `not_after` null: no end set."""

    jwk: dict[str, str]
    use: Use
    not_before: str
    not_after: str | None


class RevocationRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"since": "from"}):
    """One revocation, as keyring.json and the node document write it."""

    kid: str
    since: str
    reason: str


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: Annotated[int, msgspec.Meta(ge=1, le=1)]
    keys: list[KeyRow]
    revoked: list[RevocationRow]
    recovery: dict[str, str]
    blind_index: SuiteName = "aes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """What keyring.json says: `keys` in the order in which they were made, and the recovery key's public half.

    `blind_index` is the suite whose keyed hash the blind index is made by, for as long as the node lives.
    """

    keys: tuple[NodeKey, ...]
    revocations: tuple[Revocation, ...]
    recovery: PublicKey
    blind_index: SuiteName

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read it; KeyringDamaged or KeysExposed."""
        try:
            document = msgspec.json.decode(read_private(folder / FILE), type=_Document)
            keys = tuple(
                NodeKey(
                    public=PublicKey.from_jwk(row.jwk),
                    use=row.use,
                    not_before=parse_moment(row.not_before),
                    not_after=None if row.not_after is None else parse_moment(row.not_after),
                )
                for row in document.keys
            )
            revocations = tuple(
                Revocation(kid=row.kid, since=parse_moment(row.since), reason=row.reason) for row in document.revoked
            )
            recovery = PublicKey.from_jwk(document.recovery)
            return cls(keys=keys, revocations=revocations, recovery=recovery, blind_index=document.blind_index)
        except (ValueError, UnusableKey) as exc:  # msgspec's errors are ValueErrors
            raise KeyringDamaged(FILE) from exc

    def write(self, folder: Path) -> None:
        """Replace it in one step."""
        document = _Document(
            format=1,
            keys=self.key_rows(),
            revoked=self.revocation_rows(),
            recovery=self.recovery.jwk,
            blind_index=self.blind_index,
        )
        write_private(folder / FILE, msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")

    def key_rows(self) -> list[KeyRow]:
        """Every signing and encryption key there ever was, in its written form."""
        return [
            KeyRow(
                jwk=key.public.jwk,
                use=key.use,
                not_before=format_moment(key.not_before),
                not_after=None if key.not_after is None else format_moment(key.not_after),
            )
            for key in self.keys
        ]

    def revocation_rows(self) -> list[RevocationRow]:
        """The revocations in their written form."""
        return [RevocationRow(kid=row.kid, since=format_moment(row.since), reason=row.reason) for row in self.revocations]

    def trusted(self, use: Use, at: datetime) -> list[NodeKey]:
        """The keys of one use that are in their time and not revoked at this moment, oldest first."""
        revoked = {row.kid for row in self.revocations if row.since <= at}
        return [key for key in self.keys if key.use == use and key.in_time(at) and key.public.kid not in revoked]


def stamp(folder: Path) -> tuple[int, int, int]:
    """What changes whenever the file is replaced: inode, time and size; KeyringMissing if it is not there."""
    try:
        status = os.stat(folder / FILE)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise KeyringMissing from exc
    return status.st_ino, status.st_mtime_ns, status.st_size
