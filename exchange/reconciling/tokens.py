"""Tokens: an entry under one key, as it is compared with the other side's (docs/reconciliation.md, "Tokens").

All are HMAC-SHA-256 under the key K, cut to their first bytes::

    document  = type ‖ 0x00 ‖ number                                        (exchange.people.document.index_input)
    token     = HMAC(K, document)                                                              16 bytes
    content   = HMAC(K, "content" ‖ 0x00 ‖ token ‖ length ‖ value ‖ length ‖ value …)          8 bytes
    field     = HMAC(K, "field" ‖ 0x00 ‖ token ‖ item ‖ 0x00 ‖ value)                          4 bytes
    marker    = HMAC(K, "numberless" ‖ 0x00 ‖ entry id)                                        24 bytes

The values are those of `exchange.reconciling.fields`, in the order in which the agreement names the items; a length has 4 bytes,
the highest first. The token is within content and field, so that equal facts of two people look different.
"""

from hmac import digest

from exchange.codes import Item
from exchange.people.register import Entry
from exchange.reconciling.fields import compared, document_bytes
from exchange.reconciling.keys import Leaf

SECRET_BYTES = 32
TOKEN_BYTES = 16
CONTENT_BYTES = 8
LEAF_BYTES = TOKEN_BYTES + CONTENT_BYTES
FIELD_BYTES = 4
_LENGTH_BYTES = 4
_CONTENT, _FIELD, _NUMBERLESS = b"content\0", b"field\0", b"numberless\0"


class Tokening:
    """Makes the tokens of entries under one key; `items` are those that the agreement lets be compared, in its order."""

    def __init__(self, secret: bytes, items: tuple[Item, ...]) -> None:
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"a token key has {SECRET_BYTES} bytes")
        self._secret, self._items = secret, items

    def leaf(self, entry: Entry) -> Leaf:
        """The entry as it is kept and compared; of a person without a number a place marker that nobody else has."""
        token = self.token(entry)
        if token is None:
            return Leaf(entry.id, self._keyed(_NUMBERLESS + entry.id.encode())[:LEAF_BYTES], numbered=False)
        parts = [_CONTENT, token]
        for item in self._items:
            value = compared(item, entry)
            parts += len(value).to_bytes(_LENGTH_BYTES, "big"), value
        return Leaf(entry.id, token + self._keyed(b"".join(parts))[:CONTENT_BYTES])

    def token(self, entry: Entry) -> bytes | None:
        """The pseudonym of the person under this key, None where there is no number."""
        document = document_bytes(entry.person.document)
        return None if document is None else self._keyed(document)[:TOKEN_BYTES]

    def fields(self, entry: Entry) -> bytes:
        """Four bytes an item, by which two sides see in which of them an entry differs; ValueError without a number."""
        token = self.token(entry)
        if token is None:
            raise ValueError("a person without a number is not compared")
        start = _FIELD + token
        return b"".join(self._keyed(start + item.encode() + b"\0" + compared(item, entry))[:FIELD_BYTES] for item in self._items)

    def _keyed(self, data: bytes) -> bytes:
        return digest(self._secret, data, "sha256")
