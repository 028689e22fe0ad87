"""The life of one exchange: its state machine, and the facts that follow from the messages that were accepted.

Both nodes hold the same accepted messages, but saw them in different orders when they crossed on the wire. So the state is a
*fold* over the messages in one canonical order that both can compute (`Turn`): what a sender had seen when it spoke comes
before what it said; messages that crossed are put in order by the sender's name. Equal sets of messages give equal states.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from exchange.codes import Kind, Result, Role
from exchange.errors import Conflict
from exchange.moments import civil_day


class State(StrEnum):
    """Where an exchange stands."""

    OPEN = "open"
    ANSWERED = "answered"
    CHALLENGED = "challenged"
    NOTED = "noted"
    CLOSED = "closed"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class Signal(StrEnum):
    """What a message means to the state machine: its kind, and whether a feedback answers the open challenge."""

    FEEDBACK = "feedback"
    FEEDBACK_TO_CHALLENGE = "feedback_to_challenge"
    INTERIM = "interim"
    CHALLENGE = "challenge"
    CONFIRMATION = "confirmation"
    REMINDER = "reminder"
    WITHDRAWAL = "withdrawal"


class Effect(StrEnum):
    """What an accepted message did."""

    OPENS = "opens"
    ANSWERS = "answers"
    SUPERSEDES = "supersedes"
    CHALLENGES = "challenges"
    CONFIRMS = "confirms"
    WITHDRAWS = "withdraws"
    ERASES = "erases"
    REMARKS = "remarks"
    SUPPLEMENTS = "supplements"
    OVERTAKEN = "overtaken"


class Step(NamedTuple):
    """One cell of the table: the next state, and what happened."""

    to: State
    effect: Effect


_S, _X = State, Effect
# Protocol, section "A message": a signal that a state does not list is refused; its sender could have known better.
TRANSITIONS: dict[State, dict[Signal, Step]] = {
    State.OPEN: {
        Signal.FEEDBACK: Step(_S.ANSWERED, _X.ANSWERS),
        Signal.INTERIM: Step(_S.OPEN, _X.REMARKS),
        Signal.REMINDER: Step(_S.OPEN, _X.REMARKS),
        Signal.WITHDRAWAL: Step(_S.WITHDRAWN, _X.WITHDRAWS),
    },
    State.ANSWERED: {
        Signal.FEEDBACK: Step(_S.ANSWERED, _X.SUPERSEDES),
        Signal.FEEDBACK_TO_CHALLENGE: Step(_S.ANSWERED, _X.SUPERSEDES),
        Signal.INTERIM: Step(_S.ANSWERED, _X.OVERTAKEN),
        Signal.CHALLENGE: Step(_S.CHALLENGED, _X.CHALLENGES),
        Signal.CONFIRMATION: Step(_S.CLOSED, _X.CONFIRMS),
        Signal.REMINDER: Step(_S.ANSWERED, _X.OVERTAKEN),
        Signal.WITHDRAWAL: Step(_S.WITHDRAWN, _X.WITHDRAWS),
    },
    State.CHALLENGED: {
        Signal.FEEDBACK: Step(_S.CHALLENGED, _X.OVERTAKEN),
        Signal.FEEDBACK_TO_CHALLENGE: Step(_S.ANSWERED, _X.ANSWERS),
        Signal.INTERIM: Step(_S.CHALLENGED, _X.REMARKS),
        Signal.CHALLENGE: Step(_S.CHALLENGED, _X.OVERTAKEN),
        Signal.CONFIRMATION: Step(_S.CLOSED, _X.CONFIRMS),
        Signal.REMINDER: Step(_S.CHALLENGED, _X.REMARKS),
        Signal.WITHDRAWAL: Step(_S.WITHDRAWN, _X.WITHDRAWS),
    },
    State.NOTED: {
        Signal.FEEDBACK: Step(_S.NOTED, _X.REMARKS),
        Signal.WITHDRAWAL: Step(_S.WITHDRAWN, _X.WITHDRAWS),
    },
    State.CLOSED: {
        Signal.FEEDBACK: Step(_S.CLOSED, _X.SUPPLEMENTS),
        Signal.FEEDBACK_TO_CHALLENGE: Step(_S.CLOSED, _X.SUPPLEMENTS),
        Signal.INTERIM: Step(_S.CLOSED, _X.OVERTAKEN),
        Signal.CONFIRMATION: Step(_S.CLOSED, _X.OVERTAKEN),
        Signal.REMINDER: Step(_S.CLOSED, _X.OVERTAKEN),
        Signal.WITHDRAWAL: Step(_S.CLOSED, _X.ERASES),
    },
    State.LAPSED: {
        Signal.FEEDBACK: Step(_S.LAPSED, _X.SUPPLEMENTS),
        Signal.FEEDBACK_TO_CHALLENGE: Step(_S.LAPSED, _X.SUPPLEMENTS),
        Signal.INTERIM: Step(_S.LAPSED, _X.OVERTAKEN),
        Signal.CONFIRMATION: Step(_S.LAPSED, _X.OVERTAKEN),
        Signal.REMINDER: Step(_S.LAPSED, _X.OVERTAKEN),
        Signal.WITHDRAWAL: Step(_S.LAPSED, _X.ERASES),
    },
    State.WITHDRAWN: {signal: Step(_S.WITHDRAWN, _X.OVERTAKEN) for signal in Signal},
}
SENDER: dict[Kind, Role] = {
    Kind.QUERY: Role.ASKER,
    Kind.NOTICE: Role.ASKER,
    Kind.FEEDBACK: Role.ASKED,
    Kind.INTERIM: Role.ASKED,
    Kind.CHALLENGE: Role.ASKER,
    Kind.CONFIRMATION: Role.ASKER,
    Kind.REMINDER: Role.ASKER,
    Kind.WITHDRAWAL: Role.ASKER,
}


class NotInThisState(Conflict):
    """The exchange is in a state that does not allow this kind of message."""

    code = "not-in-this-state"
    zh = "信息交换当前状态不允许该操作。"
    en = "The exchange is in a state that does not allow this."


class TooManyChallenges(Conflict):
    """The rule set's number of challenges is used up."""

    code = "too-many-challenges"
    zh = "再交流次数已用完。"
    en = "No challenge is left in this exchange."


