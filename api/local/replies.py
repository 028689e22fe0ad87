"""What is said about an exchange that exists: feedback, interim, challenge, confirmation, reminder, withdrawal."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from adapters.office import Office
from api.access import AnswererDep, Caller, ClerkDep, LedgerDep, OfficeDep
from api.declared import Responses, writing
from api.local.visible import AmbiguousExchange, theirs, visible_for
from api.models.base import IdPath, NodeQuery
from api.models.replies import EXAMPLES, Queued
from api.models.shapes import Shaped, shown
from api.once import Once, OnceDep
from api.serving.routes import StrictRoute
from exchange.admission import UnknownExchange
from exchange.codes import Kind
from exchange.conversation import NotInThisState, ReminderTooSoon, TooManyChallenges
from exchange.errors import NotFound, WoshouError
from exchange.ledger import Ledger
from exchange.people.register import EntryProtected
from exchange.terms.agreement import ItemNotAgreed, NoteNotAllowed
from exchange.terms.screening import ExcludedContent
from exchange.verbs.cases.births import NotYourExchange
from exchange.verbs.persons.withhold import CountyAnswers
from exchange.verbs.reply import ExpectedPast, NotYourRole, Said, UnderWay, reply
from exchange.wire.message import ChallengeBody, FeedbackBody, InterimBody, WithdrawalBody

router = APIRouter(prefix="/api/v1/exchanges/{exchange}", tags=["Exchanges"], route_class=StrictRoute)


def _refusals(*more: type[WoshouError]) -> Responses:
    return writing(NotFound, AmbiguousExchange, NotYourRole, NotYourExchange, UnderWay, UnknownExchange, NotInThisState, *more)


@router.post(
    "/feedback",
    status_code=202,
    response_model=Queued,
    responses=_refusals(ItemNotAgreed, NoteNotAllowed, ExcludedContent, EntryProtected, CountyAnswers),
    summary="Give feedback (反馈)",
)
def give_feedback(
    caller: AnswererDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    exchange: IdPath,
    body: Annotated[FeedbackBody, Shaped(FeedbackBody), Body(openapi_examples=shown(EXAMPLES[Kind.FEEDBACK]))],
    partner: NodeQuery = None,
) -> Response:
    """Answer the opening, or the open challenge. `corrected`, and nothing else, carries values, of what was asked only.

    Of a protected entry nothing is confirmed or corrected: the other side is answered as if there were nobody.
    """
    return _say(once, office, ledger, caller, exchange, partner, Said(kind=Kind.FEEDBACK, body=body))


@router.post(
    "/interim",
    status_code=202,
    response_model=Queued,
    responses=_refusals(ExpectedPast),
    summary="Announce a late answer (暂复)",
)
def announce_delay(
    caller: AnswererDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    exchange: IdPath,
    body: Annotated[InterimBody, Shaped(InterimBody), Body(openapi_examples=shown(EXAMPLES[Kind.INTERIM]))],
    partner: NodeQuery = None,
) -> Response:
    """Say that the answer will be late, why, and when to expect it: today or later. It stops no clock."""
    return _say(once, office, ledger, caller, exchange, partner, Said(kind=Kind.INTERIM, body=body))


@router.post(
    "/challenge",
    status_code=202,
    response_model=Queued,
    responses=_refusals(TooManyChallenges, NoteNotAllowed, ExcludedContent),
    summary="Return a feedback (再交流)",
)
def challenge(
    caller: ClerkDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    exchange: IdPath,
    body: Annotated[ChallengeBody, Shaped(ChallengeBody), Body(openapi_examples=shown(EXAMPLES[Kind.CHALLENGE]))],
    partner: NodeQuery = None,
) -> Response:
    """Return a feedback as wrong or incomplete; a new round begins. At most three times."""
    return _say(once, office, ledger, caller, exchange, partner, Said(kind=Kind.CHALLENGE, body=body))


@router.post("/confirmation", status_code=202, response_model=Queued, responses=_refusals(), summary="Accept a feedback (确认)")
def confirm(
    caller: ClerkDep, once: OnceDep, office: OfficeDep, ledger: LedgerDep, exchange: IdPath, partner: NodeQuery = None
) -> Response:
    """Accept the feedback that stands; the exchange closes."""
    return _say(once, office, ledger, caller, exchange, partner, Said(kind=Kind.CONFIRMATION))


@router.post(
    "/reminder",
    status_code=202,
    response_model=Queued,
    responses=_refusals(ReminderTooSoon),
    summary="Remind the other side (催办)",
)
def remind(
    caller: ClerkDep, once: OnceDep, office: OfficeDep, ledger: LedgerDep, exchange: IdPath, partner: NodeQuery = None
) -> Response:
    """Ask again for an answer; at most once a day."""
    return _say(once, office, ledger, caller, exchange, partner, Said(kind=Kind.REMINDER))


@router.post("/withdrawal", status_code=202, response_model=Queued, responses=_refusals(), summary="Take it back (撤回)")
def withdraw(
    caller: ClerkDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    exchange: IdPath,
    body: Annotated[WithdrawalBody, Shaped(WithdrawalBody), Body(openapi_examples=shown(EXAMPLES[Kind.WITHDRAWAL]))],
    partner: NodeQuery = None,
) -> Response:
    """Take the exchange back; its bodies are erased on both sides, the fact stays."""
    return _say(once, office, ledger, caller, exchange, partner, Said(kind=Kind.WITHDRAWAL, body=body))


def _say(once: Once, office: Office, ledger: Ledger, caller: Caller, exchange: str, partner: str | None, said: Said) -> Response:
    found = theirs(ledger, office, caller, visible_for(ledger, caller, exchange, said.kind, partner))
    return once.answer(Queued.of(reply(ledger, office.node, found, said, office.now())), 202)
