"""I-JSON (RFC 7493), canonical base64url and digests: the byte rules that hold for everything on the wire.

Python's ``json`` keeps the last of two equal names, reads NaN and lone surrogates and lets U+0000 through; partners in other
languages would read something else, so all of these are refused here.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from typing import Any, NoReturn

from exchange.errors import Invalid

MAX_DEPTH = 8
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class NotIJSON(Invalid):
    """Text that two JSON readers could understand differently."""

    code = "not-i-json"
    zh = "内容不是合规的 JSON(I-JSON, RFC 7493)。"
    en = "The text is not I-JSON (RFC 7493)."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise NotIJSON(zh="JSON 对象中有重复的名称。", en="An object has the same name twice.")
    return names


def _refuse_constant(_: str) -> NoReturn:
    raise NotIJSON(zh="JSON 中不允许 NaN 或 Infinity。", en="NaN and Infinity are not JSON.")


_loads: Callable[[str], Any] = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant).decode


def _check_depth(value: Any, left: int) -> None:
    if left == 0:
        raise NotIJSON(zh=f"JSON 嵌套超过 {MAX_DEPTH} 层。", en=f"JSON nested deeper than {MAX_DEPTH} levels.")
    for member in value.values() if isinstance(value, dict) else value:
        if isinstance(member, dict | list):
            _check_depth(member, left - 1)


def _check_characters(value: Any) -> None:
    if isinstance(value, str):
        value.encode("utf-8")
        if "\0" in value:
            raise NotIJSON(zh="JSON 中不允许字符 U+0000。", en="U+0000 is not allowed.")
    elif isinstance(value, dict | list):
        for member in value:
            _check_characters(member)
            if isinstance(value, dict):
                _check_characters(value[member])


def loads(data: bytes | str) -> Any:
    """Read one I-JSON value; NotIJSON for anything that another reader might see differently."""
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        value = _loads(text)
        # The number of brackets bounds the depth, and spares most texts the walk.
        if text.count("{") + text.count("[") > MAX_DEPTH and isinstance(value, dict | list):
            _check_depth(value, MAX_DEPTH)
        # Raw control characters are refused by the decoder, so only an escape can hide them.
        if "\\u" in text or not isinstance(data, bytes):
            _check_characters(value)
    except RecursionError as exc:
        raise NotIJSON(zh="JSON 嵌套过深。", en="JSON nested too deeply.") from exc
    except ValueError as exc:
        # Also JSONDecodeError and both Unicode errors. The text itself is never quoted: it may hold a person.
        raise NotIJSON from exc
    return value


def dumps(value: Any) -> bytes:
    """Write compact UTF-8 JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


def b64url_encode(data: bytes) -> str:
    """Unpadded base64url."""
    return binascii.b2a_base64(data, newline=False).translate(_URL_SAFE, b"=").decode("ascii")


def b64url_decode(text: str) -> bytes:
    """Decode canonical unpadded base64url; ValueError for padding, other alphabets and stray trailing bits."""
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as exc:
        raise ValueError("not base64url") from exc
    if b64url_encode(data) != text:
        raise ValueError("not canonical base64url")
    return data


def digest(data: bytes) -> str:
    """SHA-256 as unpadded base64url, 43 characters."""
    return b64url_encode(hashlib.sha256(data).digest())
