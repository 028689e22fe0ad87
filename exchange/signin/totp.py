"""The second factor: one-time codes by the clock (RFC 6238: SHA-1, six digits, thirty seconds), each good once."""

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from datetime import datetime
from urllib.parse import quote

from exchange.moments import to_milliseconds

# In place of a secret that cannot be had any more: the second factor is asked for, and no code is the right one.
LOST = ""
_STEP_MS = 30_000
_SECRET_BYTES = 20  # as many as SHA-1 has (RFC 4226, section 4); 32 characters, without padding
_DIGITS = 6
_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_SECRET = re.compile(r"[A-Z2-7]{32}", re.ASCII)


def new_secret() -> str:
    """A secret, in base32."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def is_secret(text: str) -> bool:
    """Whether it can have come from `new_secret`."""
    return _SECRET.fullmatch(text) is not None


def step_of(now: datetime) -> int:
    """The number of the half minute."""
    return to_milliseconds(now) // _STEP_MS


def code_at(secret: str, step: int) -> str:
    """The code of a half minute; `secret` is base32 without padding."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, step.to_bytes(8, "big"), hashlib.sha1)
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)


def matching_step(secret: str, code: str, now: datetime, after: int) -> int | None:
    """The half minute that a code is of, the one before and the one after included; None if it is wrong or was used.

    `after` is the step of the last code that was taken: neither that nor an older one is taken again.
    """
    given = unicodedata.normalize("NFKC", code).replace(" ", "")
    if secret == LOST or _CODE.fullmatch(given) is None:
        return None
    here = step_of(now)
    found = [step for step in (here - 1, here, here + 1) if hmac.compare_digest(code_at(secret, step), given) and step > after]
    return max(found, default=None)


def provisioning_uri(secret: str, login: str, issuer: str) -> str:
    """What an authenticator app reads from a QR code, or by hand."""
    return f"otpauth://totp/{quote(issuer)}:{quote(login)}?secret={secret}&issuer={quote(issuer)}&digits={_DIGITS}&period=30"
