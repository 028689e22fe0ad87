"""How far a case has come, derived from its exchanges: per spouse and item what is known, awaited, late or committed to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from exchange.cases.case import Case, Commitment, Spouse
from exchange.codes import Item, Purpose, Result
from exchange.conversation import State
from exchange.errors import Conflict
from exchange.exchanges import Acceptance, Exchange
from exchange.moments import civil_day
from exchange.people.record import Record


class CaseNotReady(Conflict):
    """Something is neither known nor committed to."""

    code = "case-not-ready"
    zh = "尚有项目既未核实，也无书面承诺；可先登记承诺书。"
    en = "Something is neither known nor covered by a written commitment; note a commitment first."


class ItemState(StrEnum):
    """Where one item of one spouse stands."""

    LOCAL = "local"
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    COMMITTED = "committed"
    SENDING = "sending"
    AWAITED = "awaited"
    LATE = "late"
    UNTOLD = "untold"
    NEGATIVE = "negative"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    CANNOT_BE_ASKED = "cannot_be_asked"


class CaseState(StrEnum):
    """Where a case stands."""

    READY = "ready"
    LATE = "late"
    AWAITING = "awaiting"
    UNDECIDED = "undecided"
    FINISHED = "finished"
    CANCELLED = "cancelled"


KNOWN = frozenset({ItemState.LOCAL, ItemState.CONFIRMED, ItemState.CORRECTED})
SETTLED = KNOWN | {ItemState.COMMITTED}
# An answer that says of the person what a commitment of theirs cannot have said; the others leave it as it was.
CONTRADICTING = frozenset({Result.NOT_FOUND, Result.DECEASED, Result.DUPLICATE_PERSON})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The query that stands for a spouse: the last one, where it was sent on; and what its answer says, if it says anything."""

    exchange: Exchange
    record: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemProgress:
    """One item of one spouse. `beneath` is where it would stand without the commitment.

    `exchange` is the source: the exchange that was asked; `due` is its limit while an answer is awaited.
    """

    item: Item
    state: ItemState
    beneath: ItemState
    exchange: str | None = None
    due: date | None = None
    answered_at: datetime | None = None
    result: Result | None = None
    commitment: Commitment | None = None
    contradicted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpouseProgress:
    """One spouse, 1 or 2."""

    number: int
    spouse: Spouse
    asked: Asked | None
    items: tuple[ItemProgress, ...]

    def unsettled(self) -> tuple[Item, ...]:
        """What is neither known nor committed to."""
        return tuple(one.item for one in self.items if one.state not in SETTLED)

    def answers_all(self) -> bool:
        """Whether the answer told everything that was asked of this origin."""
        asked = self.asked.exchange.items if self.asked is not None else ()
        return all(one.state in KNOWN for one in self.items if one.item in asked)

    def to_commit(self) -> tuple[Item, ...]:
        """What a commitment can stand for: all that no answer tells."""
        return tuple(one.item for one in self.items if one.state not in KNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseProgress:
    """A case and both spouses; `service` is the case's as it is shown."""

    case: Case
    service: Purpose
    state: CaseState
    spouses: tuple[SpouseProgress, ...]

    @property
    def contradicted(self) -> bool:
        """Whether an answer contradicts a commitment that was made before it."""
        return any(one.contradicted for spouse in self.spouses for one in spouse.items)

    @property
    def still_to_come(self) -> bool:
        """Whether an answer may still come to something that only a commitment stands for."""
        waiting = (ItemState.SENDING, ItemState.AWAITED, ItemState.LATE)
        return any(one.commitment is not None and one.beneath in waiting for spouse in self.spouses for one in spouse.items)


def progress(case: Case, asked: Sequence[Asked | None], now: datetime, lapse_days: int) -> CaseProgress:
    """The case as a clock sees it; `asked` holds the query of each spouse, None where there is none."""
    spouses = tuple(
        SpouseProgress(
            number=number,
            spouse=spouse,
            asked=one,
            items=tuple(_item(item, spouse, one, now, lapse_days) for item in case.items),
        )
        for number, (spouse, one) in enumerate(zip(case.spouses, asked, strict=True), 1)
    )
    states = [one.state for spouse in spouses for one in spouse.items]
    return CaseProgress(case=case, service=case.service_on(civil_day(now)), state=state_of(case, states), spouses=spouses)


def state_of(case: Case, states: Sequence[ItemState]) -> CaseState:
    """The first of these that holds.

    - cancelled, finished: by a clerk's word
    - ready: every item is known or committed to
    - late: an answer is overdue
    - awaiting: an answer is under way
    - undecided: nothing more will come by itself; a commitment is needed, or the matter is sent on
    """
    if case.cancelled_at is not None:
        return CaseState.CANCELLED
    if case.finished_at is not None:
        return CaseState.FINISHED
    if all(state in SETTLED for state in states):
        return CaseState.READY
    if ItemState.LATE in states:
        return CaseState.LATE
    if any(state in (ItemState.SENDING, ItemState.AWAITED) for state in states):
        return CaseState.AWAITING
    return CaseState.UNDECIDED


def _item(item: Item, spouse: Spouse, asked: Asked | None, now: datetime, lapse_days: int) -> ItemProgress:
    beneath = _beneath(item, spouse, asked, now, lapse_days)
    commitment = spouse.commitment_for(item)
    state = ItemState.COMMITTED if commitment is not None and beneath not in KNOWN else beneath
    talk = asked.exchange.conversation if asked is not None else None
    answered = beneath in (ItemState.CONFIRMED, ItemState.CORRECTED, ItemState.UNTOLD, ItemState.NEGATIVE)
    answered_at = talk.fed_back_at if talk is not None and answered else None
    result = talk.result if talk is not None and answered else None
    contradicts = beneath is ItemState.CORRECTED or (beneath is ItemState.NEGATIVE and result in CONTRADICTING)
    return ItemProgress(
        item=item,
        state=state,
        beneath=beneath,
        exchange=asked.exchange.key.exchange if asked is not None and item in asked.exchange.items else None,
        due=talk.due if talk is not None and beneath in (ItemState.AWAITED, ItemState.LATE) else None,
        answered_at=answered_at,
        result=result,
        commitment=commitment,
        contradicted=contradicts and commitment is not None and answered_at is not None and answered_at > commitment.at,
    )


def _beneath(item: Item, spouse: Spouse, asked: Asked | None, now: datetime, lapse_days: int) -> ItemState:
    if spouse.local:
        return ItemState.LOCAL
    if asked is None or item not in asked.exchange.items:
        return ItemState.CANNOT_BE_ASKED
    exchange, talk = asked.exchange, asked.exchange.conversation
    if exchange.acceptance is Acceptance.REJECTED:
        return ItemState.REJECTED
    if talk is None:
        return ItemState.SENDING
    match talk.state_at(now, lapse_days):
        case State.WITHDRAWN:
            return ItemState.WITHDRAWN
        case State.OPEN | State.CHALLENGED:
            return ItemState.LATE if talk.due is not None and talk.due < civil_day(now) else ItemState.AWAITED
        case _:
            return _answered(item, talk.result, asked.record)


def _answered(item: Item, result: Result | None, record: Record | None) -> ItemState:
    match result:
        case Result.CONFIRMED:
            return ItemState.CONFIRMED
        case Result.CORRECTED:
            return ItemState.CORRECTED if record is not None and item in record.items() else ItemState.UNTOLD
        case _:
            return ItemState.NEGATIVE
