"""An entry with values of a sheet in place of its own: the draft that the correcting verb is given."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from msgspec import structs

from exchange.checking.check import CheckField, Proposal
from exchange.checking.children import position_of
from exchange.codes import MaritalStatus, RegisterKind, Sex
from exchange.errors import Conflict
from exchange.people.record import Child, Marriage, Record, Spouse
from exchange.people.register import Entry, EntryDraft

Wanted = tuple[CheckField, Proposal]


class ChildGone(Conflict):
    """The entry does not have that child any more."""

    code = "child-gone"
    zh = "个案中已没有该子女，请核对后以“子女”项处理。"
    en = "The entry does not have that child any more; look at it again."


def corrected(entry: Entry, wanted: Iterable[Wanted]) -> EntryDraft:
    """What the entry says with the sheet's values in it; ChildGone."""
    draft = EntryDraft(
        register=entry.register,
        origin=entry.origin,
        destination=entry.destination,
        township=entry.township,
        person=entry.person,
        record=entry.record,
        protected=entry.protected,
    )
    children = list(entry.record.children or [])
    # Where each child stands before anything changes, for what changes may be what it is told by.
    placed = [(name, told, position_of(told.child, children) if told.child else None) for name, told in wanted]
    for name, proposal, place in placed:
        match name:
            case CheckField.NAME:
                draft = replace(draft, person=structs.replace(draft.person, name=proposal.proposed))
            case CheckField.ORIGIN:
                draft = replace(draft, origin=proposal.proposed)
            case CheckField.TOWNSHIP:
                draft = replace(draft, township=proposal.proposed)
            case CheckField.CHILD:
                if proposal.child is not None:
                    children.append(proposal.child)
            case _ if proposal.child is not None:
                if place is None:
                    raise ChildGone
                children[place] = _child(children[place], name, proposal.proposed)
            case _:
                draft = replace(draft, record=_record(draft.record, name, proposal))
    if children or entry.record.children is not None:
        draft = replace(draft, record=structs.replace(draft.record, children=children))
    return draft


def ends(entry: Entry, origin: str) -> bool:
    """Whether a household that moved to `origin` ends the entry: it left the county, or came into it where the migrant lives."""
    return entry.register is RegisterKind.OUTFLOW or origin == entry.jurisdiction


def _child(child: Child, name: CheckField, text: str) -> Child:
    match name:
        case CheckField.CHILD_SEX:
            return structs.replace(child, sex=Sex(text))
        case CheckField.CHILD_BIRTH_DATE:
            return structs.replace(child, birth_date=date.fromisoformat(text))
        case CheckField.CHILD_BIRTH_PLACE:
            return structs.replace(child, birth_place=text)
        case _:
            return structs.replace(child, certificate_number=text)


def _record(record: Record, name: CheckField, proposal: Proposal) -> Record:
    marriage, spouse = record.marriage or Marriage(), record.spouse
    text = proposal.proposed
    match name:
        case CheckField.MARITAL_STATUS:
            return structs.replace(record, marital_status=MaritalStatus(text))
        case CheckField.MARRIAGE_DATE:
            return structs.replace(record, marriage=structs.replace(marriage, date=date.fromisoformat(text)))
        case CheckField.MARRIAGE_PLACE:
            return structs.replace(record, marriage=structs.replace(marriage, place=text))
        case CheckField.SPOUSE_NAME:
            known = spouse.document if spouse is not None else proposal.document
            return structs.replace(record, spouse=Spouse(name=text, document=known))
        case CheckField.SPOUSE_DOCUMENT if spouse is not None:
            return structs.replace(record, spouse=structs.replace(spouse, document=proposal.document))
        case _:
            return record
