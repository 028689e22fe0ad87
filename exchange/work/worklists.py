"""The worklists: what belongs on which, in one place.

- `to_answer` holds every exchange that is owed an answer; the next two are parts of it, and have nothing in common: what nobody
  has in hand yet and is to be paired (`to_pair`) or, once paired, to be handed to a township (`to_assign`); a birth registration
  is to be taken over instead, so that neither list tells whether its person was found
- `to_confirm` holds answers that were neither confirmed nor challenged, until they lapse
- `to_mend` holds openings that the other side rejected, until the same matter is submitted again
- `overdue` is owed and late; `awaited` is owed to us and late
- `to_note` holds notices that want no answer, until a clerk takes them over or they have been on the table long enough

The ledgers read `BELONGS`, in Python and in SQL, so that no list is defined twice.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, Self

from exchange.codes import Event, Kind, Purpose, Role
from exchange.conversation import State
from exchange.counting.query import UNASSIGNED
from exchange.errors import Retry
from exchange.exchanges import NOTICE_STANDS, Acceptance, Exchange, Link
from exchange.moments import civil_day, day_start, to_milliseconds
from exchange.wire.problems import problem_type

# Why an opening ended that was never sent: nobody can mend it.
TAKEN_BACK: Final = problem_type("taken-back")
OWED = frozenset({State.OPEN, State.CHALLENGED})


class Worklist(StrEnum):
    """The lists of exchanges."""

    TO_ASSIGN = "to_assign"
    TO_PAIR = "to_pair"
    TO_ANSWER = "to_answer"
    TO_CONFIRM = "to_confirm"
    TO_MEND = "to_mend"
    OVERDUE = "overdue"
    AWAITED = "awaited"
    TO_NOTE = "to_note"


class Order(StrEnum):
    """By what a list is put in order, the least first."""

    DUE = "due"
    LAPSES = "lapses"
    SUBMITTED = "submitted"
    RECEIVED = "received"

    @property
    def dated(self) -> bool:
        """Whether it is by dates, and not by moments."""
        return self in (Order.DUE, Order.LAPSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """What an exchange must be to stand on a list; None asks nothing.

    `rejected` means an opening that people must mend: not one that is sent again by itself, was taken back before it was sent, or
    was submitted again. `unread`
    means one that no clerk has taken over, and that was received lately.
    """

    role: Role
    order: Order
    states: frozenset[State] = frozenset()
    paired: bool | None = None
    in_hand: bool | None = None
    late: bool = False
    rejected: bool = False
    unread: bool = False


_DUE, _ASKED, _ASKER = Order.DUE, Role.ASKED, Role.ASKER
BELONGS: dict[Worklist, Belonging] = {
    Worklist.TO_ASSIGN: Belonging(role=_ASKED, states=OWED, paired=True, in_hand=False, order=_DUE),
    Worklist.TO_PAIR: Belonging(role=_ASKED, states=OWED, paired=False, in_hand=False, order=_DUE),
    Worklist.TO_ANSWER: Belonging(role=_ASKED, states=OWED, order=_DUE),
    Worklist.TO_CONFIRM: Belonging(role=_ASKER, states=frozenset({State.ANSWERED}), order=Order.LAPSES),
    Worklist.TO_MEND: Belonging(role=_ASKER, rejected=True, order=Order.SUBMITTED),
    Worklist.OVERDUE: Belonging(role=_ASKED, states=OWED, late=True, order=_DUE),
    Worklist.AWAITED: Belonging(role=_ASKER, states=OWED, late=True, order=_DUE),
    Worklist.TO_NOTE: Belonging(role=_ASKED, states=frozenset({State.NOTED}), unread=True, order=Order.RECEIVED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkFilter:
    """Whose lists, at which moment, narrowed to what; None does not narrow.

    `own` holds the county codes that the caller may see; `township` is a code or `UNASSIGNED`; `link` is a partner's.
    """

    own: frozenset[str]
    today: date
    kind: Kind | None = None
    event: Event | None = None
    purpose: Purpose | None = None
    urgent: bool | None = None
    other: str | None = None
    township: str | None = None
    link: int | None = None

    @classmethod
    def at(cls, own: frozenset[str], now: datetime) -> Self:
        """Everything of these counties, as a clock sees it."""
        return cls(own=own, today=civil_day(now))

    def fits(self, exchange: Exchange) -> bool:
        """Whether an exchange is among those that are asked for, on whatever list."""
        asked: tuple[tuple[object, object], ...] = (
            (self.kind, exchange.kind),
            (self.event, exchange.event),
            (self.purpose, exchange.purpose_on(self.today)),
            (self.urgent, exchange.urgent is not None),
            (self.other, exchange.other),
            (self.township, exchange.handled_by or UNASSIGNED),
            (self.link, exchange.key.link),
        )
        return exchange.own in self.own and all(want is None or want == has for want, has in asked)


class Matter(NamedTuple):
    """What a rejected opening was about: a later one about the same stands for it."""

    own: str
    other: str
    kind: Kind
    event: Event | None
    purpose: Purpose
    person_index: str


def matter_of(exchange: Exchange) -> Matter:
    """What an exchange is about."""
    return Matter(exchange.own, exchange.other, exchange.kind, exchange.event, exchange.purpose, exchange.person_index)


def belongs(worklist: Worklist, exchange: Exchange, today: date) -> bool:
    """Whether an exchange stands on a list, as far as it alone can tell: whether it was submitted again, others know."""
    wanted, talk = BELONGS[worklist], exchange.conversation
    if exchange.key.role is not wanted.role:
        return False
    if wanted.rejected:
        problem = exchange.problem
        if problem is not None and (problem.retry is Retry.LATER or problem.type == TAKEN_BACK):
            return False
        return exchange.acceptance is Acceptance.REJECTED
    if talk is None or talk.state not in wanted.states:
        return False
    if wanted.unread:
        received = exchange.received_at
        return exchange.clerk is None and received is not None and received >= noted_since(today)
    dated = talk.due if wanted.order is Order.DUE else talk.lapses_on
    if dated is None or (wanted.order is Order.LAPSES and dated < today):
        return False
    return (
        (wanted.paired is None or wanted.paired == (exchange.paired_at is not None))
        and (wanted.in_hand is None or wanted.in_hand == (exchange.handled_by is not None))
        and (not wanted.late or (talk.due is not None and talk.due < today))
    )


def noted_since(today: date) -> datetime:
    """What was received from this moment on is on the table still, a notice that wants no answer."""
    return day_start(today) - NOTICE_STANDS


def place_on(worklist: Worklist, exchange: Exchange) -> str:
    """Where an exchange stands on a list that it belongs to, as text that sorts: a date, or milliseconds in 15 digits."""
    talk = exchange.conversation
    match BELONGS[worklist].order:
        case Order.SUBMITTED:
            return f"{to_milliseconds(exchange.submitted_at):015d}"
        case Order.RECEIVED if exchange.received_at is not None:
            return f"{to_milliseconds(exchange.received_at):015d}"
        case Order.LAPSES if talk is not None and talk.lapses_on is not None:
            return talk.lapses_on.isoformat()
        case Order.DUE if talk is not None and talk.due is not None:
            return talk.due.isoformat()
        case _:
            raise ValueError("an exchange without that date or moment stands on no such list")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is expected of a partner: receipts for batches, an ear for what waits in the queue, answers that are late."""

    unreceipted: int
    queued: int
    late: int

    def __bool__(self) -> bool:
        return bool(self.unreceipted or self.queued or self.late)


def silent_since(link: Link, known_at: datetime, expected: Expected, now: datetime, days: int) -> datetime | None:
    """Since when a partner is silent; None if nothing is expected of it, or it was heard within so many days.

    A partner that was never heard is silent since it was taken on.
    """
    heard = link.last_contact_at or known_at
    return heard if expected and now - heard >= timedelta(days=days) else None
