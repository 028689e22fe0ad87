"""Cases (事项): one service for a couple, from the application to the closing notice."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from api.access import Caller, ClerkDep, LedgerDep, OfficeDep, ReaderDep, ReadLedgerDep
from api.declared import reading, writing
from api.models.base import Doubt, IdPath, Listing
from api.models.casework.cases import (
    CASE_EXAMPLE,
    COMMITMENT_EXAMPLE,
    FINISH_EXAMPLE,
    Cancelling,
    CaseOpening,
    CaseRow,
    CaseWhole,
    Committing,
    Finishing,
    HandingOver,
)
from api.models.shapes import Shaped, shown
from api.once import Once, OnceDep
from api.paging import PagingDep
from api.preconditions import etag
from api.serving import daily
from api.serving.routes import StrictRoute
from exchange.cases.case import CaseClosed, NothingToCommit
from exchange.cases.progress import CaseNotReady, CaseProgress
from exchange.cursors import BadCursor, case_cursor
from exchange.errors import NotFound
from exchange.ledger import CaseFilter
from exchange.routing.today import SeveralSuccessors
from exchange.verbs.cases.births import may_see_people
from exchange.verbs.cases.cancelling import cancel
from exchange.verbs.cases.opening import ask_again, open_case
from exchange.verbs.cases.reading import NotYourCase, listed, progress_of
from exchange.verbs.cases.settling import NoSuchClerk, commit, finish, hand_over
from exchange.work.daily import DailyLimit

router = APIRouter(prefix="/api/v1", tags=["Cases"], route_class=StrictRoute)


@router.post(
    "/cases", status_code=201, response_model=CaseWhole, responses=writing(SeveralSuccessors), summary="Open a case (事项)"
)
def open_for_couple(
    caller: ClerkDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    body: Annotated[CaseOpening, Shaped(CaseOpening), Body(openapi_examples=shown(CASE_EXAMPLE))],
) -> Response:
    """Open a case on the couple's own application: one query to each spouse's origin, as far as an agreement lets it be asked.

    An origin that cannot be asked is shown with the reason and blocks nothing; `POST /cases/{case}/queries` asks it later.
    Reasons are, among others, `agreement-limit` and `daily-limit`: the day's queries are used up, and tomorrow it can be asked.
    """
    started = partial(daily.started, ledger, office, caller)
    opened = open_case(ledger, office.node, body.draft(caller.jurisdiction), caller.key, office.now(), started)
    notes = tuple(Doubt.of(note) for note in opened.notes)
    whole = CaseWhole.whole(opened.progress, caller.key, spouses=True, people=False, notes=notes)
    return once.answer(whole, 201, {"location": f"/api/v1/cases/{whole.case}", "etag": etag(whole.version)})


@router.get("/cases", responses=reading(BadCursor), summary="List cases")
def list_cases(
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    paging: PagingDep,
    open: Annotated[bool | None, Query(description="only those that are, or are not, finished or cancelled")] = None,
    mine: Annotated[bool, Query(description="only the caller's own")] = False,
    contradicted: Annotated[bool | None, Query(description="only those whose commitment a later answer contradicts")] = None,
) -> Listing[CaseRow]:
    """The cases of the caller's counties, the newest first, without the couples."""
    wanted = CaseFilter(own=caller.counties, open=open, owner=caller.key if mine else None, contradicted=contradicted)
    rows, following = paging.rows(lambda page: ledger.cases.find(wanted, page), case_cursor)
    found = listed(ledger, office.node, rows, office.now())
    return Listing[CaseRow](items=[CaseRow.of(one, caller.key) for one in found], next=following)


@router.get("/cases/{case}", responses=reading(NotFound, DailyLimit), summary="Read a case")
def read_case(caller: ReaderDep, office: OfficeDep, ledger: ReadLedgerDep, response: Response, case: IdPath) -> CaseWhole:
    """Where it stands. The couple of a birth registration is shown to the clerk whose case it is, and to nobody else."""
    held = ledger.cases.get(case)
    if held is None or held.jurisdiction not in caller.counties:
        raise NotFound
    people = caller.sees_people and may_see_people(held, caller.key)
    response.headers["etag"] = etag(held.version)
    return CaseWhole.whole(progress_of(ledger, office.node, held, office.now()), caller.key, spouses=people, people=people)


