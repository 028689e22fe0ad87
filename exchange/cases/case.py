"""A case (事项): one service for a couple, and what it asks of, and tells to, each spouse's origin.

What can be derived from the exchanges is not stored here (`exchange.cases.progress`). A case keeps who the two are, which
exchanges it opened, why one could not be opened, and the written commitments (承诺书) that stand for what nobody answered.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, structs

from exchange.codes import Event, Item, Purpose, Role, WithdrawalReason
from exchange.errors import Conflict, Invalid, Refused
from exchange.exchanges import ExchangeKey, coarsened
from exchange.moments import civil_day
from exchange.people.record import Person, Shape, whole
from exchange.wire.message import UUID, CountyCode


class CaseClosed(Conflict):
    """The case is finished or cancelled."""

    code = "case-closed"
    zh = "该事项已办结或取消。"
    en = "The case is finished or cancelled."


class SamePerson(Invalid):
    """Both spouses are one person."""

    code = "same-person"
    zh = "夫妻双方为同一人，请核对。"
    en = "Both spouses are the same person."


class NothingToCommit(Conflict):
    """Everything that is named is known already."""

    code = "nothing-to-commit"
    zh = "所列项目均已核实，无需承诺。"
    en = "All that is named is known already; no commitment is needed."


class ReferenceRefused(Invalid):
    """A reference that looks like an ID number."""

    code = "reference-refused"
    zh = "承诺书编号不得为公民身份号码。"
    en = "The reference of a commitment must not be an ID number."


class DateInFuture(Invalid):
    """An application, a commitment or a registration of a day that is still to come."""

    code = "date-in-future"
    zh = "日期晚于今天。"
    en = "The date lies in the future."


_ID_NUMBER = re.compile(r"[0-9]{15}|[0-9]{17}[0-9Xx]", re.ASCII)
Reference = Annotated[str, Meta(min_length=1, max_length=40, pattern=whole(r"[0-9A-Za-z()/\-]+"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a service asks of an origin, as far as the agreement goes, and the notice that tells how it ended, if any."""

    items: tuple[Item, ...]
    closing: Event | None = None


SERVICES: Mapping[Purpose, Service] = {
    Purpose.BIRTH_REGISTRATION: Service(
        items=(Item.MARITAL_STATUS, Item.MARRIAGE, Item.SPOUSE, Item.CHILDREN), closing=Event.REGISTERED
    ),
    Purpose.CERTIFICATE_VERIFICATION: Service(items=(Item.MARITAL_STATUS, Item.MARRIAGE, Item.CERTIFICATE)),
    Purpose.BENEFIT: Service(items=(Item.MARITAL_STATUS, Item.MARRIAGE, Item.CHILDREN)),
    Purpose.PUBLIC_SERVICE: Service(items=(Item.MARITAL_STATUS, Item.MARRIAGE, Item.SPOUSE)),
}


class Reason(Shape, frozen=True, kw_only=True):
    """Why a spouse's origin could not be asked or told: a refusal's code and sentences, which name nobody."""

    code: str
    zh: str
    en: str

    @classmethod
    def of(cls, refusal: Refused) -> "Reason":
        """From a refusal."""
        return cls(code=refusal.code, zh=refusal.zh, en=refusal.en)


class Named(Shape, frozen=True, kw_only=True):
    """An exchange that a case opened."""

    link: int
    exchange: UUID

    @property
    def key(self) -> ExchangeKey:
        """The asker's side."""
        return ExchangeKey(self.link, self.exchange, Role.ASKER)

    @classmethod
    def of(cls, key: ExchangeKey) -> "Named":
        """From an exchange's key."""
        return cls(link=key.link, exchange=key.exchange)


class Commitment(Shape, frozen=True, kw_only=True):
    """A written commitment: that it was made, when, for what, and where it is filed; never what it says.

    `by` is the API key of the clerk who noted it at `at`.
    """

    items: tuple[Item, ...]
    made_on: date
    reference: Reference
    by: str
    at: datetime


