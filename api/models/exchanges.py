"""Exchanges as bodies."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta
from pydantic import Field

from api.models.base import EXAMPLE_ID, Doubt, Moment, Shown
from exchange.codes import Event, Item, Kind, Purpose, QueryReason, Result, Role, UrgentReason
from exchange.conversation import Effect, State
from exchange.exchanges import Acceptance, Direction, Exchange, PairedBy
from exchange.imports import RowProblem
from exchange.jurisdiction import Category
from exchange.moments import civil_day
from exchange.people.record import Person, Record, Shape
from exchange.terms.rules import RuleSet
from exchange.verbs.whole import Told
from exchange.wire.batch import Outcome, WireProblem
from exchange.wire.message import UUID, CountyCode, Note, Reply

QUERY_EXAMPLE: dict[str, Any] = {
    "entry": EXAMPLE_ID,
    "purpose": "public_service",
    "items": ["marital_status", "children"],
    "reason": "register_entry",
}
NOTICE_EXAMPLE: dict[str, Any] = {
    "entry": EXAMPLE_ID,
    "purpose": "public_service",
    "event": "birth",
    "event_date": "2026-02-03",
    "record": {"children": [{"sex": "1", "birth_date": "2026-02-03"}]},
}


class Start(Shape, frozen=True, kw_only=True):
    """A query, or with `event` a notice, about the person of an entry or about a person who is named.

    With `entry`, origin and destination are the entry's unless they are given: an outflow entry may know its destination
    only coarsely. Without it, both are needed, and one of them is the caller's county.
    """

    entry: UUID | None = None
    person: Person | None = None
    origin: CountyCode | None = None
    destination: CountyCode | None = None
    purpose: Purpose
    urgent: UrgentReason | None = None
    items: Annotated[tuple[Item, ...], Meta(max_length=13)] = ()
    reason: QueryReason = QueryReason.REGISTER_ENTRY
    requested_by_person: bool = False
    application_date: date | None = None
    event: Event | None = None
    event_date: date | None = None
    corrects: Reply | None = None
    record: Record | None = None
    note: Note | None = None


class Pairing(Shape, frozen=True, kw_only=True):
    """The local entry of the person, by a clerk's word."""

    entry: UUID


class Stamps(Shown):
    """When it was submitted, received, answered (the answer that stands) and paired with a local entry."""

    submitted: Moment
    received: Moment | None
    answered: Moment | None
    paired: Moment | None


class ProblemShown(Shown):
    """Why the other side rejected a message."""

    type: str
    title: str
    detail: str
    retry: str
    pointer: str | None = None

    @classmethod
    def of(cls, problem: WireProblem | None) -> Self | None:
        """From a receipt."""
        return None if problem is None else cls(**msgspec.structs.asdict(problem))


class ExchangeRow(Shown):
    """One side of an exchange, without a person."""

    exchange: str = Field(examples=[EXAMPLE_ID])
    role: Role
    partner: str = Field(description="the other side's node", examples=["wuchang.example"])
    own: str = Field(examples=["110102"])
    other: str = Field(examples=["420106"])
    origin: str = Field(examples=["110102"])
    destination: str = Field(examples=["420106"])
    category: Category
    kind: Kind
    event: Event | None
    purpose: Purpose
    urgent: UrgentReason | None
    items: list[Item]
    acceptance: Acceptance = Field(description="of the opening message by the receiving node")
    state: State | None = Field(description="null until it is accepted")
    stamps: Stamps
    first_due: date | None = Field(description="null where no feedback is wanted")
    due: date | None = Field(description="of the present round; the receipt's, which counts for both sides")
    due_provisional: bool = Field(description="it rests on a year whose holidays this node does not know yet")
    expected: date | None = Field(description="named by the asked side in an interim answer; stops no clock")
    lapses_on: date | None = Field(description="last day on which the answer can be confirmed or challenged")
    overdue: bool
    round: int
    challenges: int
    result: Result | None
    entry: str | None
    pairing: PairedBy | None = Field(description="how it was paired with the entry, or that a clerk has undone it")
    handled_by: str | None = Field(description="the township, once it is handed to one")
    clerk: str | None = Field(description="the key of the clerk who asked, or who took it over; null 90 days after its end")
    problem: ProblemShown | None
    version: int

    @classmethod
    def of(cls, exchange: Exchange, partner: str, now: datetime, lapse_days: int, *, of_whom: bool) -> Self:
        """As a clock sees it; without what tells of the entry where the caller is not to know of whom it is."""
        return cls(**_row(exchange if of_whom else unpaired(exchange), partner, now, lapse_days))


class StartedExchange(ExchangeRow):
    """An exchange that was just started, and what to look at."""

    notes: list[Doubt]

    @classmethod
    def started(cls, row: ExchangeRow, notes: Sequence[RowProblem]) -> Self:
        """The row with the notes."""
        return cls(**dict(row), notes=[Doubt.of(note) for note in notes])


