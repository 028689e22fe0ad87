"""An entry beside what a sheet says of its person: which facts agree, and what the sheet proposes where they do not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from exchange.checking.check import CHILD_FIELDS, CheckField, Doubt, Proposal
from exchange.checking.children import position_of
from exchange.codes import MaritalStatus, RegisterKind, Sex
from exchange.errors import Refused
from exchange.people.name import match_key
from exchange.people.record import Child, DocumentRef
from exchange.people.register import Entry
from exchange.people.whereabouts import PlaceReader

_MARRIED = frozenset(
    {
        MaritalStatus.MARRIED,
        MaritalStatus.FIRST_MARRIAGE,
        MaritalStatus.REMARRIED,
        MaritalStatus.REMARRIED_SAME_SPOUSE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Claim:
    """What a row says of one person; `child` is the child that it is about, `document` the spouse's, `on` the event's day."""

    person_index: str
    row: int
    facts: Mapping[CheckField, str]
    child: Child | None = None
    document: DocumentRef | None = None
    on: date | None = None
    came_from: str | None = None


class Subject(NamedTuple):
    """Whom a claim is about: an entry, and of its children the one at a place, or a new one by what tells it apart."""

    entry: str
    child: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Compared:
    """A claim beside an entry: the facts that could be compared, and what is proposed where they differ."""

    subject: Subject
    entry_version: int
    claim: Claim
    facts: Mapping[CheckField, str]
    proposals: Mapping[CheckField, Proposal] = field(default_factory=dict)


def compare(entry: Entry, claim: Claim, places: PlaceReader) -> list[Compared]:
    """Compare an entry with a claim about its person, and one about a child apart; ChildrenAlike where it cannot be told."""
    facts = {name: said for name, said in claim.facts.items() if _comparable(entry, name)}
    own = {name: said for name, said in facts.items() if name not in CHILD_FIELDS}
    found = [_compared(entry, claim, "", own, _proposals(entry, claim, own, None, places))] if own else []
    if claim.child is None:
        return found
    theirs = {name: said for name, said in facts.items() if name in CHILD_FIELDS}
    children = entry.record.children or []
    place = position_of(claim.child, children)
    if place is not None:
        return [*found, _compared(entry, claim, str(place), theirs, _proposals(entry, claim, theirs, children[place], places))]
    told_by = claim.child.certificate_number or f"{claim.child.birth_date} {claim.child.sex}"
    added = Proposal(proposed=summary_of(claim.child), child=claim.child)
    return [*found, _compared(entry, claim, f"new {told_by}", theirs, {CheckField.CHILD: added})]


def held(entry: Entry, name: CheckField, child: Child | None) -> str | None:
    """What the entry says in a field, as text; `child` is the entry's own that the field is about."""
    record = entry.record
    marriage, spouse = record.marriage, record.spouse
    match name:
        case CheckField.NAME:
            return entry.person.name
        case CheckField.MARITAL_STATUS:
            return record.marital_status.value if record.marital_status else None
        case CheckField.MARRIAGE_DATE:
            return marriage.date.isoformat() if marriage and marriage.date else None
        case CheckField.MARRIAGE_PLACE:
            return marriage.place if marriage else None
        case CheckField.SPOUSE_NAME:
            return spouse.name if spouse else None
        case CheckField.SPOUSE_DOCUMENT:
            return spouse.document.number if spouse and spouse.document else None
        case CheckField.ORIGIN:
            return entry.origin
        case CheckField.TOWNSHIP:
            return entry.township
        case CheckField.CHILD:
            return summary_of(child) if child else None
        case CheckField.CHILD_SEX:
            return child.sex.value if child and child.sex not in (Sex.UNKNOWN, Sex.UNSTATED) else None
        case CheckField.CHILD_BIRTH_DATE:
            return child.birth_date.isoformat() if child and child.birth_date else None
        case CheckField.CHILD_BIRTH_PLACE:
            return child.birth_place if child else None
        case CheckField.CHILD_CERTIFICATE_NUMBER:
            return child.certificate_number if child else None


def meant_child(entry: Entry, proposal: Proposal) -> Child | None:
    """The entry's child that a proposal is about, None where there is none (any more)."""
    if proposal.child is None:
        return None
    children = entry.record.children or []
    try:
        place = position_of(proposal.child, children)
    except Refused:
        return None
    return None if place is None else children[place]


def agrees(name: CheckField, known: str | None, said: str, places: PlaceReader) -> bool:
    """Whether the entry's value and the sheet's are the same fact."""
    if known is None:
        return False
    match name:
        case CheckField.NAME | CheckField.SPOUSE_NAME:
            return match_key(known) == match_key(said)
        case CheckField.MARITAL_STATUS:
            return known == said or (said == MaritalStatus.MARRIED and known in _MARRIED)
        case CheckField.MARRIAGE_PLACE | CheckField.CHILD_BIRTH_PLACE:
            return _same_place(known, said, places)
        case CheckField.CHILD:
            return True
        case _:
            return known == said


def summary_of(child: Child) -> str:
    """A child in one line, for a cell."""
    parts = (child.birth_date.isoformat() if child.birth_date else None, child.sex.value)
    return " ".join(part for part in (*parts, child.birth_place, child.certificate_number) if part)


def _compared(
    entry: Entry, claim: Claim, child: str, facts: Mapping[CheckField, str], proposals: Mapping[CheckField, Proposal]
) -> Compared:
    subject = Subject(entry.id, child)
    return Compared(subject=subject, entry_version=entry.version, claim=claim, facts=facts, proposals=proposals)


def _comparable(entry: Entry, name: CheckField) -> bool:
    """A present township is the inflow entry's own; a spouse's document without a known spouse goes with the name."""
    if name is CheckField.TOWNSHIP:
        return entry.register is RegisterKind.INFLOW
    return name is not CheckField.SPOUSE_DOCUMENT or entry.record.spouse is not None


def _proposals(
    entry: Entry, claim: Claim, facts: Mapping[CheckField, str], child: Child | None, places: PlaceReader
) -> dict[CheckField, Proposal]:
    proposals = {}
    for name, said in facts.items():
        known = held(entry, name, child)
        if agrees(name, known, said, places):
            continue
        spouses = name in (CheckField.SPOUSE_NAME, CheckField.SPOUSE_DOCUMENT)
        proposals[name] = Proposal(
            found=known,
            proposed=said,
            child=claim.child if name in CHILD_FIELDS else None,
            document=claim.document if spouses else None,
            on=claim.on,
            doubt=_doubt(entry, claim, places) if name is CheckField.ORIGIN else None,
        )
    return proposals


def _doubt(entry: Entry, claim: Claim, places: PlaceReader) -> Doubt | None:
    left = claim.came_from
    if left is None or places.divisions.contains(left, entry.origin):
        return None
    return Doubt.FROM_ELSEWHERE


def _same_place(known: str, said: str, places: PlaceReader) -> bool:
    """Equal as text, or two names of one place, or one within the other: less exact is not different."""
    if "".join(known.split()) == "".join(said.split()):
        return True
    try:
        one, other = places.code("".join(known.split()), "origin"), places.code("".join(said.split()), "origin")
        return places.divisions.contains(one, other) or places.divisions.contains(other, one)
    except Refused:
        return False
