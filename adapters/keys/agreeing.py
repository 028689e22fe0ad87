"""Key agreement between encryption keys: what two nodes both know and nobody else (protocol, "Reconciliation", 2)."""

from collections.abc import Iterable

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.keys.jose import PublicKey
from adapters.keys.keyring import Keyring
from exchange.partners import PartnerKey

AGREED_BYTES = 32


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
    has no such encryption key, KeyringDamaged if its private half is not there, UnusableKey if the other key is no point.
    """
    point = PublicKey.from_jwk({"kty": "EC", "crv": "P-256", "x": other.x, "y": other.y})
    shared = keyring.encryption_private(kid).shared_with(point)
    return HKDF(algorithm=SHA256(), length=AGREED_BYTES, salt=None, info=info).derive(shared)
