"""Where a jurisdiction's own systems listen, and how what they are told is signed (Standard Webhooks)."""

import base64
import hmac
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PREFIX = "whsec_"
# Standard Webhooks, "Signature scheme": a symmetric secret has between 24 and 64 bytes.
_SECRET_BYTES = range(24, 65)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAddress:
    """Where own systems listen, and the key that both sides hold. Neither is shown: an address may carry a secret too."""

    url: str = field(repr=False)
    key: bytes = field(repr=False)


def signature(key: bytes, id: str, at: str, body: bytes) -> str:
    """Version 1: HMAC-SHA-256 of `id.timestamp.body`, in base64."""
    made = hmac.digest(key, f"{id}.{at}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(made).decode()}"


def check_address(url: str) -> None:
    """HTTPS, or HTTP to this machine, without a user name or a fragment; ValueError otherwise."""
    parts = urlsplit(url)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    whole = parts.hostname and parts.port != 0 and url.isascii() and not any(character.isspace() for character in url)
    if not (secure and whole) or parts.username is not None or parts.fragment:
        raise ValueError("须为 https 地址（本机可用 http）/ an https address, or http on loopback")


def read_secret(text: str) -> bytes:
    """The key of a secret that reads `whsec_` and base64 of 24 to 64 bytes; ValueError otherwise, which does not quote it."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else b""
    except ValueError:  # also binascii.Error
        key = b""
    if len(key) not in _SECRET_BYTES:
        raise ValueError("须为 whsec_ 加 24 至 64 字节的 base64 / whsec_ and base64 of 24 to 64 bytes")
    return key
