"""One exchange as a page: the person, both sides' records beside each other, the conversation, and what can be said now."""

from collections.abc import Sequence
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from fastapi import Depends, Path, Query, Response

from adapters.office import Office
from api.access import AnswererDep, AssignerDep, Caller, ClerkDep, LedgerDep, OfficeDep, ReaderDep, ReadLedgerDep
from api.local.exchanges import read_exchange
from api.local.visible import hidden, theirs, visible
from api.models.assignments import Assigning, Returning
from api.models.base import IdPath
from api.models.exchanges import ExchangeWhole, MessageShown, Pairing
from api.models.registers.pairing import Candidates
from api.pages.facts import Side, beside, known_counties
from api.pages.forms import FieldsDep
from api.pages.route import Page, Viewer, ViewerDep, back_to, page_router, see_other
from api.pages.work.answers import challenge_in, feedback_in
from api.pages.work.leading import WORKLISTS, Way, way_back
from api.pages.work.possible import deeds, on_the_way
from api.rights import ASSIGNER, CLERK
from api.serving import daily
from exchange.codes import Event, Item, Kind, Role
from exchange.conversation import State
from exchange.errors import VersionDiffers
from exchange.exchanges import Exchange
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.people.record import Person, Record
from exchange.people.whereabouts import PlaceReader
from exchange.verbs.pair import pair, unpair
from exchange.verbs.pairing.candidates import BodiesErased, candidates
from exchange.verbs.reply import NOTHING, Body, Said, reply
from exchange.verbs.routing.send_on import send_on
from exchange.verbs.sheets.matters import EVENT_ITEMS
from exchange.verbs.work.assign import assign, give_back
from exchange.verbs.work.take_over import take_over
from exchange.wire.batch import Outcome
from exchange.wire.message import InterimBody, WithdrawalBody
from exchange.work.worklists import Worklist

router = page_router()
PATH: Final = "/exchanges/{exchange}/{role}"
_MOST_CANDIDATES: Final = 5
# An answer is owed.
_AWAITING: Final = (State.OPEN, State.CHALLENGED)
# Words of ours; any others say nothing.
DoneQuery = Annotated[str, Query()]
FromQuery = Annotated[str, Query(alias="from")]
RolePath = Annotated[Role, Path()]


def address(exchange: str, role: str) -> str:
    """Where one side of an exchange is."""
    return PATH.format(exchange=exchange, role=role)


class Seen:
    """An exchange as the page showed it on which a form stood."""

    def __init__(self, exchange: IdPath, role: RolePath, fields: FieldsDep) -> None:
        self._exchange, self._role, self._version = exchange, role, fields.version()
        self._from = way_back(fields.get("from", "")).path

    def held(self, ledger: Ledger, caller: Caller) -> Exchange:
        """The exchange itself; VersionDiffers if something was said or done since: that is looked at first."""
        held = visible(ledger, caller, self._exchange, role=self._role)
        if held.version != self._version:
            raise VersionDiffers(
                zh="您打开这一页以后，这件事项有了变化，所以没有办理。下面是现在的情况，请看过再办。",
                en="Something has changed here since you opened the page, so nothing was done. It stands so now: look first.",
            )
        return held

    def done(self, held: Exchange, what: str) -> Response:
        """Back to the page of the exchange, which says what was done."""
        query = {"done": what} | ({"from": self._from} if self._from != WORKLISTS.path else {})
        return see_other(f"{address(held.key.exchange, held.key.role)}?{urlencode(query)}")

    def theirs(self, ledger: Ledger, office: Office, caller: Caller) -> Exchange:
        """The same, if it is the caller's to go on with."""
        return theirs(ledger, office, caller, self.held(ledger, caller))


SeenDep = Annotated[Seen, Depends()]


@router.get("/exchanges/{exchange}")
def find_exchange(viewer: ViewerDep, caller: ReaderDep, ledger: ReadLedgerDep, exchange: IdPath) -> Response:
    """The side of it that the viewer may know of."""
    query = f"?{viewer.query}" if viewer.query else ""
    return see_other(address(exchange, visible(ledger, caller, exchange).key.role) + query)


@router.get(PATH)
def show_exchange(
    viewer: ViewerDep,
    caller: ReaderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    exchange: IdPath,
    role: RolePath,
    done: DoneQuery = "",
    come_from: FromQuery = "",
) -> Page:
    """All of it, and below what the viewer may do now."""
    back = way_back(come_from or viewer.given.get("from", ""))
    return _page(viewer, caller, office, ledger, exchange, role, number=False, back=back, done=done)


@router.post(PATH + "/number")
@back_to(PATH)
def show_number(
    viewer: ViewerDep,
    caller: AnswererDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    exchange: IdPath,
    role: RolePath,
    fields: FieldsDep,
) -> Page:
    """The same with the number of the person's document, shown this once because somebody asked for it."""
    back = way_back(fields.get("from", ""))
    return _page(viewer, caller, office, ledger, exchange, role, number=True, back=back)


