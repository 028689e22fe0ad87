"""The person (本人) who asks, and where they occur: as the person of a record, as a spouse, or as a child.

A person is who bears the document. A name alone tells nobody apart: without a number the operator picks one of those that bear
the name and were born on that day, and is answered for that one in that county only. A child has no document in a record; it is
known by the number of its birth certificate.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

import msgspec

from exchange.codes import Item
from exchange.errors import Conflict, Invalid, Refused
from exchange.people.document import read_document
from exchange.people.name import match_key
from exchange.people.record import DocumentRef, Name, Number, Person, Record, Shape, Spouse

_NO_LETTERS: Final = re.compile(r"[\W\d_]+")
_NO_LETTERS_OR_DIGITS: Final = re.compile(r"[\W_]+")


class SubjectUnclear(Invalid):
    """Neither a number nor a name with a birth date."""

    code = "subject-unclear"
    zh = "请给出证件号码；无证件的，请给出姓名和出生日期（子女可给出出生医学证明编号）。"
    en = "Give a document number; without one, a name and a birth date (for a child, the number of the birth certificate)."


class ChooseOne(Conflict):
    """A name and a birth date tell nobody apart; `candidates` lists who bears them."""

    code = "choose-one"
    zh = "仅凭姓名和出生日期不能确定是谁，请核对后用 --candidate 指明一项。"
    en = "A name and a birth date do not tell who it is: see which one is meant and name it with --candidate."

    def __init__(self, candidates: Sequence[str]) -> None:
        self.candidates = tuple(candidates)
        listed = ", ".join(candidates) or "—"
        super().__init__(zh=f"{self.zh}（{listed}）", en=f"{self.en} ({listed})")


class Relation(StrEnum):
    """In which place of a record somebody stands."""

    PERSON = "person"
    SPOUSE = "spouse"
    CHILD = "child"


class Claim(Shape, frozen=True, kw_only=True):
    """What somebody says of themselves to the operator."""

    document: DocumentRef | None = None
    name: Name | None = None
    birth_date: date | None = None
    birth_certificate: Number | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who is looked for. `index` is the node's blind index, None for a child who is known by its certificate alone.

    `counties` is where an equal index is the same person. `needles` are bytes of which each text about the person holds one,
    however it is written; without any, every text must be read.
    """

    index: str | None
    counties: frozenset[str]
    certificate: str | None = None
    name: str | None = None
    needles: tuple[bytes, ...] = ()

    def may_stand_in(self, line: bytes) -> bool:
        """Whether a JSON text is worth reading; escapes can hide anything."""
        return not self.needles or b"\\u" in line or any(needle in line for needle in self.needles)


def stands_in(text: str, names: Iterable[str], needles: Iterable[bytes]) -> bool:
    """Whether a text names somebody who bears one of the names or numbers, however these are set apart there.

    Two of one name are not told apart, nor is a name within a longer one; a name of one character counts as a word of its own.
    """
    folded, words = match_key(text), set(_NO_LETTERS.split(text))
    bare = _NO_LETTERS_OR_DIGITS.sub("", folded)
    keys = {key for name in names if (key := match_key(name))}
    return any(key in (folded if len(key) > 1 else words) for key in keys) or any(
        needle.decode().casefold() in bare for needle in needles
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """Where in a record somebody stands, which fields are about them, and what these say."""

    relation: Relation
    fields: tuple[str, ...]
    content: Mapping[str, Any]


def read_number(document: DocumentRef) -> DocumentRef:
    """The document in its one form; DocumentRefused."""
    read = read_document(document.type, document.number or "")
    return DocumentRef(type=read.type, number=read.number)


def needles_of(document: DocumentRef | None, certificate: str | None) -> tuple[bytes, ...]:
    """How a number can stand in a text: as it is, in small letters, with 15 digits."""
    found = set()
    if document is not None and document.number:
        number = document.number
        found |= {number, number.lower()}
        if len(number) == 18:
            found.add(number[:6] + number[8:17])
    if certificate is not None:
        found.add(certificate)
    return tuple(sorted(each.encode() for each in found))


def occurrences(
    subject: Subject,
    index_of: Callable[[Person], str],
    person: Person | None,
    record: Record | None,
    *,
    of_subject: bool = False,
) -> list[Occurrence]:
    """Everything that a person and a record say of the subject; `of_subject` where it is known that both are about them."""
    found = []
    if of_subject or (person is not None and subject.index is not None and _index(index_of, person) == subject.index):
        content = {}
        if person is not None:
            content["person"] = msgspec.to_builtins(person)
        if record is not None and record.items():
            content["record"] = msgspec.to_builtins(record)
        if content:
            fields = tuple(dict.fromkeys(field for part in content.values() for field in part))
            found.append(Occurrence(relation=Relation.PERSON, fields=fields, content=content))
    if record is not None and record.spouse is not None and _is_spouse(subject, index_of, record.spouse):
        shared = {Item.SPOUSE: record.spouse, Item.MARITAL_STATUS: record.marital_status, Item.MARRIAGE: record.marriage}
        said = {item.value: msgspec.to_builtins(value) for item, value in shared.items() if value is not None}
        found.append(Occurrence(relation=Relation.SPOUSE, fields=tuple(sorted(said)), content=said))
    for child in (record.children or ()) if record is not None and subject.certificate is not None else ():
        if child.certificate_number == subject.certificate:
            content = {"child": msgspec.to_builtins(child)}
            found.append(Occurrence(relation=Relation.CHILD, fields=(Item.CHILDREN.value,), content=content))
    return found


def perhaps_spouse(subject: Subject, record: Record | None) -> bool:
    """Whether a spouse without a document bears the subject's name: nothing that could be answered, but to be looked at."""
    spouse = record.spouse if record is not None else None
    if spouse is None or subject.name is None or (spouse.document is not None and spouse.document.number is not None):
        return False
    return match_key(spouse.name) == subject.name


def _is_spouse(subject: Subject, index_of: Callable[[Person], str], spouse: Spouse) -> bool:
    if subject.index is None or spouse.document is None or spouse.document.number is None:
        return False
    return _index(index_of, Person(name=spouse.name, document=spouse.document)) == subject.index


def _index(index_of: Callable[[Person], str], person: Person) -> str | None:
    try:
        return index_of(person)
    except Refused:
        return None  # a number that cannot be read is nobody's
