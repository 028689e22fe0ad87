"""The blind keys under which candidates are looked for: one for each pass, so that whoever shares one is worth a comparison.

A key is 63 bits of a keyed hash over the register, the pass and what the pass looks at. It holds no person, cannot be worked
out without the node's key, and differs between two registers for the same person. A pass must be narrow: a key that hundreds
share tells nobody apart, and what is looked up must be quick.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from exchange.codes import RegisterKind
from exchange.errors import Refused
from exchange.pairing.comparing import Described, described, swapped
from exchange.pairing.sounds import parts, sound, toneless
from exchange.people.document import read_document
from exchange.people.record import DocumentRef
from exchange.people.register import Entry

# Of other passes, or other hashes, there are no entries under the keys of today: they are made anew (`woshou pairing index`).
KEYS_VERSION: Final = 1
SAMPLED: Final = 128


class Pass(StrEnum):
    """What a key looks at; also the name of its column."""

    NAME = "name"
    SOUND = "sound"
    SOUND_YEAR = "sound_year"
    BIRTH_SURNAME = "birth_surname"
    BIRTH_GIVEN = "birth_given"
    DOC_HEAD = "doc_head"
    DOC_TAIL = "doc_tail"
    DOC_ENDS = "doc_ends"
    SPOUSE_DOCUMENT = "spouse_document"
    COUPLE = "couple"
    SIZE = "size"


PASSES: Final = tuple(Pass)
Keys = tuple[int | None, ...]  # one for each pass, in their order


@dataclass(frozen=True, slots=True)
class Looked:
    """What to look for, several keys a pass where a slip would have changed the key."""

    keys: dict[Pass, tuple[int, ...]]
    name: int
    sound: int
    size: int


class Blinding:
    """Makes the keys of a node; `keyed` is the node's keyed hash, from which a key for these alone is derived."""

    def __init__(self, keyed: Callable[[bytes], str]) -> None:
        secret = keyed(b"pairing-keys\x00%d" % KEYS_VERSION).encode()
        self._started = blake2b(key=secret, digest_size=8)
        self._of_register: dict[tuple[str, RegisterKind], blake2b] = {}

    def keys(self, entry: Entry) -> Keys | None:
        """The keys of an entry; None for a protected one, which nobody is to find."""
        if entry.protected:
            return None
        found = dict(_seen(described(entry)))
        key = self._keyed(entry.jurisdiction, entry.register)
        # One entry in SAMPLED carries the key of its whole register: counting those tells how large it is.
        sampled = key("draw", entry.id) % SAMPLED == 0
        found[Pass.SIZE] = "" if sampled else None
        return tuple(None if (value := found.get(each)) is None else key(each, value) for each in PASSES)

    def looked(self, jurisdiction: str, register: RegisterKind, person: Described) -> Looked:
        """Where to look for a person in one register."""
        key = self._keyed(jurisdiction, register)
        wanted: dict[Pass, list[int]] = {}
        for each, value in (*_seen(person), *_slips(person)):
            if value is not None:
                wanted.setdefault(each, []).append(key(each, value))
        return Looked(
            keys={each: tuple(dict.fromkeys(keys)) for each, keys in wanted.items()},
            name=wanted[Pass.NAME][0],
            sound=wanted[Pass.SOUND][0],
            size=key(Pass.SIZE, ""),
        )

    def _keyed(self, jurisdiction: str, register: RegisterKind) -> Callable[[str, str], int]:
        started = self._of_register.get((jurisdiction, register))
        if started is None:
            started = self._started.copy()
            started.update(f"{jurisdiction}\0{register.value}\0".encode())
            self._of_register[jurisdiction, register] = started

        def key(what: str, value: str) -> int:
            hashed = started.copy()
            hashed.update(f"{what}\0{value}".encode())
            return int.from_bytes(hashed.digest()) >> 1

        return key


def _seen(person: Described) -> Iterator[tuple[Pass, str | None]]:
    first = parts(person.name)
    said = toneless(first[0])
    sounds = " ".join(sorted(said))
    yield Pass.NAME, "".join(first)
    yield Pass.SOUND, sounds
    born = person.birth_date
    if born is not None:
        yield Pass.SOUND_YEAR, f"{born.year} {sounds}"
        yield from _on_day(born, said)
    number = person.document.number if person.document is not None else ""
    if len(number) == 18:
        # A slip in one place leaves two of the three whole: where issued, when born, which number of that day.
        yield Pass.DOC_HEAD, number[:14]
        yield Pass.DOC_TAIL, number[6:]
        yield Pass.DOC_ENDS, number[:6] + number[14:]
    elif number:
        yield Pass.DOC_HEAD, number[:-3]
        yield Pass.DOC_TAIL, number[3:]
    if person.spouse is not None:
        if spouse_number := _number(person.spouse.document):
            yield Pass.SPOUSE_DOCUMENT, spouse_number
        yield Pass.COUPLE, f"{sound(person.spouse.name)}\0{born.year if born else ''}"


def _slips(person: Described) -> Iterator[tuple[Pass, str | None]]:
    """The keys that the person would have with a year too many or too few, or with day and month swapped."""
    born = person.birth_date
    if born is None:
        return
    said = toneless(parts(person.name)[0])
    sounds = " ".join(sorted(said))
    for year in (born.year - 1, born.year + 1):
        yield Pass.SOUND_YEAR, f"{year} {sounds}"
    if (turned := swapped(born)) is not None:
        yield from _on_day(turned, said)
    if person.spouse is not None:
        for year in (born.year - 1, born.year + 1):
            yield Pass.COUPLE, f"{sound(person.spouse.name)}\0{year}"


def _on_day(born: date, said: tuple[str, ...]) -> Iterator[tuple[Pass, str | None]]:
    if said:
        yield Pass.BIRTH_SURNAME, f"{born.isoformat()} {said[0]}"
        yield Pass.BIRTH_GIVEN, f"{born.isoformat()} {said[-1]}"


def _number(document: DocumentRef | None) -> str | None:
    if document is None or document.number is None:
        return None
    try:
        return read_document(document.type, document.number).number
    except Refused:
        return None  # a number that cannot be read finds nobody