class ReminderTooSoon(Conflict):
    """There was a reminder on this civil day already."""

    code = "reminder-too-soon"
    zh = "同一事项每日最多催办一次。"
    en = "At most one reminder a day."


class Turn(NamedTuple):
    """A message's place in the canonical order of its link: batch turn (Lamport), sender, position in the batch."""

    turn: int
    sender: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What the state machine needs to know of one accepted message; nothing about the person.

    `expected` is the date that an interim answer names.
    `stamp` is when it counts as done (protocol, "Stamps"), `known_at` when this ledger came to know that it was accepted.
    """

    id: str
    kind: Kind
    turn: Turn
    stamp: datetime
    known_at: datetime
    in_reply_to: str | None = None
    due: date | None = None
    result: Result | None = None
    expected: date | None = None


class FactKind(StrEnum):
    """What the rates count."""

    OPENED = "opened"
    ANSWERED = "answered"
    CHALLENGED = "challenged"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that happened to an exchange, with both its times. `round` counts from 1.

    `result` is an answer's, and a confirmation's: that of the answer which was confirmed.
    """

    what: FactKind
    round: int
    happened_at: datetime
    known_at: datetime
    message: str
    due: date | None = None
    result: Result | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The state after some of the messages.

    `lapses_on` is the last day of an answer that is neither confirmed nor challenged, `expected` the date that the asked side
    has named in an interim answer of this round, `closed_on` the day of the confirmation or the withdrawal.
    """

    state: State
    round: int = 1
    due: date | None = None
    challenges: int = 0
    challenge: str | None = None
    feedback: str | None = None
    result: Result | None = None
    fed_back_at: datetime | None = None
    reminded_on: date | None = None
    lapses_on: date | None = None
    expected: date | None = None
    closed_on: date | None = None
    last_turn: Turn

    def state_at(self, now: datetime, lapse_days: int) -> State:
        """The state as a clock sees it: an answer neither confirmed nor challenged has lapsed at 24:00 of its last day.

        That day is `lapses_on`, which the agreement's rules have set; `lapse_days` counts where no day was noted.
        """
        if self.state is not State.ANSWERED or self.fed_back_at is None:
            return self.state
        last_day = self.lapses_on or civil_day(self.fed_back_at) + timedelta(days=lapse_days)
        return State.LAPSED if civil_day(now) > last_day else State.ANSWERED

    def signal_of(self, kind: Kind, in_reply_to: str | None) -> Signal:
        """What a message of this kind means here."""
        if kind is Kind.FEEDBACK and self.challenge is not None and in_reply_to == self.challenge:
            return Signal.FEEDBACK_TO_CHALLENGE
        return Signal(kind.value)

    def step(self, kind: Kind, in_reply_to: str | None, at: datetime, *, lapse_days: int, max_challenges: int) -> Step:
        """The cell of the table for such a message; NotInThisState, TooManyChallenges or ReminderTooSoon if refused."""
        state = self.state_at(at, lapse_days)
        step = TRANSITIONS[state].get(self.signal_of(kind, in_reply_to))
        if step is None:
            raise NotInThisState
        if step.effect is Effect.CHALLENGES and self.challenges >= max_challenges:
            raise TooManyChallenges
        if kind is Kind.REMINDER and self.reminded_on == civil_day(at):
            raise ReminderTooSoon
        return step

    def after(self, letter: Letter, *, lapse_days: int) -> tuple["Conversation", Effect, Fact | None]:
        """The state after one more accepted message, in canonical order, and the fact that it makes, if any.

        An accepted message is never refused here: one that meets a state it cannot act on was overtaken.
        """
        state = self.state_at(letter.stamp, lapse_days)
        overtaken = Step(state, Effect.OVERTAKEN)
        step = TRANSITIONS[state].get(self.signal_of(letter.kind, letter.in_reply_to), overtaken)
        if step.effect is Effect.CHALLENGES and letter.due is None:
            # Its receiver saw it overtaken, so its receipt names no due date: the round that it would open could never fall due.
            step = overtaken
        then = replace(self, state=step.to, last_turn=letter.turn)
        fact: Fact | None = None
        match step.effect:
            case Effect.ANSWERS | Effect.SUPERSEDES:
                last_day = civil_day(letter.stamp) + timedelta(days=lapse_days)
                then = replace(then, feedback=letter.id, result=letter.result, fed_back_at=letter.stamp, lapses_on=last_day)
                if step.effect is Effect.ANSWERS:
                    then, fact = replace(then, expected=None), self._fact(FactKind.ANSWERED, letter, round_=self.round)
            case Effect.CHALLENGES:
                then = replace(then, round=self.round + 1, due=letter.due, challenges=self.challenges + 1, challenge=letter.id)
                then = replace(then, lapses_on=None)
                fact = self._fact(FactKind.CHALLENGED, letter, round_=self.round + 1)
            case Effect.CONFIRMS:
                then = replace(then, closed_on=civil_day(letter.stamp))
                fact = replace(self._fact(FactKind.CONFIRMED, letter, round_=self.round), result=self.result)
            case Effect.WITHDRAWS:
                then = replace(then, closed_on=civil_day(letter.stamp))
                fact = self._fact(FactKind.WITHDRAWN, letter, round_=self.round)
            case Effect.ERASES:
                fact = self._fact(FactKind.WITHDRAWN, letter, round_=self.round)
            case Effect.REMARKS if letter.kind is Kind.REMINDER:
                then = replace(then, reminded_on=civil_day(letter.stamp))
            case Effect.REMARKS if letter.kind is Kind.INTERIM:
                then = replace(then, expected=letter.expected)
            case _:
                pass
        return then, step.effect, fact

    @staticmethod
    def _fact(what: FactKind, letter: Letter, *, round_: int) -> Fact:
        return Fact(
            what=what,
            round=round_,
            happened_at=letter.stamp,
            known_at=letter.known_at,
            message=letter.id,
            due=letter.due,
            result=letter.result,
        )


def opened(letter: Letter) -> tuple[Conversation, Fact]:
    """The state after the accepted query or notice alone; it wants feedback exactly if its receipt names a due date."""
    state = State.NOTED if letter.due is None else State.OPEN
    conversation = Conversation(state=state, due=letter.due, last_turn=letter.turn)
    return conversation, Conversation._fact(FactKind.OPENED, letter, round_=1)


def fold(letters: Iterable[Letter], *, lapse_days: int) -> tuple[Conversation, list[Fact]]:
    """The state and all facts of an exchange, from its accepted messages in any order."""
    first, *rest = sorted(letters, key=lambda letter: letter.turn)
    conversation, fact = opened(first)
    facts = [fact]
    for letter in rest:
        conversation, _, more = conversation.after(letter, lapse_days=lapse_days)
        if more is not None:
            facts.append(more)
    return conversation, facts


def answered_at(sent_at: datetime, received_at: datetime) -> datetime:
    """When a message counts as done: as sent if it arrived within 24 hours, else as received (protocol, "Stamps")."""
    on_its_way = received_at - sent_at
    return sent_at if timedelta(0) <= on_its_way <= timedelta(hours=24) else received_at
