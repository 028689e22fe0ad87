"""Exchanges (信息交换): start a query or a notice, list, read the whole conversation."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from adapters.office import Office
from api.access import Caller, ClerkDep, LedgerDep, OfficeDep, ReaderDep, ReadLedgerDep
from api.declared import reading, writing
from api.local.visible import AmbiguousExchange, hidden, partner_names, row_for, rows_for, theirs, unnamed, visible
from api.models.base import TOWNSHIP, UUID, CodeQuery, IdPath, Listing, NodeQuery
from api.models.exchanges import NOTICE_EXAMPLE, QUERY_EXAMPLE, ExchangeRow, ExchangeWhole, Pairing, Start, StartedExchange
from api.models.shapes import Shaped, shown
from api.once import OnceDep
from api.paging import PagingDep
from api.preconditions import etag
from api.serving import daily
from api.serving.routes import StrictRoute
from exchange.admission import WrongParties
from exchange.codes import Event, Kind, Purpose, RegisterKind, Role
from exchange.conversation import State
from exchange.cursors import BadCursor, exchange_cursor
from exchange.errors import NotFound
from exchange.exchanges import Acceptance, Exchange
from exchange.ledger import ExchangeFilter, Ledger, Page
from exchange.moments import civil_day
from exchange.node import NotServed
from exchange.people.register import EntryProtected
from exchange.routing.today import SeveralSuccessors, successor_note
from exchange.terms.agreement import ItemNotAgreed, NoAgreement, NoteNotAllowed
from exchange.terms.rulebook import RulesUnknown
from exchange.terms.screening import ExcludedContent
from exchange.verbs.cases.births import NotYourExchange
from exchange.verbs.cross_check.warn import unsettled
from exchange.verbs.pair import pair
from exchange.verbs.routing.send_on import trace
from exchange.verbs.submit import EventInFuture, NoGround, NoRoute, OpeningDraft, submit
from exchange.verbs.whole import judged_by, whole
from exchange.work.daily import AgreementLimit, DailyLimit

router = APIRouter(prefix="/api/v1", tags=["Exchanges"], route_class=StrictRoute)
RoleQuery = Annotated[Role | None, Query(description="which side, where both are the caller's")]


@router.post(
    "/exchanges",
    status_code=201,
    response_model=StartedExchange,
    responses=writing(
        NotFound,
        NoRoute,
        NoGround,
        SeveralSuccessors,
        EventInFuture,
        NoAgreement,
        RulesUnknown,
        ItemNotAgreed,
        NoteNotAllowed,
        ExcludedContent,
        NotServed,
        EntryProtected,
        DailyLimit,
        AgreementLimit,
    ),
    summary="Start a query or a notice",
)
def start_exchange(
    caller: ClerkDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    body: Annotated[Start, Shaped(Start), Body(openapi_examples=shown(QUERY_EXAMPLE, NOTICE_EXAMPLE))],
) -> Response:
    """Queue a query (协查), or with `event` a notice (通报), to the other jurisdiction; refused if that side would refuse it.

    An entry whose differences from another department's sheet are not settled yet is warned of, with their fields.
    """
    draft, started = submitted(ledger, office, caller, body)
    replaced = started.other != draft.other
    notes = [successor_note(office.node.divisions, draft.other, started.other)] if replaced else []
    notes += unsettled(ledger, [started.entry]).values()
    row = StartedExchange.started(row_for(ledger, office, caller, started), notes)
    return once.answer(row, 201, {"location": f"/api/v1/exchanges/{row.exchange}", "etag": etag(row.version)})


@router.get("/exchanges", responses=reading(BadCursor), summary="List exchanges")
def list_exchanges(
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    role: RoleQuery = None,
    state: Annotated[State | None, Query()] = None,
    acceptance: Annotated[Acceptance | None, Query()] = None,
    kind: Annotated[Kind | None, Query()] = None,
    event: Annotated[Event | None, Query()] = None,
    purpose: Annotated[Purpose | None, Query()] = None,
    other: CodeQuery = None,
    entry: Annotated[str | None, Query(pattern=UUID)] = None,
    paired: Annotated[bool | None, Query()] = None,
    township: Annotated[str | None, Query(pattern=TOWNSHIP, description="which has it now")] = None,
    overdue: Annotated[bool, Query(description="only those whose answer is late")] = False,
    due_provisional: Annotated[
        bool | None, Query(description="only those whose due date rests on a year without a holiday notice, or only the others")
    ] = None,
) -> Listing[ExchangeRow]:
    """The exchanges of the caller's counties, the newest first, without persons."""
    today = civil_day(office.now())
    wanted = ExchangeFilter(
        own=caller.reach,
        role=role,
        kind=kind,
        event=event,
        state=state,
        acceptance=acceptance,
        other=other,
        purpose=purpose,
        entry=entry,
        paired=paired,
        handled_by=caller.township or township,
        overdue_on=today if overdue else None,
        lapsed_on=today,
        due_provisional=due_provisional,
    )

    def found(page: Page) -> list[Exchange]:
        rows = ledger.exchanges.find(wanted, page)
        if entry is None and paired is None:
            return rows
        # Whose entry it is about is not told by asking for each, or for those that have one: neither by a row, nor by a page
        # that begins after one.
        nameless = unnamed(ledger, caller, rows, hidden(ledger, office, caller, rows))
        told = [row for row in rows if row.key not in nameless]
        if len(rows) == page.limit and nameless:
            told += found(Page(after=exchange_cursor(rows[-1]), limit=page.limit - len(told)))
        return told

    rows, following = paging.rows(found, exchange_cursor)
    return Listing[ExchangeRow](items=rows_for(ledger, office, caller, rows), next=following)


