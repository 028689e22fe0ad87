"""Looking for words in bytes, however they may be written there."""

import base64
from collections.abc import Iterable

# Six bytes by chance: once in 10^8 megabytes of ciphertext. Shorter traces would be found in noise.
_LEAST = 6


def traces_of(word: str) -> set[bytes]:
    """The word in UTF-8 and UTF-16, and in base64 and base64url of UTF-8 wherever it begins."""
    plain = word.encode()
    found = {plain, word.encode("utf-16-le"), word.encode("utf-16-be"), repr(word.encode("unicode-escape"))[2:-1].encode()}
    for before in range(3):
        text = base64.b64encode(bytes(before) + plain)
        # Characters that other bytes have a part in are left off, at both ends.
        whole = text[(0, 2, 3)[before] : len(text) - (0, 3, 2)[(before + len(plain)) % 3]]
        found |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    return {trace for trace in found if len(trace) >= _LEAST}


def found_in(data: bytes, words: Iterable[str]) -> set[str]:
    """Those of the words of which there is a trace."""
    return {word for word in words if any(trace in data for trace in traces_of(word))}
