"""Compact JWS with ES256, and nothing else of JOSE.

This is the only module that imports python-jose. Of it we use one thing, the constructed key that signs and verifies
bytes: its own header handling takes what the wire contract refuses (docs/decisions/jose.md lists the quirks), so here
headers are read and written. No signature is ever hashed or compared: (r, n-s) holds as well as (r, s), both are taken.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jose import jwk as python_jose
from jose.backends.base import Key
from jose.exceptions import JWKError

from adapters.keys.errors import BadSignature, ForbiddenHeader, MalformedJws, UnknownKey, UnusableKey, WrongType
from exchange.wire import ijson

ALGORITHM = "ES256"
MAX_JWS = 1024 * 1024
MAX_HEADER = 1024
_SIGNATURE_BYTES = 64
_COORDINATE_BYTES = 32
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})
_PRIVATE_MEMBERS = frozenset({"d", "k", "p", "q", "dp", "dq", "qi", "oth"})
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


def thumbprint(jwk: Mapping[str, str]) -> str:
    """The RFC 7638 thumbprint of an EC key, 43 characters; UnusableKey if it is no usable public P-256 key."""
    return PublicKey.from_jwk(jwk).kid


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A P-256 key that verifies: `kid` is its RFC 7638 thumbprint, `x` and `y` its point in base64url.

    Made by `from_jwk` only; the constructed key inside is kept, because constructing costs as much as verifying.
    """

    kid: str
    x: str
    y: str
    _key: Key = field(repr=False, compare=False)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> Self:
        """Read a public JWK.

        UnusableKey unless kty is EC, crv is P-256, x and y are 32 canonical bytes each and name a point on the curve,
        and no private member is there. A `kid` must be the thumbprint; other public members are ignored (RFC 7517).
        """
        x, y = jwk.get("x"), jwk.get("y")
        if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or not isinstance(x, str) or not isinstance(y, str):
            raise UnusableKey
        if not _PRIVATE_MEMBERS.isdisjoint(jwk):
            raise UnusableKey
        kid, key = _construct(x, y)
        if jwk.get("kid", kid) != kid:
            raise UnusableKey(zh="密钥的 kid 不是其 RFC 7638 指纹。", en="The kid is not the key's RFC 7638 thumbprint.")
        return cls(kid=kid, x=x, y=y, _key=key)

    @property
    def jwk(self) -> dict[str, str]:
        """The public JWK: kty, crv, x and y."""
        return {"kty": "EC", "crv": "P-256", "x": self.x, "y": self.y}

    def fits(self, data: bytes, signature: bytes) -> bool:
        """Whether the raw 64-byte signature (r ‖ s) was made over these bytes by this key; any failure is False."""
        return len(signature) == _SIGNATURE_BYTES and self._key.verify(data, signature)


@lru_cache(maxsize=4096)
def _construct(x: str, y: str) -> tuple[str, Key]:
    """Thumbprint and constructed key of a point: partners' keys come from storage again and again, as text."""
    try:
        if not len(ijson.b64url_decode(x)) == len(ijson.b64url_decode(y)) == _COORDINATE_BYTES:
            raise UnusableKey
        key = python_jose.construct({"kty": "EC", "crv": "P-256", "x": x, "y": y}, ALGORITHM)
    except (ValueError, JWKError) as exc:
        raise UnusableKey from exc
    # RFC 7638: the required members in lexical order, no white space; base64url needs no escaping.
    return ijson.digest(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode("ascii")), key


