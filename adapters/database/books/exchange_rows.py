"""An exchange and its conversation as one row, and back."""

from typing import Any

from adapters.database.values import (
    day_of,
    iso_of,
    json_of,
    json_of_problem,
    list_of,
    moment_of,
    number_of,
    problem_of,
    words,
    words_or_none,
)
from adapters.database.work import AnyRow, Values
from exchange.codes import Event, Item, Kind, Purpose, Result, Role, UrgentReason
from exchange.conversation import Conversation, Fact, FactKind, State, Turn
from exchange.exchanges import Acceptance, Exchange, ExchangeKey, PairedBy
from exchange.jurisdiction import Category
from exchange.moments import from_milliseconds, to_milliseconds

_ACCEPTANCE = words(Acceptance)
_CATEGORY = words(Category)
_EVENT = words_or_none(Event)
_FACT = words(FactKind)
_KIND = words(Kind)
_PAIRING = words_or_none(PairedBy)
_PURPOSE = words(Purpose)
_RESULT = words_or_none(Result)
_ROLE = words(Role)
_STATE = words(State)
_URGENT = words_or_none(UrgentReason)
_NOTHING: Values = (None,) * 15


def exchange_values(exchange: Exchange) -> Values:
    """The row of an exchange.

    Words as plain text where they are always there: the drivers look twice at a subclass of str.
    """
    link, name, role = exchange.key
    return (
        name,
        link,
        role.value,
        exchange.own,
        exchange.other,
        exchange.origin,
        exchange.destination,
        exchange.category.value,
        exchange.kind.value,
        exchange.event,
        exchange.purpose.value,
        exchange.urgent,
        json_of(exchange.items),
        exchange.agreement,
        exchange.opening,
        to_milliseconds(exchange.submitted_at),
        exchange.acceptance.value,
        number_of(exchange.received_at),
        number_of(exchange.known_at),
        iso_of(exchange.first_due),
        exchange.due_provisional,
        exchange.person_index,
        exchange.entry,
        number_of(exchange.paired_at),
        exchange.pairing,
        exchange.handled_by,
        exchange.clerk,
        json_of_problem(exchange.problem),
        exchange.version,
        *_conversation_values(exchange.conversation),
    )


def _conversation_values(conversation: Conversation | None) -> Values:
    if conversation is None:
        return _NOTHING
    turn, sender, position = conversation.last_turn
    return (
        conversation.state.value,
        conversation.round,
        iso_of(conversation.due),
        conversation.challenges,
        conversation.challenge,
        conversation.feedback,
        conversation.result,
        number_of(conversation.fed_back_at),
        iso_of(conversation.reminded_on),
        iso_of(conversation.lapses_on),
        iso_of(conversation.expected),
        iso_of(conversation.closed_on),
        turn,
        sender,
        position,
    )


def exchange_of(row: AnyRow) -> Exchange:
    """The exchange of a row."""
    (
        name,
        link,
        role,
        own,
        other,
        origin,
        destination,
        category,
        kind,
        event,
        purpose,
        urgent,
        items,
        agreement,
        opening,
        submitted_at,
        acceptance,
        received_at,
        known_at,
        first_due,
        due_provisional,
        person_index,
        entry,
        paired_at,
        pairing,
        handled_by,
        clerk,
        problem,
        version,
        *conversation,
    ) = row
    return Exchange(
        key=ExchangeKey(link, name, _ROLE[role]),
        own=own,
        other=other,
        origin=origin,
        destination=destination,
        category=_CATEGORY[category],
        kind=_KIND[kind],
        event=_EVENT[event],
        purpose=_PURPOSE[purpose],
        urgent=_URGENT[urgent],
        items=list_of(items, Item),
        agreement=agreement,
        opening=opening,
        submitted_at=from_milliseconds(submitted_at),
        acceptance=_ACCEPTANCE[acceptance],
        received_at=moment_of(received_at),
        known_at=moment_of(known_at),
        first_due=day_of(first_due),
        due_provisional=bool(due_provisional),
        conversation=_conversation_of(conversation),
        person_index=person_index,
        entry=entry,
        paired_at=moment_of(paired_at),
        pairing=_PAIRING[pairing],
        handled_by=handled_by,
        clerk=clerk,
        problem=problem_of(problem),
        version=version,
    )


def _conversation_of(values: list[Any]) -> Conversation | None:
    state, round_, due, challenges, challenge, feedback, result, fed_back_at, reminded_on, *last = values
    lapses_on, expected, closed_on, turn, sender, position = last
    if state is None:
        return None
    return Conversation(
        state=_STATE[state],
        round=round_,
        due=day_of(due),
        challenges=challenges,
        challenge=challenge,
        feedback=feedback,
        result=_RESULT[result],
        fed_back_at=moment_of(fed_back_at),
        reminded_on=day_of(reminded_on),
        lapses_on=day_of(lapses_on),
        expected=day_of(expected),
        closed_on=day_of(closed_on),
        last_turn=Turn(turn, sender, position),
    )


def fact_values(key: ExchangeKey, fact: Fact) -> Values:
    """The row of a fact that holds."""
    return (
        key.exchange,
        key.link,
        key.role.value,
        fact.what.value,
        fact.round,
        to_milliseconds(fact.happened_at),
        to_milliseconds(fact.known_at),
        None,
        fact.message,
        iso_of(fact.due),
        fact.result,
    )


def fact_of(what: str, round_: int, happened_at: int, known_at: int, message: str, due: str, result: str) -> Fact:
    """The fact of a row's columns."""
    return Fact(
        what=_FACT[what],
        round=round_,
        happened_at=from_milliseconds(happened_at),
        known_at=from_milliseconds(known_at),
        message=message,
        due=day_of(due),
        result=_RESULT[result],
    )
