"""The exchanges and the facts that the rates count."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, literal, literal_column, or_, select, tuple_

from adapters.database.books.counting.standings import unsettle, unsettle_changed, unsettle_of
from adapters.database.books.counting.verdicts import queue_values
from adapters.database.books.endings import exchanges_over, shown_as
from adapters.database.books.exchange_rows import exchange_of, exchange_values, fact_of, fact_values
from adapters.database.books.work.assignments import SqlAssignments
from adapters.database.shapes import beside
from adapters.database.tables import ExchangeRow, FactRow, MessageRow, UncountedRow
from adapters.database.values import moment_of, words
from adapters.database.work import Asked, Work, table_of
from exchange.codes import Role
from exchange.conversation import Fact, FactKind, State
from exchange.counting.history import History, KeptFact
from exchange.counting.version import step_day
from exchange.cursors import read_exchange_cursor
from exchange.exchanges import Acceptance, Exchange, ExchangeKey
from exchange.ledger import CountedExchange, ExchangeFilter, Held, Page
from exchange.moments import to_milliseconds

_EXCHANGES = table_of(ExchangeRow)
_FACTS = table_of(FactRow)
_MESSAGES = table_of(MessageRow)
_ALL = select(_EXCHANGES)
_FACT = (
    _FACTS.c.what,
    _FACTS.c.round,
    _FACTS.c.happened_at,
    _FACTS.c.known_at,
    _FACTS.c.message,
    _FACTS.c.due,
    _FACTS.c.result,
)
_IN_ORDER = (_FACTS.c.round, _FACTS.c.happened_at, _FACTS.c.id)
# Written into the statements, so that both databases see that a partial index serves them.
_WITHDRAWN = literal(FactKind.WITHDRAWN.value, literal_execute=True)
_ANSWERED = literal(State.ANSWERED.value, literal_execute=True)
_AWAITING = [literal(state.value, literal_execute=True) for state in (State.OPEN, State.CHALLENGED)]
_ASKED: ColumnElement[str] = literal_column(
    f"'{Role.ASKED.value}'"
)  # an `Asked` statement cannot take what is filled in when it is run
_OF_ITS_EXCHANGE = and_(
    _FACTS.c.exchange == _EXCHANGES.c.exchange,
    _FACTS.c.link == _EXCHANGES.c.link,
    _FACTS.c.role == _EXCHANGES.c.role,
)
_known = Asked(
    lambda work: _ALL.where(
        _EXCHANGES.c.link == bindparam("link"),
        _EXCHANGES.c.role == bindparam("role"),
        work.among(_EXCHANGES.c.exchange, bindparam("names")),
    )
)
_unpaired = Asked(
    lambda work: _ALL.where(
        work.among(_EXCHANGES.c.person_index, bindparam("indexes")),
        work.among(_EXCHANGES.c.own, bindparam("own")),
        _EXCHANGES.c.entry.is_(None),
        _EXCHANGES.c.role == _ASKED,
        _EXCHANGES.c.pairing.is_(None),
        _EXCHANGES.c.state != State.WITHDRAWN.value,
    ).order_by(_EXCHANGES.c.exchange, _EXCHANGES.c.link)
)

_named = Asked(lambda work: _ALL.where(work.among(_EXCHANGES.c.exchange, bindparam("names"))))
_of_entries = Asked(
    lambda work: _ALL.where(work.among(_EXCHANGES.c.entry, bindparam("entries"))).order_by(
        _EXCHANGES.c.exchange, _EXCHANGES.c.link, _EXCHANGES.c.role
    )
)
_kept = Asked(
    lambda work: (
        select(_FACTS.c.link, _FACTS.c.exchange, _FACTS.c.role, _FACTS.c.voided_at, *_FACT)
        .where(work.among(_FACTS.c.exchange, bindparam("names")))
        .order_by(_FACTS.c.exchange, *_IN_ORDER)
    )
)
ROLES = words(Role)
_AT_ONCE = 2000


class SqlExchanges:
    """`exchange.ledger.Exchanges` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def load(self, link: int, role: Role, exchanges: Iterable[str]) -> Mapping[str, Exchange]:
        wanted = list(exchanges)
        if not wanted:
            return {}
        rows = self._work.ask(_known, link=link, role=role.value, names=self._work.listed(wanted))
        return {exchange.key.exchange: exchange for exchange in map(exchange_of, rows)}

    def named(self, exchange: str) -> list[Exchange]:
        held = _EXCHANGES.c
        rows = self._work.rows(_ALL.where(held.exchange == exchange).order_by(held.link, held.role))
        return [exchange_of(row) for row in rows]

    def of_entries(self, entries: Iterable[str]) -> Mapping[str, list[Exchange]]:
        wanted, found = list(entries), defaultdict[str, list[Exchange]](list)
        rows = self._work.ask(_of_entries, entries=self._work.listed(wanted)) if wanted else ()
        for exchange in map(exchange_of, rows):
            if exchange.entry is not None:
                found[exchange.entry].append(exchange)
        return dict(found)

    def of_person(self, person_index: str) -> list[Exchange]:
        held = _EXCHANGES.c
        rows = self._work.rows(_ALL.where(held.person_index == person_index).order_by(held.exchange, held.link, held.role))
        return [exchange_of(row) for row in rows]

    def add(self, exchanges: Sequence[Exchange]) -> None:
        self._work.insert(ExchangeRow, [exchange_values(exchange) for exchange in exchanges])
        unsettle(self._work, (each.entry for each in exchanges if each.entry is not None and each.key.role is Role.ASKER))

    def save(self, exchanges: Sequence[Exchange]) -> None:
        unsettle_changed(self._work, exchanges)
        self._work.update(ExchangeRow, [exchange_values(exchange) for exchange in exchanges])

    def add_facts(self, facts: Sequence[tuple[ExchangeKey, Fact]]) -> None:
        self._work.insert(FactRow, [fact_values(key, fact) for key, fact in facts])
        days = {(key, step_day(max(fact.happened_at, fact.known_at))) for key, fact in facts}
        self._work.insert(UncountedRow, [queue_values(key, day) for key, day in days])
        unsettle_of(self._work, (key for key, _ in facts))

    def facts(self, key: ExchangeKey) -> list[Fact]:
        holding = select(*_FACT).where(_of(key), _FACTS.c.voided_at.is_(None))
        return [fact_of(*row) for row in self._work.rows(holding.order_by(*_IN_ORDER))]

    def void_facts(self, key: ExchangeKey, messages: Iterable[str], at: datetime) -> None:
        told = self._work.one_of(_FACTS.c.message, messages)
        voided = _FACTS.update().where(_of(key), _FACTS.c.voided_at.is_(None), told)
        if self._work.change(voided.values(voided_at=to_milliseconds(at))):
            self._work.insert(UncountedRow, [queue_values(key, step_day(at))])
            unsettle_of(self._work, [key])

    def unpaired(self, own: Iterable[str], person_indexes: Iterable[str]) -> list[Exchange]:
        wanted = list(person_indexes)
        if not wanted:
            return []
        rows = self._work.ask(_unpaired, indexes=self._work.listed(wanted), own=self._work.listed(own))
        return [exchange_of(row) for row in rows]

    def find(self, wanted: ExchangeFilter, page: Page) -> list[Exchange]:
        held = _EXCHANGES.c
        place = (held.submitted_at, held.exchange, held.role, held.link)
        found = _ALL.where(*_fitting(wanted))
        if wanted.purpose is not None:
            found = found.where(shown_as(self._work, wanted.purpose, wanted.lapsed_on))
        if page.after:
            after = read_exchange_cursor(page.after)
            found = found.where(
                tuple_(*place) < tuple_(to_milliseconds(after.submitted_at), after.exchange, after.role.value, after.link)
            )
        return [exchange_of(row) for row in self._work.newest(found, held.own, wanted.own, place, page.limit)]

    def counted(self, own: frozenset[str], role: Role, as_of: datetime) -> Iterator[CountedExchange]:
        held = _EXCHANGES.c
        accepted = (
            self._work.one_of(held.own, own),
            held.role == role.value,
            held.acceptance == Acceptance.ACCEPTED.value,
        )
        standing = _standing(as_of)
        opened = exists().where(_OF_ITS_EXCHANGE, _FACTS.c.what == FactKind.OPENED.value, standing)
        facts = select(_FACTS.c.exchange, _FACTS.c.link, *_FACT).join(_EXCHANGES, _OF_ITS_EXCHANGE)
        # The role is the same throughout, so that these two make a key, in both lists in the same order.
        exchanges = _in_order(_ALL.where(*accepted, opened), held)
        known = _in_order(facts.where(*accepted, standing), held, *_IN_ORDER)
        with self._work.stream(exchanges) as each, self._work.stream(known) as then:
            for exchange, rows in beside(map(exchange_of, each), attrgetter("key.exchange", "key.link"), then, itemgetter(0, 1)):
                yield CountedExchange(exchange=exchange, facts=tuple(fact_of(*row[2:]) for row in rows))

    def histories(self, keys: Iterable[ExchangeKey]) -> Iterator[History]:
        each = iter(dict.fromkeys(keys))
        while several := list(islice(each, _AT_ONCE)):
            wanted, names = frozenset(several), self._work.listed({key.exchange for key in several})
            facts: defaultdict[ExchangeKey, list[KeptFact]] = defaultdict(list)
            for link, exchange, role, voided_at, *fact in self._work.ask(_kept, names=names):
                facts[ExchangeKey(link, exchange, ROLES[role])].append(
                    KeptFact(fact=fact_of(*fact), voided_at=moment_of(voided_at))
                )
            assignments = SqlAssignments(self._work).of(several)
            for exchange in map(exchange_of, self._work.ask(_named, names=names)):
                key = exchange.key
                if key in wanted:
                    yield History(exchange=exchange, facts=tuple(facts[key]), assignments=assignments.get(key, ()))

    def keys(self, after: ExchangeKey | None, limit: int) -> list[ExchangeKey]:
        held = _EXCHANGES.c
        place = (held.exchange, held.link, held.role)
        found = select(held.link, held.exchange, held.role)
        if after is not None:
            found = found.where(tuple_(*place) > tuple_(after.exchange, after.link, after.role.value))
        rows = self._work.rows(found.order_by(*place).limit(limit))
        return [ExchangeKey(link, exchange, ROLES[role]) for link, exchange, role in rows]

    def to_erase(self, limit: int) -> list[ExchangeKey]:
        facts, messages = _FACTS.c, _MESSAGES.c
        erasable = exists().where(
            messages.link == facts.link,
            messages.exchange == facts.exchange,
            messages.outcome.is_not(None),
            messages.line.is_not(None),
        )
        withdrawn = (
            select(facts.link, facts.exchange, facts.role)
            .distinct()
            .where(facts.what == _WITHDRAWN, facts.voided_at.is_(None), erasable)
            .order_by(facts.link, facts.exchange, facts.role)
            .limit(limit)
        )
        return [ExchangeKey(link, exchange, Role(role)) for link, exchange, role in self._work.rows(withdrawn)]

    def over(self, before: date, held: Held, limit: int) -> list[ExchangeKey]:
        return exchanges_over(self._work, before, held, limit)

    def forget_persons(self, keys: Iterable[ExchangeKey]) -> None:
        held, sides = _EXCHANGES.c, defaultdict[tuple[int, Role], list[str]](list)
        for key in keys:
            sides[key.link, key.role].append(key.exchange)
        for (link, role), names in sides.items():
            these = (held.link == link, held.role == role.value, self._work.one_of(held.exchange, names), held.person_index != "")
            self._work.change(_EXCHANGES.update().where(*these).values(person_index="", version=held.version + 1))


