"""The comparison call on the wire: one link's figures at one pair of positions, and the rows where two sides differ.

Nothing here is about a person: ids, stamps, codes and counts of exchanges that both sides hold.
"""

from datetime import date
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from exchange.codes import Event, Kind, Result
from exchange.conversation import State
from exchange.errors import Invalid, NotAuthentic
from exchange.jurisdiction import Category
from exchange.moments import parse_moment
from exchange.people.record import Shape, whole
from exchange.wire import ijson
from exchange.wire.batch import NodeName
from exchange.wire.message import UUID, CountyCode, Digest, WireMoment

FIGURES_TYPE = "mx-figures+jws"
ROWS_TYPE = "mx-figure-rows+jws"
BUCKETS = 256
# What one call may hold, so that no call costs either side more than a moment.
MAX_CELLS = 2000
MAX_HELD = 4000
MAX_ROWS = 500
_LONGEST_PERIOD = 400
_YEARS = range(1972, 9990)

WireDay = Annotated[str, Meta(pattern=whole("[0-9]{4}-[0-9]{2}-[0-9]{2}"))]
ShortDigest = Annotated[str, Meta(pattern=whole(r"[A-Za-z0-9_-]{21}[AQgw]"))]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
BucketNumber = Annotated[int, Meta(ge=0, lt=BUCKETS)]
RulesVersion = Annotated[str, Meta(pattern=whole(r"[a-z0-9][a-z0-9.-]{0,59}"))]


class MalformedComparison(Invalid):
    """A question about figures that is not well formed; `pointer` says where."""

    code = "malformed-comparison"
    zh = "比对请求不符合协议。"
    en = "The question about figures does not fit the protocol."


class FiguresDoNotFit(NotAuthentic):
    """An answer about figures that is malformed, or is not about what was asked."""

    code = "figures-do-not-fit"
    zh = "比对应答与所问不符。"
    en = "The answer about figures is not well formed, or not about what was asked."


