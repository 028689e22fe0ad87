"""The fingerprint that two operators compare by telephone, and the link id that follows from it."""

import hashlib
import hmac
import uuid

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Crockford's base32 leaves out I, L, O and U, and reads the look-alikes as the digits.
_HEARD = str.maketrans("OIL", "011", " \t\r\n\u3000-‐‑–—－")
_GROUPS, _GROUP = 8, 5
_BITS = 5 * _GROUPS * _GROUP


def fingerprint(sig_kid: str, enc_kid: str, recovery_kid: str) -> str:
    """One short text for a node's three keys, given as RFC 7638 thumbprints.

    The first 200 bits of a SHA-256 over the thumbprints, each labelled with its role so that none can stand in for
    another, as eight groups of five characters of Crockford's base32: ``4XJ0Q-8W1ZK-…``. 200 bits leave no room to
    search for a second node with the same text.
    """
    parts = ("mx-fingerprint-v1", "sig", sig_kid, "enc", enc_kid, "recovery", recovery_kid)
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode("ascii")).digest()[: _BITS // 8], "big")
    text = "".join(_CROCKFORD[number >> shift & 31] for shift in range(_BITS - 5, -1, -5))
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def same_fingerprint(a: str, b: str) -> bool:
    """Whether two fingerprints are the same, however they were written down.

    Case, full-width letters, spaces, dashes, O for 0 and I or L for 1 make no difference. Compares
    the whole text in constant time; two texts that are no fingerprints are never the same.
    """
    first, second = _bare(a), _bare(b)
    return len(first) == _GROUPS * _GROUP and hmac.compare_digest(first, second)


def link_id(node_a: str, fingerprint_a: str, node_b: str, fingerprint_b: str) -> str:
    """The first link between two nodes: both operators compute the same UUID without another message.

    Version 8 (RFC 9562), from a SHA-256 over "mx-link-v1" and both (node name, fingerprint) pairs, sorted. ValueError
    if the two nodes are one.
    """
    if node_a == node_b:
        raise ValueError("a link joins two different nodes")
    pairs = sorted([(node_a.encode(), _bare(fingerprint_a)), (node_b.encode(), _bare(fingerprint_b))])
    digest = hashlib.sha256(b"\0".join([b"mx-link-v1", *(part for pair in pairs for part in pair)])).digest()
    number = int.from_bytes(digest[:16], "big")
    number = number & ~(0xF << 76) | 8 << 76  # version 8
    number = number & ~(0x3 << 62) | 2 << 62  # variant of RFC 9562
    return str(uuid.UUID(int=number))


def _bare(text: str) -> bytes:
    # Full-width letters and digits come out of Chinese input methods.
    narrow = "".join(chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else char for char in text)
    return narrow.upper().translate(_HEARD).encode()
