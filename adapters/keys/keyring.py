"""The node's own keys, in a folder of files that only their owner may read.

::

    keyring.json       the public halves with their times for ever, what was revoked, and the recovery key's public half
    <kid>.pem          private halves, PKCS8; those of expired signing keys go at the next rotation
    <kid>.command      in place of one: the command of the device that holds the private half
    recovery.pem       the recovery key's private half: the operator moves it offline and off this machine
    blind-index.key    32 random bytes

A `Keyring` is what the folder said when it was read. Changes are written under a lock, each as one replacement of
keyring.json after the files that it names, and give a new value; `refreshed` picks up what another process changed.
"""

import errno
import secrets
import shutil
import tempfile
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.keys.device import DeviceKey
from adapters.keys.errors import (
    KeyringDamaged,
    KeyringExists,
    NoUsableKey,
    UnknownOwnKey,
    UnusableKey,
)
from adapters.keys.files import check_private_folder, locked, read_private, sync_folder, write_private
from adapters.keys.fingerprint import fingerprint, link_id, same_fingerprint
from adapters.keys.index import Index, NodeKey, Revocation, Use, stamp
from adapters.keys.jose import PrivateKey, PublicKey, Signer
from adapters.sealing.suites import SuiteName
from exchange.moments import whole_milliseconds

__all__ = ["Keyring", "fingerprint", "link_id", "same_fingerprint"]

