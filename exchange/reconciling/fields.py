"""Facts as they are compared: two clerks who mean the same fact get the same bytes.

A value is one byte 0x00 where nothing is known of the item; else 0x01 and the parts of the fact in UTF-8, each behind a byte
0x1f. No part holds that byte, so that no two facts have the same bytes. What says nothing (sex 0 and 9, marital status 90,
household type unknown) is the same as nothing known. docs/reconciliation.md gives the whole table to partners.

- name, birth date, sex: the person's own; where that says nothing, the record's
- marital status: 21, 22 and 23 are 20, for one register knows that it is a first marriage where the other knows a marriage
- marriage: its date, or where there is none its place; the same office has many names, and less exact is not different
- spouse: the document, or where there is none the name
- children: how many, and the birth date and sex of each, in the order of these
- moving: the days of leaving and of coming back, never the reason
- certificate: its number
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from exchange.codes import HouseholdType, Item, MaritalStatus, Sex
from exchange.people.document import index_input, read_document
from exchange.people.name import match_key
from exchange.people.record import Child, DocumentRef
from exchange.people.register import Entry

ABSENT: Final = b"\0"
_PRESENT: Final = "\x01"
_BEFORE_PART: Final = "\x1f"
_MARRIED: Final = frozenset(
    {MaritalStatus.FIRST_MARRIAGE, MaritalStatus.REMARRIED, MaritalStatus.REMARRIED_SAME_SPOUSE, MaritalStatus.MARRIED}
)
_TELLING_SEX: Final = frozenset({Sex.MALE, Sex.FEMALE})
# Unicode's White_Space, and every control character, U+001C to U+001F among them.
_NOT_COMPARED: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")


def compared(item: Item, entry: Entry) -> bytes:
    """The bytes of what an entry says of an item."""
    parts = _PARTS[item](entry)
    if parts is None:
        return ABSENT
    return (_PRESENT + "".join([_BEFORE_PART + part for part in parts])).encode()


def plain(text: str) -> str:
    """A text without what makes no difference: width and case (NFKC, full case folding, NFKC), blanks and control characters."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _NOT_COMPARED.sub("", folded)


def document_bytes(document: DocumentRef | None) -> bytes | None:
    """Type ‖ 0x00 ‖ number of a document in the one form that is compared; None where there is no number."""
    if document is None or document.number is None:
        return None
    return index_input(read_document(document.type, document.number))


_Parts = tuple[str, ...] | None


def _one(value: str | None) -> _Parts:
    return (value,) if value is not None else None


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _text(text: str | None) -> _Parts:
    kept = plain(text) if text is not None else ""
    return (kept,) if kept else None


def _name(entry: Entry) -> _Parts:
    return (match_key(entry.person.name),)


def _sex(entry: Entry) -> _Parts:
    for sex in (entry.person.sex, entry.record.sex):
        if sex in _TELLING_SEX:
            return (str(sex),)
    return None


def _birth_date(entry: Entry) -> _Parts:
    return _one(_iso(entry.person.birth_date or entry.record.birth_date))


def _education(entry: Entry) -> _Parts:
    return _one(entry.record.education)


def _household_type(entry: Entry) -> _Parts:
    known = entry.record.household_type
    return None if known is HouseholdType.UNKNOWN else _one(known)


def _moving(entry: Entry) -> _Parts:
    moving = entry.record.moving
    if moving is None or (moving.moved_on is None and moving.returned_on is None):
        return None
    return (_iso(moving.moved_on) or "", _iso(moving.returned_on) or "")


def _marital_status(entry: Entry) -> _Parts:
    status = entry.record.marital_status
    if status is MaritalStatus.UNSTATED:
        return None
    return (MaritalStatus.MARRIED.value,) if status in _MARRIED else _one(status)


def _marriage(entry: Entry) -> _Parts:
    marriage = entry.record.marriage
    if marriage is None:
        return None
    if marriage.date is not None:
        return ("date", marriage.date.isoformat())
    place = _text(marriage.place)
    return None if place is None else ("place", *place)


def _spouse(entry: Entry) -> _Parts:
    spouse = entry.record.spouse
    if spouse is None:
        return None
    document = document_bytes(spouse.document)
    if document is None:
        return ("name", match_key(spouse.name))
    type_, _, number = document.decode().partition("\0")
    return (type_, number)


def _children(entry: Entry) -> _Parts:
    children = entry.record.children
    return None if children is None else tuple(sorted(map(_child, children)))


def _child(child: Child) -> str:
    return f"{_iso(child.birth_date) or ''}/{child.sex if child.sex in _TELLING_SEX else ''}"


def _certificate(entry: Entry) -> _Parts:
    return None if entry.record.certificate is None else _text(entry.record.certificate.number)


def _address(entry: Entry) -> _Parts:
    return _text(entry.record.address)


def _ethnicity(entry: Entry) -> _Parts:
    return _one(entry.record.ethnicity)


_PARTS: Final[Mapping[Item, Callable[[Entry], _Parts]]] = {
    Item.NAME: _name,
    Item.SEX: _sex,
    Item.BIRTH_DATE: _birth_date,
    Item.EDUCATION: _education,
    Item.HOUSEHOLD_TYPE: _household_type,
    Item.MOVING: _moving,
    Item.MARITAL_STATUS: _marital_status,
    Item.MARRIAGE: _marriage,
    Item.SPOUSE: _spouse,
    Item.CHILDREN: _children,
    Item.CERTIFICATE: _certificate,
    Item.ADDRESS: _address,
    Item.ETHNICITY: _ethnicity,
}