@router.get("/exchanges/{exchange}", responses=reading(NotFound, AmbiguousExchange, DailyLimit), summary="Read a conversation")
def read_exchange(
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    response: Response,
    exchange: IdPath,
    role: RoleQuery = None,
    partner: NodeQuery = None,
) -> ExchangeWhole:
    """One exchange with every message, its stamps and its effect; bodies only for the county's own clerks and systems.

    Those of a birth registration are shown to its clerk alone: whose case it is, who asked, or who took it over.
    """
    found = visible(ledger, caller, exchange, role=role, partner=partner)
    others = hidden(ledger, office, caller, [found])
    nameless = unnamed(ledger, caller, [found], others)
    response.headers["etag"] = etag(found.version)
    shown_whole = ExchangeWhole.with_messages(
        found,
        partner_names(ledger)[found.key.link],
        office.now(),
        judged_by(ledger, office.node, found),
        whole(ledger, office.node, found),
        sees_people=caller.handles_people and not others,
        of_whom=not nameless,
    )
    return shown_whole.model_copy(update=trace(ledger, found)._asdict())


@router.post(
    "/exchanges/{exchange}/pairing",
    response_model=ExchangeRow,
    responses=writing(NotFound, AmbiguousExchange, NotYourExchange, EntryProtected),
    summary="Pair with a local entry",
)
def pair_exchange(
    caller: ClerkDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    exchange: IdPath,
    body: Annotated[Pairing, Shaped(Pairing), Body(openapi_examples=shown({"entry": QUERY_EXAMPLE["entry"]}))],
    role: RoleQuery = None,
    partner: NodeQuery = None,
) -> Response:
    """Say which entry of the own register the person is (配对), where exact identity has not found it."""
    held = theirs(ledger, office, caller, visible(ledger, caller, exchange, role=role, partner=partner))
    row = row_for(ledger, office, caller, pair(ledger, held, body.entry, office.now()))
    return once.answer(row, headers={"etag": etag(row.version)})


def submitted(ledger: Ledger, office: Office, caller: Caller, body: Start) -> tuple[OpeningDraft, Exchange]:
    """What a clerk starts, as it was drafted and as it was queued; a query counts in the clerk's day."""
    draft = replace(_draft(ledger, caller.jurisdiction, body), by=caller.key)
    if draft.event is None:
        daily.started(ledger, office, caller)
    return draft, submit(ledger, office.node, draft, office.now())


def _draft(ledger: Ledger, own: str, body: Start) -> OpeningDraft:
    """The opening as the verb takes it: sides that are not given are the entry's."""
    entry = ledger.entries.get(body.entry) if body.entry is not None else None
    if body.entry is not None and (entry is None or entry.jurisdiction != own):
        raise NotFound(pointer="/entry")
    origin = body.origin or (entry.origin if entry is not None else "")
    destination = body.destination or (entry.destination if entry is not None else "")
    if entry is not None and own != (origin if entry.register is RegisterKind.OUTFLOW else destination):
        raise WrongParties(pointer="/origin")
    if own not in (origin, destination) or not origin or not destination:
        raise WrongParties(pointer="/origin")
    return OpeningDraft(
        own=own,
        other=destination if own == origin else origin,
        own_is_origin=own == origin,
        event=body.event,
        event_date=body.event_date,
        purpose=body.purpose,
        urgent=body.urgent,
        entry=body.entry,
        person=body.person,
        items=body.items,
        reason=body.reason,
        record=body.record,
        requested_by_person=body.requested_by_person,
        application_date=body.application_date,
        corrects=body.corrects,
        note=body.note,
    )
