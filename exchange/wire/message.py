"""The eight messages of the wire contract: their shapes, and reading one line into its value.

What an agreement or the state of an exchange allows is judged elsewhere; here a line is only well formed or not.
"""

import re
from datetime import date
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from exchange.codes import (
    ChallengeReason,
    Event,
    InterimReason,
    Item,
    Kind,
    PriorityLevel,
    Purpose,
    QueryReason,
    RefusalReason,
    Result,
    UrgentReason,
    WithdrawalReason,
)
from exchange.errors import Invalid
from exchange.moments import MOMENT_PATTERN
from exchange.people.record import Person, Record, Shape
from exchange.wire import ijson

MAX_LINE = 64 * 1024
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
UUID = Annotated[str, Meta(pattern=f"^{_UUID}$")]
UUID7 = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
Digest = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$")]
Salt = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{21}[AQgw]$")]
WireMoment = Annotated[str, Meta(pattern=MOMENT_PATTERN)]
CountyCode = Annotated[str, Meta(pattern=r"^\d{6}$")]
Note = Annotated[str, Meta(min_length=1, max_length=100)]
Items = Annotated[list[Item], Meta(min_length=1, max_length=13)]
_AT = re.compile(r" - at (?:key in )?`\$(?P<path>[^`]*)`")


class MalformedMessage(Invalid):
    """A field that is unknown, missing or malformed; `pointer` says which."""

    code = "malformed-message"
    zh = "消息字段不符合协议。"
    en = "A field of the message does not fit the protocol."


class Reply(Shape):
    """The message that this one answers, by id and digest."""

    id: UUID7
    digest: Digest


class Priority(Shape):
    """How soon; an urgent one says why."""

    level: PriorityLevel
    reason: UrgentReason | None = None


class QueryBody(Shape):
    """Please verify these items: `record` holds the asker's own values, for the asked side to confirm or correct."""

    person: Person
    items: Items
    reason: QueryReason
    record: Record | None = None
    requested_by_person: bool = False
    application_date: date | None = None
    note: Note | None = None


class NoticeBody(Shape):
    """This happened to this person; `corrects` names the message that a correction mends."""

    event: Event
    date: date
    person: Person
    record: Record | None = None
    corrects: Reply | None = None
    note: Note | None = None


class FeedbackBody(Shape):
    """What the asked side found."""

    result: Result
    record: Record | None = None
    moved_to: Annotated[str, Meta(pattern=r"^\d{2}(\d{2})?$")] | None = None
    jurisdiction: CountyCode | None = None
    reason: RefusalReason | None = None
    handled_by: Annotated[str, Meta(pattern=r"^\d{9}$")] | None = None
    note: Note | None = None


class InterimBody(Shape):
    """The answer will be late."""

    reason: InterimReason
    expected: date


class ChallengeBody(Shape):
    """This feedback is wrong or incomplete."""

    reason: ChallengeReason
    items: Items
    note: Note | None = None


class EmptyBody(Shape):
    """Confirmations and reminders say all by their kind."""


class WithdrawalBody(Shape):
    """The asker takes the exchange back."""

    reason: WithdrawalReason


class Envelope(Shape, rename={"from_": "from"}):
    """What every message carries."""

    id: UUID7
    salt: Salt
    exchange: UUID
    in_reply_to: Reply | None
    from_: CountyCode
    to: CountyCode
    origin: CountyCode
    destination: CountyCode
    created_at: WireMoment
    purpose: Purpose
    priority: Priority


class Query(Envelope, tag_field="kind", tag="query"):
    """Opens an exchange; always wants feedback."""

    body: QueryBody


class Notice(Envelope, tag_field="kind", tag="notice"):
    """Opens an exchange; wants feedback where the rule set says so."""

    body: NoticeBody


class Feedback(Envelope, tag_field="kind", tag="feedback"):
    """Answers a query, a notice or a challenge."""

    body: FeedbackBody


class Interim(Envelope, tag_field="kind", tag="interim"):
    """Announces a late answer; stops no clock."""

    body: InterimBody


class Challenge(Envelope, tag_field="kind", tag="challenge"):
    """Returns a feedback; opens a round."""

    body: ChallengeBody


class Confirmation(Envelope, tag_field="kind", tag="confirmation"):
    """Accepts a feedback; closes the exchange."""

    body: EmptyBody


class Reminder(Envelope, tag_field="kind", tag="reminder"):
    """Asks again; at most one a day."""

    body: EmptyBody


class Withdrawal(Envelope, tag_field="kind", tag="withdrawal"):
    """Takes the exchange back."""

    body: WithdrawalBody


