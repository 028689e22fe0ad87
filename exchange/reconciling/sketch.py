"""How two sets of leaves are compared without sending them: short hashes, an estimate, and an invertible Bloom lookup table.

Of each leaf (24 bytes: token and content digest) both sides make the same 64-bit *element*, salted by a nonce of each side
for one run. The answering side tells a small *sketch*, from which the asking side estimates how many elements differ (the
fast AMS sketch of Thorup and Zhang, 2004), and then as many *cells* as that needs (Goodrich and Mitzenmacher, 2011; Eppstein
and others, 2011). What is left of them after the asking side has taken away its own elements are the elements that only one
side holds.

All words are unsigned 64-bit, read from bytes big-endian, and reckoned modulo 2**64 (docs/protocol-registers.md says each
step in full).
"""

import hashlib
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from exchange.wire.ijson import b64url_encode

Words: TypeAlias = NDArray[np.uint64]
SKETCH: Final = 512
TABLES: Final = 3
NONCE: Final = 16
# The upper 44 bits of an element come of the token alone, the lower 20 of token and content.
_PERSON_BITS: Final = np.uint64(20)
_FACTS: Final = np.uint64((1 << 20) - 1)
_MULTIPLIER: Final = np.uint64(0xD6E8FEB86659FD93)
_STEP: Final = 0x9E3779B97F4A7C15
_HALF: Final = np.uint64(32)
_WORD: Final = (1 << 64) - 1
# Rounds of taking out what stands alone; a table that two honest sides made is empty after some dozens.
_MOST_ROUNDS: Final = 500
# Leaves that are copied into order at one time.
_HASHED_AT_ONCE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Salt:
    """Four words made of both sides' nonces: nobody can choose persons whose elements collide in a run to come."""

    words: tuple[int, int, int, int]

    @classmethod
    def of(cls, asking: bytes, answering: bytes, attempt: int = 0) -> "Salt":
        """SHA-256 over a label, both nonces and the number of the attempt, read as four words."""
        digest = hashlib.sha256(b"mx-registers\0" + asking + answering + bytes([attempt])).digest()
        words = [int.from_bytes(digest[place : place + 8], "big") for place in (0, 8, 16, 24)]
        return cls((words[0], words[1], words[2], words[3]))


def words_of(leaves: bytes) -> Words:
    """Packed leaves as rows of three words: two of the token, one of the content digest."""
    return np.frombuffer(leaves, dtype=">u8").reshape(-1, 3).astype(np.uint64)


def elements_of(words: Words, salt: Salt) -> Words:
    """The element of each leaf."""
    first, second, _, _ = salt.words
    persons = _mixed(_mixed(words[:, 0] ^ np.uint64(first)) + words[:, 1])
    facts = _mixed(_mixed(persons + words[:, 2]) ^ np.uint64(second))
    return (persons & ~_FACTS) | (facts & _FACTS)


def persons_of(elements: Words) -> Words:
    """What of an element comes of the token alone: equal for one person, whatever either side knows of them."""
    return elements >> _PERSON_BITS


def digest_of(words: Words) -> str:
    """SHA-256 over the leaves in ascending order: equal digests are equal registers."""
    order = np.argsort(words[:, 0], kind="stable")
    first = words[order, 0]
    if np.any(first[1:] == first[:-1]):
        order = np.lexsort((words[:, 2], words[:, 1], words[:, 0]))
    digest = hashlib.sha256()
    for start in range(0, len(order), _HASHED_AT_ONCE):
        digest.update(words[order[start : start + _HASHED_AT_ONCE]].astype(">u8").tobytes())
    return b64url_encode(digest.digest())


def sketch_of(elements: Words, salt: Salt) -> NDArray[np.int16]:
    """512 counters, modulo 2**16: each element adds or takes one from the counter that it falls on."""
    mixed = _mixed(elements ^ np.uint64(~salt.words[2] & _WORD))
    places = (mixed & np.uint64(SKETCH - 1)).astype(np.int64)
    up = (mixed >> np.uint64(63)).astype(np.int64)
    counted = np.bincount(places * 2 + up, minlength=2 * SKETCH).reshape(SKETCH, 2)
    return (counted[:, 1] - counted[:, 0]).astype(np.int16)


def estimate(ours: NDArray[np.int16], theirs: NDArray[np.int16]) -> int:
    """About how many elements only one side holds; exact for none, else within some 6 % (one standard deviation)."""
    apart = (ours - theirs).astype(np.int64)
    return int(np.sum(apart * apart))


def cells_for(differing: int) -> int:
    """How many cells to ask for if about so many elements differ: some 1.5 for each, and a stock for few and for a low estimate.

    About one run in a hundred finds it too few, most of them because two elements fall on the same three cells, and asks again.
    """
    return TABLES * ceil((1.45 * differing + 4 * sqrt(differing) + 48) / TABLES)


@dataclass(slots=True)
class Cells:
    """A table: in each cell the exclusive or of the elements that fall on it, and of their checks. Three parts of equal width."""

    keys: Words
    checks: NDArray[np.uint32]
    salt: Salt

    @classmethod
    def of(cls, elements: Words, salt: Salt, size: int) -> "Cells":
        """The table of these elements; `size` is a multiple of three."""
        cells = cls(np.zeros(size, np.uint64), np.zeros(size, np.uint32), salt)
        cells.toggle(elements)
        return cells

    def toggle(self, elements: Words) -> None:
        """Put elements in, or take them out."""
        checks = _checks(elements, self.salt)
        for table in range(TABLES):
            places = self._places(elements, table)
            np.bitwise_xor.at(self.keys, places, elements)
            np.bitwise_xor.at(self.checks, places, checks)

    def peel(self) -> Words | None:
        """The elements that are left in the table, which is emptied; None if they cannot be told.

        What an honest side sent comes out empty or stuck; whatever else was sent, the rounds and the elements are bounded by the
        table's size, for an element that comes out twice has been put there to make it endless.
        """
        found: list[Words] = []
        held = 0
        for _ in range(_MOST_ROUNDS):
            alone = np.unique(self.keys[(_checks(self.keys, self.salt) == self.checks) & (self.keys != 0)])
            if not alone.size:
                break
            held += alone.size
            if held > self.keys.size:
                return None
            self.toggle(alone)
            found.append(alone)
        if self.keys.any() or self.checks.any():
            return None
        elements = np.concatenate(found) if found else np.empty(0, np.uint64)
        return elements if np.unique(elements).size == elements.size else None

    def _places(self, elements: Words, table: int) -> NDArray[np.int64]:
        width = self.keys.size // TABLES
        start = (self.salt.words[3] + table * _STEP) & _WORD
        mixed = _mixed(elements ^ np.uint64(start))
        return ((mixed >> _HALF) * np.uint64(width) >> _HALF).astype(np.int64) + table * width


def _checks(elements: Words, salt: Salt) -> NDArray[np.uint32]:
    return (_mixed(elements ^ np.uint64(salt.words[2])) >> _HALF).astype(np.uint32)


def _mixed(words: Words) -> Words:
    mixed = words ^ (words >> _HALF)
    mixed *= _MULTIPLIER
    mixed ^= mixed >> _HALF
    mixed *= _MULTIPLIER
    mixed ^= mixed >> _HALF
    return mixed
