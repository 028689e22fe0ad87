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

from exchange.certificates.check import same_number
from exchange.codes import RegisterKind
from exchange.errors import Refused
from exchange.pairing.comparing import Described, swapped
from exchange.pairing.sounds import parts, sound, toneless
from exchange.people.document import read_document
from exchange.people.record import DocumentRef, Spouse
from exchange.people.register import Entry

# Of other passes, or other hashes, there are no entries under the keys of today: they are made anew (`woshou pairing index`).
# The second ones have the certificate's number too.
KEYS_VERSION: Final = 2
_HASHES: Final = 1
SAMPLED: Final = 512


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
        secret = keyed(b"pairing-keys\x00%d" % _HASHES).encode()
        self._started = blake2b(key=secret, digest_size=8)
        self._of_register: dict[tuple[str, RegisterKind], _Hashes] = {}

    def keys(self, entry: Entry) -> Keys | None:
        """The keys of an entry; None for a protected one, which nobody is to find."""
        if entry.protected:
            return None
        hashes = self._hashes(entry.jurisdiction, entry.register)
        person, record = entry.person, entry.record
        number = _number(person.document)
        found = dict(_seen(person.name, number, person.birth_date or _born(number), record.spouse))
        # One entry in SAMPLED carries the key of its whole register: counting those tells how large it is.
        if hashes.key(Pass.SIZE, entry.id) % SAMPLED == 0:
            found[Pass.SIZE] = ""
        # Written out, not asked of `key`: this runs for every row of every sheet.
        keys: list[int | None] = []
        for each, started in hashes.started.items():
            if (value := found.get(each)) is None:
                keys.append(None)
            else:
                hashed = started.copy()
                hashed.update(value.encode())
                keys.append(int.from_bytes(hashed.digest()) >> 1)
        return tuple(keys)

    def certificate(self, entry: Entry) -> int | None:
        """The key of the certificate that an outflow entry holds; None without one, and for a protected entry."""
        certificate = entry.record.certificate
        if entry.protected or certificate is None or entry.register is not RegisterKind.OUTFLOW:
            return None
        return self.certificate_key(entry.jurisdiction, certificate.number)

    def certificate_key(self, jurisdiction: str, number: str) -> int:
        """The key under which a county's certificate of that number is found."""
        hashed = self._started.copy()
        hashed.update(f"{jurisdiction}\0certificate\0{same_number(number)}".encode())
        return int.from_bytes(hashed.digest()) >> 1

    def looked(self, jurisdiction: str, register: RegisterKind, person: Described) -> Looked:
        """Where to look for a person in one register."""
        key = self._hashes(jurisdiction, register).key
        wanted: dict[Pass, list[int]] = {}
        number = person.document.number if person.document is not None else ""
        for each, value in (*_seen(person.name, number, person.birth_date, person.spouse), *_slips(person)):
            wanted.setdefault(each, []).append(key(each, value))
        return Looked(
            keys={each: tuple(dict.fromkeys(keys)) for each, keys in wanted.items()},
            name=wanted[Pass.NAME][0],
            sound=wanted[Pass.SOUND][0],
            size=key(Pass.SIZE, ""),
        )

    def _hashes(self, jurisdiction: str, register: RegisterKind) -> "_Hashes":
        hashes = self._of_register.get((jurisdiction, register))
        if hashes is None:
            begun = {}
            for each in PASSES:
                begun[each] = self._started.copy()
                begun[each].update(f"{jurisdiction}\0{register.value}\0{each.value}\0".encode())
            hashes = self._of_register[jurisdiction, register] = _Hashes(begun)
        return hashes


@dataclass(frozen=True, slots=True)
class _Hashes:
    """The hashes of one register, one for each pass, begun with what all its keys have in common."""

    started: dict[Pass, blake2b]

    def key(self, each: Pass, value: str) -> int:
        hashed = self.started[each].copy()
        hashed.update(value.encode())
        return int.from_bytes(hashed.digest()) >> 1


def _seen(name: str, number: str, born: date | None, spouse: Spouse | None) -> Iterator[tuple[Pass, str]]:
    first = parts(name)
    said = toneless(first[0])
    sounds = " ".join(sorted(said))
    yield Pass.NAME, "".join(first)
    yield Pass.SOUND, sounds
    if born is not None:
        yield Pass.SOUND_YEAR, f"{born.year} {sounds}"
        yield from _on_day(born, said)
    if len(number) == 18:
        # A slip in one place leaves two of the three whole: where issued, when born, which number of that day.
        yield Pass.DOC_HEAD, number[:14]
        yield Pass.DOC_TAIL, number[6:]
        yield Pass.DOC_ENDS, number[:6] + number[14:]
    elif number:
        yield Pass.DOC_HEAD, number[:-3]
        yield Pass.DOC_TAIL, number[3:]
    if spouse is not None:
        if spouse_number := _number(spouse.document):
            yield Pass.SPOUSE_DOCUMENT, spouse_number
        yield Pass.COUPLE, f"{sound(spouse.name)}\0{born.year if born else ''}"


def _slips(person: Described) -> Iterator[tuple[Pass, str]]:
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


def _on_day(born: date, said: tuple[str, ...]) -> Iterator[tuple[Pass, str]]:
    if said:
        yield Pass.BIRTH_SURNAME, f"{born.isoformat()} {said[0]}"
        yield Pass.BIRTH_GIVEN, f"{born.isoformat()} {said[-1]}"


def _number(document: DocumentRef | None) -> str:
    """The number in its one form; empty where there is none, or none that can be read: it finds nobody."""
    if document is None or document.number is None:
        return ""
    number = document.number
    if len(number) == 18 and number.isascii() and number[:17].isdigit() and number[17] != "x":
        return number  # as registers store it
    try:
        return read_document(document.type, number).number
    except Refused:
        return ""


def _born(number: str) -> date | None:
    """The birth date within a number of 18 digits."""
    if len(number) != 18 or not number[6:14].isdigit():
        return None
    try:
        return date.fromisoformat(number[6:14])
    except ValueError:
        return None
