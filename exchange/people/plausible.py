"""Which facts of a record can be kept: none that cannot be true, and none that could not be sent."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from msgspec import structs

from exchange.errors import Invalid, Refused
from exchange.imports import RowProblem
from exchange.people.document import Document, read_document
from exchange.people.doubts import document_warning, warning
from exchange.people.name import read_name
from exchange.people.record import DocumentRef, Marriage, Moving, Record, Spouse

_AT = re.compile(r"`\$\.([a-z_.]+)")


class MalformedRecord(Invalid):
    """A fact that is longer than it may be, or not in its form."""

    code = "malformed-record"
    zh = "内容过长或格式不符。"
    en = "A fact is too long or not in its form."


_NO_MOVING, _NO_MARRIAGE = Moving(), Marriage()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


def kept_record(record: Record, born: date | None, today: date, warnings: list[RowProblem]) -> Record:
    """The record without facts that cannot be true; a Refused leaf for one that cannot be stored or sent."""
    changes: dict[str, Any] = {}
    day = _Plausible(born, today, warnings)
    # A new value is made only where something is amiss: a sheet has a hundred thousand rows, nearly all of them sound.
    if (moving := record.moving) is not None:
        moved, returned = day.or_none(moving.moved_on, "moved_on"), day.or_none(moving.returned_on, "returned_on")
        then = Moving(reason=moving.reason, moved_on=moved, returned_on=returned)
        if then != moving or then == _NO_MOVING:
            changes["moving"] = None if then == _NO_MOVING else then
    if (marriage := record.marriage) is not None:
        wedding = Marriage(date=day.or_none(marriage.date, "married_on"), place=marriage.place)
        if wedding != marriage or wedding == _NO_MARRIAGE:
            changes["marriage"] = None if wedding == _NO_MARRIAGE else wedding
    if record.spouse is not None and (spouse := _spouse(record.spouse, warnings)) != record.spouse:
        changes["spouse"] = spouse
    if record.children:
        born_on = [day.or_none(child.birth_date, f"child{n}_birth_date") for n, child in enumerate(record.children, 1)]
        if born_on != [child.birth_date for child in record.children]:
            pairs = zip(record.children, born_on, strict=True)
            changes["children"] = [structs.replace(child, birth_date=birth) for child, birth in pairs]
    if (certificate := record.certificate) is not None:
        issued = day.or_none(certificate.issued_on, "certificate_issued_on")
        if issued != certificate.issued_on:
            changes["certificate"] = structs.replace(certificate, issued_on=issued)
    if record.name is not None:
        changes["name"] = read_name(record.name)
    kept = structs.replace(record, **changes) if changes else record
    if _has_texts(kept):
        _require_form(kept)
    return kept


def _has_texts(record: Record) -> bool:
    """Whether there is a text of which only the wire's shape knows the form; names and documents were read already."""
    place = record.marriage.place if record.marriage is not None else None
    texts = (place, record.children, record.certificate, record.address, record.ethnicity)
    return any(text is not None for text in texts)


def _require_form(record: Record) -> None:
    try:
        _decode(_encode(record))
    except msgspec.ValidationError as fault:
        at = _AT.search(str(fault))
        pointer = "/record/" + at[1].replace(".", "/") if at else "/record"
        raise MalformedRecord(pointer=pointer) from None  # the cause may quote the value


def reference_to(document: Document) -> DocumentRef:
    """The document as it is stored and sent."""
    return DocumentRef(type=document.type, number=document.number or None)


@dataclass(frozen=True, slots=True)
class _Plausible:
    """Lets a date pass that lies in a person's life so far."""

    born: date | None
    today: date
    warnings: list[RowProblem]

    def or_none(self, day: date | None, field: str) -> date | None:
        if day is None or (day <= self.today and (self.born is None or day >= self.born)):
            return day
        self.warnings.append(
            warning(
                field,
                "date-implausible",
                "日期晚于今天或早于本人出生，未采用。",
                "The date lies in the future or before the person's birth; it was left out.",
            )
        )
        return None


def _spouse(spouse: Spouse, warnings: list[RowProblem]) -> Spouse | None:
    """The spouse in normal form; a spouse's faulty name or document is left out, for the entry is not about them."""
    try:
        name = read_name(spouse.name)
    except Refused as refusal:
        warnings.append(warning("spouse_name", refusal.code, f"{refusal.zh}未采用。", f"{refusal.en} It was left out."))
        return None
    reference = spouse.document
    if reference is not None:
        try:
            document = read_document(reference.type, reference.number or "")
        except Refused as refusal:
            reference = None
            warnings.append(
                warning("spouse_document_number", refusal.code, f"{refusal.zh}未采用。", f"{refusal.en} It was left out.")
            )
        else:
            reference = reference_to(document) if document.number else None
            warnings.extend(document_warning("spouse_document_number", told) for told in document.warnings)
    return Spouse(name=name, document=reference)
