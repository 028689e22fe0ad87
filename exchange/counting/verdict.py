"""What one exchange counts for, as of a moment: a pure function of its facts.

Due dates are dates: a limit has passed at T once 24:00 of its day is not after T, which is to say that the date is before
the civil day of T.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from exchange.codes import Result
from exchange.conversation import Fact, FactKind
from exchange.moments import Period, civil_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round as of T: the opening or a challenge, its due date, and the first answer to it.

    `on_time`: it was answered by its own due date; without a due date it cannot be late.
    """

    opened_at: datetime
    due: date | None
    answered_at: datetime | None
    result: Result | None
    judged: bool
    on_time: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One exchange as of T, whose civil day is `today`.

    `rounds` are all of them, in order; `facts` those that were known, which is all that the rest follows from.
    `withdrawn_apart` means withdrawn before the first answer and before the first due date had passed: out of all rates.
    `lapsed`: the last answer was neither confirmed nor challenged within the rule set's days.
    """

    today: date
    facts: tuple[Fact, ...]
    rounds: tuple[Round, ...]
    answered: bool
    on_time: bool
    withdrawn_at: datetime | None
    withdrawn_apart: bool
    confirmed_at: datetime | None
    lapsed: bool

    @property
    def received_at(self) -> datetime:
        """The stamp of the accepting receipt."""
        return self.rounds[0].opened_at

    @property
    def first_due(self) -> date | None:
        """The due date of the first round; None for an exchange that wants no feedback."""
        return self.rounds[0].due

    @property
    def challenged(self) -> bool:
        """Whether a feedback was returned."""
        return len(self.rounds) > 1

    @property
    def result(self) -> Result | None:
        """The substance of the last round that was answered."""
        return next((step.result for step in reversed(self.rounds) if step.answered_at is not None), None)

    @property
    def days_to_answer(self) -> int | None:
        """Civil days from receipt to the first round's answer; a sender's clock that is ahead counts as 0."""
        answered_at = self.rounds[0].answered_at
        return None if answered_at is None else max((civil_day(answered_at) - civil_day(self.received_at)).days, 0)

    @property
    def open(self) -> bool:
        """Whether an answer is being waited for."""
        waiting = self.rounds[-1].answered_at is None and self.first_due is not None
        return waiting and self.withdrawn_at is None and self.confirmed_at is None

    @property
    def overdue(self) -> bool:
        """Whether the answer that is being waited for is late."""
        due = self.rounds[-1].due
        return self.open and due is not None and due < self.today

    def due_in(self, period: Period) -> bool:
        """Whether the first due date lies in the period, and has passed."""
        due = self.first_due
        return due is not None and due in period and due < self.today

    def submitted_in(self, period: Period) -> bool:
        """Whether the accepting receipt of an exchange wanting feedback was given on a day of the period."""
        return self.first_due is not None and civil_day(self.received_at) in period


def judge(facts: Iterable[Fact], as_of: datetime, *, lapse_days: int) -> Verdict | None:
    """What happened by `as_of` and was known by then, judged; None if the opening is not among it.

    A round is judged once it is answered, or once it fell due: its date has passed while the exchange still went on.
    Withdrawal and confirmation end an exchange, so that it stays as it stood then.
    """
    held = tuple(fact for fact in facts if fact.happened_at <= as_of and fact.known_at <= as_of)
    openings: dict[int, Fact] = {}
    answers: dict[int, Fact] = {}
    ends: dict[FactKind, datetime] = {}
    for fact in held:
        what = fact.what
        if what is FactKind.OPENED or what is FactKind.CHALLENGED:
            openings[fact.round] = fact
        elif what is FactKind.ANSWERED:
            first = answers.get(fact.round)
            if first is None or fact.happened_at < first.happened_at:
                answers[fact.round] = fact
        else:
            ends[what] = min(fact.happened_at, ends.get(what, fact.happened_at))
    if 1 not in openings:
        return None
    today = civil_day(as_of)
    limit = civil_day(min(ends.values())) if ends else today
    rounds = tuple(_round(openings[number], answers.get(number), limit) for number in sorted(openings))
    judged = [step for step in rounds if step.judged]
    withdrawn_at, confirmed_at = ends.get(FactKind.WITHDRAWN), ends.get(FactKind.CONFIRMED)
    return Verdict(
        today=today,
        facts=held,
        rounds=rounds,
        answered=bool(judged) and judged[-1].answered_at is not None,
        on_time=bool(judged) and all(step.on_time for step in judged),
        withdrawn_at=withdrawn_at,
        withdrawn_apart=withdrawn_at is not None and _in_time(withdrawn_at, rounds[0]),
        confirmed_at=confirmed_at,
        lapsed=not ends and _lapsed(rounds[-1].answered_at, today, lapse_days),
    )


def _round(opening: Fact, answer: Fact | None, limit: date) -> Round:
    due = opening.due
    if answer is None:
        judged = due is not None and due < limit
        return Round(opened_at=opening.happened_at, due=due, answered_at=None, result=None, judged=judged, on_time=False)
    return Round(
        opened_at=opening.happened_at,
        due=due,
        answered_at=answer.happened_at,
        result=answer.result,
        judged=True,
        on_time=due is None or civil_day(answer.happened_at) <= due,
    )


def _in_time(withdrawn_at: datetime, first: Round) -> bool:
    unanswered = first.answered_at is None or withdrawn_at < first.answered_at
    return unanswered and (first.due is None or civil_day(withdrawn_at) <= first.due)


def _lapsed(answered_at: datetime | None, today: date, lapse_days: int) -> bool:
    """As `Conversation.state_at`: from 24:00 of the last day on."""
    return answered_at is not None and today > civil_day(answered_at) + timedelta(days=lapse_days)