@router.post(
    "/cases/{case}/queries",
    response_model=CaseWhole,
    responses=writing(NotFound, NotYourCase, CaseClosed),
    summary="Ask the origins that could not be asked",
)
def ask_once_more(caller: ClerkDep, once: OnceDep, office: OfficeDep, ledger: LedgerDep, case: IdPath) -> Response:
    """Try what stood in the way (`unasked`) once more, without what the couple stated. What was asked is not asked again."""
    started = partial(daily.started, ledger, office, caller)
    told = ask_again(ledger, office.node, caller.counties, caller.key, case, office.now(), started)
    return _answer(once, caller, told)


@router.post(
    "/cases/{case}/commitment",
    response_model=CaseWhole,
    responses=writing(NotFound, NotYourCase, CaseClosed, NothingToCommit),
    summary="Note a written commitment (承诺书)",
)
def note_commitment(
    caller: ClerkDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    case: IdPath,
    body: Annotated[Committing, Shaped(Committing), Body(openapi_examples=shown(COMMITMENT_EXAMPLE))],
) -> Response:
    """Note that a commitment was made, and what it stands for. An answer may still come; one that contradicts it is shown."""
    told = commit(ledger, office.node, caller.counties, caller.key, case, body.draft(), office.now())
    return _answer(once, caller, told)


@router.post(
    "/cases/{case}/finish",
    response_model=CaseWhole,
    responses=writing(NotFound, NotYourCase, CaseClosed, CaseNotReady),
    summary="Finish a case",
)
def finish_case(
    caller: ClerkDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    case: IdPath,
    body: Annotated[Finishing, Shaped(Finishing), Body(openapi_examples=shown(FINISH_EXAMPLE))],
) -> Response:
    """Once all is known or committed to: accept the answers, and send the notice `registered` to both origins."""
    told = finish(
        ledger,
        office.node,
        caller.counties,
        caller.key,
        case,
        office.now(),
        on=body.registered_on,
        children=body.children,
    )
    return _answer(once, caller, told)


@router.post(
    "/cases/{case}/cancellation",
    response_model=CaseWhole,
    responses=writing(NotFound, NotYourCase, CaseClosed),
    summary="Cancel a case",
)
def cancel_case(
    caller: ClerkDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    case: IdPath,
    body: Annotated[Cancelling, Shaped(Cancelling), Body(openapi_examples=shown({"reason": "person_withdrew"}))],
) -> Response:
    """Take it back: the open queries are withdrawn, the couple is erased here and at both origins."""
    told = cancel(ledger, office.node, caller.counties, caller.key, case, body.reason, office.now())
    return _answer(once, caller, told)


@router.post(
    "/cases/{case}/handover",
    response_model=CaseRow,
    responses=writing(NotFound, NotYourCase, NoSuchClerk),
    summary="Hand a case to another clerk",
)
def hand_over_case(
    caller: ClerkDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    case: IdPath,
    body: Annotated[HandingOver, Shaped(HandingOver), Body(openapi_examples=shown({"clerk": "5f3a9c0d11e2"}))],
) -> Response:
    """Give the case to the key of another clerk of the county; from then on that one alone sees a birth registration's couple."""
    held = hand_over(ledger, caller.counties, caller.key, case, body.clerk)
    row = CaseRow.of(progress_of(ledger, office.node, held, office.now()), caller.key)
    return once.answer(row, headers={"etag": etag(row.version)})


def _answer(once: Once, caller: Caller, told: CaseProgress) -> Response:
    whole = CaseWhole.whole(told, caller.key, spouses=True, people=False)
    return once.answer(whole, headers={"etag": etag(whole.version)})
