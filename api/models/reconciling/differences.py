"""Differences between registers as bodies: what differs, whose step it is, and the message that would settle it."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self

from pydantic import Field

from api.models.base import EXAMPLE_ID, Cause, Listing, Moment, Sentence, Shown
from api.models.exchanges import QUERY_EXAMPLE, ExchangeRow, Start
from api.models.shapes import Shaped
from exchange.codes import Event, Item, Kind, Purpose, RegisterKind
from exchange.people.record import Person
from exchange.people.register import Entry
from exchange.reconciling.results import DifferenceKind
from exchange.reconciling.settling import Means, Standing
from exchange.verbs.reconciling.differences import DifferenceItem, Reconciled
from exchange.verbs.submit import OpeningDraft

ADVICE: Mapping[Means, Sentence] = {
    Means.ARRIVAL: Sentence(
        "对方台账无此人：发送“流入”通报；本方个案有误的，更正或退档。",
        "The origin does not have this person: send the notice of arrival, or correct or close the entry if it is wrong.",
    ),
    Means.DEPARTURE: Sentence(
        "对方台账无此人：发送“流出”通报；已知现居住地有变的，更正个案的现居住地，已返回的退档。",
        "The destination does not have this person: send the notice of departure; if you know better, change the entry's"
        " destination, or close the entry of one who has come back.",
    ),
    Means.QUERY: Sentence(
        "双方信息不一致：由现居住地向户籍地协查不一致的项目。",
        "The two records differ: the destination asks the origin about what differs.",
    ),
    Means.DESTINATION: Sentence(
        "去向不明确的个案，经对账查明在该区县：核对后设为该区县，不发送消息。",
        "The coarse destination was found to be this county: look at it and set it; nothing is sent.",
    ),
}


LISTS: Mapping[DifferenceKind, Sentence] = {
    DifferenceKind.ONE_SIDED: Sentence(
        "一方未建档：对账发现只在一方台账的", "one-sided entries: in one of the two registers only"
    ),
    DifferenceKind.DIFFERING: Sentence("信息不一致：双方都有而项目不同的", "differing records: in both registers, and not alike"),
    DifferenceKind.COARSE: Sentence("去向待定：对账已查明区县的", "coarse destinations: whose county a reconciliation has found"),
}
ALL_LISTS = Sentence("对账发现而尚未消除的差异", "what reconciliations found, and what still stands")
NEVER = Sentence("尚未与任何一方对过账，无从得知", "nobody has reconciled with this county yet, so that it is not known")


class PreparedShown(Shown):
    """The message that can be sent, by its form: `tells` are the items of which it holds values."""

    kind: Kind
    event: Event | None
    event_date: date | None
    purpose: Purpose
    items: list[Item] = Field(description="those asked about")
    tells: list[Item]

    @classmethod
    def of(cls, draft: OpeningDraft) -> Self:
        """Without values and person."""
        return cls(
            kind=Kind.QUERY if draft.event is None else Kind.NOTICE,
            event=draft.event,
            event_date=draft.event_date,
            purpose=draft.purpose,
            items=list(draft.items),
            tells=sorted(draft.record.items()) if draft.record is not None else [],
        )


class RegisterDifferenceShown(Shown):
    """One entry of ours that a comparison of the registers found to differ. `person` is there for the clerks who may see it."""

    entry: str = Field(examples=[EXAMPLE_ID])
    register_: RegisterKind = Field(alias="register", description="ours, in which the entry stands")
    own: str = Field(examples=["110102"])
    other: str = Field(description="the county on the other side; for `coarse` the one that was found", examples=["420106"])
    origin: str = Field(examples=["110102"])
    destination: str = Field(description="as the entry names it", examples=["420106"])
    township: str | None = Field(description="the entry's")
    partner: str = Field(examples=["wuchang.example"])
    kind: DifferenceKind
    fields: list[Item] = Field(description="the compared items that differ; empty where they are not known")
    first_at: Moment = Field(description="when a comparison found it first")
    settled_at: Moment | None
    means: Means = Field(description="by what it would be settled")
    standing: Standing = Field(
        description="`ready` to be sent or set; `under_way`: sent and not answered; `done`: the next comparison tells;"
        " `theirs`: the other side's step; `blocked`, and `obstacle` says why; `settled`"
    )
    message: PreparedShown | None
    left_out: list[Item] = Field(description="differing items that the agreement does not let be asked")
    obstacle: Cause | None = Field(description="why nothing can be sent or set now")
    exchanges: list[str] = Field(description="those about this matter, the latest last")
    zh: str
    en: str
    person: Annotated[Person, Shaped(Person)] | None

    @classmethod
    def of(cls, item: DifferenceItem, *, sees_people: bool) -> Self:
        """As a clock sees it."""
        difference, entry, settling = item.difference, item.entry, item.settling
        return cls(
            entry=entry.id,
            register=entry.register,
            own=difference.own,
            other=difference.pair.other(difference.own),
            origin=entry.origin,
            destination=entry.destination,
            township=entry.township,
            partner=difference.partner,
            kind=difference.kind,
            fields=list(difference.fields),
            first_at=difference.first_at,
            settled_at=difference.settled_at,
            means=settling.means,
            standing=settling.standing,
            message=PreparedShown.of(item.draft) if item.draft is not None else None,
            left_out=list(settling.left_out),
            obstacle=Cause.of(settling.obstacle),
            exchanges=[exchange.key.exchange for exchange in settling.exchanges],
            zh=ADVICE[settling.means].zh,
            en=ADVICE[settling.means].en,
            person=entry.person if sees_people else None,
        )


class RegisterDifferenceWhole(RegisterDifferenceShown):
    """The same with the exchanges, and with the message as `POST /api/v1/exchanges` takes it."""

    conversations: list[ExchangeRow]
    prepared: Annotated[Start, Shaped(Start)] | None = Field(
        description="for those who may see persons", examples=[QUERY_EXAMPLE]
    )

    @classmethod
    def whole(cls, item: DifferenceItem, conversations: list[ExchangeRow], *, sees_people: bool) -> "RegisterDifferenceWhole":
        """With its exchanges as the caller is shown them."""
        row = RegisterDifferenceShown.of(item, sees_people=sees_people)
        return cls(
            **row.model_dump(by_alias=True, exclude={"person"}),
            person=row.person,
            conversations=conversations,
            prepared=started(item.draft) if sees_people and item.draft is not None else None,
        )


class DifferenceList(Listing[RegisterDifferenceShown]):
    """One page, and how far it can be trusted: counties that were never compared to the end have none for that reason."""

    reconciled_at: Moment | None = Field(description="the earliest of the counties' last comparisons; null before the first")
    unreconciled: list[str] = Field(description="the counties that were never compared", examples=[["110102"]])
    zh: str
    en: str

    @classmethod
    def page(
        cls, items: list[RegisterDifferenceShown], following: str | None, known: Reconciled, kind: DifferenceKind | None
    ) -> Self:
        """With what the list holds, or why it is empty."""
        told = told_of(kind, known)
        return cls(items=items, next=following, reconciled_at=known.at, unreconciled=list(known.never), zh=told.zh, en=told.en)


class DifferenceSent(ExchangeRow):
    """The exchange that is to settle the difference."""

    fresh: bool = Field(description="opened by this call; false: it was under way or over already, and nothing was sent")


class DestinationSet(Shown):
    """The entry, whose destination is now the county that was found."""

    entry: str = Field(examples=[EXAMPLE_ID])
    destination: str = Field(examples=["420106"])
    version: int

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """From the register."""
        return cls(entry=entry.id, destination=entry.destination, version=entry.version)


def told_of(kind: DifferenceKind | None, known: Reconciled) -> Sentence:
    """What a list holds; where none of the counties was ever compared, that it cannot be told."""
    if known.at is None:
        return NEVER
    return LISTS[kind] if kind is not None else ALL_LISTS


def started(draft: OpeningDraft) -> Start:
    """A prepared message as the body that starts it."""
    return Start(
        entry=draft.entry,
        origin=draft.own if draft.own_is_origin else draft.other,
        destination=draft.other if draft.own_is_origin else draft.own,
        purpose=draft.purpose,
        items=draft.items,
        reason=draft.reason,
        event=draft.event,
        event_date=draft.event_date,
        record=draft.record,
    )
