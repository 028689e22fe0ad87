"""Let accepted messages take effect: the one place where states change and facts are written, at sender and receiver alike."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from exchange.announcements import TOLD, about_exchange, notification
from exchange.codes import Kind, Role
from exchange.conversation import SENDER, Conversation, Fact, FactKind, Letter, answered_at, fold, opened
from exchange.exchanges import Direction, Exchange, ExchangeKey, LoggedMessage
from exchange.ledger import Ledger
from exchange.node import Node
from exchange.terms.rules import RuleSet
from exchange.wire.batch import Outcome


class Effects:
    """The effects of one batch or one receipt on the exchanges that it names.

    A letter that comes after all that is known is one step of the table. One that crossed with later ones makes its
    exchange be folded again from the whole log, so that both nodes come to the same state; facts that this undoes are
    voided as of `now`, never removed. `rules_of` gives what an exchange is judged by: its agreement's rule set.
    """

    def __init__(self, ledger: Ledger, node: Node, partner: str, now: datetime, rules_of: Callable[[Exchange], RuleSet]) -> None:
        self._ledger, self._node, self._partner, self._now, self._rules_of = ledger, node, partner, now, rules_of
        self._letters: dict[ExchangeKey, list[Letter]] = {}
        self._facts: list[tuple[ExchangeKey, Fact]] = []
        self._folded: dict[ExchangeKey, list[Fact]] = {}
        self._reminders: list[tuple[Exchange, datetime]] = []

    def open(self, key: ExchangeKey, letter: Letter) -> Conversation:
        """What an accepted opening begins; for an exchange without a conversation."""
        self._letters[key] = [letter]
        conversation, fact = opened(letter)
        self._facts.append((key, fact))
        return conversation

    def letters(self, key: ExchangeKey) -> list[Letter]:
        """What was taken about an exchange so far."""
        return self._letters.get(key, [])

    def take(self, exchange: Exchange, letter: Letter) -> Exchange:
        """The exchange, which was opened before, after one more accepted letter."""
        key, then = exchange.key, exchange.conversation
        if then is None:
            raise ValueError("only an opened exchange takes letters")
        fact: Fact | None
        lapse_days = self._rules_of(exchange).lapse_days
        self._letters.setdefault(key, []).append(letter)
        if letter.turn > then.last_turn and key not in self._folded:
            conversation, _, fact = then.after(letter, lapse_days=lapse_days)
        else:
            log = self._ledger.messages.of_exchanges(key.link, [key.exchange]).get(key.exchange, [])
            held = letters_of(log, key.role, self._node.name, self._partner)
            # What a receipt settles stands in the log already, what a batch brings does not yet.
            letters = {each.id: each for each in (*held, *self._letters[key])}
            conversation, facts = fold(letters.values(), lapse_days=lapse_days)
            self._folded[key] = facts
            fact = None
        if fact is not None:
            self._facts.append((key, fact))
        if letter.kind is Kind.REMINDER and key.role is Role.ASKED and conversation.reminded_on != then.reminded_on:
            self._reminders.append((exchange, letter.stamp))
        return replace(exchange, conversation=conversation, version=exchange.version + 1)

    def store(self, exchanges: Mapping[ExchangeKey, Exchange]) -> None:
        """Write the facts, and what own systems are told of them; `exchanges` holds those that were opened or changed.

        An escalation of what was answered or withdrawn is resolved with it.

        The exchanges and messages are the caller's to store, the messages after the last `take`.
        """
        news = [(key, fact) for key, fact in self._facts if key not in self._folded]
        self._ledger.exchanges.add_facts(news)
        for key, facts in self._folded.items():
            held = {fact.message: fact for fact in self._ledger.exchanges.facts(key)}
            derived = {fact.message: fact for fact in facts}
            stale = {
                message
                for message, fact in held.items()
                if message not in derived or replace(derived[message], known_at=fact.known_at) != fact
            }
            fresh = [fact for message, fact in derived.items() if message not in held or message in stale]
            self._ledger.exchanges.void_facts(key, stale, self._now)
            self._ledger.exchanges.add_facts([(key, replace(fact, known_at=self._now)) for fact in fresh])
            news += [(key, fact) for fact in fresh if fact.message not in held]
        over = [key for key, fact in news if fact.what in (FactKind.ANSWERED, FactKind.WITHDRAWN)]
        if over:
            self._ledger.escalations.resolve(over, self._now)
        if self._node.webhooks:
            self._announce(news, exchanges)

    def _announce(self, news: Iterable[tuple[ExchangeKey, Fact]], exchanges: Mapping[ExchangeKey, Exchange]) -> None:
        """Tell of facts that nobody here knew before; one that was only dated anew is no news."""
        self._ledger.notifications.add(
            [
                notification(about_exchange(event, exchanges[key], fact.happened_at), self._now)
                for key, fact in news
                if (event := TOLD.get((fact.what, key.role))) is not None
            ]
            + [notification(about_exchange("exchange.reminded", *reminder), self._now) for reminder in self._reminders]
        )


def letters_of(log: Iterable[LoggedMessage], role: Role, node: str, partner: str) -> list[Letter]:
    """The accepted letters of one side of an exchange; a local link's log holds the other side's copies as well."""
    return [
        letter_of(message, node if message.direction is Direction.OUT else partner)
        for message in log
        if message.outcome is Outcome.ACCEPTED and role_here(message.kind, message.direction) is role
    ]


def role_here(kind: Kind, direction: Direction) -> Role:
    """Which side of the exchange a message's copy belongs to: its sender's if it went out, the other's if it came in."""
    sender = SENDER[kind]
    if direction is Direction.OUT:
        return sender
    return Role.ASKED if sender is Role.ASKER else Role.ASKER


def letter_of(message: LoggedMessage, sender: str) -> Letter:
    """The letter of a delivered message: an opening counts from its receipt, everything else from its sending."""
    if message.sent_at is None or message.received_at is None:
        raise ValueError("only a delivered message is a letter")
    opens = message.kind in (Kind.QUERY, Kind.NOTICE)
    stamp = message.received_at if opens else answered_at(message.sent_at, message.received_at)
    return message.letter(sender, stamp)
