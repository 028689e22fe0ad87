"""Correct what is held of a person (更正), and tell everybody to whom the wrong value went.

The notice takes the ways of every notice: the agreement must cover corrections, the protected are announced to nobody. Where it
cannot be sent, the request says so, and people call.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from msgspec import structs

from exchange.cases.case import Reason
from exchange.codes import Event, Sex
from exchange.errors import Conflict, Invalid, Refused
from exchange.exchanges import Direction, Exchange, LoggedMessage
from exchange.ids import new_id
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.name import read_name
from exchange.people.record import DocumentRef, Name, Person, Record, Shape
from exchange.people.register import Entry, EntryDraft
from exchange.persons.request import CorrectionReason, Recipient, RequestKind, SubjectRequest
from exchange.persons.subject import Relation, read_number
from exchange.verbs.keep_entry import change_entry
from exchange.verbs.persons.find import Found, said_in
from exchange.verbs.submit import OpeningDraft, submit
from exchange.wire.batch import Outcome
from exchange.wire.message import Reply


class NothingToCorrect(Invalid):
    """No field is given, or nobody holds another value."""

    code = "nothing-to-correct"
    zh = "没有需要更正的内容：所给的值与所存、所发的一致，或未给出任何字段。"
    en = "Nothing is to be corrected: what is held and what was sent says so already, or no field was given."


class ClosedOnly(Conflict):
    """What is held stands in closed entries only, which do not change any more."""

    code = "closed-only"
    zh = "该人员只有已退档的个案：请先回档后更正，或按本人请求擦除。"
    en = "The person has closed entries only: reopen one first, or erase them at the person's request."


class PersonErased(Conflict):
    """The opening message is erased: who it was about is not known here any more."""

    code = "person-erased"
    zh = "原消息的人员信息已擦除，无法据以更正。"
    en = "The person of the message is erased here; no correction can name them."


class PersonChange(Shape, frozen=True, kw_only=True):
    """What is right about the person; what is left out stays."""

    name: Name | None = None
    document: DocumentRef | None = None
    sex: Sex | None = None
    birth_date: date | None = None


class Correction(Shape, frozen=True, kw_only=True):
    """The corrected fields."""

    person: PersonChange = PersonChange()
    record: Record = Record()

    @property
    def empty(self) -> bool:
        """Whether nothing is said."""
        return self.person == PersonChange() and not self.record.items()

    def of(self, person: Person) -> Person:
        """The person as they should stand."""
        given = {name: value for name, value in structs.asdict(self.person).items() if value is not None}
        return structs.replace(person, **given)

    def normal(self) -> "Correction":
        """In the form in which both sides compare: NameRefused, DocumentRefused."""
        person, given = self.person, dict[str, Any]()
        if person.name is not None:
            given["name"] = read_name(person.name)
        if person.document is not None:
            given["document"] = read_number(person.document)
        return structs.replace(self, person=structs.replace(person, **given))


def correct(
    ledger: Ledger, node: Node, found: Found, correction: Correction, reason: CorrectionReason, now: datetime
) -> SubjectRequest:
    """Change the person's open entries, and queue a notice to each county that was told something else.

    Refusals as for entries; NothingToCorrect, ClosedOnly. Where the person stands as a spouse or a child, nothing is changed:
    those are others' records.
    """
    correction = correction.normal()
    if correction.empty:
        raise NothingToCorrect
    own = [each.entry for each in found.entries if each.occurrence.relation is Relation.PERSON]
    changed = [entry.id for entry in own if entry.is_open and _change(ledger, node, entry, correction, now)]
    wrong = list(_wrong(ledger, found, correction))
    if not changed and not wrong:
        raise ClosedOnly if own and not any(entry.is_open for entry in own) else NothingToCorrect
    recipients = [_tell(ledger, node, exchange, message, correction, now) for exchange, message in wrong]
    request = SubjectRequest(
        id=new_id(now),
        kind=RequestKind.CORRECTION,
        person_index=found.subject.index or "",
        at=now,
        reason=reason,
        entries=tuple(changed),
        recipients=tuple(recipients),
    )
    ledger.subject_requests.add(request)
    return request


def _change(ledger: Ledger, node: Node, entry: Entry, correction: Correction, now: datetime) -> bool:
    draft = EntryDraft(
        register=entry.register,
        origin=entry.origin,
        destination=entry.destination,
        township=entry.township,
        person=correction.of(entry.person),
        record=entry.record.updated(correction.record),
    )
    # What was found was read before this transaction began.
    kept = change_entry(ledger, node, frozenset({entry.jurisdiction}), entry.id, draft, now, version=entry.version)
    return kept.entry.version != entry.version


def _wrong(ledger: Ledger, found: Found, correction: Correction) -> Iterable[tuple[Exchange, LoggedMessage]]:
    """Of each county that took something else from us, the last message that said so."""
    last: dict[tuple[int, str, str], tuple[Exchange, LoggedMessage]] = {}
    for each in found.messages:
        exchange, message = each.exchange, each.message
        sent = message.direction is Direction.OUT and message.outcome is Outcome.ACCEPTED
        about = each.occurrence is not None and each.occurrence.relation is Relation.PERSON
        if sent and about and _differs(message, correction):
            place = (exchange.key.link, exchange.own, exchange.other)
            if place not in last or last[place][1].id < message.id:
                last[place] = (exchange, message)
    return last.values()


def _differs(message: LoggedMessage, correction: Correction) -> bool:
    person, record = said_in(message) or (None, None)
    if person is not None and correction.of(person) != person:
        return True
    said = record.items() if record is not None else frozenset()
    return any(getattr(record, item) != getattr(correction.record, item) for item in said & correction.record.items())


def _tell(
    ledger: Ledger, node: Node, exchange: Exchange, message: LoggedMessage, correction: Correction, now: datetime
) -> Recipient:
    partner = next(link.partner for link in ledger.links.all() if link.id == exchange.key.link)
    _, record = said_in(message) or (None, None)
    said = record.items() if record is not None else frozenset()
    right = correction.record.only(said & correction.record.items())
    recipient = Recipient(partner=partner, own=exchange.own, other=exchange.other, link=exchange.key.link, about=message.id)
    try:
        draft = OpeningDraft(
            own=exchange.own,
            other=exchange.other,
            own_is_origin=exchange.origin == exchange.own,
            event=Event.CORRECTION,
            event_date=civil_day(now),
            purpose=exchange.purpose,
            person=correction.of(_person_of(ledger, exchange)),
            record=right if right.items() else None,
            corrects=Reply(id=message.id, digest=message.digest),
        )
        made = submit(ledger, node, draft, now)
    except Refused as refusal:
        return structs.replace(recipient, refused=Reason.of(refusal))
    return structs.replace(recipient, exchange=made.key.exchange)


def _person_of(ledger: Ledger, exchange: Exchange) -> Person:
    """Who the exchange is about, as its opening says."""
    log = ledger.messages.of_exchanges(exchange.key.link, [exchange.key.exchange]).get(exchange.key.exchange, [])
    for message in log:
        person, _ = said_in(message) or (None, None)
        if person is not None:
            return person
    raise PersonErased