_BLIND, _RECOVERY = "blind-index.key", "recovery.pem"
_BLIND_BYTES = 32
_REASON = 100
_PROBE = b"woshou: may this key sign?"
_TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """A node's keys as its folder held them when it was read."""

    folder: Path
    index: Index
    blind_index_key: bytes = field(repr=False)
    """Key of the blind index over persons' documents: HMAC(key, type ‖ 0x00 ‖ number) with the hash of `index.blind_index`."""
    _private: Mapping[str, PrivateKey] = field(repr=False, compare=False)
    _devices: Mapping[str, DeviceKey] = field(repr=False, compare=False)
    _stamp: tuple[int, int, int] = field(repr=False, compare=False)

    @classmethod
    def create(cls, folder: Path, now: datetime, suite: SuiteName = "aes") -> Self:
        """Make the folder (0700) with a signing, an encryption and a recovery key; its parent must exist.

        `suite` is whose keyed hash the blind index is made by: HMAC-SHA-256 (`aes`) or HMAC-SM3 (`sm`).

        All or nothing: it is built beside and renamed into place. KeyringExists if anything is there already.
        """
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))  # mkdtemp makes it 0700
        try:
            keys = (_make(draft, "sig", whole_milliseconds(now)), _make(draft, "enc", whole_milliseconds(now)))
            pem, recovery = _generate()
            write_private(draft / _RECOVERY, pem)
            write_private(draft / _BLIND, secrets.token_bytes(_BLIND_BYTES))
            Index(keys=keys, revocations=(), recovery=recovery, blind_index=suite).write(draft)
            draft.rename(folder)  # an empty folder gives way, anything else stays
        except BaseException as exc:
            shutil.rmtree(draft)
            if isinstance(exc, OSError) and exc.errno in _TAKEN:
                raise KeyringExists from exc
            raise
        sync_folder(folder.parent)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the folder; KeyringMissing, KeyringDamaged, or KeysExposed if other users could read or change it."""
        seen = stamp(folder)  # before the content: `refreshed` then sees a change in between
        check_private_folder(folder)
        index = Index.read(folder)
        blind = read_private(folder / _BLIND)
        if len(blind) != _BLIND_BYTES:
            raise KeyringDamaged(_BLIND)
        devices = _read_devices(folder, index)
        private = _read_private_keys(folder, index, devices)
        return cls(folder=folder, index=index, blind_index_key=blind, _private=private, _devices=devices, _stamp=seen)

    def refreshed(self) -> Self:
        """Give this value if the folder is unchanged (one stat call), else the folder read anew."""
        return self if stamp(self.folder) == self._stamp else self.open(self.folder)

    def signing_key(self, now: datetime) -> Signer:
        """The newest signing key: signs all but the node document, so that partners learn it while both are valid.

        NoUsableKey if every one is expired, revoked or without its private half.
        """
        return self._may_sign(now)[-1]

    def document_key(self, now: datetime) -> Signer:
        """The oldest valid signing key: signs the node document, for partners trust only what a known key has signed.

        NoUsableKey as for `signing_key`.
        """
        return self._may_sign(now)[0]

    def newest_encryption_kid(self, now: datetime) -> str:
        """The encryption key that others should use; NoUsableKey if every one is expired or revoked."""
        trusted = self.index.trusted("enc", now)
        if not trusted:
            raise NoUsableKey(zh="当前没有可用的加密密钥。", en="No encryption key may be used at this moment.")
        return trusted[-1].public.kid

    def encryption_private(self, kid: str) -> PrivateKey:
        """An own encryption key, trusted still or not: what was sealed to it stays readable.

        UnknownOwnKey if the folder has no such encryption key, KeyringDamaged if it had not its private half when it was read.
        """
        if all(key.public.kid != kid or key.use != "enc" for key in self.index.keys):
            raise UnknownOwnKey
        if kid not in self._private:
            raise KeyringDamaged(_pem(self.folder, kid).name)
        return self._private[kid]

    def recovery_private(self, pem: bytes) -> PrivateKey:
        """The recovery key, brought back by the operator; UnusableKey if it is another key."""
        key = PrivateKey.from_pem(pem)
        if key.kid != self.recovery_kid:
            raise UnusableKey(zh="这不是本节点的恢复密钥。", en="This is not this node's recovery key.")
        return key

    def public_key(self, kid: str, at: datetime) -> PublicKey | None:
        """The own signing key under this kid if it was trusted at that moment: for checking tokens made here."""
        return next((key.public for key in self.index.trusted("sig", at) if key.public.kid == kid), None)

    def public_documents(self) -> list[dict[str, Any]]:
        """Every signing and encryption key there ever was, as the node document lists them.

        Each {jwk, use, not_before, not_after}; not_after is None while no end is set.
        """
        return [msgspec.structs.asdict(row) for row in self.index.key_rows()]

    @property
    def revoked(self) -> list[dict[str, str]]:
        """The revocations as the node document lists them, each {kid, from, reason}."""
        return [{"kid": row.kid, "from": row.since, "reason": row.reason} for row in self.index.revocation_rows()]

    @property
    def recovery_kid(self) -> str:
        """The recovery key's thumbprint."""
        return self.index.recovery.kid

    @property
    def recovery_still_here(self) -> bool:
        """Whether the recovery key's private half still lies in the folder instead of offline."""
        return (self.folder / _RECOVERY).exists()

    def fingerprint(self, now: datetime) -> str:
        """What an operator reads out: the key that signs the node document, the newest encryption key, and recovery.

        NoUsableKey if there is no such key at this moment.
        """
        encryption = self.newest_encryption_kid(now)
        return fingerprint(self.document_key(now).kid, encryption, self.recovery_kid)

    def rotate(self, now: datetime, overlap: timedelta, uses: tuple[Use, ...] = ("sig", "enc")) -> Self:
        """Make a new key per use; the present ones stay valid until `now + overlap`, or their earlier end.

        The overlap is at least as long as the slowest carrier to any partner takes.
        """
        if overlap < timedelta():
            raise ValueError("an overlap is not negative")
        now = whole_milliseconds(now)
        with locked(self.folder):
            held = Index.read(self.folder)
            kept = tuple(key.ending(now + overlap) if key.use in uses else key for key in held.keys)
            made = tuple(_make(self.folder, use, now) for use in uses)
            replace(held, keys=kept + made).write(self.folder)
            # Encryption keys keep their private halves: files under way may still be sealed to them.
            for key in kept:
                if key.use == "sig" and key.not_after is not None and key.not_after < now:
                    _pem(self.folder, key.public.kid).unlink(missing_ok=True)
            sync_folder(self.folder)
            return self.open(self.folder)

    def adopt(self, public: PublicKey, command: str, now: datetime, overlap: timedelta) -> Self:
        """Sign by a device's key from now on; the present signing keys stay valid until `now + overlap`, as with `rotate`.

        SigningDeviceFailed if the command does not sign with that key: it is tried before anything is written.
        """
        DeviceKey(public=public, command=command).sign(_PROBE)
        now = whole_milliseconds(now)
        with locked(self.folder):
            held = Index.read(self.folder)
            if any(key.public.kid == public.kid for key in held.keys):
                raise KeyringExists
            kept = tuple(key.ending(now + overlap) if key.use == "sig" else key for key in held.keys)
            write_private(_command(self.folder, public.kid), command.encode())
            made = NodeKey(public=public, use="sig", not_before=now, not_after=None)
            replace(held, keys=(*kept, made)).write(self.folder)
            return self.open(self.folder)

    def revoke(self, kid: str, since: datetime, reason: str) -> Self:
        """Declare doubtful what `kid` signed from `since` on; for ever, and a second call can only move it earlier.

        `reason` is published, so it is short (1 to 100 characters). UnknownOwnKey if the folder has no such key.
        """
        if not 0 < len(reason) <= _REASON:
            raise ValueError("a reason has 1 to 100 characters")
        row = Revocation(kid=kid, since=whole_milliseconds(since), reason=reason)
        with locked(self.folder):
            held = Index.read(self.folder)
            if all(key.public.kid != kid for key in held.keys):
                raise UnknownOwnKey
            earliest = min([*(known for known in held.revocations if known.kid == kid), row], key=lambda each: each.since)
            others = tuple(known for known in held.revocations if known.kid != kid)
            replace(held, revocations=(*others, earliest)).write(self.folder)
            return self.open(self.folder)

    def _may_sign(self, now: datetime) -> list[Signer]:
        trusted = (key.public.kid for key in self.index.trusted("sig", now))
        held: Mapping[str, Signer] = {**self._private, **self._devices}
        keys = [held[kid] for kid in trusted if kid in held]
        if not keys:
            raise NoUsableKey
        return keys