Opening: TypeAlias = Query | Notice
Message: TypeAlias = Query | Notice | Feedback | Interim | Challenge | Confirmation | Reminder | Withdrawal
KIND_OF: dict[type[Envelope], Kind] = {
    Query: Kind.QUERY,
    Notice: Kind.NOTICE,
    Feedback: Kind.FEEDBACK,
    Interim: Kind.INTERIM,
    Challenge: Kind.CHALLENGE,
    Confirmation: Kind.CONFIRMATION,
    Reminder: Kind.REMINDER,
    Withdrawal: Kind.WITHDRAWAL,
}
REPLIES_TO: dict[Kind, frozenset[Kind]] = {
    Kind.QUERY: frozenset(),
    Kind.NOTICE: frozenset(),
    Kind.FEEDBACK: frozenset({Kind.QUERY, Kind.NOTICE, Kind.CHALLENGE}),
    Kind.INTERIM: frozenset({Kind.QUERY, Kind.NOTICE, Kind.CHALLENGE}),
    Kind.CHALLENGE: frozenset({Kind.FEEDBACK}),
    Kind.CONFIRMATION: frozenset({Kind.FEEDBACK}),
    Kind.REMINDER: frozenset({Kind.QUERY, Kind.NOTICE, Kind.CHALLENGE}),
    Kind.WITHDRAWAL: frozenset({Kind.QUERY, Kind.NOTICE}),
}

_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)
_encoder = msgspec.json.Encoder()


def _pointer(error: msgspec.ValidationError) -> str:
    """The JSON pointer (RFC 6901) of the field that msgspec names as ``$.body.items[0]``."""
    match = _AT.search(str(error))
    path = match["path"] if match else ""
    return path.replace("[...]", "").replace("[", "/").replace("]", "").replace(".", "/")


def _complaint(error: msgspec.ValidationError) -> str:
    return _AT.sub("", str(error))


def _inner_rules(message: Message) -> None:
    """Rules between fields of one message; MalformedMessage with the pointer of the field that breaks one."""

    def require(holds: bool, pointer: str, zh: str, en: str) -> None:
        if not holds:
            raise MalformedMessage(zh=zh, en=en, pointer=pointer)

    urgent = message.priority.level is PriorityLevel.URGENT
    require(
        urgent == (message.priority.reason is not None), "/priority/reason", "加急须且仅须注明理由。", "Urgency, and only urgency, has a reason."
    )
    opens = isinstance(message, Query | Notice)
    require(opens == (message.in_reply_to is None), "/in_reply_to", "该类消息的回复对象有误。", "This kind of message replies to another, or opens.")
    match message:
        case Query(body=body):
            asked = frozenset(body.items)
            claimed = body.record.items() if body.record is not None else frozenset()
            require(claimed <= asked, "/body/record", "只能附上所核实项目的内容。", "Only the items asked about may be sent along.")
            require(len(asked) == len(body.items), "/body/items", "协查项目重复。", "An item is asked twice.")
            if message.purpose is Purpose.BIRTH_REGISTRATION:
                applied = body.requested_by_person and body.application_date is not None
                require(
                    applied,
                    "/body/application_date",
                    "生育登记须由本人申请并注明申请日期。",
                    "A birth registration needs the person's own application and its date.",
                )
        case Notice(body=body):
            correction = body.event is Event.CORRECTION
            require(correction == (body.corrects is not None), "/body/corrects", "更正须且仅须指明所更正的消息。", "A correction, and only it, names what it corrects.")
        case Feedback(body=body):
            result = body.result
            require(
                (body.record is None) or result is Result.CORRECTED, "/body/record", "仅“更正”可附内容。", "Only a correction carries values."
            )
            require((result is Result.CORRECTED) <= (body.record is not None), "/body/record", "“更正”须附更正内容。", "A correction carries the corrected values.")
            require((body.moved_to is not None) == (result is Result.MOVED_ON), "/body/moved_to", "仅“已转往他处”须注明去向。", "Moved on, and only it, says where to.")
            require(
                (body.jurisdiction is not None) <= (result is Result.WRONG_JURISDICTION),
                "/body/jurisdiction",
                "仅“非本辖区”可注明应办地。",
                "Only wrong jurisdiction names another one.",
            )
            require((body.reason is not None) == (result is Result.REFUSED), "/body/reason", "仅“拒绝”须注明理由。", "A refusal, and only it, has a reason.")
        case _:
            pass


def read_message(line: bytes) -> Message:
    """Read one line (without its newline); NotIJSON or MalformedMessage, which carry pointers but never content."""
    if len(line) > MAX_LINE:
        raise MalformedMessage(zh="单条消息超过 64 KiB。", en="A message is longer than 64 KiB.")
    ijson.loads(line)
    try:
        message = _decoder.decode(line)
    except msgspec.ValidationError as exc:
        complaint = _complaint(exc)
        raise MalformedMessage(
            zh=f"消息字段不符合协议：{complaint}", en=f"A field does not fit the protocol: {complaint}", pointer=_pointer(exc)
        ) from None  # the cause may quote the value
    _inner_rules(message)
    return message


def write_message(message: Message) -> bytes:
    """The line that crosses the wire, without its newline."""
    return _encoder.encode(message)


def kind_of(message: Message) -> Kind:
    """The kind of a message value."""
    return KIND_OF[type(message)]


def sketch(message: Message) -> dict[str, Any]:
    """What may be logged of a message: no person, no record."""
    return {"id": message.id, "kind": kind_of(message).value, "exchange": message.exchange}


