"""Key agreement between encryption keys: what two nodes both know and nobody else (protocol, "Reconciliation", 2)."""

from collections.abc import Iterable
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.keys.errors import KeyringDamaged, NoUsableKey, UnknownOwnKey, UnusableKey
from adapters.keys.files import read_private
from adapters.keys.jose import PublicKey
from adapters.keys.keyring import Keyring
from exchange.partners import PartnerKey
from exchange.wire import ijson

AGREED_BYTES = 32


def newest_encryption_kid(keyring: Keyring, now: datetime) -> str:
    """The own encryption key that others should use; NoUsableKey if there is none at this moment."""
    trusted = keyring.index.trusted("enc", now)
    if not trusted:
        raise NoUsableKey(zh="当前没有可用的加密密钥。", en="No encryption key may be used at this moment.")
    return trusted[-1].public.kid


def own_encryption_keys(keyring: Keyring) -> tuple[PartnerKey, ...]:
    """The public halves of all own encryption keys, as a partner knows them."""
    revoked = {row.kid: row.since for row in keyring.index.revocations}
    return tuple(
        PartnerKey(
            kid=key.public.kid,
            use="enc",
            x=key.public.x,
            y=key.public.y,
            not_before=key.not_before,
            not_after=key.not_after,
            revoked_from=revoked.get(key.public.kid),
        )
        for key in keyring.index.keys
        if key.use == "enc"
    )


def encryption_key(keys: Iterable[PartnerKey], kid: str) -> PartnerKey | None:
    """The encryption key of this id, whether or not it is still trusted."""
    return next((key for key in keys if key.kid == kid and key.use == "enc"), None)


def agree(keyring: Keyring, kid: str, other: PartnerKey, info: bytes) -> bytes:
    """32 bytes that the owner of the other key comes to as well.

    HKDF-SHA-256 with an empty salt over the ECDH of P-256 (the 32 bytes of the shared point's x). UnknownOwnKey if the folder
    has no such encryption key, KeyringDamaged if its private half cannot be read, UnusableKey if the other key is no point.
    """
    point = PublicKey.from_jwk({"kty": "EC", "crv": "P-256", "x": other.x, "y": other.y})
    numbers = ec.EllipticCurvePublicNumbers(_number(point.x), _number(point.y), ec.SECP256R1())
    shared = _private(keyring, kid).exchange(ec.ECDH(), numbers.public_key())
    return HKDF(algorithm=SHA256(), length=AGREED_BYTES, salt=None, info=info).derive(shared)


def _private(keyring: Keyring, kid: str) -> ec.EllipticCurvePrivateKey:
    # Known before the name of a file is made of it: ids come in from partners.
    if all(key.public.kid != kid or key.use != "enc" for key in keyring.index.keys):
        raise UnknownOwnKey
    name = f"{kid}.pem"
    try:
        key = load_pem_private_key(read_private(keyring.folder / name), password=None)
    except (ValueError, TypeError) as exc:
        raise KeyringDamaged(name) from exc
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeyringDamaged(name) from UnusableKey()
    return key


def _number(coordinate: str) -> int:
    return int.from_bytes(ijson.b64url_decode(coordinate), "big")
