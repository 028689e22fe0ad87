"""Candidates as bodies."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field

from api.models.base import EXAMPLE_ID, Moment, Shown
from api.models.registers.entries import PERSON_EXAMPLE
from api.models.shapes import Shaped
from exchange.codes import CloseReason
from exchange.exchanges import Exchange
from exchange.pairing import comparing
from exchange.pairing.scoring import Reason
from exchange.pairing.weights import VERSION
from exchange.people.record import Person
from exchange.verbs.pairing.candidates import Found

# As the words of the API they are told apart by where they stand; as schemas by their names.
ComparedField = comparing.Field
AgreementLevel = comparing.Level


class ReasonShown(Shown):
    """What one field says of a candidate."""

    field: ComparedField = Field(examples=["name"])
    level: AgreementLevel = Field(examples=["variant"])
    weight: float = Field(description="in bits; above 0 it speaks for the same person, below for two", examples=[9.2])
    zh: str = Field(examples=["姓名为繁简或异体写法。"])
    en: str = Field(examples=["The names are one in variant characters."])

    @classmethod
    def of(cls, reason: Reason) -> Self:
        """From the comparison."""
        return cls(field=reason.field, level=reason.level, weight=round(reason.weight, 1), zh=reason.zh, en=reason.en)


class CandidateShown(Shown):
    """An entry of the own register that may be the person's; the entry itself has the record."""

    entry: str = Field(examples=[EXAMPLE_ID])
    open: bool = Field(description="closed entries stand after all open ones")
    closed_at: Moment | None
    close_reason: CloseReason | None
    origin: str = Field(examples=["110102"])
    destination: str = Field(examples=["420106"])
    township: str | None
    person: Annotated[Person, Shaped(Person)] = Field(examples=[PERSON_EXAMPLE])
    probability: float = Field(description="0 to 1; an order to look in, never a decision", examples=[0.97])
    linked: float | None = Field(description="what a bulk linkage held of it; null where none suggested it", examples=[0.99])
    reasons: list[ReasonShown] = Field(description="what speaks most for it comes first")

    @classmethod
    def of(cls, found: Found) -> Self:
        """From the search."""
        candidate = found.candidate
        entry = candidate.entry
        return cls.model_construct(
            entry=entry.id,
            open=entry.is_open,
            closed_at=entry.closed_at,
            close_reason=entry.close_reason,
            origin=entry.origin,
            destination=entry.destination,
            township=entry.township,
            person=entry.person,
            probability=round(candidate.probability, 4),
            linked=found.linked,
            reasons=[ReasonShown.of(reason) for reason in candidate.reasons],
        )


class Candidates(Shown):
    """Who may be the person of an exchange."""

    exchange: str = Field(examples=[EXAMPLE_ID])
    entry: str | None = Field(description="the entry that it is paired with now")
    rules: str = Field(description="version of the weights", examples=[VERSION])
    items: list[CandidateShown] = Field(description="at most 20")

    @classmethod
    def of(cls, exchange: Exchange, found: Sequence[Found]) -> Self:
        """From the search."""
        items = [CandidateShown.of(each) for each in found]
        return cls(exchange=exchange.key.exchange, entry=exchange.entry, rules=VERSION, items=items)
