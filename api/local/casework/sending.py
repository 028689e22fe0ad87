"""Send on (转送) what the asked county answered with `wrong_jurisdiction`."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from api.access import ClerkDep, LedgerDep, OfficeDep
from api.declared import writing
from api.local.visible import AmbiguousExchange, row_for, theirs, visible_for
from api.models.base import Doubt, IdPath, NodeQuery
from api.models.casework.routes import SEND_ON_EXAMPLE, SendingOn, SentShown
from api.models.shapes import Shaped, shown
from api.once import OnceDep
from api.serving import daily
from api.serving.routes import StrictRoute
from exchange.codes import Kind
from exchange.errors import NotFound
from exchange.people.register import EntryProtected
from exchange.routing.table import NoRoute
from exchange.routing.today import NoSuccessor, SeveralSuccessors
from exchange.routing.trail import NothingToSendOn, SentInCircle, SentOnAlready
from exchange.terms.agreement import ItemNotAgreed, NoAgreement
from exchange.verbs.cases.births import NotYourExchange
from exchange.verbs.reply import NotYourRole
from exchange.verbs.routing.send_on import EntryNamesAnother, send_on
from exchange.work.daily import AgreementLimit, DailyLimit

router = APIRouter(prefix="/api/v1/exchanges/{exchange}", tags=["Exchanges"], route_class=StrictRoute)


@router.post(
    "/send-on",
    status_code=201,
    response_model=SentShown,
    responses=writing(
        NotFound,
        AmbiguousExchange,
        NotYourRole,
        NotYourExchange,
        NothingToSendOn,
        SentOnAlready,
        SentInCircle,
        EntryNamesAnother,
        SeveralSuccessors,
        NoSuccessor,
        NoRoute,
        NoAgreement,
        ItemNotAgreed,
        EntryProtected,
        AgreementLimit,
        DailyLimit,
    ),
    summary="Send on to the right county (转送)",
)
def send_on_to_the_right_county(
    caller: ClerkDep,
    once: OnceDep,
    office: OfficeDep,
    ledger: LedgerDep,
    exchange: IdPath,
    body: Annotated[SendingOn, Shaped(SendingOn), Body(openapi_examples=shown(SEND_ON_EXAMPLE))],
    partner: NodeQuery = None,
) -> Response:
    """Open the same matter with the county that the answer names (or `to`), confirm the old exchange, and link the two.

    A query that rests on an entry needs `correct_entry` where the entry still names the county that was asked.
    """
    now, node = office.now(), office.node
    # As a confirmation, it is the asker's word.
    held = theirs(ledger, office, caller, visible_for(ledger, caller, exchange, Kind.CONFIRMATION, partner))
    sent = send_on(ledger, node, held, now, to=body.to, correct_entry=body.correct_entry)
    if sent.after.event is None:
        daily.started(ledger, office, caller)
    answer = SentShown(
        before=sent.before.key.exchange,
        confirmed=sent.confirmed,
        entry_corrected=sent.entry_corrected,
        notes=[Doubt.of(sent.note)] if sent.note is not None else [],
        after=row_for(ledger, office, caller, sent.after),
    )
    return once.answer(answer, 201, {"location": f"/api/v1/exchanges/{answer.after.exchange}"})
