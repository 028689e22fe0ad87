"""The messages of the logs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, func, literal, literal_column, select, tuple_

from adapters.database.tables import MessageRow
from adapters.database.values import (
    day_of,
    iso_of,
    json_of_problem,
    moment_of,
    number_of,
    problem_of,
    words,
    words_or_none,
)
from adapters.database.work import STREAMED, AnyRow, Asked, Values, Work, table_of
from exchange.codes import Kind, Result
from exchange.exchanges import Direction, LoggedMessage, NoteKept
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.wire.batch import Outcome

_MESSAGES = table_of(MessageRow)
_ALL = select(_MESSAGES)
_DIRECTION = words(Direction)
_KIND = words(Kind)
_OUTCOME = words_or_none(Outcome)
_RESULT = words_or_none(Result)
_NOTE = words_or_none(NoteKept)
# Written into the statement, so that both databases see that the index of queued messages serves it.
_REJECTED = literal(Outcome.REJECTED.value, literal_execute=True)
_OUT: ColumnElement[str] = literal_column(f"'{Direction.OUT.value}'")
_HELD = _ALL.where(_MESSAGES.c.link == bindparam("link"))
_ONE_WAY = _HELD.where(_MESSAGES.c.direction == bindparam("direction"))
_known = Asked(lambda work: _ONE_WAY.where(work.among(_MESSAGES.c.id, bindparam("ids"))))
_waiting = Asked(
    # UUIDv7: the order of the ids is the order in which they were written.
    lambda _: (
        _HELD.where(_MESSAGES.c.direction == _OUT, _MESSAGES.c.sequence.is_(None))
        .order_by(_MESSAGES.c.id)
        .limit(bindparam("most"))
    )
)
_of_batch = Asked(lambda _: _ONE_WAY.where(_MESSAGES.c.sequence == bindparam("sequence")).order_by(_MESSAGES.c.position))


class SqlMessages:
    """`exchange.ledger.Messages` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def known(self, link: int, direction: Direction, ids: Iterable[str]) -> Mapping[str, LoggedMessage]:
        wanted = list(ids)
        if not wanted:
            return {}
        rows = self._work.ask(_known, link=link, direction=direction.value, ids=self._work.listed(wanted))
        return {message.id: message for message in self._messages(rows)}

    def add(self, messages: Sequence[LoggedMessage]) -> None:
        self._work.insert(MessageRow, [_values(message) for message in messages])

    def queued(self, link: int, limit: int) -> list[LoggedMessage]:
        return self._messages(self._work.ask(_waiting, link=link, most=limit))

    def queue_lengths(self) -> Mapping[int, int]:
        messages = _MESSAGES.c
        waiting = (
            select(messages.link, func.count().label("waiting"))
            .where(messages.direction == _OUT, messages.sequence.is_(None))
            .group_by(messages.link)
        )
        return {row.link: row.waiting for row in self._work.rows(waiting)}

    def drop(self, messages: Sequence[LoggedMessage]) -> None:
        held = _MESSAGES.c
        for link in {message.link for message in messages}:
            names = [message.id for message in messages if message.link == link]
            queued = (held.link == link, held.direction == _OUT, held.sequence.is_(None), self._work.one_of(held.id, names))
            self._work.delete(MessageRow, *queued)

    def in_batch(self, link: int, direction: Direction, sequence: int) -> list[LoggedMessage]:
        rows = self._work.ask(_of_batch, link=link, direction=direction.value, sequence=sequence)
        return self._messages(rows)

    def save(self, messages: Sequence[LoggedMessage]) -> None:
        self._work.update(MessageRow, [_values(message) for message in messages])

    def shorten(self, messages: Sequence[LoggedMessage]) -> None:
        self._work.update(MessageRow, [_values(message) for message in messages], afresh=True)

    def of_exchanges(self, link: int, exchanges: Iterable[str]) -> Mapping[str, list[LoggedMessage]]:
        wanted = list(exchanges)
        if not wanted:
            return {}
        messages = _MESSAGES.c
        within = _ALL.where(messages.link == link, self._work.one_of(messages.exchange, wanted))
        found: defaultdict[str, list[LoggedMessage]] = defaultdict(list)
        for message in self._messages(self._work.rows(within.order_by(messages.id, messages.direction))):
            found[message.exchange].append(message)
        return dict(found)

    def erase(self, link: int, exchanges: Iterable[str]) -> None:
        messages = _MESSAGES.c
        judged = (
            messages.link == link,
            self._work.one_of(messages.exchange, exchanges),
            # One under way must still be sent as it was signed.
            messages.outcome.is_not(None),
            messages.line.is_not(None),
        )
        self._work.erase(MessageRow, *judged, note=None)

    def kept(self) -> Iterator[LoggedMessage]:
        held = _MESSAGES.c
        place = (held.link, held.direction, held.id)
        lines = _ALL.where(held.line.is_not(None)).order_by(*place).limit(STREAMED)
        rows = self._work.rows(lines)
        while rows:
            yield from self._messages(rows)
            last = rows[-1]
            rows = self._work.rows(lines.where(tuple_(*place) > tuple_(last.link, last.direction, last.id)))

    def to_retry(self, before: datetime, limit: int) -> list[LoggedMessage]:
        messages = _MESSAGES.c
        freed = _ALL.where(
            messages.direction == _OUT,
            messages.outcome == _REJECTED,
            messages.known_at < to_milliseconds(before),
            messages.problem.like('%"retry":"later"%'),
            # What was erased since, be it the note alone, is no longer what may be judged anew.
            messages.line.is_not(None),
            func.coalesce(messages.note, "") != NoteKept.ERASED.value,
        )
        return self._messages(self._work.rows(freed.order_by(messages.id).limit(limit)))

    def _messages(self, rows: Iterable[AnyRow]) -> list[LoggedMessage]:
        return [message_of(row) for row in self._work.opened(MessageRow, rows)]


def _values(message: LoggedMessage) -> Values:
    return (
        message.link,
        message.direction.value,
        message.id,
        message.exchange,
        message.kind.value,
        message.digest,
        message.line,
        message.in_reply_to,
        to_milliseconds(message.created_at),
        message.sequence,
        message.position,
        message.turn,
        number_of(message.sent_at),
        number_of(message.received_at),
        number_of(message.known_at),
        message.outcome,
        iso_of(message.due),
        message.result,
        json_of_problem(message.problem),
        message.note,
    )


def message_of(row: AnyRow) -> LoggedMessage:
    """The message of a row, its columns in order."""
    (
        link,
        direction,
        id_,
        exchange,
        kind,
        digest,
        line,
        in_reply_to,
        created_at,
        sequence,
        position,
        turn,
        sent_at,
        received_at,
        known_at,
        outcome,
        due,
        result,
        problem,
        note,
    ) = row
    return LoggedMessage(
        link=link,
        direction=_DIRECTION[direction],
        id=id_,
        exchange=exchange,
        kind=_KIND[kind],
        digest=digest,
        line=line,
        in_reply_to=in_reply_to,
        created_at=from_milliseconds(created_at),
        sequence=sequence,
        position=position,
        turn=turn,
        sent_at=moment_of(sent_at),
        received_at=moment_of(received_at),
        known_at=moment_of(known_at),
        outcome=_OUTCOME[outcome],
        due=day_of(due),
        result=_RESULT[result],
        problem=problem_of(problem),
        note=_NOTE[note],
    )
