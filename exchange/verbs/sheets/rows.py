"""Cells into drafts: the person, the record and the register entry that a row of a sheet tells of."""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from typing import TypeVar

from exchange.codes import Education, HouseholdType, MaritalStatus, MovingReason, RegisterKind, Sex
from exchange.errors import Invalid, Refused
from exchange.imports import RowProblem
from exchange.people.document import DocumentType, read_document
from exchange.people.doubts import warning
from exchange.people.record import Certificate, Child, DocumentRef, Marriage, Moving, Person, Record, Spouse
from exchange.people.register import NOTHING_KNOWN, EntryDraft
from exchange.people.whereabouts import PlaceReader, Side

Code = TypeVar("Code", bound=StrEnum)
YES = "yes"
_CHILDREN = [
    (f"child{n}_sex", f"child{n}_birth_date", f"child{n}_birth_place", f"child{n}_certificate_number") for n in range(1, 5)
]
_CHILD_FIELDS = frozenset(name for names in _CHILDREN for name in names)
_NUMBER = re.compile(r"[0-9A-Za-z()\-]{1,40}")


class MissingCell(Invalid):
    """A cell without which the row means nothing."""

    code = "missing-cell"
    zh = "必填项未填写。"
    en = "A cell that must be filled in is blank."


class UnknownCode(Invalid):
    """A cell that holds no code of its list."""

    code = "unknown-code"
    zh = "内容不在代码表中。"
    en = "Not a code of the list."


@cache
def _members(codes: type[Code]) -> dict[str, Code]:
    return {code.value: code for code in codes}


def required(cells: Mapping[str, str], field: str) -> str:
    """The text of a cell; MissingCell if it is blank."""
    try:
        return cells[field]
    except KeyError:
        raise MissingCell(pointer=f"/{field}") from None


def coded(cells: Mapping[str, str], field: str, codes: type[Code]) -> Code | None:
    """The code in a cell, None if it is blank; UnknownCode."""
    text = cells.get(field)
    if text is None:
        return None
    code: Code | None = _members(codes).get(text)
    if code is None:
        raise UnknownCode(pointer=f"/{field}")
    return code


def date_in(cells: Mapping[str, str], field: str) -> date | None:
    """The date in a cell, None if it is blank; UnknownCode if it is not ISO."""
    text = cells.get(field)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UnknownCode(pointer=f"/{field}") from None  # the cause quotes the cell


def person_in(cells: Mapping[str, str]) -> Person:
    """The person as the row writes them; a Refused leaf for a document whose type cannot be told."""
    return Person(
        name=required(cells, "name"),
        document=document_in(cells),
        sex=coded(cells, "sex", Sex) or Sex.UNKNOWN,
        birth_date=date_in(cells, "birth_date"),
    )


def document_in(cells: Mapping[str, str]) -> DocumentRef:
    """The person's document; a Refused leaf if its type cannot be told."""
    number = cells.get("document_number", "")
    kind = coded(cells, "document_type", DocumentType)
    if kind is None:
        try:
            kind = _type_of(number)
        except Refused as refusal:
            refusal.pointer = "/document_number"
            raise
    return DocumentRef(type=kind, number=number or None)


def record_in(cells: Mapping[str, str], warnings: list[RowProblem]) -> Record:
    """The facts in a row."""
    moving = marriage = spouse = None
    if "moving_reason" in cells or "moved_on" in cells or "returned_on" in cells:
        moving = Moving(
            reason=coded(cells, "moving_reason", MovingReason),
            moved_on=date_in(cells, "moved_on"),
            returned_on=date_in(cells, "returned_on"),
        )
    if "married_on" in cells or "marriage_place" in cells:
        marriage = Marriage(date=date_in(cells, "married_on"), place=cells.get("marriage_place"))
    if "spouse_name" in cells:
        spouse = Spouse(name=cells["spouse_name"], document=_spouse_document(cells))
    record = Record(
        education=coded(cells, "education", Education),
        household_type=coded(cells, "household_type", HouseholdType),
        moving=moving,
        marital_status=coded(cells, "marital_status", MaritalStatus),
        marriage=marriage,
        spouse=spouse,
        children=_children(cells, warnings),
        certificate=_certificate(cells, warnings),
    )
    return NOTHING_KNOWN if record == NOTHING_KNOWN else record


