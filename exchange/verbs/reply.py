"""Say something about an exchange that exists: feedback, interim, challenge, confirmation, reminder, withdrawal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

import msgspec

from exchange.admission import Desk, UnknownExchange, WrongReply
from exchange.codes import Kind, PriorityLevel
from exchange.conversation import SENDER, NotInThisState
from exchange.errors import Conflict, Invalid, VersionDiffers
from exchange.exchanges import Direction, Exchange, ExchangeKey, LoggedMessage, NoteKept
from exchange.ids import new_id, new_salt
from exchange.ledger import Ledger
from exchange.moments import civil_day, format_moment, parse_moment
from exchange.node import Node
from exchange.verbs.persons.withhold import check_answers
from exchange.wire import ijson
from exchange.wire.batch import Outcome
from exchange.wire.message import (
    Challenge,
    ChallengeBody,
    Confirmation,
    EmptyBody,
    Feedback,
    FeedbackBody,
    Interim,
    InterimBody,
    Message,
    Priority,
    Reminder,
    Reply,
    Withdrawal,
    WithdrawalBody,
    kind_of,
    read_message,
    write_message,
)

NOTHING = EmptyBody()
Body: TypeAlias = FeedbackBody | InterimBody | ChallengeBody | EmptyBody | WithdrawalBody
_TYPES: dict[Kind, Callable[..., Message]] = {
    Kind.FEEDBACK: Feedback,
    Kind.INTERIM: Interim,
    Kind.CHALLENGE: Challenge,
    Kind.CONFIRMATION: Confirmation,
    Kind.REMINDER: Reminder,
    Kind.WITHDRAWAL: Withdrawal,
}


class NotYourRole(Conflict):
    """Only the asker challenges, confirms, reminds and withdraws; only the asked side feeds back."""

    code = "not-your-role"
    zh = "该操作只能由另一方进行。"
    en = "Only the other side of the exchange can do that."


# An answer is either accepted or returned, and neither once the question is taken back; that is never held up.
_EXCLUDED = {
    Kind.CHALLENGE: (Kind.CONFIRMATION, Kind.WITHDRAWAL),
    Kind.CONFIRMATION: (Kind.CHALLENGE, Kind.WITHDRAWAL),
}


class UnderWay(Conflict):
    """The same was said already, or what excludes it, and waits for its receipt."""

    code = "under-way"
    zh = "同类或与之相反的消息已在发送中，请等待回执。"
    en = "The same was said already, or what excludes it, and waits for its receipt."


class ExpectedPast(Invalid):
    """An interim answer names a day that is over: the answer would have to be there already."""

    code = "expected-past"
    zh = "预计日期已过；暂复须写明今天或以后的日期。"
    en = "The expected date is past: name today or a later day."


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is to be said: the kind and its body; `seen` is the version of the exchange after which it is said, if that counts."""

    kind: Kind
    body: Body = NOTHING
    seen: int | None = None


def reply(ledger: Ledger, node: Node, exchange: Exchange, said: Said, now: datetime) -> LoggedMessage:
    """Queue the message; a Refused leaf if the state, the agreement or the other side's rules do not allow it.

    EntryProtected for an answer that tells what a protected entry holds.
    """
    return reply_all(ledger, node, [(exchange, said)], now)[0]


def reply_all(ledger: Ledger, node: Node, replies: Sequence[tuple[Exchange, Said]], now: datetime) -> list[LoggedMessage]:
    """Queue many; all or, at the first refusal, none.

    What was read before the link was locked may have changed: the exchanges are read again.
    """
    partners = {link.id: link.partner for link in ledger.links.all()}
    desks: dict[int, Desk] = {}
    logs: dict[str, list[LoggedMessage]] = {}
    current: dict[ExchangeKey, Exchange] = {}
    for link in {exchange.key.link for exchange, _ in replies}:
        partner = partners[link]
        # Two clerks at once would each see the other's word not yet said.
        ledger.links.of(partner, lock=True)
        agreements = tuple(ledger.agreements.all(partner))
        desks[link] = Desk(node=node, partner=partner, theirs=frozenset(), agreements=agreements, now=now)
        named = [exchange.key for exchange, _ in replies if exchange.key.link == link]
        logs.update(ledger.messages.of_exchanges(link, {key.exchange for key in named}))
        for role in {key.role for key in named}:
            held = ledger.exchanges.load(link, role, {key.exchange for key in named if key.role is role})
            current.update({exchange.key: exchange for exchange in held.values()})
    answers = ((current[exchange.key], said.body) for exchange, said in replies if isinstance(said.body, FeedbackBody))
    check_answers(ledger, node, answers)
    queued = [
        _queue(desks[exchange.key.link], current[exchange.key], said, logs.get(exchange.key.exchange, []), now)
        for exchange, said in replies
    ]
    ledger.messages.add(queued)
    return queued


