"""Identifiers: UUIDv7, so that they sort by the moment they were made, and salts that keep digests from being guessed.

The libraries' UUIDv7 either ask the machine's clock, which is not the node's, or shuffle those of one millisecond; a queue in
the order of its ids would then send a sheet's rows in any order.
"""

import secrets
from datetime import datetime
from threading import Lock

from exchange.moments import to_milliseconds
from exchange.wire.ijson import b64url_encode

_RANDOM_BITS = 74
_lock = Lock()
_last = (0, 0)


def new_id(now: datetime) -> str:
    """A UUIDv7 of this moment, above all that this process made before for it (RFC 9562, 6.2, method 2)."""
    global _last
    milliseconds = to_milliseconds(now)
    with _lock:
        last, tail = _last
        # Half the space is left above a fresh tail, so that 2**41 ids fit into one millisecond.
        tail = tail + 1 + secrets.randbits(32) if milliseconds == last else secrets.randbits(_RANDOM_BITS - 1)
        _last = (milliseconds, tail)
    high, low = divmod(tail, 1 << 62)
    text = f"{milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_salt() -> str:
    """128 random bits as base64url."""
    return b64url_encode(secrets.token_bytes(16))
