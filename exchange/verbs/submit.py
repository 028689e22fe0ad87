"""Submit queries and notices: admit each as the receiver would, and queue it in its link's log."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from exchange.admission import Desk, Terms
from exchange.codes import Event, Item, PriorityLevel, Purpose, QueryReason, RegisterKind, Role, UrgentReason
from exchange.errors import Conflict, Invalid
from exchange.exchanges import Direction, Exchange, ExchangeKey, Link, LoggedMessage, NoteKept
from exchange.ids import new_id, new_salt
from exchange.ledger import Ledger
from exchange.moments import civil_day, format_moment, parse_moment
from exchange.node import Node, NotServed
from exchange.people.record import Person, Record
from exchange.people.register import Entry, EntryProtected
from exchange.routing.table import NoRoute, RoutingTable
from exchange.routing.today import names, todays_code
from exchange.terms.agreement import SignedAgreement
from exchange.verbs.intake import exchange_of
from exchange.verbs.persons.withhold import spouse_index
from exchange.verbs.routing.find import Counties, table_of
from exchange.wire import ijson
from exchange.wire.message import (
    Notice,
    NoticeBody,
    Priority,
    Query,
    QueryBody,
    Reply,
    kind_of,
    read_message,
    write_message,
)
from exchange.work.daily import AgreementLimit, Deed

__all__ = ["EventInFuture", "NoGround", "NoRoute", "OpeningDraft", "Submission", "check_happened", "submit"]


class NoGround(Conflict):
    """A query about a person needs an open entry that names the other side, or the person's own application."""

    code = "no-ground"
    zh = "协查须有指向对方地区的在册个案，或本人申请及其日期。"
    en = "A query needs an open entry that names the other jurisdiction, or the person's own application with its date."


class EventInFuture(Invalid):
    """A notice of something that has not happened yet."""

    code = "event-in-future"
    zh = "发生日期晚于今天。"
    en = "The event's date lies in the future."


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningDraft:
    """What a clerk, a sheet or another system wants to ask or tell. `own` and `other` are county codes.

    `event` makes it a notice, its absence a query. The person is taken from `entry` where one is named. `exchange` is a
    UUID of the caller's own, for one who must find the exchange again by what it is about; a new one is made without it. `by` is
    the API key of the clerk who asks, None for whoever sits at the node.
    """

    own: str
    other: str
    own_is_origin: bool
    event: Event | None = None
    event_date: date | None = None
    purpose: Purpose
    urgent: UrgentReason | None = None
    entry: str | None = None
    person: Person | None = None
    items: tuple[Item, ...] = ()
    reason: QueryReason = QueryReason.REGISTER_ENTRY
    record: Record | None = None
    requested_by_person: bool = False
    application_date: date | None = None
    corrects: Reply | None = None
    note: str | None = None
    exchange: str | None = None
    by: str | None = None


class _Prepared(NamedTuple):
    """A draft with today's code of the other side, and what it becomes."""

    draft: OpeningDraft
    link: Link
    message: Query | Notice
    line: bytes
    terms: Terms
    entry: Entry | None
    person_index: str | None


