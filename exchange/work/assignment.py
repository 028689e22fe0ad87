"""Assignment (分派): the asked county hands an exchange to one of its townships, which may return it.

Each step is kept, none is written over: who had an exchange at a past moment is told by the last step until then. The exchange
itself carries the township that has it now (`Exchange.handled_by`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from exchange.codes import Role
from exchange.conversation import State
from exchange.errors import Conflict, Invalid
from exchange.exchanges import Acceptance, Exchange, ExchangeKey
from exchange.jurisdiction import Divisions, Level
from exchange.moments import civil_day


class ReturnReason(StrEnum):
    """Why a township returns what was handed to it."""

    NOT_OURS = "not_ours"
    MOVED_WITHIN_COUNTY = "moved_within_county"
    NEED_HELP = "need_help"
    ALREADY_HANDLED = "already_handled"


class NotATownshipHere(Invalid):
    """What was named is no township of the asked county."""

    code = "not-a-township-here"
    zh = "该代码不是本县（市、区）的乡镇、街道，请填写 9 位乡级代码。"
    en = "That is no township of this county: give the code of nine digits."


class NotAssignable(Conflict):
    """The exchange is not one that this side was asked, or it is over."""

    code = "not-assignable"
    zh = "只有本方被询且尚未办结的信息交换可以分派。"
    en = "Only an exchange that this side was asked, and that is not over, can be assigned."


class NotAssigned(Conflict):
    """No township has the exchange, so none can return it."""

    code = "not-assigned"
    zh = "该信息交换当前未分派给乡镇。"
    en = "No township has this exchange now."


class AlreadyTheirs(Conflict):
    """The township has the exchange already, with the same limit."""

    code = "already-theirs"
    zh = "该信息交换已在该乡镇办理，无需重复分派。"
    en = "That township has this exchange already."


class InternalLimitRefused(Invalid):
    """An internal limit lies between today and the day before the due date."""

    code = "internal-limit-refused"
    zh = "内部时限应不早于今天，且早于对外期限；不填则自动计算。"
    en = "An internal limit is no day before today and lies before the due date; left out, it is worked out."


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One step: to a township with an internal limit (`due`), or with None back to the county, for a `reason`.

    `by` is the id of the API key that did it, or `BY_COMMAND`. `due` is None where no answer is owed.
    """

    exchange: ExchangeKey
    township: str | None
    at: datetime
    due: date | None
    reason: ReturnReason | None
    by: str


BY_COMMAND = "command-line"


@dataclass(frozen=True, slots=True, kw_only=True)
class InternalLimit:
    """How much of the days that remain a township is given, where nothing else is said."""

    share: Fraction = Fraction(2, 3)
    least_days: int = 1

    def until(self, due: date | None, today: date) -> date | None:
        """The township's day: that share of the remaining days, rounded down, and never less than `least_days` from today."""
        if due is None:
            return None
        return today + timedelta(days=max(self.least_days, int((due - today).days * self.share)))


_OVER = frozenset({State.CLOSED, State.LAPSED, State.WITHDRAWN})


def check_township(divisions: Divisions, county: str, township: str) -> None:
    """NotATownshipHere unless the division table has the township below that county."""
    known = len(township) == 9 and divisions.is_known(township)
    if not known or divisions.level_of(township) is not Level.TOWNSHIP or divisions.county_of(township) != county:
        raise NotATownshipHere(pointer="/township")


def handed(
    exchange: Exchange,
    before: Assignment | None,
    township: str,
    *,
    limit: InternalLimit,
    due: date | None = None,
    by: str,
    now: datetime,
    lapse_days: int,
) -> Assignment:
    """The step that hands an exchange to a township, which `check_township` has looked at; `before` is the last one.

    NotAssignable, AlreadyTheirs, InternalLimitRefused.
    """
    conversation, today = exchange.conversation, civil_day(now)
    if exchange.key.role is not Role.ASKED or exchange.acceptance is not Acceptance.ACCEPTED or conversation is None:
        raise NotAssignable
    if conversation.state_at(now, lapse_days) in _OVER:
        raise NotAssignable
    if due is not None and (conversation.due is None or not today <= due < conversation.due):
        raise InternalLimitRefused(pointer="/due")
    if exchange.handled_by == township and (due is None or (before is not None and before.due == due)):
        raise AlreadyTheirs
    until = due or limit.until(conversation.due, today)
    return Assignment(exchange=exchange.key, township=township, at=_after(before, now), due=until, reason=None, by=by)


def returned(exchange: Exchange, before: Assignment | None, reason: ReturnReason, *, by: str, now: datetime) -> Assignment:
    """The step that gives an exchange back to the county; NotAssigned if no township has it."""
    if exchange.handled_by is None:
        raise NotAssigned
    return Assignment(exchange=exchange.key, township=None, at=_after(before, now), due=None, reason=reason, by=by)


def at_moment(history: Sequence[Assignment], moment: datetime) -> Assignment | None:
    """The step that held at a moment; None before the first. `history` is in the order of time."""
    return next((step for step in reversed(history) if step.at <= moment), None)


def _after(before: Assignment | None, now: datetime) -> datetime:
    """A clock that was set back does not put a step before the last one."""
    return now if before is None else max(now, before.at)