def _page(
    viewer: Viewer,
    caller: Caller,
    office: Office,
    ledger: Ledger,
    exchange: str,
    role: Role,
    *,
    number: bool,
    back: Way,
    done: str = "",
) -> Page:
    held = visible(ledger, caller, exchange, role=role)
    whole = read_exchange(caller, office, ledger, Response(), exchange, role)
    mine = not hidden(ledger, office, caller, [held])
    messages = [message for message in whole.messages if message.outcome is not Outcome.REJECTED]
    entry = ledger.entries.get(held.entry) if viewer.may(CLERK) and mine and held.entry is not None else None
    found = _candidates(ledger, office, held) if viewer.may(CLERK) and mine and _to_pair(held, whole) else None
    sides = [
        Side("发起方所述", "what the asker said", _record(messages, Kind.QUERY, Kind.NOTICE)),
        Side("被询方所答", "what was answered", _record(messages, Kind.FEEDBACK)),
        Side("本方台账", "our register", entry.record if entry is not None else None),
    ]
    asked, today = _asked(held), civil_day(office.now())
    clerk = ledger.access.api_key(whole.clerk) if whole.clerk is not None else None
    may = deeds(
        viewer,
        whole,
        mine=mine,
        free=clerk is None or clerk.revoked_at is not None,
        reminded=held.conversation is not None and held.conversation.reminded_on == today,
    )
    return viewer.page(
        "exchange.html",
        whole=whole,
        asked=asked,
        done=done,
        back=back,
        news=_news(viewer, whole),
        waiting=[kind for kind in Kind if kind in on_the_way(whole)],
        clerk=clerk.name if clerk is not None else None,
        person=_person(messages),
        hidden=not mine,
        number=number,
        entry=entry,
        candidates=found,
        sides=sides,
        rows=beside(viewer.language, asked, sides) if any(side.record for side in sides) else [],
        may=may,
        divisions=office.node.divisions,
        known=known_counties(ledger, office.node.divisions),
        townships=office.node.divisions.children(held.own) if viewer.may(ASSIGNER) else (),
        address=address(exchange, role),
        today=today,
        days_left=(whole.due - today).days if whole.due and whole.state in _AWAITING else None,
    )


@router.post(PATH + "/feedback")
@back_to(PATH)
def give_feedback(caller: AnswererDep, office: OfficeDep, ledger: LedgerDep, seen: SeenDep, fields: FieldsDep) -> Response:
    """Answer (反馈)."""
    held = seen.theirs(ledger, office, caller)
    places = PlaceReader(office.node.divisions, held.own, civil_day(office.now()))
    return _say(ledger, office, caller, seen, Kind.FEEDBACK, feedback_in(fields, places))


@router.post(PATH + "/interim")
@back_to(PATH)
def announce_delay(caller: AnswererDep, office: OfficeDep, ledger: LedgerDep, seen: SeenDep, fields: FieldsDep) -> Response:
    """Say that the answer will be late (暂复)."""
    return _say(ledger, office, caller, seen, Kind.INTERIM, fields.shape(InterimBody))


@router.post(PATH + "/challenge")
@back_to(PATH)
def challenge(caller: ClerkDep, office: OfficeDep, ledger: LedgerDep, seen: SeenDep, fields: FieldsDep) -> Response:
    """Return the answer (再交流)."""
    return _say(ledger, office, caller, seen, Kind.CHALLENGE, challenge_in(fields))


@router.post(PATH + "/confirmation")
@back_to(PATH)
def confirm(caller: ClerkDep, office: OfficeDep, ledger: LedgerDep, seen: SeenDep) -> Response:
    """Accept the answer (确认)."""
    return _say(ledger, office, caller, seen, Kind.CONFIRMATION)


@router.post(PATH + "/send-on")
@back_to(PATH)
def send_to_the_right_county(
    caller: ClerkDep, office: OfficeDep, ledger: LedgerDep, seen: SeenDep, fields: FieldsDep
) -> Response:
    """Open the same matter with the county that the answer names (转送), and confirm this one."""
    held = seen.theirs(ledger, office, caller)
    sent = send_on(ledger, office.node, held, office.now(), to=None, correct_entry="correct_entry" in fields)
    if sent.after.event is None:
        daily.started(ledger, office, caller)
    return seen.done(sent.after, "sent_on")


@router.post(PATH + "/reminder")
@back_to(PATH)
def remind(caller: ClerkDep, office: OfficeDep, ledger: LedgerDep, seen: SeenDep) -> Response:
    """Ask again (催办)."""
    return _say(ledger, office, caller, seen, Kind.REMINDER)