def entry_draft(cells: Mapping[str, str], register: RegisterKind, places: PlaceReader, warnings: list[RowProblem]) -> EntryDraft:
    """A row of a register sheet; a Refused leaf for the first cell that cannot be read."""
    own = own_side(register)
    return EntryDraft(
        register=register,
        origin=side_in(cells, "origin", register, places),
        destination=side_in(cells, "destination", register, places),
        township=places.township(cells[f"{own}_township"]) if f"{own}_township" in cells else None,
        person=person_in(cells),
        record=record_in(cells, warnings),
    )


def own_side(register: RegisterKind) -> Side:
    """Which side of a register's entries the register's own county is."""
    return "origin" if register is RegisterKind.OUTFLOW else "destination"


def side_in(cells: Mapping[str, str], side: Side, register: RegisterKind, places: PlaceReader) -> str:
    """The code of one side; a Refused leaf if it cannot be told.

    A blank own side is the register's own county. The other side may be told by its township alone.
    """
    stated = cells.get(side)
    if side == own_side(register):
        return places.code(stated, side) if stated else places.own
    return places.code(stated or cells.get(f"{side}_township") or required(cells, side), side)


def _type_of(number: str) -> DocumentType:
    """The type that a number tells. Most are 18 characters of a resident's, which are read when the draft is checked."""
    if len(number) == 18 and number[0] in "1234567" and number[:17].isdigit():
        return DocumentType.ID_NUMBER
    return read_document(None, number).type


def _spouse_document(cells: Mapping[str, str]) -> DocumentRef | None:
    number = cells.get("spouse_document_number")
    if number is None:
        return None
    kind = coded(cells, "spouse_document_type", DocumentType)
    if kind is None:
        try:
            kind = _type_of(number)
        except Refused:
            kind = DocumentType.ID_NUMBER  # refused again, with the warning, when the record is checked
    return DocumentRef(type=kind, number=number)


def _children(cells: Mapping[str, str], warnings: list[RowProblem]) -> list[Child] | None:
    if cells.keys().isdisjoint(_CHILD_FIELDS):
        return None
    found = []
    for sex, born, place, number in _CHILDREN:
        if sex in cells or born in cells or place in cells or number in cells:
            found.append(
                Child(
                    sex=coded(cells, sex, Sex) or Sex.UNKNOWN,
                    birth_date=date_in(cells, born),
                    birth_place=cells.get(place),
                    certificate_number=_number(cells, number, warnings),
                )
            )
    return found or None


def _certificate(cells: Mapping[str, str], warnings: list[RowProblem]) -> Certificate | None:
    number = _number(cells, "certificate_number", warnings)
    if number is None:
        return None
    return Certificate(
        number=number,
        issued_by=cells.get("certificate_issued_by"),
        issued_on=date_in(cells, "certificate_issued_on"),
        valid_until=date_in(cells, "certificate_valid_until"),
    )


def _number(cells: Mapping[str, str], field: str, warnings: list[RowProblem]) -> str | None:
    """A certificate's number in its form, None with a warning if it is in another."""
    text = cells.get(field)
    if text is None:
        return None
    plain = "".join(text.split())
    if _NUMBER.fullmatch(plain):
        return plain
    warnings.append(
        warning(
            field,
            "certificate-number",
            "编号格式不符，未采用。",
            "The number is not in its form and was left out.",
            expected="至多 40 个字母、数字、连字符或括号 / at most 40 letters, digits, hyphens or brackets",
        )
    )
    return None
