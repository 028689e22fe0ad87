"""The second factor: one-time codes by the clock (RFC 6238: SHA-1, six digits, thirty seconds), each good once."""

import base64
import hashlib
import hmac
import re
from datetime import datetime
from urllib.parse import quote

from exchange.moments import to_milliseconds

_STEP_MS = 30_000
_DIGITS = 6
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


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
    given = code.replace(" ", "")
    if _CODE.fullmatch(given) is None:
        return None
    here = step_of(now)
    found = [step for step in (here - 1, here, here + 1) if hmac.compare_digest(code_at(secret, step), given) and step > after]
    return max(found, default=None)


def provisioning_uri(secret: str, login: str, issuer: str) -> str:
    """What an authenticator app reads from a QR code, or by hand."""
    return f"otpauth://totp/{quote(issuer)}:{quote(login)}?secret={secret}&issuer={quote(issuer)}&digits={_DIGITS}&period=30"