@router.post(PATH + "/withdrawal")
@back_to(PATH)
def withdraw(caller: ClerkDep, office: OfficeDep, ledger: LedgerDep, seen: SeenDep, fields: FieldsDep) -> Response:
    """Take it back (撤回)."""
    return _say(ledger, office, caller, seen, Kind.WITHDRAWAL, fields.shape(WithdrawalBody))


@router.post(PATH + "/pairing")
@back_to(PATH)
def pair_with(caller: ClerkDep, office: OfficeDep, ledger: LedgerDep, seen: SeenDep, fields: FieldsDep) -> Response:
    """Say which entry the person is (配对)."""
    held = seen.theirs(ledger, office, caller)
    pair(ledger, held, fields.shape(Pairing).entry, office.now())
    return seen.done(held, "paired")


@router.post(PATH + "/unpairing")
@back_to(PATH)
def undo_pairing(caller: ClerkDep, office: OfficeDep, ledger: LedgerDep, seen: SeenDep) -> Response:
    """Say that the person is not the entry's (解除配对)."""
    held = seen.theirs(ledger, office, caller)
    unpair(ledger, held, office.now())
    return seen.done(held, "unpaired")


@router.post(PATH + "/assignment")
@back_to(PATH)
def assign_to(caller: AssignerDep, office: OfficeDep, ledger: LedgerDep, seen: SeenDep, fields: FieldsDep) -> Response:
    """Hand it to a township (分派)."""
    body = fields.shape(Assigning)
    held = seen.held(ledger, caller)
    assign(ledger, office.node, held, body.township, due=body.due, by=caller.key, now=office.now())
    return seen.done(held, "assigned")


@router.post(PATH + "/return")
@back_to(PATH)
def return_to_county(caller: AnswererDep, office: OfficeDep, ledger: LedgerDep, seen: SeenDep, fields: FieldsDep) -> Response:
    """Give it back to the county; a township then sees it no more."""
    held = seen.held(ledger, caller)
    give_back(ledger, held, fields.shape(Returning).reason, by=caller.key, now=office.now())
    return see_other(f"/worklists/{Worklist.TO_ANSWER}?done=returned") if caller.township else seen.done(held, "returned")


@router.post(PATH + "/clerk")
@back_to(PATH)
def take(caller: AnswererDep, office: OfficeDep, ledger: LedgerDep, seen: SeenDep) -> Response:
    """Take it over (领办)."""
    held = seen.held(ledger, caller)
    take_over(ledger, held, caller.key, office.now())
    return seen.done(held, "taken")


def _say(ledger: Ledger, office: Office, caller: Caller, seen: Seen, kind: Kind, body: Body = NOTHING) -> Response:
    held = seen.theirs(ledger, office, caller)
    reply(ledger, office.node, held, Said(kind=kind, body=body, seen=held.version), office.now())
    return seen.done(held, kind)


def _asked(held: Exchange) -> list[Item]:
    """The items that are asked about, or that a notice tells of: what an answer may correct."""
    told = held.items or EVENT_ITEMS.get(Event(held.event), frozenset()) if held.event is not None else held.items
    return [item for item in Item if item in told]


def _news(viewer: Viewer, whole: ExchangeWhole) -> list[MessageShown] | None:
    """What was said since the page was opened whose form was refused for being old; None if none was."""
    if not isinstance(viewer.refusal, VersionDiffers):
        return None
    shown = viewer.given.get("said", "")
    return whole.messages[int(shown) :] if shown.isascii() and shown.isdecimal() else []


def _to_pair(held: Exchange, whole: ExchangeWhole) -> bool:
    return held.key.role is Role.ASKED and held.entry is None and whole.state in (State.OPEN, State.CHALLENGED, State.NOTED)


def _candidates(ledger: Ledger, office: Office, held: Exchange) -> Candidates | None:
    try:
        return Candidates.of(held, candidates(ledger, office.node, held)[:_MOST_CANDIDATES])
    except BodiesErased:  # nobody is left to be compared; the rest of the page still stands
        return None


def _person(messages: Sequence[MessageShown]) -> Person | None:
    """Who it is about, as the opening says."""
    opening = next((message for message in messages if message.kind in (Kind.QUERY, Kind.NOTICE)), None)
    if opening is None or opening.body is None:
        return None
    return msgspec.convert(opening.body["person"], Person)


def _record(messages: Sequence[MessageShown], *kinds: Kind) -> Record | None:
    """The last record that was said in messages of these kinds; an answer `confirmed` says what was asked."""
    said = [message for message in messages if message.kind in kinds and message.body is not None]
    if not said:
        return None
    body = said[-1].body or {}
    if body.get("result") == "confirmed":
        return _record(messages, Kind.QUERY, Kind.NOTICE)
    return msgspec.convert(body["record"], Record) if body.get("record") else None
