"""The exchanges and their facts, in memory."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from adapters.memory.books import Books, add, save
from adapters.memory.counting import enqueue
from adapters.memory.listing import newest_first
from adapters.memory.messages import erasable
from adapters.memory.registers.standings import unsettle
from exchange.codes import Role
from exchange.conversation import Conversation, Fact, FactKind, State
from exchange.counting.history import History, KeptFact
from exchange.counting.version import step_day
from exchange.cursors import exchange_cursor, read_exchange_cursor
from exchange.exchanges import Acceptance, Exchange, ExchangeKey, LoggedMessage, NoteKept
from exchange.ledger import CountedExchange, ExchangeFilter, Held, Page
from exchange.moments import Period, day_start

AWAITING = frozenset({State.OPEN, State.CHALLENGED})


class MemoryExchanges:
    """`exchange.ledger.Exchanges` on dictionaries."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def load(self, link: int, role: Role, exchanges: Iterable[str]) -> Mapping[str, Exchange]:
        held = self._books.exchanges
        return {uuid: held[key] for uuid in exchanges if (key := ExchangeKey(link, uuid, role)) in held}

    def named(self, exchange: str) -> list[Exchange]:
        return [self._books.exchanges[key] for key in sorted(self._books.exchanges) if key.exchange == exchange]

    def of_entries(self, entries: Iterable[str]) -> Mapping[str, list[Exchange]]:
        wanted, found = frozenset(entries), defaultdict[str, list[Exchange]](list)
        for key in sorted(self._books.exchanges, key=lambda key: (key.exchange, key.link, key.role)):
            exchange = self._books.exchanges[key]
            if exchange.entry is not None and exchange.entry in wanted:
                found[exchange.entry].append(exchange)
        return dict(found)

    def of_person(self, person_index: str) -> list[Exchange]:
        theirs = (exchange for exchange in self._books.exchanges.values() if exchange.person_index == person_index)
        return sorted(theirs, key=lambda exchange: (exchange.key.exchange, exchange.key.link, exchange.key.role))

    def add(self, exchanges: Sequence[Exchange]) -> None:
        add(self._books.exchanges, ((exchange.key, exchange) for exchange in exchanges))
        unsettle(self._books, _entries(exchanges))

    def save(self, exchanges: Sequence[Exchange]) -> None:
        before = [self._books.exchanges[each.key] for each in exchanges if each.key in self._books.exchanges]
        save(self._books.exchanges, ((exchange.key, exchange) for exchange in exchanges))
        unsettle(self._books, _entries([*before, *exchanges]))

    def add_facts(self, facts: Sequence[tuple[ExchangeKey, Fact]]) -> None:
        for key, fact in facts:
            self._books.facts[key] = (*self._books.facts.get(key, ()), KeptFact(fact=fact))
            enqueue(self._books, key, step_day(max(fact.happened_at, fact.known_at)))
        self._unsettle(key for key, _ in facts)

    def facts(self, key: ExchangeKey) -> list[Fact]:
        return _in_order(kept.fact for kept in self._books.facts.get(key, ()) if kept.voided_at is None)

    def void_facts(self, key: ExchangeKey, messages: Iterable[str], at: datetime) -> None:
        told_by = frozenset(messages)
        enqueue(self._books, key, step_day(at))
        self._unsettle([key])
        self._books.facts[key] = tuple(
            replace(kept, voided_at=at) if kept.voided_at is None and kept.fact.message in told_by else kept
            for kept in self._books.facts.get(key, ())
        )

    def unpaired(self, own: Iterable[str], person_indexes: Iterable[str]) -> list[Exchange]:
        within, wanted = frozenset(own), frozenset(person_indexes)
        found = (
            exchange
            for key, exchange in self._books.exchanges.items()
            if key.role is Role.ASKED and exchange.own in within and exchange.person_index in wanted and _is_unpaired(exchange)
        )
        return sorted(found, key=lambda exchange: (exchange.key.exchange, exchange.key.link))

    def find(self, wanted: ExchangeFilter, page: Page) -> list[Exchange]:
        found = (exchange for exchange in self._books.exchanges.values() if _fits(exchange, wanted))
        return newest_first(found, page, cursor=exchange_cursor, read=read_exchange_cursor)

    def counted(self, own: frozenset[str], role: Role, as_of: datetime) -> Iterable[CountedExchange]:
        for key, exchange in self._books.exchanges.items():
            if exchange.own not in own or key.role is not role or exchange.acceptance is not Acceptance.ACCEPTED:
                continue
            facts = _in_order(kept.fact for kept in self._books.facts.get(key, ()) if kept.stood_at(as_of))
            if any(fact.what is FactKind.OPENED for fact in facts):
                yield CountedExchange(exchange=exchange, facts=tuple(facts))

    def histories(self, keys: Iterable[ExchangeKey]) -> Iterable[History]:
        for key in dict.fromkeys(keys):
            if key in self._books.exchanges:
                kept = sorted(self._books.facts.get(key, ()), key=lambda kept: (kept.fact.round, kept.fact.happened_at))
                assignments = sorted(self._books.assignments.get(key, ()), key=lambda step: step.at)
                yield History(exchange=self._books.exchanges[key], facts=tuple(kept), assignments=assignments)

    def keys(self, after: ExchangeKey | None, limit: int) -> list[ExchangeKey]:
        placed = sorted((key.exchange, key.link, key.role, key) for key in self._books.exchanges)
        start = None if after is None else (after.exchange, after.link, after.role)
        return [place[-1] for place in placed if start is None or place[:3] > start][:limit]

    def to_erase(self, limit: int) -> list[ExchangeKey]:
        bodies = {(message.link, message.exchange) for message in self._books.messages.values() if erasable(message)}
        withdrawn = (
            key
            for key, facts in self._books.facts.items()
            if any(kept.fact.what is FactKind.WITHDRAWN and kept.voided_at is None for kept in facts)
        )
        return sorted(key for key in withdrawn if (key.link, key.exchange) in bodies)[:limit]

    def over(self, before: date, held: Held, limit: int) -> list[ExchangeKey]:
        if held is Held.INDEXES:
            return self._indexes_over(before)[:limit]
        start, found = day_start(before), set[ExchangeKey]()
        for message in self._books.messages.values():
            sides = [ExchangeKey(message.link, message.exchange, role) for role in Role]
            here = [self._books.exchanges[key] for key in sides if key in self._books.exchanges]
            ended = [each.over_on is not None and each.over_on < before for each in here]
            if here and all(ended) and self._holds(message, held, start):
                found.update(each.key for each in here)
        return sorted(found)[:limit]

    def _indexes_over(self, before: date) -> list[ExchangeKey]:
        held = {_of(message) for message in self._books.messages.values() if message.line is not None}
        goes_on = {
            (key.link, key.exchange)
            for key, each in self._books.exchanges.items()
            if each.over_on is None or each.over_on >= before
        }
        found = [each for each in self._books.exchanges.values() if each.person_index]
        return sorted(each.key for each in found if (each.key.link, each.key.exchange) not in held | goes_on)

    def forget_persons(self, keys: Iterable[ExchangeKey]) -> None:
        held = [self._books.exchanges[key] for key in keys if key in self._books.exchanges]
        self.save([replace(each, person_index="", version=each.version + 1) for each in held if each.person_index])

    def _unsettle(self, keys: Iterable[ExchangeKey]) -> None:
        unsettle(self._books, _entries(self._books.exchanges[key] for key in keys if key in self._books.exchanges))

    def _holds(self, message: LoggedMessage, held: Held, start: datetime) -> bool:
        match held:
            case Held.NOTES:
                return erasable(message) and message.note is NoteKept.HELD
            case Held.UNJUDGED:
                return message.line is not None and message.outcome is None and message.created_at < start
            case Held.BODIES:
                same = (each for each in self._books.messages.values() if (each.link, each.exchange) == _of(message))
                return erasable(message) and all(each.created_at < start for each in same if each.line is not None)
            case Held.INDEXES:
                raise ValueError("an index is held by its exchange, not by a message")


