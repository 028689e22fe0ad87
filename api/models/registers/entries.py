"""Register entries as bodies."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta
from pydantic import Field

from api.models.base import EXAMPLE_ID, Doubt, Moment, Shown
from api.models.shapes import Shaped
from exchange.codes import CloseReason, RegisterKind
from exchange.people.record import DocumentRef, Person, Record, Shape
from exchange.people.register import NOTHING_KNOWN, Entry, EntryDraft
from exchange.verbs.enrol import Enrolment

Code = Annotated[
    str, Meta(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", description="division code; an outflow's destination may be coarse")
]
PERSON_EXAMPLE = {
    "name": "阿依古丽·买买提",
    "document": {"type": "id_number", "number": "110102199003070011"},
    "sex": "2",
    "birth_date": "1990-03-07",
}
ENTRY_EXAMPLE: dict[str, Any] = {
    "register": "outflow",
    "origin": "110102",
    "destination": "420106",
    "person": PERSON_EXAMPLE,
    "record": {"moving": {"reason": "work", "moved_on": "2025-09-01"}, "marital_status": "21"},
    "opened_on": "2025-09-10",
}


class EntryLine(Shape, frozen=True, kw_only=True):
    """A person to be entered in a register: a body of its own, and a line of the bulk."""

    register: RegisterKind
    origin: Code
    destination: Code
    township: Annotated[str, Meta(pattern=r"^[0-9]{9}$", description="of the own county")] | None = None
    person: Person
    record: Record = NOTHING_KNOWN
    opened_on: date | None = None
    protected: bool = False

    def draft(self) -> EntryDraft:
        """As the verbs take it."""
        return EntryDraft(
            register=self.register,
            origin=self.origin,
            destination=self.destination,
            township=self.township,
            person=self.person,
            record=self.record,
            opened_on=self.opened_on,
            protected=self.protected,
        )

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """What an entry says, to be patched."""
        return cls(
            register=entry.register,
            origin=entry.origin,
            destination=entry.destination,
            township=entry.township,
            person=entry.person,
            record=entry.record,
            protected=entry.protected,
        )


class EntryPatch(Shape, frozen=True, kw_only=True):
    """What may be changed, as a merge patch (RFC 7396): null removes, objects are merged, lists replaced."""

    origin: Any = msgspec.UNSET
    destination: Any = msgspec.UNSET
    township: Any = msgspec.UNSET
    person: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    record: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET
    protected: bool | msgspec.UnsetType = msgspec.UNSET


class Closing(Shape, frozen=True, kw_only=True):
    """Why an entry is closed, and the day of it if that is not today."""

    reason: CloseReason
    on: date | None = None


class Entered(Shown):
    """What became of a person who was entered; no person in it, for it may be remembered."""

    id: str = Field(examples=[EXAMPLE_ID])
    outcome: Enrolment = Field(examples=["opened"])
    warnings: list[Doubt]


class EntryShown(Shown):
    """One entry."""

    id: str = Field(examples=[EXAMPLE_ID])
    jurisdiction: str = Field(examples=["110102"])
    register_: RegisterKind = Field(alias="register", examples=["outflow"])
    origin: str = Field(examples=["110102"])
    destination: str = Field(examples=["420106"])
    township: str | None
    person: Annotated[Person, Shaped(Person)] = Field(examples=[PERSON_EXAMPLE])
    record: Annotated[Record, Shaped(Record)] = Field(examples=[ENTRY_EXAMPLE["record"]])
    protected: bool
    opened_at: Moment
    closed_at: Moment | None
    close_reason: CloseReason | None
    version: int = Field(description="also the ETag", examples=[1])

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """From the register."""
        return cls.model_construct(
            id=entry.id,
            jurisdiction=entry.jurisdiction,
            register_=entry.register,
            origin=entry.origin,
            destination=entry.destination,
            township=entry.township,
            person=entry.person,
            record=entry.record,
            protected=entry.protected,
            opened_at=entry.opened_at,
            closed_at=entry.closed_at,
            close_reason=entry.close_reason,
            version=entry.version,
        )


class EntryChanged(Shown):
    """A change of an entry: its new version, and what to look at."""

    id: str = Field(examples=[EXAMPLE_ID])
    version: int = Field(examples=[2])
    open: bool
    warnings: list[Doubt] = Field(default_factory=list)


class Search(Shape, frozen=True, kw_only=True):
    """Whom to look for: by document only, which stands in the body and nowhere else."""

    document: DocumentRef


def patched(entry: Entry, patch: EntryPatch) -> EntryDraft:
    """The entry's draft after a merge patch; msgspec.ValidationError where the result does not fit."""
    before = msgspec.to_builtins(EntryLine.of(entry))
    changes = {name: value for name, value in msgspec.to_builtins(patch).items() if name != "protected"}
    return replace(msgspec.convert(_merged(before, changes), EntryLine).draft(), protected=entry.protected)


def _merged(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
