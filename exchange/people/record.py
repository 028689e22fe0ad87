"""The record: a person's marriage and childbearing facts, the minimum that serves the purposes.

One optional field per `Item`, of the same name, so that an agreement's list of items is the list of fields that may cross
the wire. What the domain keeps out (pregnancy, contraception, examinations, fees, quotas, biometrics) has no field.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import astuple, replace

from exchange.codes import Education, HouseholdType, Item, MaritalStatus, MovingReason, Sex
from exchange.people.document import DocumentType


def whole(pattern: str) -> str:
    """The pattern for a whole text: with `$` alone, Python lets a newline follow."""
    return f"^(?:{pattern})$(?!\\n)"


Name = Annotated[str, Meta(min_length=1, max_length=60)]
Text = Annotated[str, Meta(min_length=1, max_length=100)]
Day = date  # the name that a field called `date` does not hide
Number = Annotated[str, Meta(min_length=1, max_length=40, pattern=whole(r"[0-9A-Za-z()\-]+"))]


class Shape(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all wire shapes: frozen, closed, absent fields left out."""


class DocumentRef(Shape, frozen=True, kw_only=True):
    """An identity document as it is written: its type, and its number unless there is none."""

    type: DocumentType
    number: Number | None = None


class Person(Shape, frozen=True, kw_only=True):
    """Who the facts are about."""

    name: Name
    document: DocumentRef
    sex: Sex = Sex.UNKNOWN
    birth_date: date | None = None


class Spouse(Shape, frozen=True, kw_only=True):
    """The other half of a marriage."""

    name: Name
    document: DocumentRef | None = None


class Marriage(Shape, frozen=True, kw_only=True):
    """When and where the present or last marriage was registered."""

    date: Day | None = None
    place: Text | None = None


class Moving(Shape, frozen=True, kw_only=True):
    """Why and when the person left, and came back."""

    reason: MovingReason | None = None
    moved_on: date | None = None
    returned_on: date | None = None


class Child(Shape, frozen=True, kw_only=True):
    """A child within a parent's record; never searched for."""

    sex: Sex = Sex.UNKNOWN
    birth_date: date | None = None
    birth_place: Text | None = None
    certificate_number: Number | None = None


class Certificate(Shape, frozen=True, kw_only=True):
    """A certificate of marriage and childbearing facts (婚育证明)."""

    number: Number
    issued_by: Text | None = None
    issued_on: date | None = None
    valid_until: date | None = None
    revoked_on: date | None = None


class Record(Shape, frozen=True, kw_only=True):
    """The facts that are known; None says nothing about the fact."""

    name: Name | None = None
    sex: Sex | None = None
    birth_date: date | None = None
    education: Education | None = None
    household_type: HouseholdType | None = None
    moving: Moving | None = None
    marital_status: MaritalStatus | None = None
    marriage: Marriage | None = None
    spouse: Spouse | None = None
    children: Annotated[list[Child], Meta(max_length=20)] | None = None
    certificate: Certificate | None = None
    address: Text | None = None
    ethnicity: Annotated[str, Meta(pattern=whole("0[1-9]|[1-4][0-9]|5[0-8]|9[789]"))] | None = None

    def items(self) -> frozenset[Item]:
        """Which items this record says something about."""
        return frozenset([item for item, fact in zip(_ITEMS, astuple(self), strict=True) if fact is not None])

    def only(self, items: Iterable[Item]) -> "Record":
        """The same record with nothing but these items: minimisation before sending."""
        return Record(**{item.value: getattr(self, item.value) for item in items})

    def updated(self, other: "Record") -> "Record":
        """This record with every fact that `other` knows taken over."""
        changes: dict[str, Any] = {item.value: getattr(other, item.value) for item in other.items()}
        return replace(self, **changes)


_ITEMS = tuple(Item(name) for name in Record.__struct_fields__)
