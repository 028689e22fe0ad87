"""Keys, and JWS that no honest signer would write: any header, any payload, over a signature that holds."""

import json
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from joserfc.jwk import ECKey

from adapters.keys.jose import PrivateKey, PublicKey
from exchange.wire.ijson import b64url_encode

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
TYP = "mx-batch+jws"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # n of P-256


def a_pem(curve: ec.EllipticCurve | None = None) -> bytes:
    key = ec.generate_private_key(curve or ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_bytes(pem: bytes, encoding: Encoding) -> bytes:
    public = load_pem_private_key(pem, password=None).public_key()
    return public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


def sign_raw(pem: bytes, data: bytes) -> bytes:
    """r ‖ s over SHA-256, on whatever curve the key has: straight from the cipher library, past python-jose."""
    key = load_pem_private_key(pem, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    size = (key.key_size + 7) // 8
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(SHA256())))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def forged(header: object, payload: bytes = b"{}", *, pem: bytes | None = None) -> str:
    """A JWS with this header (bytes are taken as they are), signed by PEM or by another key."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    signed = f"{b64url_encode(head)}.{b64url_encode(payload)}"
    return f"{signed}.{b64url_encode(sign_raw(pem or PEM, signed.encode()))}"


def honest(**more: object) -> dict[str, object]:
    return {"alg": "ES256", "kid": KEY.kid, "typ": TYP, **more}


def only(key: PublicKey):
    """A `find_key` that knows this key and no other."""
    return lambda kid: key if kid == key.kid else None


@cache
def oracle(pem: bytes) -> ECKey:
    return ECKey.import_key(pem.decode())


PEM, OTHER_PEM = a_pem(), a_pem()
KEY, OTHER = PrivateKey.from_pem(PEM), PrivateKey.from_pem(OTHER_PEM)