def _of(message: LoggedMessage) -> tuple[int, str]:
    return message.link, message.exchange


def _entries(exchanges: Iterable[Exchange]) -> set[str]:
    """What may be counted otherwise because of these exchanges: the entries about which one asked."""
    return {each.entry for each in exchanges if each.entry is not None and each.key.role is Role.ASKER}


def _is_unpaired(exchange: Exchange) -> bool:
    talk = exchange.conversation
    return exchange.entry is None and exchange.pairing is None and talk is not None and talk.state is not State.WITHDRAWN


def _in_order(facts: Iterable[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: (fact.round, fact.happened_at))


def _fits(exchange: Exchange, wanted: ExchangeFilter) -> bool:
    conversation = exchange.conversation
    asked_for: tuple[tuple[object, object], ...] = (
        (wanted.role, exchange.key.role),
        (wanted.link, exchange.key.link),
        (wanted.kind, exchange.kind),
        (wanted.event, exchange.event),
        (wanted.acceptance, exchange.acceptance),
        (wanted.other, exchange.other),
        (wanted.purpose, exchange.purpose if wanted.lapsed_on is None else exchange.purpose_on(wanted.lapsed_on)),
        (wanted.entry, exchange.entry),
        (wanted.handled_by, exchange.handled_by),
        (wanted.paired, exchange.paired_at is not None),
        (wanted.due_provisional, exchange.due_provisional),
    )
    return (
        exchange.own in wanted.own
        and all(want is None or want == has for want, has in asked_for)
        and (wanted.state is None or _state(conversation, wanted.lapsed_on) == wanted.state)
        and (wanted.overdue_on is None or _awaited_before(conversation, wanted.overdue_on, lambda talk: talk.due))
        and (wanted.expected_before is None or _awaited_before(conversation, wanted.expected_before, lambda talk: talk.expected))
        and (wanted.lapsing is None or _lapses_within(conversation, wanted.lapsing))
    )


def _lapses_within(conversation: Conversation | None, days: Period) -> bool:
    if conversation is None or conversation.state is not State.ANSWERED:
        return False
    return conversation.lapses_on is not None and conversation.lapses_on in days


def _awaited_before(conversation: Conversation | None, day: date, of: Callable[[Conversation], date | None]) -> bool:
    if conversation is None or conversation.state not in AWAITING:
        return False
    date_of = of(conversation)
    return date_of is not None and date_of < day


def _state(conversation: Conversation | None, lapsed_on: date | None) -> State | None:
    """The state as a clock sees it on a day: an answer whose last day lies before it has lapsed."""
    if conversation is None:
        return None
    last_day = conversation.lapses_on
    if conversation.state is State.ANSWERED and lapsed_on is not None and last_day is not None and last_day < lapsed_on:
        return State.LAPSED
    return conversation.state
