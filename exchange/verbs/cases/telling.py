"""Ask an origin for a case, and tell it: what the agreement allows, or the reason why nothing can be sent there."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from msgspec import structs

from exchange.cases.case import Case, Named, Reason, Spouse
from exchange.codes import Event, Item, QueryReason
from exchange.jurisdiction import SameCounty
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.record import Record
from exchange.people.register import EntryProtected
from exchange.routing.table import NoRoute
from exchange.terms.agreement import ItemNotAgreed, NoAgreement, covering
from exchange.verbs.routing.find import route
from exchange.verbs.submit import OpeningDraft, submit
from exchange.work.daily import AgreementLimit, DailyLimit

NO_ORIGIN = Reason(
    code="no-origin",
    zh="该人员没有境内户籍地，无法协查；可凭书面承诺办理。",
    en="The person has no household registration that could be asked; go on by written commitment.",
)
# What stands between two offices, not in what the clerk wrote: it is shown, and blocks nothing.
_OBSTACLES = (NoRoute, NoAgreement, ItemNotAgreed, EntryProtected, SameCounty, AgreementLimit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a service ended, for the notice: the event, its day, and what the record may say of it."""

    event: Event
    on: date
    record: Record | None


def uncounted(_: int) -> None:
    """For who has no limit of the day."""


def ask(
    ledger: Ledger,
    node: Node,
    case: Case,
    spouse: Spouse,
    claims: Record | None,
    now: datetime,
    started: Callable[[int], None] = uncounted,
) -> Spouse:
    """The spouse with the query to their origin, or with the reason why there is none.

    `started` counts so many queries of who asks, or takes them back, and may raise DailyLimit: a reason as any other.
    """
    if spouse.local or spouse.person is None:
        return spouse
    if spouse.origin is None:
        return structs.replace(spouse, unasked=NO_ORIGIN)
    draft = OpeningDraft(
        own=case.jurisdiction,
        other=spouse.origin,
        own_is_origin=False,
        purpose=case.service,
        person=spouse.person,
        reason=QueryReason.PERSON_APPLIED,
        requested_by_person=True,
        application_date=case.application_date,
    )
    try:
        items = _agreed(ledger, node, draft, "query", case.items, now)
        if not items:
            raise ItemNotAgreed
        started(1)
    except (*_OBSTACLES, DailyLimit) as refusal:
        return structs.replace(spouse, unasked=Reason.of(refusal))
    try:
        made = submit(ledger, node, replace(draft, items=items, record=_some(claims, items)), now)
    except _OBSTACLES as refusal:
        started(-1)
        return structs.replace(spouse, unasked=Reason.of(refusal))
    return structs.replace(spouse, query=Named.of(made.key), unasked=None)


def tell(ledger: Ledger, node: Node, case: Case, spouse: Spouse, county: str | None, ending: Ending, now: datetime) -> Spouse:
    """The spouse with the notice of how the service ended, or with the reason why none can be sent to the county."""
    if spouse.local or spouse.person is None:
        return spouse
    if county is None:
        return structs.replace(spouse, untold=NO_ORIGIN)
    draft = OpeningDraft(
        own=case.jurisdiction,
        other=county,
        own_is_origin=False,
        purpose=case.service,
        person=spouse.person,
        event=ending.event,
        event_date=ending.on,
    )
    try:
        items = _agreed(ledger, node, draft, ending.event.value, tuple(Item), now)
        made = submit(ledger, node, replace(draft, record=_some(ending.record, items)), now)
    except _OBSTACLES as refusal:
        return structs.replace(spouse, untold=Reason.of(refusal))
    return structs.replace(spouse, notice=Named.of(made.key))


def _agreed(
    ledger: Ledger, node: Node, draft: OpeningDraft, subject: str, wanted: tuple[Item, ...], now: datetime
) -> tuple[Item, ...]:
    """Which of the wanted items the agreement in force lets be asked or sent; NoRoute, NoAgreement, SameCounty."""
    way, day = route(ledger, node, draft.other), civil_day(now)
    signed = covering(
        ledger.agreements.all(way.partner),
        node.divisions,
        sender=(node.name, draft.own),
        receiver=(way.partner, draft.other),
        subject=subject,
        purpose=draft.purpose,
        category=node.divisions.category(draft.other, draft.own, day),
        day=day,
    )
    allowed = signed.agreement.items_for(subject, draft.purpose)
    return tuple(item for item in wanted if item in allowed)


def _some(record: Record | None, items: tuple[Item, ...]) -> Record | None:
    if record is None:
        return None
    known = record.only(record.items() & frozenset(items))
    return known if known.items() else None
