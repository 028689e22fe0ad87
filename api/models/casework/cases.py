"""Cases of couples as bodies."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from msgspec import Meta
from pydantic import Field

from api.models.base import EXAMPLE_ID, Cause, Doubt, Moment, Shown
from api.models.shapes import Shaped
from exchange.cases.case import Case, Commitment, Reference
from exchange.cases.progress import CaseProgress, CaseState, ItemProgress, ItemState, SpouseProgress
from exchange.codes import Item, Purpose, Result, WithdrawalReason
from exchange.people.record import Child, Person, Record, Shape
from exchange.verbs.cases.opening import CaseDraft, SpouseDraft
from exchange.verbs.cases.settling import CommitmentDraft
from exchange.wire.message import CountyCode

CASE_EXAMPLE: dict[str, Any] = {
    "service": "birth_registration",
    "application_date": "2026-03-01",
    "spouses": [
        {
            "person": {"name": "示例甲", "document": {"type": "id_number", "number": "110102199003070038"}},
            "origin": "420106",
            "record": {"marital_status": "21"},
        },
        {
            "person": {"name": "示例乙", "document": {"type": "id_number", "number": "110102199003070046"}},
            "origin": "610802",
        },
    ],
}
COMMITMENT_EXAMPLE: dict[str, Any] = {"made_on": "2026-03-02", "reference": "CN-2026-0017", "spouse": 2, "items": ["marriage"]}
FINISH_EXAMPLE: dict[str, Any] = {"registered_on": "2026-03-02", "children": [{"sex": "2", "birth_date": "2026-02-20"}]}


class SpouseGiven(Shape, frozen=True, kw_only=True):
    """One of the two; without `origin` someone whose household is registered nowhere here.

    `record` is what they state themselves, for their origin to confirm or correct.
    """

    person: Person
    origin: CountyCode | None = None
    record: Record | None = None


class Couple(Shape, frozen=True, kw_only=True):
    """Both spouses, as the command line reads them from standard input."""

    spouses: Annotated[tuple[SpouseGiven, ...], Meta(min_length=2, max_length=2)]


class CaseOpening(Shape, frozen=True, kw_only=True):
    """What a couple applies for; without `items`, what the service needs is asked."""

    service: Purpose = Purpose.BIRTH_REGISTRATION
    application_date: date
    spouses: Annotated[tuple[SpouseGiven, ...], Meta(min_length=2, max_length=2)]
    items: Annotated[tuple[Item, ...], Meta(min_length=1, max_length=13)] | None = None

    def draft(self, own: str) -> CaseDraft:
        """As the verb takes it."""
        first, second = (SpouseDraft(person=one.person, origin=one.origin, record=one.record) for one in self.spouses)
        return CaseDraft(
            own=own,
            service=self.service,
            application_date=self.application_date,
            spouses=(first, second),
            items=tuple(dict.fromkeys(self.items)) if self.items is not None else None,
        )


class Committing(Shape, frozen=True, kw_only=True):
    """That a written commitment was made: when, where it is filed, for whom and what; never what it says.

    Without `spouse` it is both's, without `items` for all that is not known.
    """

    made_on: date
    reference: Reference
    spouse: Literal[1, 2] | None = None
    items: Annotated[tuple[Item, ...], Meta(min_length=1, max_length=13)] | None = None

    def draft(self) -> CommitmentDraft:
        """As the verb takes it."""
        return CommitmentDraft(made_on=self.made_on, reference=self.reference, spouse=self.spouse, items=self.items)


class Finishing(Shape, frozen=True, kw_only=True):
    """How it ended: for a birth registration its day, and the children for the notice's record. They are kept nowhere else."""

    registered_on: date | None = None
    children: Annotated[tuple[Child, ...], Meta(max_length=20)] = ()


class Cancelling(Shape, frozen=True, kw_only=True):
    """Why it is taken back."""

    reason: WithdrawalReason = WithdrawalReason.PERSON_WITHDREW


class HandingOver(Shape, frozen=True, kw_only=True):
    """The id of the key of the clerk who takes it over."""

    clerk: Annotated[str, Meta(min_length=1, max_length=40, pattern="^[0-9A-Za-z-]+$")]


class CommitmentShown(Shown):
    """A written commitment."""

    items: list[Item]
    made_on: date
    reference: str
    noted_by: str = Field(description="the key of the clerk who noted it; empty on the command line")
    noted_at: Moment

    @classmethod
    def of(cls, made: Commitment) -> Self:
        """From the case."""
        return cls(items=list(made.items), made_on=made.made_on, reference=made.reference, noted_by=made.by, noted_at=made.at)