def _of(key: ExchangeKey) -> ColumnElement[bool]:
    return and_(_FACTS.c.exchange == key.exchange, _FACTS.c.link == key.link, _FACTS.c.role == key.role.value)


def _standing(as_of: datetime) -> ColumnElement[bool]:
    """What this ledger knew at that moment and had not voided by then."""
    moment = to_milliseconds(as_of)
    return and_(_FACTS.c.known_at <= moment, or_(_FACTS.c.voided_at.is_(None), _FACTS.c.voided_at > moment))


def _in_order(statement: Select[Any], held: Any, *then: ColumnElement[Any]) -> Select[Any]:
    return statement.order_by(held.exchange, held.link, *then)


def _fitting(wanted: ExchangeFilter) -> list[ColumnElement[bool]]:
    held = _EXCHANGES.c
    equal: tuple[tuple[ColumnElement[Any], str | None], ...] = (
        (held.role, wanted.role),
        (held.kind, wanted.kind),
        (held.event, wanted.event),
        (held.acceptance, wanted.acceptance),
        (held.other, wanted.other),
        (held.entry, wanted.entry),
        (held.handled_by, wanted.handled_by),
    )
    fitting = [column == str(value) for column, value in equal if value is not None]
    if wanted.link is not None:
        fitting.append(held.link == wanted.link)
    if wanted.paired is not None:
        fitting.append(held.paired_at.is_not(None) if wanted.paired else held.paired_at.is_(None))
    if wanted.state is not None:
        fitting.append(_in_state(wanted.state, wanted.lapsed_on))
    if wanted.overdue_on is not None:
        fitting += [
            held.state.in_(_AWAITING),
            held.due < wanted.overdue_on.isoformat(),
        ]
    if wanted.expected_before is not None:
        fitting += [held.state.in_(_AWAITING), held.expected < wanted.expected_before.isoformat()]
    if wanted.lapsing is not None:
        first, last = wanted.lapsing.first.isoformat(), wanted.lapsing.last.isoformat()
        fitting += [held.state == _ANSWERED, held.lapses_on.between(first, last)]
    if wanted.due_provisional is not None:
        fitting.append(held.due_provisional.is_(wanted.due_provisional))
    return fitting


def _in_state(state: str, lapsed_on: date | None) -> ColumnElement[bool]:
    """The state as a clock sees it on a day: an answer whose last day lies before it has lapsed."""
    held = _EXCHANGES.c
    is_stored = held.state == str(state)
    if lapsed_on is None:
        return is_stored
    too_old = held.lapses_on < lapsed_on.isoformat()
    match state:
        case State.LAPSED:
            return or_(is_stored, and_(held.state == State.ANSWERED.value, too_old))
        case State.ANSWERED:
            return and_(is_stored, or_(held.lapses_on.is_(None), ~too_old))
        case _:
            return is_stored