class Signer(Protocol):
    """A P-256 key that signs, wherever it lies: in a file (`PrivateKey`) or in a device (`adapters.keys.device`)."""

    @property
    def public(self) -> PublicKey:
        """The public half."""

    @property
    def kid(self) -> str:
        """Its RFC 7638 thumbprint."""

    def sign(self, data: bytes) -> bytes:
        """The raw 64-byte signature (r ‖ s) over these bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKey:
    """A P-256 key that signs, or agrees with another; shows its `kid` and never its secret."""

    public: PublicKey
    _key: Key = field(repr=False, compare=False)
    _secret: ec.EllipticCurvePrivateKey = field(repr=False, compare=False)

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read an unencrypted PEM private key; UnusableKey unless it is a P-256 key."""
        try:
            loaded = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
            raise UnusableKey(zh="私钥文件无法读取。", en="The private key file cannot be read.") from exc
        # python-jose would take a P-384 key for ES256.
        if not isinstance(loaded, ec.EllipticCurvePrivateKey) or not isinstance(loaded.curve, ec.SECP256R1):
            raise UnusableKey(zh="私钥不是 P-256 密钥。", en="The private key is not a P-256 key.")
        point = loaded.public_key().public_numbers()
        x, y = (ijson.b64url_encode(number.to_bytes(_COORDINATE_BYTES, "big")) for number in (point.x, point.y))
        public = PublicKey.from_jwk({"kty": "EC", "crv": "P-256", "x": x, "y": y})
        return cls(public=public, _key=python_jose.construct(pem, ALGORITHM), _secret=loaded)

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint of the public half."""
        return self.public.kid

    def sign(self, data: bytes) -> bytes:
        """The raw 64-byte signature (r ‖ s) over these bytes."""
        return self._key.sign(data)

    def shared_with(self, other: PublicKey) -> bytes:
        """ECDH: the 32 bytes of the shared point's x, to which the owner of the other key comes as well."""
        x, y = (int.from_bytes(ijson.b64url_decode(coordinate), "big") for coordinate in (other.x, other.y))
        return self._secret.exchange(ec.ECDH(), ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key())


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a header says beside alg, which is ES256."""

    kid: str
    typ: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Payload bytes that the key `kid` has signed."""

    payload: bytes
    kid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """A well-formed JWS of which nothing is proven yet: read it only to find the key, then `verify`."""

    header: Header
    payload: bytes
    _signed: bytes = field(repr=False)
    _signature: bytes = field(repr=False)

    def verify(self, *, typ: str, find_key: Callable[[str], PublicKey | None]) -> Verified:
        """Prove the payload, as the function `verify` does: WrongType, UnknownKey or BadSignature."""
        # The type before the key: an unknown kid may cost a look at the partner's node document.
        if self.header.typ != typ:
            raise WrongType(expected=typ)
        key = find_key(self.header.kid)
        if key is None or key.kid != self.header.kid:
            raise UnknownKey(self.header.kid)
        if not key.fits(self._signed, self._signature):
            raise BadSignature
        return Verified(payload=self.payload, kid=key.kid)


def sign(payload: bytes, *, typ: str, key: Signer) -> str:
    """Sign payload bytes as they are: a compact JWS whose header is exactly alg, kid and typ."""
    signed = f"{_write_header(key.kid, typ)}.{ijson.b64url_encode(payload)}"
    return f"{signed}.{ijson.b64url_encode(key.sign(signed.encode('ascii')))}"


def verify(jws: str, *, typ: str, find_key: Callable[[str], PublicKey | None]) -> Verified:
    """Check a compact JWS and return its payload bytes, undecoded.

    `find_key` gives the one key that is trusted under this kid, for this signer and moment, or None. Refusals, all of
    them NotAuthentic, in this order: MalformedJws, ForbiddenHeader, WrongType, UnknownKey, BadSignature.
    """
    return read_unverified(jws).verify(typ=typ, find_key=find_key)


def read_header(jws: str) -> Header:
    """The header of a compact JWS, nothing proven; MalformedJws or ForbiddenHeader."""
    return _read_header(_split(jws)[0])


def read_unverified(jws: str) -> Unverified:
    """Take a compact JWS apart, nothing proven; MalformedJws or ForbiddenHeader."""
    header, payload, signature = _split(jws)
    try:
        return Unverified(
            header=_read_header(header),
            payload=ijson.b64url_decode(payload),
            _signed=jws[: len(header) + 1 + len(payload)].encode("ascii"),
            _signature=ijson.b64url_decode(signature),
        )
    except ValueError as exc:
        raise MalformedJws from exc


def _split(jws: str) -> tuple[str, str, str]:
    if len(jws) > MAX_JWS:
        raise MalformedJws(zh="JWS 超过 1 MiB。", en="The JWS is longer than 1 MiB.")
    match jws.split(".", 3):
        case [header, payload, signature]:
            return header, payload, signature
        case _:
            raise MalformedJws


@lru_cache(maxsize=512)
def _write_header(kid: str, typ: str) -> str:
    return ijson.b64url_encode(ijson.dumps({"alg": ALGORITHM, "kid": kid, "typ": typ}))


@lru_cache(maxsize=512)
def _read_header(segment: str) -> Header:
    """Read one header; a signer's headers of one type are the same text, hence the cache (it keeps no refusals)."""
    if len(segment) > MAX_HEADER:
        raise MalformedJws(zh="JWS 头过长。", en="The JWS header is too long.")
    try:
        members = ijson.loads(ijson.b64url_decode(segment))
    except (ValueError, ijson.NotIJSON) as exc:
        raise MalformedJws from exc
    if not isinstance(members, dict):
        raise MalformedJws
    # crit, b64, zip, jku, x5u, jwk and x5c fall here, as does whatever may be invented later. Unlike in RFC 7515,
    # section 4, unknown members are not ignored: nothing in the contract needs one.
    if members.keys() != _HEADER_MEMBERS or members["alg"] != ALGORITHM:
        raise ForbiddenHeader
    kid, typ = members["kid"], members["typ"]
    if not isinstance(kid, str) or not _THUMBPRINT.fullmatch(kid) or not isinstance(typ, str):
        raise ForbiddenHeader
    return Header(kid=kid, typ=typ)
