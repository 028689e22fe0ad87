"""What the bodies of the API share: moments in the wire form, codes, listings, shares, and what is said in both languages."""

from datetime import date, datetime
from typing import Annotated, Generic, Protocol, Self, TypeVar

from fastapi import Path, Query
from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from exchange.counting.share import Share
from exchange.imports import RowProblem
from exchange.moments import MOMENT_PATTERN, format_moment

Row = TypeVar("Row")
Moment = Annotated[
    datetime,
    PlainSerializer(format_moment, return_type=str),
    WithJsonSchema({"type": "string", "pattern": MOMENT_PATTERN, "examples": ["2026-03-02T01:00:00.000Z"]}),
]
# The first and last days whose moments in UTC, and the days beside them, are moments too.
Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(9998, 12, 31))]
CODE = r"^[0-9]{6}([0-9]{3})?$"
COUNTY = r"^[0-9]{6}$"
TOWNSHIP = r"^[0-9]{9}$"
NODE = r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"
UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
DIGEST = r"^[A-Za-z0-9_-]{43}$"
EXAMPLE_ID = "019cae2f-5c00-7000-8000-000000000001"
IdPath = Annotated[str, Path(pattern=UUID, examples=[EXAMPLE_ID])]
CodeQuery = Annotated[str | None, Query(pattern=CODE, description="division code of 6 or 9 digits", examples=["420106"])]
NodeQuery = Annotated[str | None, Query(pattern=NODE, description="a partner's node name")]


class Shown(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(frozen=True)


class Listing(Shown, Generic[Row]):
    """One page."""

    items: list[Row]
    next: str | None = Field(description="cursor of the next page; null on the last one")


class Doubt(Shown):
    """Something that was taken but should be looked at."""

    field: str = Field(examples=["document_number"])
    code: str = Field(examples=["check-digit"])
    zh: str = Field(examples=["证件号码校验位不符，请核对原件。"])
    en: str = Field(examples=["The check digit does not fit; check the document."])

    @classmethod
    def of(cls, problem: RowProblem) -> Self:
        """From the domain's warning."""
        return cls(field=problem.field, code=problem.code, zh=problem.zh, en=problem.en)


class ShareShown(Shown):
    """So many of so many."""

    numerator: int
    denominator: int
    percent: str = Field(examples=["2.50 %"])

    @classmethod
    def of(cls, share: Share) -> Self:
        """From the counts."""
        return cls(numerator=share.numerator, denominator=share.denominator, percent=share.percent())


class Reason(Protocol):
    """A refusal, or another closed word with its sentences."""

    @property
    def code(self) -> str: ...

    @property
    def zh(self) -> str: ...

    @property
    def en(self) -> str: ...


class Cause(Shown):
    """Why something cannot be told, sent or set: a closed code, and a sentence in both languages."""

    code: str = Field(examples=["no-agreement"])
    zh: str
    en: str

    @classmethod
    def of(cls, reason: Reason | None) -> Self | None:
        """From the domain's reason, if there is one."""
        return None if reason is None else cls(code=reason.code, zh=reason.zh, en=reason.en)


class Sentence(Struct, frozen=True):
    """What is told beside something, in both languages."""

    zh: str
    en: str
