"""A check of a certificate: what a clerk asks, and what is told."""

from datetime import date
from typing import Any, Self

from pydantic import Field

from api.models.base import EXAMPLE_ID, Moment, Shown
from exchange.certificates.check import CertificateCheck, CheckAnswer
from exchange.codes import Item, Purpose, Role
from exchange.people.record import Number, Person, Shape
from exchange.verbs.certificates.ask import CheckDraft, Checked
from exchange.verbs.submit import OpeningDraft
from exchange.wire.message import UUID, CountyCode

CHECK_EXAMPLE: dict[str, Any] = {"entry": EXAMPLE_ID, "number": "420106-2026-00017"}


class CheckWanted(Shape, frozen=True, kw_only=True):
    """The certificate's number, and whose it is: by the open inflow entry, or by the person's own application.

    With `entry` the holder and the issuer are the entry's. Without it `holder` is needed; if the county has no open inflow
    entry of that person from the issuer, `issuer` and `application_date` too.
    """

    number: Number
    entry: UUID | None = None
    holder: Person | None = None
    issuer: CountyCode | None = None
    application_date: date | None = None

    def draft(self, own: str) -> CheckDraft:
        """For the verb."""
        return CheckDraft(
            own=own,
            number=self.number,
            holder=self.holder,
            issuer=self.issuer,
            entry=self.entry,
            application_date=self.application_date,
        )


class PreparedQuery(Shown):
    """A body for `POST /api/v1/exchanges` that asks people; send it as it is, or add the record to be verified.

    `person` is left out: it is the one who was asked about, and without an entry has to be added.
    """

    entry: str | None
    origin: str = Field(examples=["420106"])
    destination: str = Field(examples=["110102"])
    purpose: Purpose
    items: list[Item]
    requested_by_person: bool
    application_date: date | None

    @classmethod
    def of(cls, query: OpeningDraft) -> Self:
        """From the domain's draft."""
        return cls(
            entry=query.entry,
            origin=query.other,
            destination=query.own,
            purpose=query.purpose,
            items=list(query.items),
            requested_by_person=query.requested_by_person,
            application_date=query.application_date,
        )


class CheckRow(Shown):
    """One check, as one side keeps it: nothing about the person or the number."""

    id: str = Field(examples=[EXAMPLE_ID])
    role: Role = Field(description="`asker` for what was asked here, `asked` for what was answered here")
    partner: str = Field(description="the other side's node", examples=["wuchang.example"])
    caller: str = Field(description="the partner that asked, or the local key", examples=["xicheng.example"])
    own: str = Field(examples=["420106"])
    other: str = Field(examples=["110102"])
    purpose: Purpose
    entry: str | None = Field(description="the asking county's entry on which the check rests")
    application_date: date | None = Field(description="the day of the person's own application, beside the entry or instead")
    answer: CheckAnswer
    at: Moment

    @classmethod
    def of(cls, check: CertificateCheck) -> Self:
        """From the stored check."""
        return cls(
            id=check.id,
            role=check.role,
            partner=check.partner,
            caller=check.caller,
            own=check.own,
            other=check.other,
            purpose=Purpose.CERTIFICATE_VERIFICATION,
            entry=check.entry,
            application_date=check.application_date,
            answer=check.answer,
            at=check.at,
        )


class CheckShown(CheckRow):
    """The answer, what it means, and where the machine could not say, the query that asks people."""

    zh: str = Field(examples=["证明有效。"])
    en: str = Field(examples=["The certificate is valid."])
    trouble: str | None = Field(description="why the partner could not be asked, a closed word", examples=["partner-unavailable"])
    query: PreparedQuery | None
    query_days: int | None = Field(description="within how many days people answer that query", examples=[7])

    @classmethod
    def told(cls, checked: Checked, days: int) -> Self:
        """From the answered check."""
        answer, query = checked.check.answer, checked.query
        return cls(
            **CheckRow.of(checked.check).model_dump(),
            zh=answer.zh,
            en=answer.en,
            trouble=checked.trouble,
            query=None if query is None else PreparedQuery.of(query),
            query_days=None if query is None else days,
        )