class MessageShown(Shown):
    """One message of the conversation. `body` is null for callers who see no people, and once it is erased."""

    id: str = Field(examples=[EXAMPLE_ID])
    kind: Kind
    direction: Direction
    in_reply_to: str | None
    created_at: Moment
    sent_at: Moment | None
    received_at: Moment | None
    known_at: Moment | None = Field(description="when this node came to know that it was accepted or rejected")
    outcome: Outcome | None = Field(description="null while it has no receipt")
    effect: Effect | None
    due: date | None
    result: Result | None
    problem: ProblemShown | None
    erased: bool
    body: dict[str, Any] | None = Field(description="as in the wire contract")

    @classmethod
    def of(cls, told: Told, *, sees_people: bool) -> Self:
        """From the log."""
        message = told.message
        body = msgspec.json.decode(message.line)["body"] if sees_people and message.line is not None else None
        return cls(
            id=message.id,
            kind=message.kind,
            direction=message.direction,
            in_reply_to=message.in_reply_to,
            created_at=message.created_at,
            sent_at=message.sent_at,
            received_at=message.received_at,
            known_at=message.known_at,
            outcome=message.outcome,
            effect=told.effect,
            due=message.due,
            result=message.result,
            problem=ProblemShown.of(message.problem),
            erased=message.line is None,
            body=body,
        )


class ExchangeWhole(ExchangeRow):
    """One side of an exchange with its conversation."""

    agreement: str = Field(description="digest of the agreement that allowed it")
    rules: str = Field(description="version of the rule set that it is judged by: the agreement's", examples=["woshou-2026.1"])
    challenges_left: int = Field(description="how often the asker can still return an answer")
    messages: list[MessageShown]
    right_county: str | None = Field(default=None, description="named by the answer: the matter can be sent on there")
    sent_on_from: str | None = Field(default=None, description="the exchange that this one was opened in place of")
    sent_on_to: str | None = Field(default=None, description="the exchange that was opened in place of this one")

    @classmethod
    def with_messages(
        cls,
        exchange: Exchange,
        partner: str,
        now: datetime,
        rules: RuleSet,
        told: Sequence[Told],
        *,
        sees_people: bool,
        of_whom: bool,
    ) -> Self:
        """As a clock sees it, judged by its agreement's rules, with every message."""
        messages = [MessageShown.of(one, sees_people=sees_people) for one in told]
        used = exchange.conversation.challenges if exchange.conversation is not None else 0
        return cls(
            **_row(exchange if of_whom else unpaired(exchange), partner, now, rules.lapse_days),
            agreement=exchange.agreement,
            rules=rules.version,
            challenges_left=max(rules.max_challenges - used, 0),
            messages=messages,
        )


def unpaired(exchange: Exchange) -> Exchange:
    """The exchange as if nobody had been found."""
    return replace(exchange, entry=None, paired_at=None, pairing=None)


def _row(exchange: Exchange, partner: str, now: datetime, lapse_days: int) -> dict[str, Any]:
    talk = exchange.conversation
    state = talk.state_at(now, lapse_days) if talk is not None else None
    awaits = state in (State.OPEN, State.CHALLENGED)
    return {
        "exchange": exchange.key.exchange,
        "role": exchange.key.role,
        "partner": partner,
        "own": exchange.own,
        "other": exchange.other,
        "origin": exchange.origin,
        "destination": exchange.destination,
        "category": exchange.category,
        "kind": exchange.kind,
        "event": exchange.event,
        "purpose": exchange.purpose_on(civil_day(now)),
        "urgent": exchange.urgent,
        "items": list(exchange.items),
        "acceptance": exchange.acceptance,
        "state": state,
        "stamps": Stamps(
            submitted=exchange.submitted_at,
            received=exchange.received_at,
            answered=talk.fed_back_at if talk is not None else None,
            paired=exchange.paired_at if exchange.entry is not None else None,
        ),
        "first_due": exchange.first_due,
        "due": talk.due if talk is not None else None,
        "due_provisional": exchange.due_provisional,
        "expected": talk.expected if talk is not None else None,
        "lapses_on": talk.lapses_on if talk is not None and state in (State.ANSWERED, State.LAPSED) else None,
        "overdue": awaits and talk is not None and talk.due is not None and talk.due < civil_day(now),
        "round": talk.round if talk is not None else 1,
        "challenges": talk.challenges if talk is not None else 0,
        "result": talk.result if talk is not None else None,
        "entry": exchange.entry,
        "pairing": exchange.pairing,
        "handled_by": exchange.handled_by,
        "clerk": exchange.clerk_on(civil_day(now)),
        "problem": ProblemShown.of(exchange.problem),
        "version": exchange.version,
    }