class Submission:
    """Queues drafts one after the other and stores them together."""

    def __init__(self, ledger: Ledger, node: Node, now: datetime) -> None:
        self._ledger, self._node, self._now = ledger, node, now
        self._today = civil_day(now)
        self._table: RoutingTable | None = None
        self._desks: dict[str, tuple[Link, Desk]] = {}
        self._messages: list[LoggedMessage] = []
        self._exchanges: list[Exchange] = []
        self._entries: dict[str, Entry | None] = {}
        self._expected: dict[tuple[str, str], list[Entry]] = {}

    def expect(self, drafts: Sequence[OpeningDraft]) -> None:
        """Fetch the entries of many drafts' persons at once, so that a sheet costs one look-up."""
        wanted = {(draft.own, self._node.person_index(draft.person)) for draft in drafts if draft.person is not None}
        spouses = ((draft.own, spouse_index(self._node, draft.record)) for draft in drafts)
        wanted |= {(own, index) for own, index in spouses if index is not None}
        found = self._ledger.entries.by_person({own for own, _ in wanted}, {index for _, index in wanted})
        for own, index in wanted:
            theirs = [entry for entry in found.get(index, ()) if entry.jurisdiction == own]
            self._expected[own, index] = theirs
            self._entries.update({entry.id: entry for entry in theirs})

    def admit(self, draft: OpeningDraft) -> None:
        """Look whether `add` would queue the draft; a Refused leaf if not. Nothing is queued or counted."""
        self._prepared(draft)

    def add(self, draft: OpeningDraft) -> Exchange:
        """Queue one draft; a Refused leaf if the receiver would not accept it, AgreementLimit beyond what may be asked today.

        A retired code of the other side is replaced by its successor: then the exchange's `other` is not the draft's.
        """
        draft, link, message, line, terms, entry, index = self._prepared(draft)
        self._count(draft, terms.agreement)
        key = ExchangeKey(link.id, message.exchange, Role.ASKER)
        exchange = exchange_of(
            key,
            message,
            terms,
            own=draft.own,
            other=draft.other,
            person_index=index or self._node.person_index(message.body.person),
            entry=entry.id if entry else None,
            clerk=draft.by,
        )
        self._exchanges.append(exchange)
        self._messages.append(
            LoggedMessage(
                link=link.id,
                direction=Direction.OUT,
                id=message.id,
                exchange=message.exchange,
                kind=kind_of(message),
                digest=ijson.digest(line),
                line=line,
                in_reply_to=None,
                created_at=parse_moment(message.created_at),
                note=NoteKept.of(message),
            )
        )
        return exchange

    def store(self) -> None:
        """Write all that was queued."""
        self._ledger.messages.add(self._messages)
        self._ledger.exchanges.add(self._exchanges)
        self._messages, self._exchanges = [], []

    def _prepared(self, draft: OpeningDraft) -> "_Prepared":
        """The draft as a message that the receiver admits."""
        if draft.own not in self._node.jurisdictions:
            raise NotServed
        side = "/destination" if draft.own_is_origin else "/origin"
        draft = replace(draft, other=todays_code(self._node.divisions, draft.other, self._today, pointer=side).code)
        link, desk = self._desk(draft.other)
        index = None if draft.person is None else self._node.person_index(draft.person)
        entry = self._entry_of(draft, index)
        spouse = spouse_index(self._node, draft.record)
        if spouse is not None and any(found.protected for found in self._known(draft.own, spouse)):
            raise EntryProtected(pointer="/record/spouse")
        message = self._message(draft, entry)
        line = write_message(message)
        read_message(line)  # what is queued is what any receiver can read
        return _Prepared(draft, link, message, line, desk.opening(message, sending=True), entry, index)

    def _count(self, draft: OpeningDraft, signed: SignedAgreement) -> None:
        """AgreementLimit for a query above what the agreement allows the county in a day, sheets and cases with it."""
        limit = signed.agreement.queries_per_day
        if draft.event is not None or limit is None:
            return
        counted = f"{signed.digest} {draft.own}"
        if self._ledger.access.count(counted, self._today, Deed.QUERIES, 1) > limit:
            self._ledger.access.count(counted, self._today, Deed.QUERIES, -1)  # the transaction may go on without it
            raise AgreementLimit

    def _desk(self, other: str) -> tuple[Link, Desk]:
        if other not in self._desks:
            if self._table is None:
                self._table = table_of(self._ledger, self._node)
            partner = self._table.way(other).partner
            link = self._ledger.links.of(partner)
            if link is None:
                raise NoRoute
            agreements = tuple(self._ledger.agreements.all(partner))
            theirs = Counties(self._table, partner)
            desk = Desk(node=self._node, partner=partner, theirs=theirs, agreements=agreements, now=self._now)
            self._desks[other] = (link, desk)
        return self._desks[other]

    def _entry_of(self, draft: OpeningDraft, index: str | None) -> Entry | None:
        """The open entry that the draft rests on.

        EntryProtected where the person has a protected one, NoGround for a query without one and without an application.
        """
        known: Sequence[Entry | None] = ()
        if draft.entry is not None:
            known = [self._entries.get(draft.entry) or self._ledger.entries.get(draft.entry)]
        elif index is not None:
            known = self._known(draft.own, index)
        if any(found is not None and found.protected for found in known):
            raise EntryProtected(pointer="/entry" if draft.entry is not None else "/person")
        if draft.entry is not None and index is not None and any(found.protected for found in self._known(draft.own, index)):
            raise EntryProtected(pointer="/person")
        entry = next((found for found in known if found is not None and self._rests(found, draft)), None)
        applied = draft.requested_by_person and draft.application_date is not None
        if draft.event is None and entry is None and not applied:
            raise NoGround
        return entry

    def _known(self, own: str, index: str) -> Sequence[Entry]:
        """The county's entries of a person."""
        expected = self._expected.get((own, index))
        return self._ledger.entries.by_person([own], [index]).get(index, ()) if expected is None else expected

    def _rests(self, entry: Entry, draft: OpeningDraft) -> bool:
        register = RegisterKind.OUTFLOW if draft.own_is_origin else RegisterKind.INFLOW
        names_other = names(self._node.divisions, entry.other, draft.other, self._today)
        return entry.is_open and entry.jurisdiction == draft.own and entry.register is register and names_other

    def _message(self, draft: OpeningDraft, entry: Entry | None) -> Query | Notice:
        person = draft.person or (entry.person if entry else None)
        if person is None:
            raise Invalid(zh="须指明个案或人员。", en="Name an entry or a person.", pointer="/person")
        urgent = PriorityLevel.NORMAL if draft.urgent is None else PriorityLevel.URGENT
        envelope: dict[str, Any] = {
            "id": new_id(self._now),
            "salt": new_salt(),
            "exchange": draft.exchange or new_id(self._now),
            "in_reply_to": None,
            "from_": draft.own,
            "to": draft.other,
            "origin": draft.own if draft.own_is_origin else draft.other,
            "destination": draft.other if draft.own_is_origin else draft.own,
            "created_at": format_moment(self._now),
            "purpose": draft.purpose,
            "priority": Priority(level=urgent, reason=draft.urgent),
        }
        if draft.event is None:
            query = QueryBody(
                person=person,
                items=list(draft.items),
                reason=draft.reason,
                record=draft.record,
                requested_by_person=draft.requested_by_person,
                application_date=draft.application_date,
                note=draft.note,
            )
            return Query(**envelope, body=query)
        if draft.event_date is None:
            raise Invalid(zh="通报须注明发生日期。", en="A notice needs the date of the event.", pointer="/event_date")
        check_happened(draft.event_date, civil_day(self._now))
        notice = NoticeBody(
            event=draft.event,
            date=draft.event_date,
            person=person,
            record=draft.record,
            corrects=draft.corrects,
            note=draft.note,
        )
        return Notice(**envelope, body=notice)


def check_happened(event_date: date, today: date) -> None:
    """EventInFuture for a notice of what has not happened yet."""
    if event_date > today:
        raise EventInFuture(pointer="/event_date")


def submit(ledger: Ledger, node: Node, draft: OpeningDraft, now: datetime) -> Exchange:
    """Queue one query or notice; a Refused leaf if the receiver would not accept it."""
    submission = Submission(ledger, node, now)
    exchange = submission.add(draft)
    submission.store()
    return exchange