def _pem(folder: Path, kid: str) -> Path:
    return folder / f"{kid}.pem"


def _command(folder: Path, kid: str) -> Path:
    return folder / f"{kid}.command"


def _generate() -> tuple[bytes, PublicKey]:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem, PrivateKey.from_pem(pem).public


def _make(folder: Path, use: Use, now: datetime) -> NodeKey:
    pem, public = _generate()
    write_private(_pem(folder, public.kid), pem)
    return NodeKey(public=public, use=use, not_before=now, not_after=None)


def _read_devices(folder: Path, index: Index) -> dict[str, DeviceKey]:
    """The keys that lie in a device."""
    found = {}
    for key in index.keys:
        path = _command(folder, key.public.kid)
        if key.use == "sig" and path.exists():
            found[key.public.kid] = DeviceKey(public=key.public, command=read_private(path).decode())
    return found


def _read_private_keys(folder: Path, index: Index, elsewhere: Container[str]) -> dict[str, PrivateKey]:
    """The private halves that are there; KeyringDamaged if one is wrong, or missing though its key has no end."""
    found = {}
    for key in index.keys:
        if key.public.kid in elsewhere:
            continue
        path = _pem(folder, key.public.kid)
        try:
            private = PrivateKey.from_pem(read_private(path))
        except UnusableKey as exc:
            raise KeyringDamaged(path.name) from exc
        except KeyringDamaged:
            if key.not_after is None:
                raise
            continue
        if private.kid != key.public.kid:
            raise KeyringDamaged(path.name)
        found[private.kid] = private
    return found