class Spouse(Shape, frozen=True, kw_only=True):
    """One of the two. `origin` is a county code, None for someone who has no household registration here.

    `local` are those of the case's own county: nobody is asked about them. `person` is None once it is erased.
    """

    person: Person | None
    origin: CountyCode | None
    local: bool = False
    query: Named | None = None
    unasked: Reason | None = None
    notice: Named | None = None
    untold: Reason | None = None
    commitments: tuple[Commitment, ...] = ()

    def commitment_for(self, item: Item) -> Commitment | None:
        """The latest commitment that stands for an item."""
        return next((made for made in reversed(self.commitments) if item in made.items), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One service for one couple. `owner` is the API key of the clerk who alone sees a birth registration's people.

    `following`: it is over, and something is still to come: a query that is yet to be withdrawn, or an answer to what a
    commitment stood for. `contradicted_at` is when such an answer was found to contradict the commitment.
    """

    id: str
    jurisdiction: str
    service: Purpose
    items: tuple[Item, ...]
    application_date: date
    owner: str
    opened_at: datetime
    spouses: tuple[Spouse, Spouse]
    finished_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_for: WithdrawalReason | None = None
    following: bool = False
    contradicted_at: datetime | None = None
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Whether it is neither finished nor cancelled."""
        return self.finished_at is None and self.cancelled_at is None

    def service_on(self, today: date) -> Purpose:
        """The service as it is shown: like `Exchange.purpose_on`."""
        ended = self.finished_at or self.cancelled_at
        return coarsened(self.service, civil_day(ended) if ended is not None else None, today)

    def exchanges(self) -> list[ExchangeKey]:
        """All exchanges that the case opened."""
        named = [one for spouse in self.spouses for one in (spouse.query, spouse.notice)]
        return [one.key for one in named if one is not None]

    def with_spouse(self, number: int, spouse: Spouse) -> "Case":
        """The case with one spouse (1 or 2) as it is now."""
        first, second = self.spouses
        return self._then(spouses=(spouse, second) if number == 1 else (first, spouse))

    def committed(self, number: int, commitment: Commitment, today: date) -> "Case":
        """With one more commitment; CaseClosed, DateInFuture, ReferenceRefused, NothingToCommit if it stands for nothing."""
        self.check_open()
        if commitment.made_on > today:
            raise DateInFuture(pointer="/made_on")
        if _ID_NUMBER.fullmatch(commitment.reference):
            raise ReferenceRefused(pointer="/reference")
        if not commitment.items:
            raise NothingToCommit
        spouse = self.spouses[number - 1]
        return self.with_spouse(number, structs.replace(spouse, commitments=(*spouse.commitments, commitment)))

    def handed_to(self, owner: str) -> "Case":
        """With another clerk."""
        return self._then(owner=owner)

    def finished(self, at: datetime, *, following: bool) -> "Case":
        """Brought to its end; CaseClosed."""
        self.check_open()
        return self._then(finished_at=at, following=following)

    def cancelled(self, at: datetime, reason: WithdrawalReason) -> "Case":
        """Taken back: that there was a case stays, who it was about does not; CaseClosed."""
        self.check_open()
        return self.without_couple()._then(cancelled_at=at, cancelled_for=reason)

    @property
    def names_couple(self) -> bool:
        """Whether it is still known who the two are."""
        return any(spouse.person is not None for spouse in self.spouses)

    def without_couple(self) -> "Case":
        """The same case, and nobody knows any more who the two are."""
        first, second = (structs.replace(spouse, person=None) for spouse in self.spouses)
        return replace(self, spouses=(first, second))

    def check_open(self) -> None:
        """CaseClosed if it is over."""
        if not self.is_open:
            raise CaseClosed

    def _then(self, **changes: object) -> "Case":
        return replace(self, **changes, version=self.version + 1)  # type: ignore[arg-type]  # each caller names its fields
