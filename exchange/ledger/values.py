"""What the books hold for the node itself, and how they are asked: filters and pages."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, Self

from exchange.codes import RegisterKind, Role
from exchange.conversation import Fact
from exchange.exchanges import Exchange, LoggedMessage
from exchange.moments import Period
from exchange.reconciling.results import DifferenceKind
from exchange.work.worklists import WorkFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A local system's or clerk's key: bound to one jurisdiction and one role; only its hash is stored."""

    id: str
    secret_hash: str
    name: str
    jurisdiction: str
    role: str
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedAnswer:
    """The answer to an idempotent request, to be repeated."""

    caller: str
    key: str
    request_digest: str
    status: int
    body: bytes
    content_type: str
    headers: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a person should look at; `kind` is a closed word, `detail` carries no person.

    One `id` is one finding: found again, it stays as it was first found. `settled_at` is since when it no longer holds.
    """

    id: str
    kind: str
    partner: str | None
    subject: str
    detail: str
    at: datetime
    settled_at: datetime | None = None


class UnfinishedRun(NamedTuple):
    """A run of a daily job that was begun and has not come to its end."""

    job: str
    business_date: date
    claimed_at: datetime


class DailyRun(NamedTuple):
    """The run of a daily job for a business date; `finished_at` and `outcome` are None until it has come to its end."""

    job: str
    business_date: date
    claimed_at: datetime
    finished_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFilter:
    """Which exchanges to list; None does not filter. `own` holds the county codes that the caller may see.

    `overdue_on`: an answer is awaited and its due date lies before that day; `expected_before`: likewise by the date that an
    interim answer has named. `lapsed_on` is the day by which `state` sees what has lapsed, and `purpose` what is told apart no
    more; `lapsing` holds the last days of answers that were neither confirmed nor challenged.
    """

    own: frozenset[str]
    role: Role | None = None
    kind: str | None = None
    event: str | None = None
    state: str | None = None
    acceptance: str | None = None
    other: str | None = None
    purpose: str | None = None
    entry: str | None = None
    paired: bool | None = None
    handled_by: str | None = None
    overdue_on: date | None = None
    lapsed_on: date | None = None
    expected_before: date | None = None
    due_provisional: bool | None = None
    lapsing: Period | None = None
    link: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries to list."""

    jurisdictions: frozenset[str]
    register: RegisterKind | None = None
    open: bool | None = None
    other: str | None = None
    township: str | None = None
    person_index: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterDifferenceFilter:
    """Which standing differences between registers to list. `register` is ours and `other` the county on the other side, so that
    the two tell a pair; `township` is that of the entry, or `unassigned`.
    """

    own: frozenset[str]
    kind: DifferenceKind | None = None
    township: str | None = None
    register: RegisterKind | None = None
    other: str | None = None
    partner: str | None = None

    @classmethod
    def of_work(cls, wanted: WorkFilter, partner: str | None) -> Self:
        """Of the same counties as the worklists; differences have no kind of message, event, purpose or urgency."""
        return cls(own=wanted.own, township=wanted.township, other=wanted.other, partner=partner)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases to list."""

    own: frozenset[str]
    open: bool | None = None
    owner: str | None = None
    contradicted: bool | None = None


class Held(StrEnum):
    """What is still held of an exchange: bodies that can be erased, notes, bodies that nobody has judged yet, or, where every
    body is gone, the index of the person alone.
    """

    BODIES = "bodies"
    NOTES = "notes"
    UNJUDGED = "unjudged"
    INDEXES = "indexes"


class Page(NamedTuple):
    """Where a listing starts, and how many rows it gives; `after` is the last key of the page before, or empty."""

    after: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedExchange:
    """An exchange and its facts, as the rates read them."""

    exchange: Exchange
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedExchange:
    """An exchange with the facts that hold and its delivered messages, as a comparison reads them: no message has its line."""

    exchange: Exchange
    facts: tuple[Fact, ...]
    messages: tuple[LoggedMessage, ...]
