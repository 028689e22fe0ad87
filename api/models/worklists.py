"""Worklists as bodies."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field

from api.models.base import Moment, Sentence, Shown
from api.models.exchanges import ExchangeRow
from api.models.reconciling.differences import told_of
from api.models.shapes import Shaped
from exchange.codes import ChallengeReason, InterimReason, Item, Kind
from exchange.moments import civil_day
from exchange.people.record import Person
from exchange.reconciling.results import DifferenceKind
from exchange.verbs.reconciling.differences import Reconciled
from exchange.verbs.work.items import SilentPartner, WorkItem
from exchange.work.worklists import Worklist

SILENT = "silent_partners"


TOLD: dict[str, Sentence] = {
    Worklist.TO_ASSIGN: Sentence("待分派：已配对、尚未分派给乡镇", "to assign: paired, and with no township yet"),
    Worklist.TO_PAIR: Sentence("待配对：尚未配对、也未分派", "to pair: no entry found yet, and with no township"),
    Worklist.TO_ANSWER: Sentence(
        "待反馈：按期限排列，含待配对、待分派", "to answer: by due date; those to pair and to assign are among them"
    ),
    Worklist.TO_CONFIRM: Sentence("待确认或再交流：对方已反馈", "to confirm or challenge: the other side has answered"),
    Worklist.TO_MEND: Sentence("待修改：对方未受理", "to mend: rejected by the other side"),
    Worklist.OVERDUE: Sentence("本方逾期：应答复而未答复", "late here: answers that we owe"),
    Worklist.AWAITED: Sentence("对方逾期：我方在等的答复", "late there: answers that we await"),
    Worklist.TO_NOTE: Sentence(
        "待知悉：对方发来、不需反馈的通报，尚无人领办", "to note: notices that want no answer and no clerk has taken over"
    ),
    SILENT: Sentence("失联协作方：有待其回应而久无联络", "silent partners: something is expected, and nothing was heard"),
}


class InterimShown(Shown):
    """A late answer that was announced; it stops no clock."""

    reason: InterimReason
    expected: date
    at: Moment


class WorkRow(ExchangeRow):
    """An exchange on a list. `person` is there for those who answer for it, and null for all others and once erased."""

    days_left: int | None = Field(description="to the due date; negative once it has passed")
    internal_due: date | None = Field(description="the township's limit")
    announced: InterimShown | None = Field(description="of the present round")
    challenged: ChallengeReason | None = Field(description="why the last answer was returned, in a round after the first")
    challenged_items: list[Item]
    under_way: list[Kind] = Field(description="what was said and has no receipt yet")
    days_to_lapse: int | None
    person: Annotated[Person, Shaped(Person)] | None

    @classmethod
    def of_item(cls, item: WorkItem, partner: str, now: datetime, lapse_days: int, *, sees_people: bool, of_whom: bool) -> Self:
        """As a clock sees it."""
        exchange, today = item.exchange, civil_day(now)
        talk, row = exchange.conversation, ExchangeRow.of(exchange, partner, now, lapse_days, of_whom=of_whom)
        due = talk.due if talk is not None else None
        told = item.announced
        return cls(
            **vars(row),
            days_left=(due - today).days if due is not None else None,
            internal_due=item.assignment.due if item.assignment is not None else None,
            announced=InterimShown(reason=told.reason, expected=told.expected, at=told.at) if told is not None else None,
            challenged=item.challenge.reason if item.challenge is not None else None,
            challenged_items=list(item.challenge.items) if item.challenge is not None else [],
            under_way=list(item.under_way),
            days_to_lapse=(row.lapses_on - today).days if row.lapses_on is not None else None,
            person=item.opening.body.person if sees_people and item.opening is not None else None,
        )


class Count(Shown):
    """How much is on a list; null where it cannot be told yet."""

    list: str = Field(examples=["to_answer"])
    count: int | None = Field(description="null where no reconciliation has told it yet")
    zh: str
    en: str

    @classmethod
    def of(cls, name: str, count: int | None) -> Self:
        """With what the list holds."""
        return cls(list=name, count=count, zh=TOLD[name].zh, en=TOLD[name].en)

    @classmethod
    def of_differences(cls, counted: Mapping[DifferenceKind, int], known: Reconciled) -> Iterator[Self]:
        """What reconciliations found, a list for each kind."""
        for kind in DifferenceKind:
            told = told_of(kind, known)
            yield cls(list=kind, count=None if known.at is None else counted.get(kind, 0), zh=told.zh, en=told.en)


class Counts(Shown):
    """All lists."""

    at: Moment
    items: list[Count]


class SilentShown(Shown):
    """A silent partner, and what is expected of it."""

    node: str = Field(examples=["wuchang.example"])
    name: str
    since: Moment = Field(description="when it was heard last, or taken on if never")
    unreceipted: int = Field(description="batches without a receipt")
    queued: int = Field(description="messages that wait to be sent")
    late: int = Field(description="answers that are overdue")
    trouble: str | None = Field(description="why the last delivery failed")

    @classmethod
    def of(cls, silent: SilentPartner) -> Self:
        """From the ledger."""
        expected = silent.expected
        return cls(
            node=silent.node,
            name=silent.name,
            since=silent.since,
            unreceipted=expected.unreceipted,
            queued=expected.queued,
            late=expected.late,
            trouble=silent.trouble,
        )