class FiguresAsked(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """Whose figures, where on the link and as of when.

    `sent` is the last sequence of the asker's own log whose receipt it holds, `received` the last of the other log that it
    took. Exchanges received from `since` to `as_of` take part, and are judged at 24:00 of `as_of`. `first` and `last` are the
    days of the figures' period, `rules` the asker's rule set.
    """

    link: UUID
    sender: NodeName
    receiver: NodeName
    asked_at: WireMoment
    sent: Count
    received: Count
    since: WireDay
    as_of: WireDay
    first: WireDay
    last: WireDay
    rules: RulesVersion


class BucketLook(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """One bucket that differs, and the digests of all rows that the asker holds in it."""

    bucket: BucketNumber
    held: Annotated[list[ShortDigest], Meta(max_length=MAX_HELD)]


class RowsAsked(FiguresAsked, frozen=True, kw_only=True, omit_defaults=False):
    """The same question at the positions that the first answer named, and the buckets to look into."""

    look: Annotated[list[BucketLook], Meta(min_length=1, max_length=BUCKETS)]


class FigureCounts(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """The counts of one cohort. `apart` were withdrawn in time and are in none of the others."""

    all: Count
    answered: Count
    on_time: Count
    key: Count
    key_answered: Count
    apart: Count


class FigureCell(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """The finest group: the asked county, the asking county, and what kind of matter; by both cohorts of the period."""

    asked: CountyCode
    asking: CountyCode
    kind: Kind
    event: Event | None
    category: Category
    due: FigureCounts
    submitted: FigureCounts


class LogLines(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """One log up to its position: lines sent, and messages accepted among them; the rest was rejected or repeated."""

    lines: Count
    accepted: Count


class StateCounts(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """How many of the compared exchanges stand where."""

    open: Count = 0
    answered: Count = 0
    challenged: Count = 0
    noted: Count = 0
    closed: Count = 0
    lapsed: Count = 0
    withdrawn: Count = 0


class LinkFigures(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """What one side counts on a link. `sent` and `received` are the asker's logs; `cells_left` are those beyond the limit."""

    sent: LogLines
    received: LogLines
    exchanges: Count
    states: StateCounts
    cells: Annotated[list[FigureCell], Meta(max_length=MAX_CELLS)]
    cells_left: Count


class Answered(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """What every answer says first: to which request, by whom, and at which positions, which may lie below those asked for.

    `request` is the digest of the request's bytes, so that an answer proves nothing to another question.
    """

    request: Digest
    link: UUID
    sender: NodeName
    receiver: NodeName
    told_at: WireMoment
    sent: Count
    received: Count
    since: WireDay
    as_of: WireDay
    first: WireDay
    last: WireDay
    rules: RulesVersion


class FiguresTold(Answered, frozen=True, kw_only=True, omit_defaults=False):
    """The figures, and for each bucket the digest of its rows; null where it has none."""

    figures: LinkFigures
    buckets: Annotated[list[ShortDigest | None], Meta(min_length=BUCKETS, max_length=BUCKETS)]


class FigureRound(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """One round: the stamp of the opening or the challenge, its due date, its first answer's stamp and substance."""

    opened_at: WireMoment
    due: WireDay | None
    answered_at: WireMoment | None
    result: Result | None


class FigureRow(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """One exchange as one side counts it. `log` is the digest of its accepted messages, `messages` how many those are."""

    exchange: UUID
    asked: CountyCode
    asking: CountyCode
    origin: CountyCode
    kind: Kind
    event: Event | None
    urgent: bool
    category: Category
    rounds: Annotated[list[FigureRound], Meta(min_length=1, max_length=30)]
    withdrawn_at: WireMoment | None
    confirmed_at: WireMoment | None
    state: State
    messages: Count
    log: ShortDigest


class RowsTold(Answered, frozen=True, kw_only=True, omit_defaults=False):
    """Of the buckets asked for: the rows that are not among those held, and which of those held are not here.

    `left` counts the rows beyond the limit.
    """

    rows: Annotated[list[FigureRow], Meta(max_length=MAX_ROWS)]
    unknown: Annotated[list[ShortDigest], Meta(max_length=MAX_HELD)]
    left: Count


Question = TypeVar("Question", FiguresAsked, RowsAsked)
Answer = TypeVar("Answer", FiguresTold, RowsTold)
_encoder = msgspec.json.Encoder()


def read_question(body: bytes, kind: type[Question]) -> Question:
    """Read a request's body; MalformedComparison if it does not fit, or holds more than one call may."""
    try:
        ijson.loads(body)
        asked = msgspec.json.decode(body, type=kind)
        parse_moment(asked.asked_at)
        check_days(asked)
    except (ijson.NotIJSON, msgspec.ValidationError, ValueError) as exc:
        raise MalformedComparison from exc
    if isinstance(asked, RowsAsked):
        buckets = [look.bucket for look in asked.look]
        if len(set(buckets)) != len(buckets) or sum(len(look.held) for look in asked.look) > MAX_HELD:
            raise MalformedComparison(pointer="/look")
    return asked


def check_days(asked: FiguresAsked) -> None:
    """The days are dates, in order, and no more than a year and some; ValueError otherwise."""
    days = [date.fromisoformat(day) for day in (asked.as_of, asked.first, asked.last, asked.since)]
    if any(day.year not in _YEARS for day in days) or not 0 <= (days[2] - days[1]).days < _LONGEST_PERIOD:
        raise ValueError("the days are not in order, or too far apart")


def read_answer(payload: bytes, kind: type[Answer]) -> Answer:
    """Read a verified answer's payload; FiguresDoNotFit if it does not fit. What it quotes is checked by `check_answer`."""
    try:
        ijson.loads(payload)
        told = msgspec.json.decode(payload, type=kind)
        parse_moment(told.told_at)
        if isinstance(told, RowsTold):
            for row in told.rows:
                _check_row(row)
    except (ijson.NotIJSON, msgspec.ValidationError, ValueError) as exc:
        raise FiguresDoNotFit from exc
    return told


def _check_row(row: FigureRow) -> None:
    for moment in (row.withdrawn_at, row.confirmed_at, *(at for step in row.rounds for at in (step.opened_at, step.answered_at))):
        if moment is not None:
            parse_moment(moment)
    for step in row.rounds:
        if step.due is not None:
            date.fromisoformat(step.due)


def check_answer(asked: FiguresAsked, request: bytes, told: Answered) -> None:
    """The answer is the other side's, to this very request, and claims no position beyond it; FiguresDoNotFit otherwise."""
    ours = (ijson.digest(request), asked.link, asked.receiver, asked.sender, asked.since, asked.as_of, asked.first, asked.last)
    theirs = (told.request, told.link, told.sender, told.receiver, told.since, told.as_of, told.first, told.last)
    if ours != theirs or told.sent > asked.sent or told.received > asked.received:
        raise FiguresDoNotFit
    if isinstance(asked, RowsAsked) and (told.sent, told.received) != (asked.sent, asked.received):
        raise FiguresDoNotFit


def write(value: FiguresAsked | Answered | LinkFigures) -> bytes:
    """The bytes to send, to sign and to keep."""
    return _encoder.encode(value)


def read_figures(text: str) -> LinkFigures:
    """Figures that were kept."""
    return msgspec.json.decode(text, type=LinkFigures)
