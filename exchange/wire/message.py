"""The eight messages of the wire contract: their shapes, and reading one line into its value.

What an agreement or the state of an exchange allows is judged elsewhere; here a line is only well formed or not.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, NamedTuple, TypeAlias

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
from exchange.moments import MOMENT_PATTERN, parse_moment
from exchange.people.record import Person, Record, Shape, whole
from exchange.wire import ijson

MAX_LINE = 64 * 1024
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
UUID = Annotated[str, Meta(pattern=whole(_UUID))]
UUID7 = Annotated[str, Meta(pattern=whole(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"))]
Digest = Annotated[str, Meta(pattern=whole(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"))]
Salt = Annotated[str, Meta(pattern=whole(r"[A-Za-z0-9_-]{21}[AQgw]"))]
WireMoment = Annotated[str, Meta(pattern=whole(MOMENT_PATTERN[1:-1]))]
CountyCode = Annotated[str, Meta(pattern=whole("[0-9]{6}"))]
Note = Annotated[str, Meta(min_length=1, max_length=100)]
Items = Annotated[list[Item], Meta(min_length=1, max_length=13)]
_AT = re.compile(r" - at (?:key in )?`\$(?P<path>[^`]*)`")


class MalformedMessage(Invalid):
    """A field that is unknown, missing or malformed; `pointer` says which."""

    code = "malformed-message"
    zh = "消息字段不符合协议。"
    en = "A field of the message does not fit the protocol."


class Reply(Shape, frozen=True, kw_only=True):
    """The message that this one answers, by id and digest."""

    id: UUID7
    digest: Digest


class Priority(Shape, frozen=True, kw_only=True):
    """How soon; an urgent one says why."""

    level: PriorityLevel
    reason: UrgentReason | None = None


class QueryBody(Shape, frozen=True, kw_only=True):
    """Please verify these items: `record` holds the asker's own values, for the asked side to confirm or correct."""

    person: Person
    items: Items
    reason: QueryReason
    record: Record | None = None
    requested_by_person: bool = False
    application_date: date | None = None
    note: Note | None = None


class NoticeBody(Shape, frozen=True, kw_only=True):
    """This happened to this person; `corrects` names the message that a correction mends."""

    event: Event
    date: date
    person: Person
    record: Record | None = None
    corrects: Reply | None = None
    note: Note | None = None


class FeedbackBody(Shape, frozen=True, kw_only=True):
    """What the asked side found."""

    result: Result
    record: Record | None = None
    moved_to: Annotated[str, Meta(pattern=whole("[0-9]{2}([0-9]{2})?"))] | None = None
    jurisdiction: CountyCode | None = None
    reason: RefusalReason | None = None
    handled_by: Annotated[str, Meta(pattern=whole("[0-9]{9}"))] | None = None
    note: Note | None = None


class InterimBody(Shape, frozen=True, kw_only=True):
    """The answer will be late."""

    reason: InterimReason
    expected: date


class ChallengeBody(Shape, frozen=True, kw_only=True):
    """This feedback is wrong or incomplete."""

    reason: ChallengeReason
    items: Items
    note: Note | None = None


class EmptyBody(Shape, frozen=True, kw_only=True):
    """Confirmations and reminders say all by their kind."""


class WithdrawalBody(Shape, frozen=True, kw_only=True):
    """The asker takes the exchange back."""

    reason: WithdrawalReason


class Envelope(Shape, frozen=True, kw_only=True, rename={"from_": "from"}):
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


class Query(Envelope, frozen=True, kw_only=True, tag_field="kind", tag="query"):
    """Opens an exchange; always wants feedback."""

    body: QueryBody


class Notice(Envelope, frozen=True, kw_only=True, tag_field="kind", tag="notice"):
    """Opens an exchange; wants feedback where the rule set says so."""

    body: NoticeBody


class Feedback(Envelope, frozen=True, kw_only=True, tag_field="kind", tag="feedback"):
    """Answers a query, a notice or a challenge."""

    body: FeedbackBody


class Interim(Envelope, frozen=True, kw_only=True, tag_field="kind", tag="interim"):
    """Announces a late answer; stops no clock."""

    body: InterimBody


class Challenge(Envelope, frozen=True, kw_only=True, tag_field="kind", tag="challenge"):
    """Returns a feedback; opens a round."""

    body: ChallengeBody


class Confirmation(Envelope, frozen=True, kw_only=True, tag_field="kind", tag="confirmation"):
    """Accepts a feedback; closes the exchange."""

    body: EmptyBody


class Reminder(Envelope, frozen=True, kw_only=True, tag_field="kind", tag="reminder"):
    """Asks again; at most one a day."""

    body: EmptyBody


class Withdrawal(Envelope, frozen=True, kw_only=True, tag_field="kind", tag="withdrawal"):
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

_QUOTED = re.compile("['`]")
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)
_encoder = msgspec.json.Encoder()


def pointer_of(error: Exception) -> str:
    """The JSON pointer (RFC 6901) of the field that msgspec names as ``$.body.items[0]``."""
    match = _AT.search(str(error))
    path = match["path"] if match else ""
    return path.replace("[...]", "").replace("[", "/").replace("]", "").replace(".", "/")


def _complaint(error: Exception) -> str:
    """What msgspec complains of, without the words that it quotes from the line: they may be a person's."""
    said = _AT.sub("", str(error))
    return said if said.startswith("Object missing required field") else _QUOTED.split(said)[0].strip()