class ItemShown(Shown):
    """One item of one spouse, with its source."""

    item: Item
    state: ItemState
    beneath: ItemState = Field(description="where it would stand without the commitment")
    exchange: str | None = Field(description="the exchange that was asked")
    due: date | None = Field(description="while an answer is awaited")
    answered_at: Moment | None
    result: Result | None
    commitment: str | None = Field(description="the reference of the commitment that stands for it")
    contradicted: bool = Field(description="an answer that came after the commitment says otherwise")

    @classmethod
    def of(cls, one: ItemProgress) -> Self:
        """As derived."""
        return cls(
            item=one.item,
            state=one.state,
            beneath=one.beneath,
            exchange=one.exchange,
            due=one.due,
            answered_at=one.answered_at,
            result=one.result,
            commitment=one.commitment.reference if one.commitment is not None else None,
            contradicted=one.contradicted,
        )


class SpouseShown(Shown):
    """One of the two. `person` and `known` are told by reading the case alone, to whom they may be told."""

    spouse: int = Field(description="1 or 2")
    origin: str | None
    local: bool = Field(description="registered in this very county: nobody is asked")
    person: Annotated[Person, Shaped(Person)] | None = None
    known: Annotated[Record, Shaped(Record)] | None = None
    exchange: str | None = Field(description="the query, or the one that it was sent on to")
    unasked: Cause | None = Field(description="why the origin could not be asked; ask again later, or go on by a commitment")
    notice: str | None = Field(description="the closing notice")
    untold: Cause | None = Field(description="why the origin was not told of the end")
    commitments: list[CommitmentShown]
    items: list[ItemShown]

    @classmethod
    def of(cls, one: SpouseProgress, *, people: bool) -> Self:
        """As derived; with the person and what the answer says where `people` says so."""
        spouse, asked = one.spouse, one.asked
        return cls(
            spouse=one.number,
            origin=spouse.origin,
            local=spouse.local,
            person=spouse.person if people else None,
            known=asked.record if people and asked is not None else None,
            exchange=asked.exchange.key.exchange if asked is not None else None,
            unasked=Cause.of(spouse.unasked),
            notice=spouse.notice.exchange if spouse.notice is not None else None,
            untold=Cause.of(spouse.untold),
            commitments=[CommitmentShown.of(made) for made in spouse.commitments],
            items=[ItemShown.of(item) for item in one.items],
        )


class CaseRow(Shown):
    """That there is a case, and where it stands; nothing about the couple."""

    case: str = Field(examples=[EXAMPLE_ID])
    jurisdiction: str = Field(examples=["110102"])
    service: Purpose
    state: CaseState
    application_date: date
    owner: str = Field(description="the key of the clerk whose case it is; empty if opened on the command line")
    mine: bool
    opened_at: Moment
    finished_at: Moment | None
    cancelled_at: Moment | None
    contradicted: bool = Field(description="an answer contradicts a written commitment that was made before it")
    version: int

    @classmethod
    def of(cls, progress: CaseProgress, caller: str) -> Self:
        """As a caller sees it."""
        return cls(**_row(progress, caller))


class CaseWhole(CaseRow):
    """A case with both spouses, for whom it may be shown to; null for all others."""

    spouses: list[SpouseShown] | None
    notes: list[Doubt] = Field(default_factory=list, description="what to look at, when it is opened")

    @classmethod
    def whole(cls, progress: CaseProgress, caller: str, *, spouses: bool, people: bool, notes: tuple[Doubt, ...] = ()) -> Self:
        """With the spouses, and with who they are, where these say so. What may be remembered says nothing of people."""
        shown = [SpouseShown.of(one, people=people) for one in progress.spouses] if spouses else None
        return cls(**_row(progress, caller), spouses=shown, notes=list(notes))


def _row(progress: CaseProgress, caller: str) -> dict[str, Any]:
    case: Case = progress.case
    return {
        "case": case.id,
        "jurisdiction": case.jurisdiction,
        "service": progress.service,
        "state": progress.state,
        "application_date": case.application_date,
        "owner": case.owner,
        "mine": case.owner == caller,
        "opened_at": case.opened_at,
        "finished_at": case.finished_at,
        "cancelled_at": case.cancelled_at,
        "contradicted": progress.contradicted or case.contradicted_at is not None,
        "version": case.version,
    }
