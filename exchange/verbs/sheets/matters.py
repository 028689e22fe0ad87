"""A row of a matters sheet: the query or notice that it asks for, as far as it can be told without a ledger."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from exchange.codes import Event, Item, Kind, Purpose, QueryReason, UrgentReason
from exchange.errors import Invalid
from exchange.imports import RowProblem
from exchange.jurisdiction import SameCounty
from exchange.node import Node
from exchange.people.draft import Registrar
from exchange.people.plausible import kept_record
from exchange.people.record import Person, Record
from exchange.people.whereabouts import NotOwnPlace
from exchange.verbs.sheets.judging import Judged, judge_person
from exchange.verbs.sheets.rows import YES, MissingCell, UnknownCode, coded, date_in, person_in, record_in, required
from exchange.verbs.submit import check_happened

# What a notice of each event tells, so that a sheet with many columns sends no more than the event is about.
EVENT_ITEMS: dict[Event, frozenset[Item]] = {
    Event.ARRIVAL: frozenset({Item.MOVING}),
    Event.DEPARTURE: frozenset({Item.MOVING}),
    Event.RETURN: frozenset({Item.MOVING}),
    Event.MARRIAGE: frozenset({Item.MARITAL_STATUS, Item.MARRIAGE, Item.SPOUSE}),
    Event.DIVORCE: frozenset({Item.MARITAL_STATUS, Item.MARRIAGE}),
    Event.BIRTH: frozenset({Item.CHILDREN}),
    Event.ADOPTION: frozenset({Item.CHILDREN}),
    Event.DEATH: frozenset(),
    Event.HOUSEHOLD_MOVED: frozenset({Item.HOUSEHOLD_TYPE, Item.MOVING}),
    Event.IDENTITY_CHANGED: frozenset(),
    Event.CERTIFICATE_ISSUED: frozenset({Item.CERTIFICATE}),
    Event.CERTIFICATE_REVOKED: frozenset({Item.CERTIFICATE}),
    Event.REGISTERED: frozenset({Item.CHILDREN}),
}


class NoCorrectionBySheet(Invalid):
    """A correction names the message that it corrects, which a sheet cannot."""

    code = "correction-by-sheet"
    zh = "更正须针对原通报逐件办理，不能通过表格导入。"
    en = "A correction is made at the notice that it corrects; it cannot be imported."


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One query or notice. What the row leaves open of the two sides is None: the person's entry tells it.

    `other` may be coarser than a county, to be refined by the entry; `event` makes it a notice, its absence a query.
    """

    person: Person
    person_index: str
    event: Event | None
    event_date: date | None
    purpose: Purpose
    items: tuple[Item, ...]
    record: Record
    own_is_origin: bool | None
    other: str | None
    urgent: UrgentReason | None
    reason: QueryReason
    requested_by_person: bool
    application_date: date | None
    warnings: tuple[RowProblem, ...] = field(default=())

    @property
    def told(self) -> frozenset[Item]:
        """The items that the message may carry values of: those asked about, or those that the event is about."""
        return frozenset(self.items) if self.event is None else EVENT_ITEMS[self.event]

    def exchange_id(self, node: Node, own: str, other: str, attempt: int) -> str:
        """A UUID of what the matter is about, keyed, so that importing it again finds it and a partner learns nothing.

        A new application (its date) is a new matter; `attempt` counts what was rejected or withdrawn before.
        """
        about = (
            own,
            other,
            str(self.own_is_origin),
            self.event or Kind.QUERY,
            str(self.event_date),
            self.purpose,
            self.person_index,
            " ".join(sorted(self.items)),
            str(self.application_date),
            str(attempt),
        )
        keyed = node.keyed(b"matter\x00" + "\x00".join(about).encode())
        raw = bytearray(hashlib.sha256(keyed.encode()).digest()[:16])
        raw[6], raw[8] = raw[6] & 0x0F | 0x80, raw[8] & 0x3F | 0x80  # version 8, RFC 9562
        return str(UUID(bytes=bytes(raw)))


