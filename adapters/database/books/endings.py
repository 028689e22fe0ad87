"""Exchanges that are over, and what is still held of them."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select

from adapters.database.tables import ExchangeRow, MessageRow
from adapters.database.work import Work, table_of
from exchange.codes import Purpose, Role
from exchange.conversation import State
from exchange.exchanges import GIVEN_UP, NOTICE_STANDS, TOLD_APART, Acceptance, ExchangeKey, NoteKept
from exchange.ledger import Held
from exchange.moments import day_start, to_milliseconds

_EXCHANGES = table_of(ExchangeRow)
_MESSAGES = table_of(MessageRow)
# Written into the statement, so that both databases see that the index of notes serves it.
_NOTED = literal(NoteKept.HELD.value, literal_execute=True)
# The same for the index of exchanges by which a person can be found.
_NOBODY = literal("", literal_execute=True)


def over_on(work: Work, held: Any) -> ColumnElement[str]:
    """`Exchange.over_on` of a row of exchanges."""
    received = func.coalesce(held.received_at, held.known_at, held.submitted_at)
    stands = NOTICE_STANDS // timedelta(milliseconds=1)
    return case(
        (held.acceptance == Acceptance.REJECTED.value, work.civil_date(received)),
        (held.state.in_([State.CLOSED.value, State.WITHDRAWN.value]), held.closed_on),
        (held.state.in_([State.ANSWERED.value, State.LAPSED.value]), held.lapses_on),
        (held.state == State.NOTED.value, work.civil_date(received + stands)),
        else_=work.days_after(func.coalesce(held.due, work.civil_date(held.submitted_at)), GIVEN_UP.days),
    )


def shown_as(work: Work, purpose: str, today: date | None) -> ColumnElement[bool]:
    """Whether a row of exchanges is shown with this purpose on a day (`Exchange.purpose_on`); as it was opened without one."""
    held = _EXCHANGES.c
    said, birth = held.purpose == str(purpose), held.purpose == Purpose.BIRTH_REGISTRATION.value
    if today is None:
        return said
    coarse = and_(birth, func.coalesce(over_on(work, held) <= (today - TOLD_APART).isoformat(), False))
    return or_(said, coarse) if purpose == Purpose.PUBLIC_SERVICE else and_(said, ~coarse)


def exchanges_over(work: Work, before: date, held: Held, limit: int) -> list[ExchangeKey]:
    """`Exchanges.over`: the oldest first, so that none is passed over however often it is called."""
    if held is Held.INDEXES:
        return _indexes_over(work, before, limit)
    messages, exchanges, side = _MESSAGES.c, _EXCHANGES.c, _EXCHANGES.alias().c
    its = and_(exchanges.exchange == messages.exchange, exchanges.link == messages.link)
    ended = func.coalesce(over_on(work, side) < before.isoformat(), False)
    goes_on = exists().where(side.exchange == messages.exchange, side.link == messages.link, ~ended)
    found = (
        select(exchanges.link, exchanges.exchange, exchanges.role)
        .join_from(_MESSAGES, _EXCHANGES, its)
        .where(messages.line.is_not(None), *_holding(held, before), ~goes_on)
        .order_by(messages.created_at)
        .limit(limit)
    )
    return sorted({ExchangeKey(link, exchange, Role(role)) for link, exchange, role in work.rows(found)})


def _indexes_over(work: Work, before: date, limit: int) -> list[ExchangeKey]:
    exchanges, side, messages = _EXCHANGES.c, _EXCHANGES.alias().c, _MESSAGES.c
    start = to_milliseconds(day_start(before))
    ended, other_ended = (func.coalesce(over_on(work, each) < before.isoformat(), False) for each in (exchanges, side))
    goes_on = exists().where(side.exchange == exchanges.exchange, side.link == exchanges.link, ~other_ended)
    bodies = exists().where(messages.exchange == exchanges.exchange, messages.link == exchanges.link, messages.line.is_not(None))
    found = (
        select(exchanges.link, exchanges.exchange, exchanges.role)
        .where(exchanges.person_index != _NOBODY, exchanges.submitted_at < start, ended, ~bodies, ~goes_on)
        .order_by(exchanges.submitted_at)
        .limit(limit)
    )
    return sorted({ExchangeKey(link, exchange, Role(role)) for link, exchange, role in work.rows(found)})


def _holding(held: Held, before: date) -> list[ColumnElement[bool]]:
    messages, start = _MESSAGES.c, to_milliseconds(day_start(before))
    match held:
        case Held.NOTES:
            return [messages.note == _NOTED, messages.outcome.is_not(None)]
        case Held.UNJUDGED:
            return [messages.outcome.is_(None), messages.created_at < start]
        case Held.BODIES:
            later = _MESSAGES.alias().c
            same = (later.exchange == messages.exchange, later.link == messages.link)
            since = exists().where(*same, later.line.is_not(None), later.created_at >= start)
            return [messages.outcome.is_not(None), messages.created_at < start, ~since]
        case Held.INDEXES:
            raise ValueError("an index is held by its exchange, not by a message")
