"""Identifiers: UUIDv7, so that they sort by the moment they were made, and salts that keep digests from being guessed."""

import secrets
from datetime import datetime

import uuid_utils

from exchange.moments import to_milliseconds
from exchange.wire.ijson import b64url_encode


def new_id(now: datetime) -> str:
    """A UUIDv7 of this moment."""
    return str(uuid_utils.uuid7(nanoseconds=to_milliseconds(now) * 1_000_000))


def new_salt() -> str:
    """128 random bits as base64url."""
    return b64url_encode(secrets.token_bytes(16))
