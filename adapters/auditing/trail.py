"""The trail of one request, command or job: who acts, what for, whom it was about and what was shown.

It goes with the thread of control (a context variable), so that nothing between the edge and the books has to hand it on.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from adapters.auditing.seen import Seen, look
from exchange.auditing.event import NODE_WIDE, UNKNOWN, Actor, ActorKind, AuditEvent
from exchange.codes import Purpose
from exchange.ledger import Ledgers
from exchange.node import Node

_current: ContextVar["Trail | None"] = ContextVar("trail", default=None)
# What a batch is about stands in the log of the link, and what a job does in its own tables.
_NAMES_WRITTEN = frozenset({ActorKind.KEY, ActorKind.COMMAND})


@dataclass(slots=True, kw_only=True)
class Trail:
    """What is known of an action so far. `always`: it leaves a row, also if it is about nobody."""

    action: str
    node: Node
    now: Callable[[], datetime]
    ledgers: Ledgers
    actor: Actor = UNKNOWN
    jurisdiction: str = NODE_WIDE
    purpose: Purpose | None = None
    always: bool = True
    problem: str | None = None
    written: int = 0
    _seen: Seen = field(default_factory=Seen)
    _count: int = 0
    _uncounted: Seen = field(default_factory=Seen)
    _asked: int = 0
    _also: set[str] = field(default_factory=set)

    @property
    def pending(self) -> bool:
        """Whether there is something that no row tells yet."""
        return not self._seen.empty or self._count > 0

    @property
    def names_written(self) -> bool:
        """Whether the entries and exchanges that are written are subjects, one by one."""
        return self.actor.kind in _NAMES_WRITTEN

    def show(self, *values: object) -> None:
        """What is about to be shown: the persons in it, and what is told of them."""
        told = Seen()
        for value in values:
            look(value, self.node, told)
        self._seen.add(told)
        self._uncounted.add(told)

    def asked(self, persons: int) -> None:
        """An answer that tells of persons without showing one, as that somebody is not there: they count as shown."""
        self._asked += persons

    def take_persons(self) -> int:
        """How many persons something was shown of since this was asked last, for who counts them."""
        found = self._uncounted.told_of + self._asked
        self._uncounted, self._asked = Seen(), 0
        return found

    def sent(self, *values: object) -> None:
        """What the caller has sent: the persons in it. Nothing is shown by that."""
        told = Seen()
        for value in values:
            look(value, self.node, told)
        self._seen.subjects.update(told.subjects)
        self._seen.purposes |= told.purposes

    def about(self, subjects: Iterable[str], count: int = 0, shown: Iterable[str] = ()) -> None:
        """Subjects that something is done to; `count` where there are more things than subjects.

        `shown` are fields that are shown of persons in a form in which nobody is recognised as one.
        """
        self._seen.subjects.update(dict.fromkeys(subjects))
        self._seen.shown.update(shown)
        self._count += count

    def concerns(self, purpose: Purpose, county: str | None = None) -> None:
        """What the action is for, unless that was said; another `county` of this node gets the row in its chain too."""
        self.purpose = self.purpose or purpose
        if county is not None:
            self._also.add(county)

    def events(self) -> list[AuditEvent]:
        """The row that is to be written now: one for each chain, unless nothing is to be told that was not."""
        if not (self.pending or self.problem or (self.always and not self.written)):
            return []
        purposes = self._seen.purposes
        also = set() if self.problem else self._also - {self.jurisdiction}
        return [
            AuditEvent(
                at=self.now(),
                jurisdiction=jurisdiction,
                actor=self.actor,
                action=self.action,
                purpose=self.purpose or (next(iter(purposes)) if len(purposes) == 1 else None),
                problem=self.problem,
                subjects=tuple(self._seen.subjects),
                # What is refused was not shown.
                shown=() if self.problem else tuple(sorted(self._seen.shown)),
                masked=self._seen.masked,
                count=max(self._count, self._seen.persons, 1),
            )
            for jurisdiction in (self.jurisdiction, *sorted(also))
        ]

    def settle(self) -> None:
        """Write what no row tells yet, in a transaction of its own; LedgerBusy if that cannot be, and nothing may be shown."""
        if self.events():
            with leaving(self), self.ledgers.transaction():
                pass  # the transaction of who leaves a trail writes its row

    def settled(self) -> None:
        """What was to be told stands in a row that was committed."""
        self.written += 1
        self._seen, self._count, self._also = Seen(), 0, set()


def current() -> Trail | None:
    """The trail of this thread of control, if it leaves one."""
    return _current.get()


def hand_on() -> Trail | None:
    """A trail of the same action for what goes on behind it, which leaves the row in its place; None if nothing is told."""
    trail = _current.get()
    if trail is None:
        return None
    trail.always = False
    return Trail(
        action=trail.action,
        node=trail.node,
        now=trail.now,
        ledgers=trail.ledgers,
        actor=trail.actor,
        jurisdiction=trail.jurisdiction,
        purpose=trail.purpose,
    )


def asking(persons: int) -> None:
    """Tell the trail, if there is one, of how many persons the answer tells without showing one."""
    trail = _current.get()
    if trail is not None:
        trail.asked(persons)


def showing(*values: object) -> None:
    """Tell the trail, if there is one, what is about to be shown."""
    trail = _current.get()
    if trail is not None:
        trail.show(*values)


def before_showing(*values: object) -> None:
    """Tell the trail, if there is one, what is shown next, and write that before it is."""
    trail = _current.get()
    if trail is not None:
        trail.show(*values)
        if trail.pending:
            trail.settle()


def concerning(subjects: Iterable[str], count: int = 0, shown: Iterable[str] = ()) -> None:
    """Tell the trail, if there is one, whom or what an action is about."""
    trail = _current.get()
    if trail is not None:
        trail.about(subjects, count, shown)


def begin(trail: Trail) -> Trail:
    """Leave this trail from now on, until whoever called with `leaving` ends; one that was begun goes on."""
    found = _current.get()
    if found is None:
        _current.set(found := trail)
    return found


@contextmanager
def leaving(trail: Trail | None) -> Iterator[Trail | None]:
    """Leave this trail until the block ends; None leaves none."""
    before = _current.set(trail)
    try:
        yield trail
    finally:
        _current.reset(before)
