"""The cipher suites: one authenticated cipher and one keyed hash each, under a tag that every ciphertext carries.

A certified device or library takes part as one more suite: a name, a tag, and these two functions.
"""

import hmac
import os
from collections.abc import Callable
from hashlib import sha256
from typing import Literal, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher as Ciphering
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

from adapters.sealing.errors import UnknownSuite

KEY_BYTES = 32
_NONCE, _TAG = 12, 16
_SM4_KEY = 16


class Cipher(Protocol):
    """An authenticated cipher under one key."""

    def seal(self, plain: bytes, about: bytes) -> bytes:
        """Nonce, ciphertext and tag; the nonce is fresh each time. `about` is bound to it and must be given to open it."""

    def open(self, sealed: bytes, about: bytes) -> bytes | None:
        """The plain text; None if anything of it was changed."""


class Suite(Protocol):
    """A family of algorithms."""

    name: str
    tag: int

    def cipher(self, key: bytes) -> Cipher:
        """The cipher under a key of 32 bytes."""

    def keyed(self, key: bytes) -> Callable[[bytes], bytes]:
        """The keyed hash under a key, set up once; 32 bytes."""


class _Aes:
    __slots__ = ("_gcm",)

    def __init__(self, key: bytes) -> None:
        self._gcm = AESGCM(key)

    def seal(self, plain: bytes, about: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._gcm.encrypt(nonce, plain, about)

    def open(self, sealed: bytes, about: bytes) -> bytes | None:
        try:
            return self._gcm.decrypt(sealed[:_NONCE], sealed[_NONCE:], about)
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce and a tag
            return None


class AesSuite:
    """AES-256-GCM and HMAC-SHA-256."""

    name, tag = "aes", 1

    def cipher(self, key: bytes) -> Cipher:
        return _Aes(key)

    def keyed(self, key: bytes) -> Callable[[bytes], bytes]:
        begun = hmac.new(key, digestmod=sha256)

        def digest(data: bytes) -> bytes:
            going = begun.copy()
            going.update(data)
            return going.digest()

        return digest


class Sm4:
    """SM4-GCM under SM4's own key of 16 bytes."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key)

    def seal(self, plain: bytes, about: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        going = Ciphering(self._key, modes.GCM(nonce)).encryptor()
        going.authenticate_additional_data(about)
        return nonce + going.update(plain) + going.finalize() + going.tag

    def open(self, sealed: bytes, about: bytes) -> bytes | None:
        if len(sealed) < _NONCE + _TAG:
            return None
        going = Ciphering(self._key, modes.GCM(sealed[:_NONCE], sealed[-_TAG:])).decryptor()
        going.authenticate_additional_data(about)
        try:
            return going.update(sealed[_NONCE:-_TAG]) + going.finalize()
        except InvalidTag:
            return None


class SmSuite:
    """SM4-GCM and HMAC-SM3 (GB/T 32907, GB/T 32905). SM4's key of 16 bytes is drawn from the 32 by HMAC-SM3."""

    name, tag = "sm", 2

    def cipher(self, key: bytes) -> Cipher:
        return Sm4(self.keyed(key)(b"woshou sm4-gcm")[:_SM4_KEY])

    def keyed(self, key: bytes) -> Callable[[bytes], bytes]:
        begun = HMAC(key, hashes.SM3())

        def digest(data: bytes) -> bytes:
            going = begun.copy()
            going.update(data)
            return going.finalize()

        return digest


SuiteName = Literal["aes", "sm"]
AES: Suite = AesSuite()
SM: Suite = SmSuite()
SUITES = {suite.name: suite for suite in (AES, SM)}
_BY_TAG = {suite.tag: suite for suite in SUITES.values()}


def suite_of(tag: int) -> Suite:
    """The suite of a tag; UnknownSuite."""
    try:
        return _BY_TAG[tag]
    except KeyError:
        raise UnknownSuite(tag) from None