def _queue(desk: Desk, exchange: Exchange, said: Said, log: Sequence[LoggedMessage], now: datetime) -> LoggedMessage:
    if SENDER[said.kind] is not exchange.key.role:
        raise NotYourRole
    if said.seen not in (None, exchange.version):
        raise VersionDiffers
    excluded = {said.kind, *_EXCLUDED.get(said.kind, ())}
    if any(message.kind in excluded and _waits(message) for message in log):
        raise UnderWay
    if said.kind is Kind.WITHDRAWAL and any(message.kind is Kind.WITHDRAWAL and _taken(message) for message in log):
        raise NotInThisState  # a second withdrawal changes nothing, though one that crosses is taken
    # Only where it is said: a batch may come later than the day that was meant.
    if isinstance(said.body, InterimBody) and said.body.expected < civil_day(now):
        raise ExpectedPast(pointer="/expected")
    said = _by_township(exchange, said)
    replied = _replied(exchange, said.kind, log)
    message = _message(exchange, said, replied, now)
    line = write_message(message)
    read_message(line)  # what is queued is what any receiver can read
    desk.reply(message, exchange, replied, at=now, sending=True)
    return LoggedMessage(
        link=exchange.key.link,
        direction=Direction.OUT,
        id=message.id,
        exchange=message.exchange,
        kind=kind_of(message),
        digest=ijson.digest(line),
        line=line,
        in_reply_to=replied.id,
        created_at=parse_moment(message.created_at),
        result=said.body.result if isinstance(said.body, FeedbackBody) else None,
        note=NoteKept.of(message),
    )


def _by_township(exchange: Exchange, said: Said) -> Said:
    """A feedback tells which township handled the exchange: the one that has it, unless another is named."""
    body = said.body
    if not isinstance(body, FeedbackBody) or body.handled_by is not None or exchange.handled_by is None:
        return said
    return replace(said, body=msgspec.structs.replace(body, handled_by=exchange.handled_by))


def _waits(message: LoggedMessage) -> bool:
    return message.direction is Direction.OUT and message.outcome is None


def _taken(message: LoggedMessage) -> bool:
    return message.outcome is Outcome.ACCEPTED


def _replied(exchange: Exchange, kind: Kind, log: Sequence[LoggedMessage]) -> LoggedMessage:
    """The message that a reply of this kind answers: the latest one that wants it."""
    conversation = exchange.conversation
    if conversation is None:
        raise UnknownExchange
    wanted: str | None
    match kind:
        case Kind.FEEDBACK | Kind.INTERIM | Kind.REMINDER:
            wanted = conversation.challenge or exchange.opening
        case Kind.CHALLENGE | Kind.CONFIRMATION:
            wanted = conversation.feedback
        case _:
            wanted = exchange.opening
    # A local link's log holds both sides' copies of each message: any of them names the same id and digest.
    for message in log:
        if message.id == wanted and _taken(message):
            return message
    raise WrongReply


def _message(exchange: Exchange, said: Said, replied: LoggedMessage, now: datetime) -> Message:
    urgent = PriorityLevel.NORMAL if exchange.urgent is None else PriorityLevel.URGENT
    build = _TYPES[said.kind]
    return build(
        id=new_id(now),
        salt=new_salt(),
        exchange=exchange.key.exchange,
        in_reply_to=Reply(id=replied.id, digest=replied.digest),
        from_=exchange.own,
        to=exchange.other,
        origin=exchange.origin,
        destination=exchange.destination,
        created_at=format_moment(now),
        purpose=exchange.purpose,
        priority=Priority(level=urgent, reason=exchange.urgent),
        body=said.body,
    )
