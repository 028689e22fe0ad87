"""Differences between registers (对账差异): what a clerk sends or corrects to settle them."""

from dataclasses import replace
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Path, Query, Response

from adapters.office import Office
from api.access import AnswererDep, Caller, CallerDep, LedgerDep, OfficeDep, ReaderDep, ReadLedgerDep
from api.declared import Responses, reading, writing
from api.local.visible import row_for, rows_for
from api.models.base import COUNTY, CodeQuery, IdPath, NodeQuery
from api.models.reconciling.differences import (
    DestinationSet,
    DifferenceList,
    DifferenceSent,
    RegisterDifferenceShown,
    RegisterDifferenceWhole,
)
from api.once import OnceDep
from api.paging import Paging, PagingDep
from api.preconditions import etag
from api.serving import daily
from api.serving.routes import StrictRoute
from exchange.codes import RegisterKind
from exchange.counting.query import UNASSIGNED
from exchange.cursors import BadCursor, register_difference_cursor
from exchange.errors import NotFound
from exchange.jurisdiction import SameCounty
from exchange.ledger import Ledger, RegisterDifferenceFilter
from exchange.people.register import Entry, EntryClosed, EntryProtected
from exchange.reconciling.results import DifferenceKind
from exchange.reconciling.settling import (
    DifferenceSettled,
    EntryElsewhere,
    FieldsUnknown,
    NotCoarse,
    NothingToSend,
    OtherSideActs,
)
from exchange.routing.table import NoRoute
from exchange.routing.today import NoSuccessor, SeveralSuccessors
from exchange.terms.agreement import ItemNotAgreed, NoAgreement
from exchange.terms.rulebook import RulesUnknown
from exchange.verbs.reconciling.differences import described, find_difference, reconciled
from exchange.verbs.reconciling.settle import Sent, send, set_destination
from exchange.work.daily import AgreementLimit, DailyLimit

router = APIRouter(prefix="/api/v1/register-differences", tags=["Reconciliation"], route_class=StrictRoute)
_SENT_BEFORE: Responses = {200: {"model": DifferenceSent, "description": "It was under way or over; nothing was sent"}}
OtherPath = Annotated[str, Path(pattern=COUNTY, description="the county on the other side", examples=["420106"])]


class Sought(NamedTuple):
    """Which differences are asked for, of whose counties."""

    caller: Caller
    filter: RegisterDifferenceFilter


def sought(
    caller: CallerDep,
    register: Annotated[RegisterKind | None, Query(description="our register of the pair")] = None,
    other: CodeQuery = None,
    township: Annotated[
        str | None, Query(pattern=rf"^([0-9]{{9}}|{UNASSIGNED})$", description="the entry's, or `unassigned`")
    ] = None,
    partner: NodeQuery = None,
) -> Sought:
    """The caller's, narrowed; a township's key sees its own alone."""
    wanted = RegisterDifferenceFilter(
        own=caller.reach, register=register, other=other, township=caller.township or township, partner=partner
    )
    return Sought(caller, wanted)


SoughtDep = Annotated[Sought, Depends(sought)]


@router.get("", responses=reading(BadCursor, DailyLimit), summary="List the differences")
def list_differences(
    _: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    wanted: SoughtDep,
    kind: Annotated[DifferenceKind | None, Query()] = None,
) -> DifferenceList:
    """What comparing the registers found of the caller's entries and still stands, each with what would settle it.

    `register` and `other` together tell one pair.
    """
    return listed(office, ledger, paging, wanted, kind)


@router.get("/{entry}/{other}", responses=reading(NotFound, DailyLimit), summary="Read a difference")
def read_difference(
    caller: ReaderDep, office: OfficeDep, ledger: ReadLedgerDep, entry: IdPath, other: OtherPath
) -> RegisterDifferenceWhole:
    """One difference, with the message that would settle it as `POST /api/v1/exchanges` takes it."""
    now, node = office.now(), office.node
    found = find_difference(ledger, caller.reach, entry, other, caller.township)
    (item,) = described(ledger, node, [found], now)
    told = rows_for(ledger, office, caller, item.settling.exchanges)
    return RegisterDifferenceWhole.whole(item, told, sees_people=caller.handles_people)


@router.post(
    "/{entry}/{other}/send",
    status_code=201,
    response_model=DifferenceSent,
    responses=_SENT_BEFORE
    | writing(
        NotFound,
        DifferenceSettled,
        EntryProtected,
        EntryClosed,
        EntryElsewhere,
        FieldsUnknown,
        OtherSideActs,
        NothingToSend,
        SameCounty,
        SeveralSuccessors,
        NoSuccessor,
        NoRoute,
        NoAgreement,
        RulesUnknown,
        ItemNotAgreed,
        AgreementLimit,
        DailyLimit,
    ),
    summary="Send the message that would settle it",
)
def send_prepared(
    caller: AnswererDep, once: OnceDep, office: OfficeDep, ledger: LedgerDep, entry: IdPath, other: OtherPath
) -> Response:
    """Send the prepared notice or query, once: what was told or asked already is given back instead (200)."""
    sent = sent_for(caller, office, ledger, entry, other)
    row = row_for(ledger, office, caller, sent.exchange)
    answer = DifferenceSent(**vars(row), fresh=sent.fresh)
    return once.answer(answer, 201 if sent.fresh else 200, {"location": f"/api/v1/exchanges/{answer.exchange}"})


@router.post(
    "/{entry}/{other}/destination",
    response_model=DestinationSet,
    responses=writing(NotFound, DifferenceSettled, EntryProtected, EntryClosed, EntryElsewhere, OtherSideActs, NotCoarse),
    summary="Set the destination to the county that was found",
)
def set_found_destination(
    caller: AnswererDep, once: OnceDep, office: OfficeDep, ledger: LedgerDep, entry: IdPath, other: OtherPath
) -> Response:
    """Set the destination of an outflow entry that knew it only coarsely (`coarse`). Nothing is sent; again changes nothing."""
    then = destination_set(caller, office, ledger, entry, other)
    return once.answer(DestinationSet.of(then), headers={"etag": etag(then.version)})


def sent_for(caller: Caller, office: Office, ledger: Ledger, entry: str, other: str) -> Sent:
    """The exchange that is to settle a difference of the caller's; a query counts for the day's limit."""
    found = find_difference(ledger, caller.reach, entry, other, caller.township, lock=True)
    sent = send(ledger, office.node, found, office.now())
    if sent.fresh and sent.exchange.event is None:
        daily.started(ledger, office, caller)
    return sent


def destination_set(caller: Caller, office: Office, ledger: Ledger, entry: str, other: str) -> Entry:
    """The caller's entry with the destination that was found."""
    found = find_difference(ledger, caller.reach, entry, other, caller.township, lock=True)
    return set_destination(ledger, office.node, found, office.now())


def listed(office: Office, ledger: Ledger, paging: Paging, wanted: Sought, kind: DifferenceKind | None) -> DifferenceList:
    """One page of what is asked for, of one kind or of all."""
    caller, within = wanted.caller, replace(wanted.filter, kind=kind)
    rows, following = paging.rows(lambda page: ledger.register_runs.differences(within, page), register_difference_cursor)
    items = described(ledger, office.node, rows, office.now())
    shown = [RegisterDifferenceShown.of(item, sees_people=caller.handles_people) for item in items]
    return DifferenceList.page(shown, following, reconciled(ledger, within.own), kind)