class _Rule(NamedTuple):
    """A rule between fields of one message: where it is broken, and what to say then."""

    pointer: str
    zh: str
    en: str


_URGENCY = _Rule("/priority/reason", "加急须且仅须注明理由。", "Urgency, and only urgency, has a reason.")
_REPLY = _Rule("/in_reply_to", "开启交换的消息不回复他信，其余消息须回复。", "Openings reply to nothing, all else replies.")
_TWICE = _Rule("/body/items", "协查项目重复。", "An item is asked twice.")
_CLAIM = _Rule("/body/record", "只能附上所核实项目的内容。", "Only the items asked about may be sent along.")
_APPLICATION = _Rule(
    "/body/application_date",
    "生育登记须由本人申请并注明申请日期。",
    "A birth registration needs the person's own application and its date.",
)
_CORRECTS = _Rule(
    "/body/corrects",
    "更正须且仅须指明所更正的消息。",
    "A correction, and nothing else, names the message that it corrects.",
)
_VALUES = _Rule("/body/record", "“更正”须且仅须附更正内容。", "`corrected`, and nothing else, carries values.")
_WHERE = _Rule("/body/moved_to", "“已转往他处”须且仅须注明去向。", "`moved_on`, and nothing else, says where to.")
_WHICH = _Rule(
    "/body/jurisdiction", "“非本辖区”须且仅须注明应办地。", "`wrong_jurisdiction`, and nothing else, names another one."
)
_WHY = _Rule("/body/reason", "“拒绝”须且仅须注明理由。", "`refused`, and nothing else, has a reason.")


def _broken(message: Message) -> Iterator[_Rule]:
    urgent = message.priority.level is PriorityLevel.URGENT
    if urgent != (message.priority.reason is not None):
        yield _URGENCY
    if isinstance(message, Query | Notice) != (message.in_reply_to is None):
        yield _REPLY
    match message:
        case Query(body=body):
            asked = frozenset(body.items)
            if len(asked) != len(body.items):
                yield _TWICE
            if body.record is not None and not body.record.items() <= asked:
                yield _CLAIM
            applied = body.requested_by_person and body.application_date is not None
            if message.purpose is Purpose.BIRTH_REGISTRATION and not applied:
                yield _APPLICATION
        case Notice(body=body):
            if (body.event is Event.CORRECTION) != (body.corrects is not None):
                yield _CORRECTS
        case Feedback(body=body):
            if (body.result is Result.CORRECTED) != (body.record is not None):
                yield _VALUES
            if (body.result is Result.MOVED_ON) != (body.moved_to is not None):
                yield _WHERE
            if (body.result is Result.WRONG_JURISDICTION) != (body.jurisdiction is not None):
                yield _WHICH
            if (body.result is Result.REFUSED) != (body.reason is not None):
                yield _WHY
        case _:
            pass


def _check_fields(message: Message) -> None:
    """Hold the rules between a message's fields; MalformedMessage with the pointer of the first that is broken."""
    for rule in _broken(message):
        raise MalformedMessage(zh=rule.zh, en=rule.en, pointer=rule.pointer)


def read_message(line: bytes) -> Message:
    """Read one line (without its newline); NotIJSON or MalformedMessage, which carry pointers but never content."""
    if len(line) > MAX_LINE:
        raise MalformedMessage(zh="单条消息超过 64 KiB。", en="A message is longer than 64 KiB.")
    try:
        message = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        ijson.loads(line)  # text that is no I-JSON is refused as such, whatever it does to the fields
        complaint = _complaint(exc)
        raise MalformedMessage(
            zh=f"消息字段不符合协议：{complaint}",
            en=f"A field does not fit the protocol: {complaint}",
            pointer=pointer_of(exc),
        ) from None  # the cause may quote the value
    if not _written_like_ours(line, message):
        ijson.loads(line)
    _check_fields(message)
    try:
        parse_moment(message.created_at)
    except ValueError:
        raise MalformedMessage(
            zh="消息生成时间不是有效时刻。", en="`created_at` is no moment that there is.", pointer="/created_at"
        ) from None
    return message


def _written_like_ours(line: bytes, message: Message) -> bool:
    """Whether the line is, byte for byte, what `write_message` makes of its message.

    Then it is I-JSON without a second look, which takes as long as all else: every name stands once, and no character is
    escaped but control characters, of which U+0000 alone is refused.
    """
    return _encoder.encode(message) == line and rb"\u0000" not in line


def write_message(message: Message) -> bytes:
    """The line that crosses the wire, without its newline."""
    return _encoder.encode(message)


class _Expecting(msgspec.Struct, frozen=True):
    expected: date | None = None


class _InterimLine(msgspec.Struct, frozen=True):
    body: _Expecting = _Expecting()


_interim = msgspec.json.Decoder(_InterimLine)


def expected_date(line: bytes) -> date | None:
    """The date that an interim answer's line names, which was read before."""
    return _interim.decode(line).body.expected


def kind_of(message: Message) -> Kind:
    """The kind of a message value."""
    return KIND_OF[type(message)]


def note_of(message: Message) -> str | None:
    """The note (附言) of a message, if it has one."""
    return getattr(message.body, "note", None)


def without_note(line: bytes) -> bytes:
    """The line of a message, its note left out: for reading, no longer what its digest was made of."""
    message = read_message(line)
    body = message.body
    if isinstance(body, QueryBody | NoticeBody | FeedbackBody | ChallengeBody):
        message = msgspec.structs.replace(message, body=msgspec.structs.replace(body, note=None))
    return write_message(message)