def read_matter(cells: Mapping[str, str], registrar: Registrar) -> Matter:
    """Read a row's cells; a Refused leaf for the first that cannot be read."""
    warnings: list[RowProblem] = []
    person = registrar.person(person_in(cells), warnings)
    event = _event(cells)
    happened = _happened(cells, registrar.today) if event is not None else None
    purpose = coded(cells, "purpose", Purpose) if event is not None else _purpose(cells)
    own_is_origin, other = _sides(cells, registrar, warnings)
    requested = cells.get("requested_by_person") == YES
    return Matter(
        person=person,
        person_index=registrar.node.person_index(person),
        event=event,
        event_date=happened,
        purpose=purpose or Purpose.PUBLIC_SERVICE,
        items=_items(cells) if event is None else (),
        record=kept_record(record_in(cells, warnings), person.birth_date, registrar.today, warnings),
        own_is_origin=own_is_origin,
        other=other,
        urgent=_urgent(cells),
        reason=coded(cells, "query_reason", QueryReason) or _usual_reason(purpose, requested),
        requested_by_person=requested,
        application_date=date_in(cells, "application_date"),
        warnings=tuple(warnings),
    )


def judge_matter(judged: Judged, registrar: Registrar) -> None:
    """All that is wrong with a row that cannot be read."""
    cells = judged.cells
    judge_person(judged, registrar)
    before = len(judged.refusals)
    event = judged.part(lambda: _event(cells))
    if event is not None:
        judged.part(lambda: _happened(cells, registrar.today))
    elif len(judged.refusals) == before:
        judged.part(lambda: _purpose(cells))
        judged.part(lambda: _items(cells))
    judged.part(lambda: _sides(cells, registrar, judged.warnings))
    judged.part(lambda: _urgent(cells))


def _happened(cells: Mapping[str, str], today: date) -> date:
    day = date_in(cells, "event_date")
    if day is None:
        raise MissingCell(pointer="/event_date")
    check_happened(day, today)
    return day


def _purpose(cells: Mapping[str, str]) -> Purpose:
    purpose = coded(cells, "purpose", Purpose)
    if purpose is None:
        raise MissingCell(pointer="/purpose")
    return purpose


def _event(cells: Mapping[str, str]) -> Event | None:
    kind = coded(cells, "kind", Kind)
    if kind is Kind.QUERY:
        return None
    if kind is not Kind.NOTICE:
        raise UnknownCode(pointer="/kind") if kind else MissingCell(pointer="/kind")
    event = coded(cells, "event", Event)
    if event is None:
        raise MissingCell(pointer="/event")
    if event is Event.CORRECTION:
        raise NoCorrectionBySheet(pointer="/event")
    return event


def _items(cells: Mapping[str, str]) -> tuple[Item, ...]:
    try:
        return tuple(dict.fromkeys(Item(word) for word in required(cells, "items").split()))
    except ValueError:
        raise UnknownCode(pointer="/items") from None  # the cause quotes the cell


def _urgent(cells: Mapping[str, str]) -> UrgentReason | None:
    reason = coded(cells, "urgent_reason", UrgentReason)
    stated = cells.get("urgent")
    if stated == YES and reason is None:
        raise MissingCell(pointer="/urgent_reason")
    return reason if stated in (YES, None) else None


def _usual_reason(purpose: Purpose | None, requested: bool) -> QueryReason:
    if requested:
        return QueryReason.PERSON_APPLIED
    verifying = purpose is Purpose.CERTIFICATE_VERIFICATION
    return QueryReason.CERTIFICATE_PRESENTED if verifying else QueryReason.REGISTER_ENTRY


def _sides(cells: Mapping[str, str], registrar: Registrar, warnings: list[RowProblem]) -> tuple[bool | None, str | None]:
    """Which side the own county is, and the other place, as far as the row tells."""
    places = registrar.places
    origin = places.code(cells["origin"], "origin") if "origin" in cells else None
    destination = places.code(cells["destination"], "destination") if "destination" in cells else None
    from_here = origin is not None and places.is_own(origin)
    to_here = destination is not None and places.is_own(destination)
    if from_here and to_here:
        raise SameCounty(pointer="/destination")
    if origin is not None and destination is not None and not from_here and not to_here:
        raise NotOwnPlace(
            zh="户籍地、现居住地须有一方为本地区。",
            en="The origin or the destination must be this county.",
            pointer="/origin",
        )
    if from_here or (destination is not None and not to_here):
        own_is_origin, other = True, destination
    elif to_here or origin is not None:
        own_is_origin, other = False, origin
    else:
        return None, None
    if other is not None:
        other, doubts = places.other_side(other, "destination" if own_is_origin else "origin")
        warnings.extend(doubts)
    return own_is_origin, other
